"""Buffers that see what flat memory would not hold: for interpreted machines.

Compiled, a field has so many bits; interpreted it is a number of any size, a record is
an object that could come to stand in two places, and the item -1 is the last one. Here
each of these is an error.
"""

from __future__ import annotations

from ctypes import Structure, sizeof
from functools import cache
from typing import TYPE_CHECKING, Any

from swaptools.emulator.core.plain import Plain

if TYPE_CHECKING:
    from swaptools.emulator.core.buffers import Buffer


@cache
def range_of(item: Any) -> range:
    """What an integer of ctypes can be."""
    bits = 8 * sizeof(item)
    is_signed = item(-1).value < 0
    return range(-(1 << bits - 1), 1 << bits - 1) if is_signed else range(1 << bits)


def check(value: int, item: Any, where: object) -> None:
    if value not in range_of(item):
        raise OverflowError(f"{where}: {value} is no {item.__name__}")


def check_place(place: Any) -> None:
    if not isinstance(place, slice) and place < 0:
        raise IndexError(place)


class Integers(list[int]):
    def __init__(self, item: Any) -> None:
        super().__init__()
        self._item = item

    def __getitem__(self, place: Any) -> Any:
        check_place(place)
        return super().__getitem__(place)

    def __setitem__(self, place: Any, value: Any) -> None:
        check_place(place)
        for number in value if isinstance(place, slice) else [value]:
            check(number, self._item, place)
        super().__setitem__(place, value)


class Records(list[Any]):
    def __getitem__(self, place: Any) -> Any:
        check_place(place)
        return super().__getitem__(place)

    def __setitem__(self, place: Any, value: Any) -> None:
        if not isinstance(place, slice):
            raise TypeError(f"a record of its own has a place, not {value!r}")
        super().__setitem__(place, value)


@cache
def checked_record(record: type) -> type:
    items = dict(record._fields_)  # type: ignore[attr-defined]
    put: Any = record.__setattr__

    def set_field(self: object, name: str, value: int) -> None:
        check(value, items[name], f"{record.__name__}.{name}")
        put(self, name, value)

    parts = {"__slots__": (), "__setattr__": set_field}
    return type(record.__name__, (record,), parts)


class Checked(Plain):
    """To be put in the place of Engine.plain."""

    def record(self, item: type[Structure]) -> type:
        return checked_record(super().record(item))

    def empty(self, item: Any) -> Buffer[Any]:
        return Records() if issubclass(item, Structure) else Integers(item)
