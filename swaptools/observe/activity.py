"""Whether an area is swapped on, itself or through a device over it.

Not here: what /proc/swaps says (proc.py), which loop devices there are (loops.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.area import AreaKind

if TYPE_CHECKING:
    from swaptools.observe.files import Beginning
    from swaptools.observe.loops import Loop
    from swaptools.observe.proc import ActiveSwaps


def own_device(beginning: Beginning) -> tuple[str, int] | None:
    """Return what the kernel calls a partition of a disk: its name and st_rdev."""
    status = beginning.status
    if beginning.kind != AreaKind.BLOCK or not beginning.partition or not status:
        return None
    from swaptools.observe.devices import partition_beginning_at  # seldom needed

    return partition_beginning_at(status.st_rdev, beginning.offset)


def is_active(beginning: Beginning, swaps: ActiveSwaps) -> bool | None:
    """Tell whether it is swapped on; None when it cannot be told.

    A partition has a device of its own, besides that of the disk.
    """
    if beginning.status is None:
        return None
    active = swaps.has(beginning.status)
    if active is not False or beginning.partition is None:
        return active
    node = own_device(beginning)
    return active if node is None else node[1] in swaps.devices


def is_behind_swap(beginning: Beginning, swaps: ActiveSwaps) -> bool:
    """Tell whether a loop device over a part of it is swapped on."""
    if beginning.status is None or beginning.area_bytes is None:
        return False
    end_bytes = beginning.offset + beginning.area_bytes
    return swaps.is_behind(beginning.status, beginning.offset, end_bytes)


def loop_use(
    beginning: Beginning, swaps: ActiveSwaps, loops: tuple[Loop, ...] | None
) -> str | None:
    """Say how a loop device over it is in use, None when none is.

    Args:
        beginning: The area.
        swaps: The active areas.
        loops: The loop devices when they are already known; read otherwise.
    """
    if beginning.status is None:
        return None
    from swaptools.observe.loops import use_through_loop  # seldom needed

    return use_through_loop(beginning.status, swaps, loops)
