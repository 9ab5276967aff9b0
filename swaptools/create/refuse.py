"""What is not done, and why: one sentence each, before anything is touched.

What cannot be overridden is in refuse_always(), what ``-f`` overrides in
refuse_replacing() and refuse_useless().
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from swaptools.create.judge import objection, refusing_kernel
from swaptools.create.way import Way
from swaptools.errors import AreaError, AreaInUse, CreateRefused
from swaptools.observe import read_area
from swaptools.observe.access import denial
from swaptools.observe.proc import mount_point

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.backing import Backing
    from swaptools.contents import Contents
    from swaptools.create.content import Progress
    from swaptools.create.look import Target
    from swaptools.create.plan import CreatePlan
    from swaptools.kernel.attempt import Verdict


def refuse_always(target: Target, plan: CreatePlan, way: Way) -> None:
    """Raise for what ``-f`` does not override.

    Raises:
        AreaInUse: Swapped on, mounted, or held by somebody.
        CreateRefused: A device for a ghost, an area that does not fit.
        AreaError: What is there, or the directory, may not be written.
    """
    area, status = target.area, target.status
    if way is Way.NEW_FILE:
        _refuse_directory(target)
    if area is None or status is None:
        return
    _refuse_in_use(target, area, status)
    if not plan.is_ghost and not target.is_whole_file:
        _refuse_not_fitting(target, area, plan)
        _refuse_neighbours(area, plan)
    if plan.is_ghost and target.is_block:
        one_page = area.area_bytes == plan.header.page_size
        raise CreateRefused(
            "is a one-page block device; freeing a slot of such a ghost"
            " crashes the kernels that know ghosts"
            if one_page
            else "is a block device; a ghost is a regular file of one page"
            " (--real makes an ordinary area)"
        )
    if target.unwritable is not None and way is not Way.NEW_FILE:
        _refuse_unwritable(target, target.unwritable)


def refuse_replacing(
    target: Target, plan: CreatePlan, contents: Contents | None, progress: Progress
) -> None:
    """Raise for what only ``-f`` overwrites.

    Args:
        target: What is there.
        plan: What it is to be.
        contents: What else lies in the area, of an ordinary one.
        progress: Told how much is read, to see that it is zeros.

    Raises:
        CreateRefused: The sentence says what would be lost.
    """
    area = target.area
    if area is None or (plan.is_ghost and target.is_header_only):
        return
    if not plan.is_ghost:
        _refuse_not_fitting(target, area, plan)
        _refuse_odd_place(area)
        _refuse_within_swap(target, plan)
    found = _describe(area)
    if found is not None and contents is not None:
        # A header can be a leftover in what somebody else uses.
        from swaptools.contents import foremost  # something is there

        held = foremost(contents.holds, contents.believed)
        found += f", and {held.words}" if held else ""
    if found is None and plan.is_ghost:
        found = f"a file of {area.area_bytes} bytes"
    if found is None and contents is not None:
        found = _content(target, plan, contents, progress)
    if found is not None:
        raise CreateRefused(f"holds {found}; use -f to overwrite it")


def refuse_useless(verdict: Verdict, backing: Backing | None, plan: CreatePlan) -> None:
    """Raise for a new file that could not be swapped on where it lies.

    Raises:
        CreateRefused: The sentence says what is in the way.
    """
    why = objection(verdict, backing)
    if why is None:
        return
    would = why.replace("is ", "would be ", 1).replace("has ", "would have ", 1)
    who = refusing_kernel(plan)
    raise CreateRefused(f"{would}, which {who}; use -f to make it nevertheless")


def _refuse_directory(target: Target) -> None:
    # Before anything is allocated, and in a dry run as well.
    directory = target.place.directory
    if os.fstatvfs(directory).f_flag & os.ST_RDONLY:
        raise AreaError(target.path, os.strerror(errno.EROFS), errno.EROFS)
    # access(2) asks for the real user, who may not be the one that counts.
    is_asked = os.getuid() == os.geteuid()
    mode = os.W_OK | os.X_OK
    if is_asked and not os.access(".", mode, dir_fd=directory):
        why = denial(directory, mode) or OSError(errno.EACCES, "nobody says why")
        raise AreaError.from_os_error(target.path, why)


def _refuse_in_use(target: Target, area: SwapArea, status: os.stat_result) -> None:
    if area.active or area.is_behind_swap:
        raise AreaInUse(target.path, "is swapped on")
    mounted = mount_point(status.st_rdev) if target.is_block else None
    if mounted is not None:
        raise AreaInUse(target.path, f"is mounted on {mounted}")
    from swaptools.observe.loops import use_through_loop  # something is there

    used = use_through_loop(status, target.swaps)
    if used is not None:
        raise AreaInUse(target.path, f"is behind {used}")


def _refuse_unwritable(target: Target, why: OSError) -> None:
    if why.errno == errno.EBUSY:
        raise AreaInUse(target.path, "is held by somebody", why.errno) from why
    raise AreaError.from_os_error(target.path, why) from why


def _refuse_not_fitting(target: Target, area: SwapArea, plan: CreatePlan) -> None:
    if area.area_bytes is None or plan.area_bytes <= area.area_bytes:
        return
    reason = (
        f"an area of {plan.area_bytes} bytes does not fit, {area.area_bytes} are there"
    )
    if target.is_whole_file:
        reason += "; use -f to make a file of that size"
    raise CreateRefused(reason)


def _refuse_neighbours(area: SwapArea, plan: CreatePlan) -> None:
    # Partitions can overlap where their table is damaged.
    if area.table is None or area.partition is None:
        return
    for other in area.table.partitions:
        if other.number == area.partition.number or other.is_extended:
            continue
        end = plan.offset + plan.area_bytes
        if other.start_bytes < end and plan.offset < other.end_bytes:
            raise CreateRefused(
                f"partition {area.partition.number} and partition {other.number}"
                " overlap"
            )


def _refuse_odd_place(area: SwapArea) -> None:
    # Between partitions lies the table itself, within one a file system, which may
    # well have zeros there.
    if area.table is None or area.partition is not None or not area.offset:
        return
    for one in area.table.partitions:
        if one.start_bytes < area.offset < one.end_bytes and not one.is_extended:
            place = f"begins within partition {one.number}"
            break
    else:
        place = f"begins outside of every partition of the table ({area.table.scheme})"
    raise CreateRefused(f"{place}; use -f to make it there")


def _refuse_within_swap(target: Target, plan: CreatePlan) -> None:
    # Where nothing has been swapped out yet there is nothing but zeros to see.
    if not plan.offset or target.descriptor is None or target.area is None:
        return
    if target.area.partition is not None:
        return
    whole = read_area(
        target.path, active=target.swaps, below=False, descriptor=target.descriptor
    )
    header = whole.header
    if header is None or header.ghost_flag or header.size_bytes <= plan.offset:
        return
    raise CreateRefused(
        f"byte {plan.offset} is within the swap area of {header.size_bytes} bytes that"
        " begins at byte 0; use -f to make another one there"
    )


def _describe(area: SwapArea) -> str | None:
    # The swap or suspend signature that is there, in words.
    for found in area.signatures:
        if found.is_suspend:
            return f"a hibernation image ({found.name})"
    if area.header is not None:
        label = f" labelled {area.header.label!r}" if area.header.label else ""
        return f"a swap area of {area.header.size_bytes} bytes{label}"
    return None


def _content(
    target: Target, plan: CreatePlan, contents: Contents, progress: Progress
) -> str | None:
    # Another signature, or any byte that is not zero, within the area.
    table = target.area.table if target.area else None
    if table is not None and not plan.offset:
        return f"{table.words}: see --partition"
    from swaptools.contents import foremost  # something is there
    from swaptools.observe.zeros import first_content

    held = foremost(contents.holds, contents.believed)
    if held is not None:
        return held.words
    start, end = plan.offset, plan.offset + plan.area_bytes
    at = first_content(
        target.file(), start, end, whole=not target.is_block, progress=progress
    )
    return None if at is None else f"data at byte {at}"
