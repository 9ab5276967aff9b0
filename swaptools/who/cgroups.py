"""Swap by memory cgroup: what each has itself, so that the column adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from swaptools import notebook
from swaptools.errors import AreaError
from swaptools.observe.cgroups import find_hierarchy, read_cgroups
from swaptools.records import NamedTuple
from swaptools.who import Rest, percent, used_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Annotated

    from swaptools.observe.cgroups import CgroupSwap
    from swaptools.schema.kinds import Signed


class CgroupRow(NamedTuple):
    """One cgroup; the fields are its JSON keys."""

    #: From the topmost one of its hierarchy.
    path: str
    #: What it has itself, with cgroups below it that are gone; these add up. Below
    #: zero where it changed while it was looked at.
    own_bytes: Signed
    #: What it and all below it have.
    tree_bytes: int
    #: Of zswap's pool, for it and all below; None where that is not told.
    zswap_bytes: int | None
    #: Most swap, or with version 1 most memory and swap; None without a limit.
    limit_bytes: int | None
    #: Its own, of what is in use.
    used_percent: float = 0.0


class ByCgroupDict(TypedDict):
    """Swap by memory cgroup."""

    #: What a row is.
    who: Literal["cgroup"]
    #: Of the cgroups.
    version: Annotated[int, Literal[1, 2]]
    #: Of all swap, as the kernel counts it.
    used_bytes: int
    #: The one with most of its own comes first.
    cgroups: list[Annotated[dict[str, Any], CgroupRow]]
    #: What no cgroup has.
    rest: list[Annotated[dict[str, Any], Rest]]


class ByCgroup(NamedTuple):
    """The answer; the one with most comes first."""

    #: Of all swap, as the kernel counts it.
    used_bytes: int
    #: Version of the cgroups, 1 or 2.
    version: int
    #: One for each cgroup that has something in swap.
    rows: tuple[CgroupRow, ...]
    #: What no cgroup has.
    rest: tuple[Rest, ...]

    def to_dict(self) -> ByCgroupDict:
        """Return it as swapinfo --who=cgroup prints it with --json."""
        return {
            "who": "cgroup",
            "version": self.version,
            "used_bytes": self.used_bytes,
            "cgroups": self.to_rows(),
            "rest": [one._asdict() for one in self.rest],
        }

    def _repr_html_(self) -> str:
        return notebook.table(self.to_rows(), "swap by cgroup")

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a flat row for each cgroup."""
        return [row._asdict() for row in self.rows]


def by_cgroup() -> ByCgroup:
    """Find out what each memory cgroup has in swap.

    Raises:
        AreaError: It cannot be told which areas are active, or what cgroups have.
    """
    used_bytes()
    hierarchy = find_hierarchy()
    if hierarchy is None:
        raise AreaError("/sys/fs/cgroup", "no memory cgroups are mounted")
    found = list(read_cgroups(hierarchy))
    used = used_bytes()
    told = {one.path: one for one in found if one.tree_bytes is not None}
    if not told and len(found) > 1:
        raise AreaError(hierarchy.root, "swap is not accounted by cgroup here")
    # The real topmost cgroup of version 2 stands for the whole machine.
    top = {one.path: one._replace(tree_bytes=used) for one in found[:1]}
    rows = [
        row._replace(used_percent=percent(row.own_bytes, used))
        for row in _rows({**top, **told})
    ]
    rest = used - sum(row.own_bytes for row in rows)
    return ByCgroup(
        used_bytes=used,
        version=hierarchy.version,
        rows=tuple(sorted(rows, key=lambda row: (-row.own_bytes, row.path))),
        rest=tuple(_rest(rest)),
    )


def _rows(found: dict[str, CgroupSwap]) -> list[CgroupRow]:
    own = {path: one.tree_bytes or 0 for path, one in found.items()}
    for path, one in found.items():
        above = _parent(path, found)
        if above is not None:
            own[above] -= one.tree_bytes or 0
    return [
        CgroupRow(
            path, own[path], one.tree_bytes or 0, one.zswap_bytes, one.limit_bytes
        )
        for path, one in found.items()
        if one.tree_bytes or own[path]
    ]


def _parent(path: str, found: Iterable[str]) -> str | None:
    # The next one above that is told.
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        if path in found:
            return path
    return None


def _rest(left: int) -> Iterator[Rest]:
    if left < 0:
        yield Rest("outside", left, "changed while it was looked at")
    elif left:
        yield Rest("outside", left, "charged to no cgroup that is shown")
