"""The columns of swapinfo's tables: what each is, and what Tab offers of them.

Not here: how -o and -O pick them (choosing.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from swaptools.cli import completing, output, tables
from swaptools.cli.choosing import Chosen, ColumnSpec, Table
from swaptools.cli.tables import Column
from swaptools.units import format_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

    from swaptools.status import ActiveArea


def _others(found: Sequence[dict[str, Any]]) -> str:
    return ",".join(f"{one['signature']}@{one['offset']:#x}" for one in found)


def _types(held: Sequence[dict[str, Any]]) -> str:
    # Once each: a member of ZFS has more than sixty signatures.
    return ",".join(dict.fromkeys(one["type"] for one in held))


AREA = Table(
    columns=(
        ColumnSpec("PATH", "path", "the argument", least=20),
        ColumnSpec(
            *("PARTITION", "partition", "number of the partition"),
            right=True,
            shown=lambda row: row.partition and row.partition["number"],
        ),
        ColumnSpec(
            *("PARTLABEL", "partition_name", "name of the partition"),
            least=9,
            value=lambda row: row.partition and row.partition["name"],
        ),
        ColumnSpec(
            *("PARTUUID", "partition_uuid", "UUID of the partition"),
            least=9,
            is_name=True,
            value=lambda row: row.partition and row.partition["uuid"],
        ),
        ColumnSpec("KIND", "kind", "file, block, image or stream"),
        ColumnSpec("SIGNATURE", "signature", "magic at the page end"),
        ColumnSpec("VERSION", "version", "header version", right=True),
        ColumnSpec("PAGE-SIZE", "page_size", "bytes a page", right=True),
        ColumnSpec("BYTE-ORDER", "byte_order", "order of the header's integers"),
        ColumnSpec("LAST-PAGE", "last_page", "number of the last page", right=True),
        ColumnSpec("NR-BADPAGES", "nr_badpages", "bad pages claimed", right=True),
        ColumnSpec(
            *("BADPAGES", "badpages", "bad pages listed"),
            least=12,
            shown=lambda row: format_numbers(row.badpages or ()),
        ),
        ColumnSpec("UUID", "uuid", "UUID, empty when nil", least=9, is_name=True),
        ColumnSpec("LABEL", "label", "label"),
        ColumnSpec("SIZE", "size_bytes", "size claimed, header included", True, True),
        ColumnSpec("USABLE", "usable_bytes", "what can hold pages", True, True),
        ColumnSpec("AREA", "area_bytes", "size of what is there", True, True),
        ColumnSpec("ALLOCATED", "allocated_bytes", "storage it takes", True, True),
        ColumnSpec("GHOST", "is_ghost", "a header page and nothing else"),
        ColumnSpec("GHOST-FLAG", "ghost_flag", "marked as header only on purpose"),
        ColumnSpec("OFFSET", "offset", "where the area begins", right=True),
        ColumnSpec(
            *("HIBERNATION", "hibernation", "hibernation image present"),
            shown=lambda row: row.hibernation and row.hibernation["signature"],
        ),
        ColumnSpec(
            *("OTHER", "other_signatures", "further signatures, with offsets"),
            least=12,
            shown=lambda row: _others(row.other_signatures or ()),
        ),
        ColumnSpec(
            *("HOLDS", "holds", "all that lies there, as libblkid names it"),
            least=12,
            shown=lambda row: _types(row.holds or ()),
        ),
        ColumnSpec("ACTIVE", "active", "swapped on now"),
        ColumnSpec("ERROR", "error", "why the row is empty", least=20),
    ),
    usual=("PATH", "KIND", "GHOST", "PAGE-SIZE", "SIZE", "USABLE", "LABEL", "UUID"),
)

ACTIVE = Table(
    columns=(
        ColumnSpec("NAME", "name", "file or device", least=20),
        ColumnSpec("TYPE", "type", "partition, file, ghost, ..."),
        ColumnSpec("SIZE", "size", "what can hold pages", True, True),
        ColumnSpec("USED", "used", "slots in use", True, True),
        ColumnSpec(
            *("AVAIL", "avail", "slots free", True, True),
            value=lambda row: row.size - row.used,
        ),
        ColumnSpec(
            *("USE%", "used_percent", "used part"),
            right=True,
            value=lambda row: round(100 * row.used / row.size, 2) if row.size else None,
            shown=lambda row: f"{100 * row.used // row.size}%" if row.size else None,
        ),
        ColumnSpec("PRIO", "priority", "priority", right=True),
        ColumnSpec(
            "UUID",
            "uuid",
            "UUID, empty when nil or not readable",
            least=9,
            is_name=True,
        ),
        ColumnSpec("LABEL", "label", "label"),
        ColumnSpec(
            *("NO-HIBERNATION", "no_hibernation", "why it can hold no image"), least=14
        ),
        ColumnSpec("ZRAM", "zram", "zram device that it lies on"),
        ColumnSpec("ERROR", "error", "why the header could not be read", least=20),
    ),
    usual=("NAME", "TYPE", "SIZE", "USED", "AVAIL", "USE%", "PRIO"),
)

WHO_PROCESS = Table(
    columns=(
        ColumnSpec("PID", "pid", "process, empty for what is no process's", right=True),
        ColumnSpec("COMMAND", "name", "name of the command", least=8),
        ColumnSpec("SWAP", "swap_bytes", "its pages in swap", True, True),
        ColumnSpec("SHARE", "share_bytes", "its part of the slots", True, True),
        ColumnSpec("SHMEM", "shared_memory_bytes", "shared memory of SWAP", True, True),
        ColumnSpec(
            *("USE%", "used_percent", "SHARE of all that is used"),
            right=True,
            shown=lambda row: f"{row.used_percent:.1f}%",
        ),
        ColumnSpec("MAPPED", "mapping_bytes", "swap of MAPPING", True, True),
        ColumnSpec("MAPPING", "mapping", "the mapping with most swap", least=20),
    ),
    usual=("PID", "COMMAND", "SWAP", "SHARE", "USE%", "MAPPED", "MAPPING"),
)

WHO_CGROUP = Table(
    columns=(
        ColumnSpec("CGROUP", "path", "path from the topmost one", least=20),
        ColumnSpec("OWN", "own_bytes", "what it has itself", True, True),
        ColumnSpec(
            *("USE%", "used_percent", "OWN of all that is used"),
            right=True,
            shown=lambda row: f"{row.used_percent:.1f}%",
        ),
        ColumnSpec("TREE", "tree_bytes", "with all below it", True, True),
        ColumnSpec("ZSWAP", "zswap_bytes", "of zswap's pool", True, True),
        ColumnSpec("LIMIT", "limit_bytes", "most that it may have", True, True),
    ),
    usual=("CGROUP", "OWN", "USE%", "TREE", "ZSWAP", "LIMIT"),
)

WHO_MAPPING = Table(
    columns=(
        ColumnSpec(
            "START", "start", "first address", shown=lambda row: f"{row.start:x}"
        ),
        ColumnSpec(
            *("END", "end", "address behind the last"), shown=lambda row: f"{row.end:x}"
        ),
        ColumnSpec("PERM", "permissions", "rwx, p for private, s for shared"),
        ColumnSpec("OFFSET", "offset_bytes", "where it begins in its file", right=True),
        ColumnSpec("RSS", "rss_bytes", "in memory", True, True),
        ColumnSpec("SWAP", "swap_bytes", "in swap", True, True),
        ColumnSpec("SHARE", "swap_pss_bytes", "its part of the slots", True, True),
        ColumnSpec("MAPPING", "name", "file, [heap] and the like", least=20),
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


def complete(
    begun: str, *, about_files: bool, who: str | None = None
) -> list[CompletionItem]:
    """Return what a list of columns could go on with.

    Args:
        begun: What is written of the list.
        about_files: A FILE has been named, so that it is about files for sure.
        who: The word of --who, if that is asked.
    """
    tables = [AREA] if about_files else [WHO[who]] if who else [ACTIVE, AREA]
    names = {spec.heading: spec.help for one in tables for spec in one.columns}
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


def usual_on_disks(unit: str | None) -> Chosen:
    """Return the usual columns of areas, with the partition of each and its place."""
    return AREA.usually(unit, ("PARTITION", "OFFSET"))


def print_listed(*, as_json: bool) -> None:
    """Print what columns there are."""
    if as_json:
        listed = [
            {"table": title, "column": spec.heading, "key": spec.key, "help": spec.help}
            for title, table in TABLES.items()
            for spec in table.columns
        ]
        output.print_json_list("columns", listed)
        return
    shown = (
        Column("COLUMN", False, lambda spec: f"  {spec.heading}"),
        Column("MEANING", False, lambda spec: spec.help, goes_on=True),
    )
    for title, table in TABLES.items():
        click.echo(f"{title}:")
        tables.print_table(table.columns, shown, headings=False)
