"""swapinfo without arguments: the active areas, zswap, zram, hibernation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swaptools import remarks
from swaptools.cli import columns, output
from swaptools.cli.wrapping import say
from swaptools.errors import AreaError
from swaptools.observe.cmdline import read_cmdline
from swaptools.observe.devices import size_bytes
from swaptools.observe.power import read_hibernation
from swaptools.observe.proc import has_sysfs, kernel_has_swap, read_meminfo, read_swaps
from swaptools.observe.zram import Zram, read_zrams, zram_under
from swaptools.observe.zswap import (
    Zswap,
    read_compressors,
    read_settings,
    read_zswap,
)
from swaptools.status import ActiveArea, ActiveAreas, active_areas
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swaptools.area import SwapArea
    from swaptools.cli.choosing import Look


def show(look: Look) -> int:
    """Print the active areas and what works behind them; return the exit status."""
    found = _areas()
    code = output.EXIT_USAGE if found is None else 0
    areas = found.areas if found else ()
    zswap, zrams = read_zswap(), read_zrams()
    said = tuple(_remarks(found, zswap))
    if look.as_json:
        output.print_json(
            {
                "swaps": found and [look.chosen.as_dict(area) for area in areas],
                "zswap": zswap and zswap._asdict(),
                "zram": [zram._asdict() for zram in zrams],
                "remarks": said,
            }
        )
        return code
    if not look.is_for_people:
        look.print(areas)
        return code
    if areas:
        total = (columns.total(areas),) if len(areas) > 1 else ()
        look.print([*areas, *total])
    elif found:
        without = ": this kernel was built without swap"
        click.echo(f"no swap area is active{'' if kernel_has_swap() else without}")
    if zswap is not None:
        say(f"zswap: {output.escape(', '.join(_zswap_parts(zswap)))}")
    elif not has_sysfs():
        click.echo("zswap: not known, /sys is not mounted")
    for zram in zrams:
        say(output.escape(_zram_line(zram)))
    if areas:
        say(f"hibernation: {_hibernation_line(areas)}")
    for remark in said:
        say(f"{click.style('remark', fg='yellow')}: {output.escape(remark)}")
    return code


def _areas() -> ActiveAreas | None:
    # None, and a line, when it cannot be told what is active.
    try:
        return active_areas(read_swaps(), read_meminfo(), _look, zram_under, size_bytes)
    except AreaError as exc:
        output.error(exc.reason, exc.path)
        return None


def _remarks(found: ActiveAreas | None, zswap: Zswap | None) -> Iterator[str]:
    if found and found.missing_bytes:
        yield remarks.sizes_wrapped(found.missing_bytes)
    if found and zswap and zswap.enabled:
        yield from remarks.zswap_before_zram(area.zram for area in found.areas)
    words, settings = read_cmdline(), read_settings()
    if settings is not None or has_sysfs():
        yield from remarks.zswap_not_as_asked(words, settings, read_compressors())


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
        parts.append(f"no counters ({zswap.counters_unknown})")
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


def _hibernation_line(areas: Sequence[ActiveArea]) -> str:
    is_possible = read_hibernation().is_possible
    if not is_possible:
        unknown = "not known, /sys is not mounted"
        return unknown if is_possible is None else "this kernel cannot"
    able = [area.name for area in areas if area.no_hibernation is None]
    unable = [
        f"{area.name} cannot hold an image ({area.no_hibernation})"
        for area in areas
        if area.no_hibernation is not None
    ]
    if able:
        unable.insert(0, f"{', '.join(able)} could hold an image")
    return output.escape("; ".join(unable))
