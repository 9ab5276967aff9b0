"""swapinfo --estimate: what the memory of a process or cgroup would compress to.

Not here: reading pages (observe/pages.py), pools (estimate.py).
"""

from __future__ import annotations

import os
from errno import EACCES
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import click

from swaptools import estimate as room
from swaptools.cli import output, tables
from swaptools.cli.progress import ProgressLine
from swaptools.cli.tables import Column
from swaptools.cli.wrapping import say
from swaptools.errors import AreaError
from swaptools.observe.cgroups import find_cgroup, pids_of
from swaptools.observe.pagemap import PAGE_SIZE
from swaptools.observe.pages import PageSample, find_pages, read_pages
from swaptools.observe.proc import memory_bytes
from swaptools.observe.processes import list_pids, read_process
from swaptools.observe.swapmap import unreadable_processes
from swaptools.observe.zswap import read_writeback, read_zswap
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.estimate import CodecEstimate, Estimate, Holds, Pool

_TOO_FEW: Final = (
    "RATIO: of so few pages that rounding decides: each size class takes a whole",
    "  zspage, most of it empty; what a full pool or device holds cannot be told",
)
#: The kernel's own. Kernel: mm/zswap.c zswap_max_pool_percent.
_POOL_PERCENT: Final = 20


def show(
    pid: int | None,
    cgroup: str | None,
    *,
    samples: int,
    pool_percent: int | None,
    size_bytes: int | None,
    as_json: bool,
) -> int:
    """Print the estimate; return the exit status.

    Args:
        pid: The process whose memory is meant, or
        cgroup: the cgroup, as a directory or its path from the topmost one.
        samples: Pages that are read.
        pool_percent: Of memory, for zswap's pool; None for what it is here.
        size_bytes: Of a zram device and a ghost; None for that of memory.
        as_json: Print JSON.
    """
    try:
        what, found = _found(pid, cgroup)
        told = _estimate(found, samples)
    except AreaError as exc:
        output.error(exc.reason, exc.path)
        return output.EXIT_USAGE
    if found.nr_pages and not found.nr_read:
        where = f"/proc/{pid}" if cgroup is None else cgroup
        output.error("ended before a page could be read", where)
        return output.EXIT_USAGE
    ram = memory_bytes() or 0
    if pool_percent is None:
        zswap = read_zswap()
        pool_percent = (zswap and zswap.max_pool_percent) or _POOL_PERCENT
    size_bytes = ram if size_bytes is None else size_bytes
    limit = ram * pool_percent // 100
    held = () if room.is_rounding(told) else room.holds(told, limit, size_bytes)
    about = {"pool_percent": pool_percent, "pool_limit_bytes": limit}
    about |= {"size_bytes": size_bytes}
    unseen = [unreadable_processes(found.unreadable)] if found.unreadable else []
    if as_json:
        output.print_json(_json(what, found, told, held, about, unseen))
    else:
        _print(what, found, told, held, about)
        for sentence in unseen:
            say(f"not seen: {sentence}")
    return output.EXIT_USAGE if unseen else 0


def _found(pid: int | None, cgroup: str | None) -> tuple[dict[str, Any], PageSample]:
    # Who was asked about, and where there are pages.
    try:
        return _of_process(pid or 0) if cgroup is None else _of_cgroup(cgroup)
    except AreaError:
        raise
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise AreaError(exc.filename or "/proc", reason, exc.errno) from exc


def _of_cgroup(cgroup: str) -> tuple[dict[str, Any], PageSample]:
    directory = find_cgroup(cgroup)
    if directory is None:
        raise AreaError(cgroup, "no such cgroup")
    pids = list(pids_of(directory))
    about = {"cgroup": directory, "processes": len(pids)}
    return {**about, "swap_bytes": sum(map(_swap_bytes, pids))}, find_pages(pids)


def _swap_bytes(pid: int) -> int:
    # What may not be looked at is named among the unreadable.
    try:
        process = read_process(pid)
    except PermissionError:
        return 0
    return process.swap_bytes if process else 0


def _of_process(pid: int) -> tuple[dict[str, Any], PageSample]:
    process = read_process(pid)
    if process is None:
        list_pids()  # that there is no /proc is another reason
        raise AreaError(f"/proc/{pid}", "no such process, or one without memory")
    found = find_pages([process.pid])
    if found.unreadable:
        raise AreaError(f"/proc/{pid}/mem", "Permission denied", EACCES)
    about = {"pid": pid, "name": process.name, "swap_bytes": process.swap_bytes}
    return about, found


def _estimate(found: PageSample, samples: int) -> Estimate:
    progress = ProgressLine("pages")
    return room.estimate(
        read_pages(found, samples, progress=progress),
        found.nr_pages,
        PAGE_SIZE,
        os.uname().release,
        writeback=read_writeback()[0] is not False,
    )


