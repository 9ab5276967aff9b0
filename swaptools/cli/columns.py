"""The columns of swapinfo's two tables, and how -o picks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from swaptools.cli import completing
from swaptools.cli.output import Column
from swaptools.units import format_numbers, format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swaptools.status import ActiveArea


_UNITS = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class ColumnSpec(NamedTuple):
    """One column before its size unit is known."""

    heading: str
    key: str
    help: str
    is_size: bool = False
    right: bool = False


class Table(NamedTuple):
    """The columns of a table and which are shown when none are asked for."""

    columns: tuple[ColumnSpec, ...]
    usual: tuple[str, ...]

    def choose(self, chosen: str | None, unit: str | None) -> list[Column]:
        """Return the columns that ``-o`` names.

        Args:
            chosen: Headings in either case, separated by commas; a leading ``+``
                adds them to the usual ones.
            unit: ``b``, ``k``, ``m``, ``g``, or None for a size with its unit.

        Raises:
            ValueError: There is no such column.
        """
        names = list(self.usual)
        if chosen is not None:
            extra = chosen.removeprefix("+").upper().split(",")
            names = names + extra if chosen.startswith("+") else extra
        known = {spec.heading: spec for spec in self.columns}
        for name in names:
            if name not in known:
                raise ValueError(f"unknown column: {name}")
        return [_column(known[name], unit) for name in names]


#: How the columns themselves are listed.
LISTING = (
    Column("COLUMN", False, lambda spec: f"  {spec.heading}"),
    Column("MEANING", False, lambda spec: spec.help),
)

AREA = Table(
    columns=(
        ColumnSpec("PATH", "path", "the argument"),
        ColumnSpec("PARTITION", "partition", "number of the partition", right=True),
        ColumnSpec("PARTLABEL", "partition_name", "name of the partition"),
        ColumnSpec("PARTUUID", "partition_uuid", "UUID of the partition"),
        ColumnSpec("KIND", "kind", "file, block, image or stream"),
        ColumnSpec("SIGNATURE", "signature", "magic at the page end"),
        ColumnSpec("VERSION", "version", "header version", right=True),
        ColumnSpec("PAGE-SIZE", "page_size", "bytes a page", right=True),
        ColumnSpec("BYTE-ORDER", "byte_order", "order of the header's integers"),
        ColumnSpec("LAST-PAGE", "last_page", "number of the last page", right=True),
        ColumnSpec("NR-BADPAGES", "nr_badpages", "bad pages claimed", right=True),
        ColumnSpec("BADPAGES", "badpages", "bad pages listed"),
        ColumnSpec("UUID", "uuid", "UUID, empty when nil"),
        ColumnSpec("LABEL", "label", "label"),
        ColumnSpec("SIZE", "size_bytes", "size claimed, header included", True, True),
        ColumnSpec("USABLE", "usable_bytes", "what can hold pages", True, True),
        ColumnSpec("AREA", "area_bytes", "size of what is there", True, True),
        ColumnSpec("ALLOCATED", "allocated_bytes", "storage it takes", True, True),
        ColumnSpec("GHOST", "is_ghost", "a header page and nothing else"),
        ColumnSpec("GHOST-FLAG", "ghost_flag", "marked as header only on purpose"),
        ColumnSpec("OFFSET", "offset", "where the area begins", right=True),
        ColumnSpec("HIBERNATION", "hibernation", "hibernation image present"),
        ColumnSpec("OTHER", "other_signatures", "further signatures, with offsets"),
        ColumnSpec("HOLDS", "holds", "all that lies there, as libblkid names it"),
        ColumnSpec("ACTIVE", "active", "swapped on now"),
        ColumnSpec("ERROR", "error", "why the row is empty"),
    ),
    usual=("PATH", "KIND", "GHOST", "PAGE-SIZE", "SIZE", "USABLE", "LABEL", "UUID"),
)

ACTIVE = Table(
    columns=(
        ColumnSpec("NAME", "name", "file or device"),
        ColumnSpec("TYPE", "type", "partition, file, ghost, ..."),
        ColumnSpec("SIZE", "size", "what can hold pages", True, True),
        ColumnSpec("USED", "used", "slots in use", True, True),
        ColumnSpec("AVAIL", "avail", "slots free", True, True),
        ColumnSpec("USE%", "percent", "used part", right=True),
        ColumnSpec("PRIO", "priority", "priority", right=True),
        ColumnSpec("UUID", "uuid", "UUID, empty when nil or not readable"),
        ColumnSpec("LABEL", "label", "label"),
        ColumnSpec("NO-HIBERNATION", "no_hibernation", "why it can hold no image"),
        ColumnSpec("ZRAM", "zram", "zram device that it lies on"),
        ColumnSpec("ERROR", "error", "why the header could not be read"),
    ),
    usual=("NAME", "TYPE", "SIZE", "USED", "AVAIL", "USE%", "PRIO"),
)

WHO_PROCESS = Table(
    columns=(
        ColumnSpec("PID", "pid", "process, empty for what is no process's", right=True),
        ColumnSpec("COMMAND", "name", "name of the command"),
        ColumnSpec("SWAP", "swap_bytes", "its pages in swap", True, True),
        ColumnSpec("SHARE", "share_bytes", "its part of the slots", True, True),
        ColumnSpec("SHMEM", "shared_memory_bytes", "shared memory of SWAP", True, True),
        ColumnSpec("USE%", "used_percent", "SHARE of all that is used", right=True),
        ColumnSpec("MAPPED", "mapping_bytes", "swap of MAPPING", True, True),
        ColumnSpec("MAPPING", "mapping", "the mapping with most swap"),
    ),
    usual=("PID", "COMMAND", "SWAP", "SHARE", "USE%", "MAPPED", "MAPPING"),
)

WHO_CGROUP = Table(
    columns=(
        ColumnSpec("CGROUP", "path", "path from the topmost one"),
        ColumnSpec("OWN", "own_bytes", "what it has itself", True, True),
        ColumnSpec("USE%", "used_percent", "OWN of all that is used", right=True),
        ColumnSpec("TREE", "tree_bytes", "with all below it", True, True),
        ColumnSpec("ZSWAP", "zswap_bytes", "of zswap's pool", True, True),
        ColumnSpec("LIMIT", "limit_bytes", "most that it may have", True, True),
    ),
    usual=("CGROUP", "OWN", "USE%", "TREE", "ZSWAP", "LIMIT"),
)

WHO_MAPPING = Table(
    columns=(
        ColumnSpec("START", "start_hex", "first address"),
        ColumnSpec("END", "end_hex", "address behind the last"),
        ColumnSpec("PERM", "permissions", "rwx, p for private, s for shared"),
        ColumnSpec("OFFSET", "offset_bytes", "where it begins in its file", right=True),
        ColumnSpec("RSS", "rss_bytes", "in memory", True, True),
        ColumnSpec("SWAP", "swap_bytes", "in swap", True, True),
        ColumnSpec("SHARE", "swap_pss_bytes", "its part of the slots", True, True),
        ColumnSpec("MAPPING", "name", "file, [heap] and the like"),
    ),
    usual=("START", "PERM", "RSS", "SWAP", "SHARE", "MAPPING"),
)

#: By the words of --who.
WHO = {"process": WHO_PROCESS, "cgroup": WHO_CGROUP, "mapping": WHO_MAPPING}

#: For --list-columns.
TABLES = {
    "active areas (no FILE)": ACTIVE,
    "FILE": AREA,
    **{f"--who={word}": table for word, table in WHO.items()},
}


def complete(begun: str, *, about_files: bool, who: str | None = None) -> list[str]:
    """Return what a list of columns could go on with.

    Args:
        begun: What is written of the list.
        about_files: A FILE has been named, so that it is about files for sure.
        who: The word of --who, if that is asked.
    """
    tables = [AREA] if about_files else [WHO[who]] if who else [ACTIVE, AREA]
    names = dict.fromkeys(spec.heading for table in tables for spec in table.columns)
    return completing.listed(names, begun.upper(), plus=True)


def total(areas: Sequence[ActiveArea]) -> ActiveArea:
    """Return the row that adds the active areas up."""
    from swaptools.status import ActiveArea

    return ActiveArea(
        name="Total",
        type="",
        size=sum(area.size for area in areas),
        used=sum(area.used for area in areas),
        priority=None,
        uuid=None,
        label=None,
        no_hibernation=None,
        zram=None,
        error=None,
    )


def usual_on_disks(unit: str | None) -> list[Column]:
    """Return the usual columns of areas, with the partition of each and its place."""
    path, *others = AREA.usual
    return AREA.choose(",".join([path, "PARTITION", "OFFSET", *others]), unit)


#: What a column computes when it is no plain attribute.
_COMPUTED: dict[str, Callable[[Any], Any]] = {
    "badpages": lambda row: format_numbers(row.badpages or ()),
    "avail": lambda row: row.size - row.used,
    "percent": lambda row: f"{100 * row.used // row.size}%" if row.size else None,
    "hibernation": lambda row: row.hibernation and row.hibernation["signature"],
    "start_hex": lambda row: f"{row.start:x}" if row.start is not None else None,
    "end_hex": lambda row: f"{row.end:x}" if row.end is not None else None,
    "used_percent": lambda row: f"{row.used_percent:.1f}%",
    "partition": lambda row: row.partition and row.partition["number"],
    "partition_name": lambda row: row.partition and row.partition["name"],
    "partition_uuid": lambda row: row.partition and row.partition["uuid"],
    "holds": lambda row: ",".join(
        # Once each: a member of ZFS has more than sixty signatures.
        dict.fromkeys(held["type"] for held in row.holds or ())
    ),
    "other_signatures": lambda row: ",".join(
        f"{found['signature']}@{found['offset']:#x}"
        for found in row.other_signatures or ()
    ),
}


def _column(spec: ColumnSpec, unit: str | None) -> Column:
    def text(row: object) -> str:
        get = _COMPUTED.get(spec.key)
        return _text(get(row) if get else getattr(row, spec.key), spec.is_size, unit)

    return Column(spec.heading, spec.right, text)


def _text(value: object, is_size: bool, unit: str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if is_size and isinstance(value, int):
        if unit is None:
            sign = "-" if value < 0 else ""
            return sign + format_size(abs(value), separator="", suffix="")
        return str(value // _UNITS[unit])
    return str(value)
