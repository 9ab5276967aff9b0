"""D121 to D124: areas that are asked for, as they lie there.

Not here: whether a name leads to one (entries.py); everything about one area, for
which there is swapcheck FILE (check/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.area import AreaKind
from swaptools.config.text import shown
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.requests import is_made_at_boot, requests, with_area
from swaptools.errors import SelectionError
from swaptools.kernel.attempt import Attempt
from swaptools.kernel.releases import find_kernel
from swaptools.kernel.swapon import judge_attempt
from swaptools.rulebook import Remedy, Severity
from swaptools.shell import quote_path
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.area import SwapArea
    from swaptools.doctor.requests import Request
    from swaptools.kernel.attempt import Verdict
    from swaptools.observe.system import System

#: Judged by, where the kernel's release cannot be told.
_KERNEL: Final = "7.3"
_OTHERS: Final = 0o077
_PAGES_OF_32_BITS: Final = 1 << 32


def _areas(system: System) -> Iterator[tuple[Request, SwapArea]]:
    for request in with_area(system):
        if request.found.area is not None and not is_made_at_boot(request, system):
            yield request, request.found.area


def _is_active(request: Request, system: System) -> bool:
    rows = (system.running.swaps or ()) if system.running else ()
    return any(system.find(row.name).key == request.found.key for row in rows)


def _verdict(area: SwapArea, system: System) -> Verdict:
    try:
        kernel = find_kernel(system.kernel or _KERNEL)
    except SelectionError:
        kernel = find_kernel(_KERNEL)
    attempt = Attempt.of(
        area, kernel.profile, system.page_size, system.ram_bytes, asked=kernel.asked
    )
    return judge_attempt(attempt)


@rule(
    "D121",
    "swapon(2) would refuse the area",
    Severity.ERROR,
    hint="swapcheck FILE says why, and what to do",
)
def refused(system: System) -> Iterator[Remark]:
    """The name leads to a file or device that the kernel does not take.

    Below ``--root`` the header and the size are judged; the file system under it is
    not the one it will have.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon).

    *Trips on:* ``system(fstab="/swapfile none swap sw 0 0",``
    ``files={"/swapfile": {"magic": b""}})``
    *Quiet on:* ``system(fstab="/swapfile none swap sw 0 0", files=["/swapfile"])``
    """
    for request, area in _areas(system):
        if _is_active(request, system):
            continue
        if request.found.device is not None and area.header is None:
            continue  # that it is no swap is said of the entry
        verdict = _verdict(area, system)
        if verdict.accepted:
            continue
        said = f' ("{verdict.message}")' if verdict.message else ""
        where = request.found.where
        command = None if system.root else f"swapcheck {quote_path(where)}"
        yield Remark(
            f"{shown(where)}: {verdict.errno}{said}",
            request.place,
            Remedy("ask swapcheck about it: it says why, and what to do", command),
            where,
        )


@rule(
    "D122",
    "others can read or write the swapfile",
    Severity.WARNING,
    hint="take the rights of others away with chmod(1)",
)
def world_readable(system: System) -> Iterator[Remark]:
    """Whoever reads it reads what other processes had in memory.

    util-linux: sys-utils/swapon.c swapon_checks(), which warns.

    *Trips on:* ``system(fstab="/swapfile none swap sw 0 0",``
    ``files={"/swapfile": {"mode": 0o644}})``
    *Quiet on:* ``system(fstab="/swapfile none swap sw 0 0",``
    ``files={"/swapfile": {"mode": 0o600}})``
    """
    for request, area in _areas(system):
        if area.kind is not AreaKind.FILE or area.mode is None:
            continue
        path = request.found.where
        command = None if system.root else f"chmod 600 {quote_path(path)}"
        if area.mode & _OTHERS:
            yield Remark(
                f"{shown(path)} has mode {area.mode:04o}, and 0600 is right",
                request.place,
                Remedy("take the rights of others away", command),
                path,
            )


@rule(
    "D123",
    "area is larger than the kernel uses",
    Severity.WARNING,
    hint="make it smaller, or several of it",
)
def larger_than_used(system: System) -> Iterator[Remark]:
    """What lies behind the largest slot number is never used.

    A slot number has 32 bits in a header; against L1TF, a processor's address lines
    are a limit as well.

    Kernel: arch/x86/mm/init.c arch_max_swapfile_size(), mm/swapfile.c
    read_swap_header().

    *Trips on:* ``system(fstab="/dev/sda2 none swap sw 0 0",``
    ``sda2="swap 1111 17T")``
    *Quiet on:* ``system(fstab="/dev/sda2 none swap sw 0 0",``
    ``sda2="swap 1111 8G")``
    """
    for request in requests(system):
        device, area = request.found.device, request.found.area
        size_bytes = area.area_bytes if area else None
        if device is not None:
            size_bytes = device.size_bytes
        limit = _PAGES_OF_32_BITS * system.page_size
        if system.running is not None and system.running.max_area_bytes is not None:
            limit = min(limit, system.running.max_area_bytes)
        if size_bytes is not None and size_bytes > limit:
            where = request.found.where
            message = (
                f"{shown(where)} has {format_size(size_bytes)}, of which"
                f" {format_size(limit)} can be used"
            )
            yield Remark(message, request.place, None, where)


@rule(
    "D124",
    "discard is asked for where there is none",
    Severity.NOTE,
    hint="take discard out of its options, or leave it: it does nothing",
)
def no_discard(system: System) -> Iterator[Remark]:
    """The device takes no discards, and swapon(2) then does without a word.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), bdev_max_discard_sectors().

    *Trips on:* ``system(fstab="/dev/sda2 none swap sw,discard 0 0",``
    ``sda2="swap 1111", discards=False)``
    *Quiet on:* ``system(fstab="/dev/sda2 none swap sw,discard 0 0",``
    ``sda2="swap 1111", discards=True)``
    """
    for request in requests(system):
        device = request.found.device
        if device is None and request.found.file is not None:
            number = request.found.file.device
            device = next((d for d in system.devices if d.number == number), None)
            device = device if number else None
        is_asked = request.options.has("discard")
        if is_asked and device is not None and device.has_discard is False:
            where = shown(request.found.where)
            yield Remark(f"{device.path} takes none", request.place, None, where)
