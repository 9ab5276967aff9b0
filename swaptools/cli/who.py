"""swapinfo --who: who has the swap that is in use, as a table or JSON.

Not here: finding out (who/), columns (columns.py).
"""

from __future__ import annotations

from itertools import chain
from types import SimpleNamespace
from typing import TYPE_CHECKING

import click

from swaptools.cli import columns, output
from swaptools.cli.progress import ProgressLine
from swaptools.cli.wrapping import say
from swaptools.errors import AreaError
from swaptools.units import format_size
from swaptools.who import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from swaptools.cli.choosing import Look
    from swaptools.who.cgroups import ByCgroup
    from swaptools.who.processes import ByProcess


def show_processes(look: Look) -> int:
    """Print swap by process; return the exit status."""
    from swaptools.who.processes import by_process

    try:
        found = by_process(ProgressLine("processes"))
    except AreaError as exc:
        return _failed(exc)
    if look.as_json:
        rows = [look.chosen.as_dict(row) for row in found.rows]
        output.print_json({**found.to_dict(), "processes": rows})
    else:
        _show(look, found, "process", "name", "share_bytes", found.unseen)
    return 0 if found.is_whole else output.EXIT_USAGE


def show_cgroups(look: Look) -> int:
    """Print swap by memory cgroup; return the exit status."""
    from swaptools.who.cgroups import by_cgroup

    try:
        found = by_cgroup()
    except AreaError as exc:
        return _failed(exc)
    if look.as_json:
        rows = [look.chosen.as_dict(row) for row in found.rows]
        output.print_json({**found.to_dict(), "cgroups": rows})
    else:
        _show(look, found, "cgroup", "path", "own_bytes", ())
    return 0


def show_mappings(pid: int, look: Look) -> int:
    """Print the swap of one process by mapping; return the exit status."""
    from swaptools.who.mappings import by_mapping

    try:
        found = by_mapping(pid)
    except AreaError as exc:
        return _failed(exc)
    if look.as_json:
        rows = [look.chosen.as_dict(row) for row in found.rows]
        output.print_json({**found.to_dict(), "mappings": rows})
        return 0
    if not found.rows:
        click.echo(output.escape(f"{pid} ({found.process.name}) has nothing in swap"))
        return 0
    look.print(found.rows)
    if look.is_for_people:
        total = format_size(found.swap_bytes)
        click.echo(output.escape(f"total: {total} of {pid} ({found.process.name})"))
    return 0


def _failed(exc: AreaError) -> int:
    output.error(exc.reason, exc.path)
    return output.EXIT_USAGE


def _show(
    look: Look,
    found: ByProcess | ByCgroup,
    who: str,
    name: str,
    part: str,
    unseen: Sequence[str],
) -> None:
    # Rows, and then what no row has, and the sum, as rows of their own.
    used_bytes = found.used_bytes
    if used_bytes or found.rows:
        blank = dict.fromkeys(spec.key for spec in columns.WHO[who].columns)
        more = [
            {
                name: f"({one.what.replace('_', ' ')})",
                part: one.bytes,
                "used_percent": percent(one.bytes, used_bytes),
            }
            for one in found.rest
        ]
        if look.is_for_people:
            more.append({name: "Total", part: used_bytes, "used_percent": 100.0})
        lines = chain(found.to_rows(), ({**blank, **row} for row in more))
        look.print(SimpleNamespace(**line) for line in lines)
    else:
        click.echo("no swap is in use")
    if look.is_for_people:
        for one in found.rest:
            say(f"{one.what.replace('_', ' ')}: {one.means}")
        for sentence in unseen:
            say(f"not seen: {output.escape(sentence)}")
