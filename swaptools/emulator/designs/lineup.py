"""The designs by name, in the order in which the thread came to them.

Not here: what any of them does. swap.tiers (tiers.py) is no design of its own but a
filter over every one of these: ``Setup.tiers``.

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from swaptools.emulator.designs.ghost import Ghost
from swaptools.emulator.designs.ghost_dynamic import GhostDynamic
from swaptools.emulator.designs.plain import LINUX_6_18, LINUX_7_2, Plain
from swaptools.emulator.designs.vswap import Vswap
from swaptools.emulator.designs.vswap_table import VswapTable
from swaptools.emulator.designs.xswap import Xswap
from swaptools.emulator.designs.zram import ZramSwap
from swaptools.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.emulator.designs.design import SwapDesign
    from swaptools.emulator.machine.setup import Setup

LINEUP: dict[str, Callable[[Setup, str], SwapDesign]] = {
    "plain-6.18": partial(Plain, parameters=LINUX_6_18),
    "plain": partial(Plain, parameters=LINUX_7_2),
    "ghost": Ghost,
    "ghost-dynamic": GhostDynamic,
    "xswap": Xswap,
    "vswap": Vswap,
    "vswap-ste": VswapTable,
    "zram": ZramSwap,
}


def make_design(name: str, setup: Setup) -> SwapDesign:
    """Start a design on a machine.

    Raises:
        SelectionError: There is none of that name; the message lists the names.
    """
    if name not in LINEUP:
        raise SelectionError(f"no design {name!r}; known: {', '.join(LINEUP)}")
    return LINEUP[name](setup, name)
