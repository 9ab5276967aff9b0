"""A slot map from JSON, which may come from anybody.

Not here: the map itself, and how it becomes JSON (the package).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from swaptools.errors import MapError
from swaptools.swapmap import (
    SLOTS_PER_CLUSTER,
    AreaMap,
    ExtentOfSlots,
    Hint,
    Learned,
    MapHolder,
    SwapMap,
)
from swaptools.swapmap.held import MOST_HOLDERS, HeldSlots
from swaptools.units import is_page_size

if TYPE_CHECKING:
    from collections.abc import Iterator

_T = TypeVar("_T")
#: Kernel: a slot is 32 bits of a header's last_page; 32 types.
_MOST_SLOTS: Final = 1 << 32
_MOST_TYPES: Final = 32
_MOST_PID: Final = (1 << 32) - 1


def parse(value: object) -> SwapMap:
    """Take a map from what was read as JSON.

    Raises:
        MapError: It is none; what is wrong, and where.
    """
    top = _Object(value, "the map")
    page_size = top.number("page_size", 0, 1 << 20)
    if not is_page_size(page_size):
        raise MapError(f"page_size: {page_size} is no page size")
    areas = tuple(_area(one) for one in top.objects("areas"))
    numbers = [area.type_number for area in areas]
    if len(set(numbers)) != len(numbers):
        raise MapError("areas: two have the same type_number")
    hint = top.maybe("hint")
    return SwapMap(
        kernel=top.text("kernel"),
        page_size=page_size,
        areas=areas,
        holders=tuple(_holder(one) for one in top.objects("processes")),
        swap_cached_bytes=None,
        hint=_hint(hint, areas) if hint else None,
        unseen=tuple(str(one) for one in top.list("unseen")),
    )


def _area(one: _Object) -> AreaMap:
    nr_slots = one.number("nr_slots", 2, _MOST_SLOTS)
    clusters = one.maybe("clusters")
    per_cluster = (
        clusters.number("slots_per_cluster", 2, 1 << 16)
        if clusters
        else SLOTS_PER_CLUSTER
    )
    if per_cluster & (per_cluster - 1):
        raise MapError(f"{one.where}: {per_cluster} slots to a cluster")
    badpages = one.numbers("badpages", 1, nr_slots - 1)
    learned = one.maybe("learned")
    return AreaMap(
        name=one.text("name"),
        type=one.text("type"),
        priority=one.number("priority", -(1 << 15), 1 << 15),
        type_number=one.number("type_number", 0, _MOST_TYPES - 1),
        nr_slots=nr_slots,
        used_slots=one.number("used_slots", 0, nr_slots),
        held=_held(one, nr_slots, set(badpages)),
        badpages=badpages,
        extents=tuple(
            ExtentOfSlots(*_three(extent, one.where)) for extent in one.list("extents")
        ),
        slots_per_cluster=per_cluster,
        error=one.text("error") if one.has("error") else None,
        rotational=one.flag("rotational"),
        learned=_learned(learned, nr_slots, per_cluster) if learned else None,
    )


def _held(one: _Object, nr_slots: int, bad: set[int]) -> HeldSlots:
    held, behind = HeldSlots(), 1
    for run in one.list("held"):
        if not (
            isinstance(run, list)
            and len(run) == 4
            and all(type(number) is int for number in run)
        ):
            raise MapError(f"{one.where}: held: a run is four numbers")
        first, nr, holders, pid = run
        if not (behind <= first and nr >= 1 and first + nr <= nr_slots):
            raise MapError(f"{one.where}: held: run at {first} is out of place")
        if not (1 <= holders <= MOST_HOLDERS and 0 <= pid <= _MOST_PID):
            raise MapError(f"{one.where}: held: run at {first} has no such holders")
        if bad and not bad.isdisjoint(range(first, first + nr)):
            raise MapError(f"{one.where}: held: a bad page in the run at {first}")
        behind = first + nr
        for _ in range(holders):
            held.add(range(first, behind), pid)
    return held


def _learned(one: _Object, nr_slots: int, per_cluster: int) -> Learned:
    last = (nr_slots - 1) // per_cluster
    lists = [one.numbers(name, 0, last) for name in ("nonfull", "frag", "recycled")]
    together = [number for numbers in lists for number in numbers]
    if len(set(together)) != len(together):
        raise MapError(f"{one.where}: a cluster twice")
    nonfull, frag, recycled = lists
    return Learned(nonfull, frag, recycled, one.numbers("hidden", 1, nr_slots - 1))


def _hint(one: _Object, areas: tuple[AreaMap, ...]) -> Hint:
    number = one.number("type_number", 0, _MOST_TYPES - 1)
    area = next((area for area in areas if area.type_number == number), None)
    if area is None:
        raise MapError("hint: no area has that type_number")
    offset = one.number("offset", 0, area.nr_slots - 1)
    return Hint(number, offset, one.number("cpu", 0, 1 << 16))


def _holder(one: _Object) -> MapHolder:
    entries = one.list("entries")
    counts: dict[int, int] = {}
    for pair in entries:
        if not (
            isinstance(pair, list)
            and len(pair) == 2
            and all(type(number) is int for number in pair)
        ):
            raise MapError(f"{one.where}: entries: pairs of numbers")
        counts[pair[0]] = pair[1]
    return MapHolder(one.number("pid", 0, _MOST_PID), one.text("name"), counts)


def _three(value: object, where: str) -> tuple[int, int, int]:
    if isinstance(value, list) and len(value) == 3:
        first, second, third = value
        if type(first) is int and type(second) is int and type(third) is int:
            return first, second, third
    raise MapError(f"{where}: extents: three numbers each")


class _Object:
    # An object of JSON that is asked for what it has to have.
    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise MapError(f"{where}: not an object")
        self._value: dict[str, object] = value
        self.where = where

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def _get(self, name: str, kind: type[_T]) -> _T:
        value = self._value.get(name)
        if type(value) is not kind:
            raise MapError(f"{self.where}: {name}: missing, or of another kind")
        return value

    def number(self, name: str, least: int, most: int) -> int:
        value = self._get(name, int)
        if not least <= value <= most:
            raise MapError(f"{self.where}: {name}: not {least} to {most}")
        return value

    def text(self, name: str) -> str:
        return self._get(name, str)

    def flag(self, name: str) -> bool | None:
        return self._get(name, bool) if self.has(name) else None

    def list(self, name: str) -> list[Any]:
        return self._get(name, list)

    def numbers(self, name: str, least: int, most: int) -> tuple[int, ...]:
        found = self.list(name)
        if not all(type(one) is int and least <= one <= most for one in found):
            raise MapError(f"{self.where}: {name}: numbers from {least} to {most}")
        return tuple(found)

    def objects(self, name: str) -> Iterator[_Object]:
        for place, one in enumerate(self.list(name)):
            yield _Object(one, f"{name} {place}")

    def maybe(self, name: str) -> _Object | None:
        return _Object(self._value[name], name) if self.has(name) else None
