"""swapinfo --who: who has the swap that is in use, as a table or JSON.

Not here: finding out (who/), columns (columns.py).
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click

from swaptools.cli import columns, output
from swaptools.cli.wrapping import say
from swaptools.errors import AreaError
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from swaptools.cli.choosing import Look
    from swaptools.who import Rest


def show_processes(look: Look) -> int:
    """Print swap by process; return the exit status."""
    from swaptools.who.processes import by_process

    try:
        found = by_process(output.ProgressLine("processes"))
    except AreaError as exc:
        return _failed(exc)
    told = {
        "who": "process",
        "used_bytes": found.used_bytes,
        "processes": _rows(found.rows, found.used_bytes),
        "rest": [rest._asdict() for rest in found.rest],
        "unseen": found.unseen,
    }
    _show(look, told, "processes", "name", "share_bytes", found.rest, found.unseen)
    return 0 if found.is_whole else output.EXIT_USAGE


def show_cgroups(look: Look) -> int:
    """Print swap by memory cgroup; return the exit status."""
    from swaptools.who.cgroups import by_cgroup

    try:
        found = by_cgroup()
    except AreaError as exc:
        return _failed(exc)
    told = {
        "who": "cgroup",
        "version": found.version,
        "used_bytes": found.used_bytes,
        "cgroups": _rows(found.rows, found.used_bytes),
        "rest": [rest._asdict() for rest in found.rest],
    }
    _show(look, told, "cgroups", "path", "own_bytes", found.rest, ())
    return 0


def show_mappings(pid: int, look: Look) -> int:
    """Print the swap of one process by mapping; return the exit status."""
    from swaptools.who.mappings import by_mapping

    try:
        found = by_mapping(pid)
    except AreaError as exc:
        return _failed(exc)
    if look.as_json:
        output.print_json(
            {
                "who": "mapping",
                "pid": pid,
                "name": found.process.name,
                "swap_bytes": found.swap_bytes,
                "mappings": [look.chosen.as_dict(row) for row in found.rows],
            }
        )
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


def _rows(rows: Iterable[Any], used_bytes: int) -> list[dict[str, Any]]:
    # The second field but one that adds up is share or own.
    found = []
    for row in rows:
        told = row._asdict()
        part = told.get("share_bytes", told.get("own_bytes", 0))
        told["used_percent"] = _percent(part, used_bytes)
        found.append(told)
    return found


def _percent(part: int, used_bytes: int) -> float:
    return round(100 * part / used_bytes, 2) if used_bytes else 0.0


def _show(
    look: Look,
    told: dict[str, Any],
    key: str,
    name: str,
    part: str,
    rest: Sequence[Rest],
    unseen: Sequence[str],
) -> None:
    used_bytes, rows = told["used_bytes"], told[key]
    lines = [SimpleNamespace(**row) for row in rows]
    if look.as_json:
        if not look.chosen.is_usual:
            told[key] = [look.chosen.as_dict(line) for line in lines]
        output.print_json(told)
        return
    if used_bytes or rows:
        blank = dict.fromkeys(spec.key for spec in columns.WHO[told["who"]].columns)
        for one in rest:
            values = {name: f"({one.what.replace('_', ' ')})", part: one.bytes}
            percent = _percent(one.bytes, used_bytes)
            lines.append(
                SimpleNamespace(**{**blank, **values, "used_percent": percent})
            )
        if look.is_for_people:
            values = {name: "Total", part: used_bytes, "used_percent": 100.0}
            lines.append(SimpleNamespace(**{**blank, **values}))
        look.print(lines)
    else:
        click.echo("no swap is in use")
    if look.is_for_people:
        for one in rest:
            say(f"{one.what.replace('_', ' ')}: {one.means}")
        for sentence in unseen:
            say(f"not seen: {output.escape(sentence)}")
