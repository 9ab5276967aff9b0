"""What the columns of swapemu compare are, a line each, for --help and the man page.

Not here: where their numbers come from (comparison.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.cli.language import ScriptCommand

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

#: By table: its first word, and of each column the heading and the meaning.
LEGEND: Final = (
    (
        "Memory",
        (
            ("SWAPTOTAL", "what free(1) shows as swap when the first task begins"),
            ("METADATA-PEAK", "for slots and their state, at most"),
            ("END", "the same after the last line"),
            (
                "FIGURES",
                "of metadata: sizes of structures, or as the authors published",
            ),
            ("CONTENT-PEAK", "compressed pages and what points to them, at most"),
            ("END", "the same after the last line"),
        ),
    ),
    (
        "Disks",
        (
            ("HELD-PEAK", "slots of disks that pages only in zswap hold, at most"),
            ("END", "the same after the last line"),
            ("READS", "pages read from disks"),
            ("WRITES", "pages written to disks"),
            ("WRITTEN-BACK", "pages that zswap, or zram, wrote to a disk"),
            ("REFUSED", "writebacks that zswap tried in vain"),
        ),
    ),
    (
        "Pages",
        (
            ("STAYED-PEAK", "pages that were to leave memory and could not, at most"),
            ("END", "the same after the last line"),
            ("NO-SLOT", "times that no area had a slot"),
            ("POOL-LIMIT", "times that zswap's pool was full"),
            ("FOLIOS-SPLIT", "large folios that went out page by page"),
        ),
    ),
    (
        "Look-ups",
        (
            ("PAGES-OUT", "pages swapped out"),
            ("EACH", "for one of them: look-ups in tables + in xarrays"),
            ("PAGES-IN", "pages swapped in"),
            ("EACH", "for one of them: look-ups in tables + in xarrays"),
        ),
    ),
    (
        "Moves",
        (
            ("SWAPOFF-PTES", "page table entries that swapoff looked at"),
            ("SLOTS", "slots that it looked at instead"),
            ("TRANSFER-PTES", "page table entries that moving pages looked at"),
            ("MOVED-BY-WALK", "pages moved between areas by a walk of page tables"),
            ("IN-PLACE", "pages moved without one"),
        ),
    ),
)


class CompareCommand(ScriptCommand):
    """A command of scripts whose help explains the columns as well."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each column is."""
        for table, columns in LEGEND:
            with formatter.section(f"Columns: {table}"):
                formatter.write_dl(columns)
        super().format_epilog(ctx, formatter)


def man_columns() -> Iterator[str]:
    """Yield the part of the man page that has the columns."""
    for table, columns in LEGEND:
        yield ".PP"
        yield f"{table}:".replace("-", "\\-")
        for heading, meaning in columns:
            yield ".TP"
            yield f".B {heading}".replace("-", "\\-")
            yield meaning.replace("-", "\\-")