def _json(
    what: dict[str, Any],
    found: PageSample,
    told: Estimate,
    held: tuple[Holds, ...],
    about: dict[str, Any],
    unseen: list[str],
) -> dict[str, Any]:
    counted = {"nr_shared": found.nr_shared, "nr_gone": found.nr_gone}
    holds = {**about, "codecs": [codec._asdict() for codec in held]}
    return {**what, **told.to_dict(), **counted, "holds": holds, "unseen": unseen}


def _print(
    what: dict[str, Any],
    found: PageSample,
    told: Estimate,
    held: tuple[Holds, ...],
    about: dict[str, Any],
) -> None:
    for line in _lines(what, found, told):
        say(output.escape(line))
    if not told.nr_sampled:
        return
    click.echo()
    tables.print_table(told.codecs, _pool_columns())
    click.echo()
    if held:
        tables.print_table(held, _hold_columns())
    meaning = _meaning(about) if held else iter(_TOO_FEW)
    for line in chain(meaning, _remarks(found, told)):
        say(line)


def _lines(what: dict[str, Any], found: PageSample, told: Estimate) -> Iterator[str]:
    who = (
        f"{what['cgroup']} ({what['processes']} processes)"
        if "cgroup" in what
        else f"{what['pid']} ({what['name']})"
    )
    size = format_size(told.nr_pages * told.page_size)
    yield f"{who}: {size} of anonymous memory, {told.nr_pages} pages"
    if what["swap_bytes"]:
        yield f"{format_size(what['swap_bytes'])} more is in swap already; not sampled"
    if told.nr_sampled:
        yield (
            f"read {told.nr_sampled}: {told.zero_percent} % zero, "
            f"{told.same_filled_percent} % of one word, "
            f"{told.duplicate_percent} % (or more) duplicates"
        )


def _size(value: int | None) -> str:
    if value is None:
        return "no end"
    return format_size(value, separator="", suffix="")


def _error(pool: Pool) -> str:
    if not pool.pool_bytes:
        return ""
    return f"{100 * pool.error_bytes / pool.pool_bytes:.1f}%"


def _pool_columns() -> tuple[Column, ...]:
    def ratio(pool: Pool) -> str:
        return f"{pool.ratio:.2f}" if pool.ratio else ""

    def raw(one: CodecEstimate) -> str:
        return f"{one.zswap.raw_percent + one.zswap.refused_percent:.1f}%"

    return (
        Column("CODEC", False, lambda one: one.codec),
        Column("ZSWAP", True, lambda one: _size(one.zswap.pool_bytes)),
        Column("+-", True, lambda one: _error(one.zswap)),
        Column("RATIO", True, lambda one: ratio(one.zswap)),
        Column("NOT-SMALLER", True, raw),
        Column("ZRAM", True, lambda one: _size(one.zram.pool_bytes)),
        Column("+-", True, lambda one: _error(one.zram)),
        Column("RATIO", True, lambda one: ratio(one.zram)),
        Column("RAW", True, lambda one: f"{one.zram.raw_percent:.1f}%"),
    )


def _hold_columns() -> tuple[Column, ...]:
    return (
        Column("CODEC", False, lambda one: one.codec),
        Column("POOL-HOLDS", True, lambda one: _size(one.zswap_holds_bytes)),
        Column("ZRAM-TAKES", True, lambda one: _size(one.zram_takes_bytes)),
        Column("GHOST-TAKES", True, lambda one: _size(one.ghost_takes_bytes)),
        Column("GHOST-HOLDS", True, lambda one: _size(one.ghost_holds_bytes)),
    )


def _meaning(about: dict[str, Any]) -> Iterator[str]:
    limit, size = (format_size(about[k]) for k in ("pool_limit_bytes", "size_bytes"))
    percent = about["pool_percent"]
    yield f"POOL-HOLDS: such memory in a zswap pool of {percent} % of RAM ({limit})"
    yield f"ZRAM-TAKES: memory of a zram device of {size} when it is full"
    yield f"GHOST-TAKES, GHOST-HOLDS: pool for a full ghost of {size}, and"
    yield "  what it holds before it or that pool is full"


def _remarks(found: PageSample, told: Estimate) -> Iterator[str]:
    short = ", ".join(
        f"{codec.codec} {codec.library_short_percent} %"
        for codec in told.codecs
        if codec.library_short_percent is not None
    )
    if short:
        yield f"lengths are a library's, shorter than Linux 6.18's by: {short}"
    if any(codec.zswap.refused_percent for codec in told.codecs):
        yield "NOT-SMALLER: zswap refuses these pages; they stay in RAM or go to disk"
    if found.nr_shared:
        percent = 100 * found.nr_shared / max(found.nr_read, 1)
        yield f"{percent:.1f} % have other page tables, too, and count in each"
    if found.nr_gone:
        yield f"{found.nr_gone} pages had gone when they were to be read"
    if told.missing:
        names = ", ".join(told.missing)
        yield f"not installed: {names} (pip install 'swaptools[compress]')"
