"""swapinfo --map: which slots are held and by whom, as a picture, numbers or JSON.

Not here: finding out (observe/swapmap.py), plots (map_plot.py).
"""

from __future__ import annotations

import os
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal

import click

from swaptools.cli import output, tables
from swaptools.cli.progress import ProgressLine
from swaptools.cli.tables import Column
from swaptools.cli.wrapping import say
from swaptools.errors import AreaError, MissingExtra
from swaptools.swapmap.shape import fullness
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.swapmap import AreaMap, SwapMap
    from swaptools.swapmap.held import HeldSlots

_ROW_CELLS: Final = 64
_MOST_CELLS: Final = 1024
_MOST_HOLDERS: Final = 10
_MOST_NAME: Final = 40
#: Nothing held, tenths, all held.
_GLYPHS: Final = ".123456789#"
_COLOURS: Final = {".": "bright_black", "#": "red"}


def show(
    name: str,
    *,
    as_json: bool,
    plot_path: str | None,
    learning: Literal["probe", "settle"] | None = None,
) -> int:
    """Print the map of one area, or of all; return the exit status.

    Args:
        name: As in /proc/swaps, or its last part; empty for all areas.
        as_json: Print JSON.
        plot_path: Draw to that file, too.
        learning: Page out pages of our own to learn what page tables do not show.
    """
    from swaptools.observe.swapmap import read_swapmap

    try:
        found = read_swapmap(ProgressLine("processes"))
        found = _only(_learn(found, learning) if learning else found, name)
    except AreaError as exc:
        output.error(exc.reason, exc.path)
        return output.EXIT_USAGE
    code = output.EXIT_USAGE if found.unseen else 0
    if plot_path is not None:
        code = max(code, _plot(found, plot_path))
    if as_json:
        rows = ({**area.about(), "held": area.held_runs()} for area in found.areas)
        output.print_json_list("areas", rows, found.about())
        return code
    if not found.areas:
        click.echo("no swap area is active")
    for area in found.areas:
        _print_area(found, area)
    for sentence in found.unseen:
        say(f"not seen: {output.escape(sentence)}")
    return code


def _learn(found: SwapMap, how: Literal["probe", "settle"]) -> SwapMap:
    # What it costs is said before it is done.
    from swaptools.probe import probe, settle, settle_pages

    if how == "probe":
        click.echo("--probe: pages out one page, and drops it", err=True)
        return probe(found)
    nr_pages = settle_pages(found)
    size = format_size(nr_pages * found.page_size)
    cost = f"--settle: pages out up to {nr_pages} pages of zeros ({size}), twice"
    click.echo(cost, err=True)
    return settle(found)


def _only(found: SwapMap, name: str) -> SwapMap:
    from dataclasses import replace

    if not name:
        return found
    areas = tuple(area for area in found.areas if _is_named(area.name, name))
    if not areas:
        raise AreaError(name, "not an active swap area")
    numbers = {area.type_number for area in areas}
    holders = tuple(h for h in found.holders if not numbers.isdisjoint(h.entries))
    return replace(found, areas=areas, holders=holders)


def _is_named(path: str, name: str) -> bool:
    # The kernel has one path for an area: /dev/dm-0 is /dev/mapper/vg-swap as well.
    if name in (path, path.split("/")[-1]):
        return True
    try:
        one, other = os.stat(path), os.stat(name)
    except (OSError, ValueError):
        return False
    is_same_device = bool(one.st_rdev) and one.st_rdev == other.st_rdev
    return is_same_device or os.path.samestat(one, other)


def _plot(found: SwapMap, path: str) -> int:
    # Imported here: it brings matplotlib.
    from swaptools.cli.map_plot import draw

    try:
        draw(found, path)
    except MissingExtra as exc:
        output.error(str(exc))
    except OSError as exc:
        output.error(exc.strerror or str(exc), path)
    else:
        return 0
    return output.EXIT_FAILED


def _print_area(found: SwapMap, area: AreaMap) -> None:
    for line in _numbers(found, area):
        say(output.escape(line), 4)
    for line in (*_orders(area), "", *_picture(area), ""):
        click.echo(line)
    holders = list(found.holders_of(area))
    if not holders:
        return
    number = area.type_number
    columns = (
        Column("PID", True, lambda one: str(one.pid)),
        Column("COMMAND", False, lambda one: one.name[:_MOST_NAME]),
        Column("SLOTS", True, lambda one: str(one.entries[number])),
        Column("SIZE", True, lambda one: _size(found, one.entries[number])),
    )
    tables.print_table(holders[:_MOST_HOLDERS], columns)
    if len(holders) > _MOST_HOLDERS:
        click.echo(f"and {len(holders) - _MOST_HOLDERS} more (--who, --json)")
    click.echo()


