"""swapinfo without arguments: the active areas, zswap, zram, hibernation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swaptools.cli import columns, output
from swaptools.cli.output import TableStyle
from swaptools.errors import AreaError
from swaptools.observe.power import read_hibernation
from swaptools.observe.proc import kernel_has_swap, read_swaps
from swaptools.observe.zswap import Zram, Zswap, read_zrams, read_zswap
from swaptools.status import ActiveArea, active_area
from swaptools.units import format_size

if TYPE_CHECKING:
    from swaptools.area import SwapArea


def show(
    shown: list[output.Column], *, style: TableStyle, headings: bool, as_json: bool
) -> int:
    """Print the active areas and what works behind them; return the exit status."""
    areas = _areas()
    code = output.EXIT_USAGE if areas is None else 0
    zswap, zrams = read_zswap(), read_zrams()
    if as_json:
        output.print_json(
            {
                "swaps": areas and [area._asdict() for area in areas],
                "zswap": zswap and zswap._asdict(),
                "zram": [zram._asdict() for zram in zrams],
            }
        )
        return code
    if style is not TableStyle.PLAIN or not headings:
        output.print_table(areas or (), shown, style=style, headings=headings)
        return code
    if areas:
        total = [columns.total(areas)] if len(areas) > 1 else []
        output.print_table([*areas, *total], shown)
    elif areas is not None:
        without = ": this kernel was built without swap"
        click.echo(f"no swap area is active{'' if kernel_has_swap() else without}")
    if zswap is not None:
        click.echo(f"zswap: {', '.join(_zswap_parts(zswap))}")
    for zram in zrams:
        click.echo(_zram_line(zram))
    if areas:
        click.echo(f"hibernation: {_hibernation_line(areas)}")
    return code


def _areas() -> list[ActiveArea] | None:
    # None, and a line, when it cannot be told what is active.
    try:
        return [active_area(row, _look) for row in read_swaps()]
    except AreaError as exc:
        output.error(exc.reason, exc.path)
        return None


def _look(path: str) -> SwapArea:
    # Imported when there is an area to look at: construct is slow to start.
    from swaptools.observe import read_area

    return read_area(path, below=False)


def _zswap_parts(zswap: Zswap) -> list[str]:
    parts = ["on" if zswap.enabled else "off"]
    if zswap.compressor is not None:
        parts.append(zswap.compressor)
    if zswap.max_pool_percent is not None:
        parts.append(f"pool up to {zswap.max_pool_percent} % of RAM")
    if zswap.stored_bytes and zswap.pool_bytes:
        stored, pool = format_size(zswap.stored_bytes), format_size(zswap.pool_bytes)
        ratio = zswap.stored_bytes / zswap.pool_bytes
        parts.append(f"{stored} stored in {pool} ({ratio:.1f}:1)")
    if zswap.counters is None:
        parts.append("counters not readable (root, debugfs)")
    if zswap.writeback is None:
        parts.append(f"writeback knob {zswap.writeback_unknown}")
    else:
        parts.append("writeback allowed" if zswap.writeback else "writeback forbidden")
    return parts


def _zram_line(zram: Zram) -> str:
    stored = format_size(zram.orig_data_bytes)
    used = format_size(zram.mem_used_bytes)
    backing = f", backed by {zram.backing_dev}" if zram.backing_dev else ""
    size = format_size(zram.disksize_bytes)
    return f"{zram.name}: {size}, {zram.compressor}, {stored} stored in {used}{backing}"


def _hibernation_line(areas: list[ActiveArea]) -> str:
    if not read_hibernation().is_possible:
        return "this kernel cannot"
    able = [area.name for area in areas if area.no_hibernation is None]
    unable = [
        f"{area.name} cannot hold an image ({area.no_hibernation})"
        for area in areas
        if area.no_hibernation is not None
    ]
    if able:
        unable.insert(0, f"{', '.join(able)} could hold an image")
    return output.escape("; ".join(unable))
