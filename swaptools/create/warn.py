"""What the caller should know of an area that is made all the same.

mkswap(8)'s two warnings, the damage to a partition table that was gone by, and what
a kernel has against the file. A part of an image is for others to use: nothing else
is said of the image.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from swaptools.create.judge import objection, refusing_kernel
from swaptools.create.way import Way
from swaptools.observe.proc import page_size_bytes
from swaptools.shell import quote_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.backing import Backing
    from swaptools.create.look import Target
    from swaptools.create.plan import CreatePlan
    from swaptools.kernel.attempt import Verdict

#: Bits that let others in; group may use a device. Util-linux: mkswap.c main().
_OPEN_FILE = 0o7077
_OPEN_DEVICE = 0o7007


def warnings(
    target: Target,
    plan: CreatePlan,
    way: Way,
    verdict: Verdict,
    backing: Backing | None,
    *,
    is_curable: bool,
) -> Iterator[str]:
    """Yield what to know, one sentence each.

    Args:
        target: What was there.
        plan: What it has become.
        way: How.
        verdict: What a kernel says to it.
        backing: What lies under it, as far as is known.
        is_curable: A new file in its place would be accepted.
    """
    if way is Way.NEW_FILE:
        yield from _other_names(target)
    else:
        yield from _partition(target)
        if not (target.is_whole_file or target.is_block):
            return
        yield from _access(target, plan)
    page_size, running = plan.header.page_size, page_size_bytes()
    if page_size != running and not plan.is_ghost:
        yield (
            f"is for pages of {page_size} bytes; the running kernel has pages of"
            f" {running} and will find no header"
        )
    why = objection(verdict, backing)
    if why is not None:
        cure = f"; fix with: {_cure(target)}" if is_curable else ""
        yield f"{why}, which {refusing_kernel(plan)}{cure}"


def _other_names(target: Target) -> Iterator[str]:
    # A new file takes one name; what swaps on another one gets the old file.
    others = target.status.st_nlink - 1 if target.status else 0
    if others > 0:
        yield (
            f"has {others} other name{'s'[: others > 1]} (hard links), which"
            f" {'keeps' if others == 1 else 'keep'} the old file"
        )


def _partition(target: Target) -> Iterator[str]:
    area = target.area
    if area is None:
        return
    if area.table is not None:
        for damage in area.table.damage:
            yield f"partition table damaged: {damage}"
    # Who looks for swap by the table, as systemd does, looks for the type.
    partition = area.partition
    if partition is not None and not partition.is_swap:
        yield (
            f"partition {partition.number} is of type {partition.type}, not swap's:"
            " what goes by the type, as systemd does, will not swap on it"
        )


def _access(target: Target, plan: CreatePlan) -> Iterator[str]:
    status = target.status
    if status is None:
        return
    mode = stat.S_IMODE(status.st_mode)
    closed = mode & ~(_OPEN_DEVICE if target.is_block else _OPEN_FILE)
    # The mode of a ghost is mended.
    if mode != closed and not plan.is_ghost:
        yield (
            f"insecure permissions {mode:04o},"
            f" fix with: chmod {closed:04o} {quote_path(target.path)}"
        )
    if not target.is_block and status.st_uid != 0 and os.geteuid() == 0:
        yield (
            f"insecure file owner {status.st_uid},"
            f" fix with: chown 0:0 {quote_path(target.path)}"
        )


def _cure(target: Target) -> str:
    # With -f, a file that cannot be swapped on makes way for one that can.
    return f"ghost-mkswap --real -f --keep-id {quote_path(target.path)}"