def _size(found: SwapMap, nr_slots: int) -> str:
    return format_size(nr_slots * found.page_size, separator="", suffix="")


def _numbers(found: SwapMap, area: AreaMap) -> Iterator[str]:
    shape = area.shape
    clusters = shape.clusters
    about = [area.type, f"priority {area.priority}", f"{area.nr_slots} slots"]
    about += [f"{len(area.badpages)} bad"] if area.badpages else []
    about += [f"header not read: {area.error}"] if area.error else []
    about += [f"{len(area.extents)} extents"] if len(area.extents) > 1 else []
    yield f"{area.name}: {', '.join(about)}"
    yield (
        f"  {area.used_slots} slots ({_size(found, area.used_slots)}) in use, "
        f"{area.held_slots} of them in page tables"
    )
    if shared := area.held.nr_shared:
        yield f"  {shared} are of several processes"
    if area.unseen_slots > 0:
        unseen = f"{area.unseen_slots} are in no page table"
        yield f"  {unseen}: shared memory, or memory that was read back"
    elif area.unseen_slots < 0:
        yield f"  {-area.unseen_slots} more in page tables: it changed meanwhile"
    yield (
        f"  clusters of {clusters.slots_per_cluster}: {clusters.free} free, "
        f"{clusters.partly} partly used, {clusters.full} full"
    )
    yield f"  longest free run: {shape.longest_free_run} slots"
    if found.hint is not None and found.hint.type_number == area.type_number:
        offset = found.hint.offset
        where = f"at slot {offset}" if offset else "with the first cluster in order"
        yield f"  CPU {found.hint.cpu} goes on {where}"
    if area.learned is not None:
        order = ", ".join(map(str, area.learned.nonfull[:8]))
        more = ", ..." if len(area.learned.nonfull) > 8 else ""
        yield f"  clusters in the order in which they are tried: {order}{more}"


def _orders(area: AreaMap) -> Iterator[str]:
    # Aligned blocks that are free, and what part of the free slots lies in them.
    shape = area.shape
    orders = range(len(shape.free_blocks))
    yield "  order      " + "".join(f"{order:>6}" for order in orders)
    blocks = (_short(nr) for nr in shape.free_blocks)
    yield "  free blocks" + "".join(f"{text:>6}" for text in blocks)
    if shape.free_slots:
        shares = (
            100 * (n << k) // shape.free_slots
            for k, n in zip(orders, shape.free_blocks, strict=True)
        )
        yield "  of the free" + "".join(f"{share:>5}%" for share in shares)


def _short(number: int) -> str:
    # At most five letters.
    for letter in ("", "k", "M"):
        if number < 10_000:
            return f"{number}{letter}"
        number //= 1000
    return f"{number}G"


def _picture(area: AreaMap) -> Iterator[str]:
    slots_per_cell = 1
    while area.nr_slots > slots_per_cell * _MOST_CELLS:
        slots_per_cell *= 2
    cells = "".join(_cells(area.held, area, slots_per_cell))
    width = len(str(area.nr_slots))
    for at in range(0, len(cells), _ROW_CELLS):
        first = at * slots_per_cell
        row = _painted(cells[at : at + _ROW_CELLS])
        yield f"  {first:>{width}} {row}"
    slots = "slot" if slots_per_cell == 1 else "slots"
    yield f"  a cell is {slots_per_cell} {slots}: . none held, 1-9 tenths, # all"


def _painted(cells: str) -> str:
    # One colour a run of cells that are free, partly held, or full.
    runs = groupby(cells, lambda cell: _COLOURS.get(cell, "yellow"))
    return "".join(click.style("".join(run), fg=colour) for colour, run in runs)


def _cells(held: HeldSlots, area: AreaMap, slots_per_cell: int) -> Iterator[str]:
    taken = fullness(held, area.nr_slots, area.badpages, slots_per_cell)
    for cell, nr_taken in enumerate(taken):
        room = min(slots_per_cell, area.nr_slots - cell * slots_per_cell)
        tenths = 10 * nr_taken // room
        yield _GLYPHS[max(tenths, 1) if nr_taken else 0]
