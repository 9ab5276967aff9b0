"""swapemu backings: what can be behind an area, and what becomes of a write.

Not here: the kinds themselves (emulator/machine/backing.py).
"""

from __future__ import annotations

import click

from swaptools.cli import output, params, tables


@click.command()
@params.json_option()
def backings(*, as_json: bool) -> None:
    """Print what can be behind an area.

    Designs may bring kinds of their own, which are not among them.
    """
    from swaptools.emulator.core.constants import SWP_BLKDEV
    from swaptools.emulator.machine.backing import BACKINGS

    rows = [
        {
            "backing": ops.name,
            "type": ops.type_word,
            "large_folios": bool(ops.flags & SWP_BLKDEV),
            "write": ops.backing.a_write,
        }
        for ops in BACKINGS.values()
    ]
    if as_json:
        output.print_json({"backings": rows})
        return
    columns = [
        tables.Column("BACKING", False, lambda row: row["backing"]),
        tables.Column("TYPE", False, lambda row: row["type"]),
        tables.Column(
            "LARGE-FOLIOS", False, lambda row: "yes" if row["large_folios"] else "no"
        ),
        tables.Column("A-WRITE", False, lambda row: row["write"], goes_on=True),
    ]
    tables.print_table(rows, columns)
