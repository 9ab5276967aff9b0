"""The areas that a design makes of a setup: all of them are swapped on, or none.

Not here: what a design plans (design.py), what an area is to the others (areas.py).

Kernel: none.
Same: what one swapon(2) would say.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.machine.given import check_pages_of_area

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.emulator.machine.areas import SwapAreas
    from swaptools.emulator.machine.backing import Conditions
    from swaptools.emulator.machine.design import AreaPlan
    from swaptools.emulator.machine.device import SwapDevice


def check_plans(areas: SwapAreas, plans: Iterable[AreaPlan], found: Conditions) -> None:
    """Find out whether all of them can be swapped on, one after another.

    Args:
        areas: Of the machine, which stay as they are.
        plans: What is wanted.
        found: What each swapon will find.

    Raises:
        SwapOnError: One cannot, as it is.
        IllegalOperation: One makes no sense.
    """
    paths: list[str] = []
    for plan in plans:
        check_pages_of_area(plan.max_pages, set())
        path, ops = _path(plan), areas.kind(plan.backing)
        areas.admit(path, plan.max_pages, ops, plan.priority, found, before=paths)
        paths.append(path)


def swapon_plan(areas: SwapAreas, plan: AreaPlan) -> SwapDevice:
    """Swap on an area as a design has planned it.

    Raises:
        SwapOnError: The design's backing refuses, as it is.
        IllegalOperation: It makes no sense.
    """
    check_pages_of_area(plan.max_pages, set())
    device = areas.swapon(
        _path(plan),
        plan.max_pages,
        areas.kind(plan.backing),
        priority=plan.priority,
        rotational=plan.is_rotational,
    )
    if device.zram is not None:
        device.zram.backing_dev_pages = plan.backing_dev_pages
        device.zram.limit_pages = plan.limit_pages
    return device


def _path(plan: AreaPlan) -> str:
    return f"/{plan.name}"
