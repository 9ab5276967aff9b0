"""Swapping areas on and off, and moving pages between them.

Not here: what an area is to the others (areas.py), what happens to each page at swapoff
(swapoff.py), machines (machine.py).

Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), SYSCALL_DEFINE1(swapoff), 6.18.
Same: what is taken, with which words and errno what is not.
Changed: areas without a header, and of a design's kind, can be asked for as well.
Left out: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import TYPE_CHECKING

from swaptools.emulator.machine.design import AreaPlan
from swaptools.emulator.machine.device import SwapDevice
from swaptools.emulator.machine.given import accepted, check_pages_of_area
from swaptools.emulator.machine.looks import Looks
from swaptools.emulator.machine.planned import check_plans, swapon_plan
from swaptools.emulator.machine.redirect import move_in_place
from swaptools.emulator.machine.setup import Setup
from swaptools.emulator.machine.transfer import move_by_walk
from swaptools.emulator.store.within import MANY_PAGES, check_kind, within
from swaptools.errors import IllegalOperation

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.emulator.machine.swapoff import Unuse
    from swaptools.emulator.machine.tiers import SwapTiers
    from swaptools.emulator.store.memcg import MemCgroups
    from swaptools.emulator.store.zswap import Zswap


class Swapping(Looks):
    """The part of a machine that has areas."""

    #: Control groups by their paths; the limits of each, and what zswap has of it.
    cgroups: MemCgroups
    #: Its settings, such as max_pool_percent, and its counters.
    zswap: Zswap
    _nr_named = 0

    def swapon(
        self,
        area: SwapArea,
        priority: int | None = None,
        *,
        rotational: bool = False,
        discard: bool = False,
    ) -> SwapDevice:
        """Swap an area on, if this kernel takes it.

        Raises:
            SwapOnError: It does not; errno and the kernel's words.
        """
        self.state.check_alive()
        path, max_pages, ops, bad_pages = accepted(self.state, area)
        return self.areas.swapon(
            path,
            max_pages,
            ops,
            priority=priority,
            rotational=rotational,
            discard=discard,
            bad_pages=bad_pages,
        )

    def swapon_pages(
        self,
        max_pages: int,
        backing: str | None = None,
        rotational: bool = False,
        priority: int | None = None,
        bad_pages: Iterable[int] = (),
        discard: bool | None = None,
        *,
        path: str | None = None,
    ) -> SwapDevice:
        """Swap on an area of that many pages, header included, without a header.

        Args:
            max_pages: One more than last_page.
            backing: ``block``, ``file``, ``zram``, ``ghost``, ``ghost-block``
                (a device of one page, taken as a ghost), ``error`` (every write
                fails), ``zero`` (every page written is lost: see ``losses``) or one
                that the design brings; None for what the design has usually.
            rotational: As queue/rotational says; a ghost and zram never are.
            priority: 0 to 32767; None for the kernel's choice.
            bad_pages: As a header lists them.
            discard: Clusters are discarded before they are used again.
            path: For /proc/swaps.

        Raises:
            IllegalOperation: No such backing, or an area without a slot.
        """
        self.state.check_alive()
        ops = self.areas.kind(backing or self.design.usual_backing)
        check_kind(bad_pages, Iterable, "bad pages")
        bad = [*bad_pages]
        check_pages_of_area(max_pages, bad)
        if path is None:
            path = f"{ops.path}{self._nr_named}"
            self._nr_named += 1
        return self.areas.swapon(
            path,
            max_pages,
            ops,
            priority=priority,
            rotational=rotational,
            discard=bool(discard),
            bad_pages=set(bad),
        )

    def set_up(self, setup: Setup) -> dict[str, SwapDevice]:
        """Switch zswap and swap areas on, as the design makes them of a setup.

        Returns:
            The areas by name. What the design refuses to make is not among them.

        Raises:
            SwapOnError: One of them cannot be swapped on; then nothing was done.
            IllegalOperation: One of them makes no sense; nothing was done either.
        """
        check_kind(setup, Setup, "setup")
        zswap, plans = self.design.zswap(setup), self.design.areas(setup)
        found = self.state.conditions()._replace(zswap_enabled=zswap)
        check_plans(self.areas, plans, found)
        self.zswap.max_pool_percent = setup.max_pool_percent
        self.state.tiers = deepcopy(setup.tiers) or self.state.tiers
        self.zswap.enabled = zswap
        return {plan.name: self.swapon_plan(plan) for plan in plans}

    def swapon_plan(self, plan: AreaPlan) -> SwapDevice:
        """Swap on an area as a design has planned it.

        Raises:
            SwapOnError: The design's backing refuses, as it is.
            IllegalOperation: That is no plan.
        """
        self.state.check_alive()
        check_kind(plan, AreaPlan, "plan of an area")
        return swapon_plan(self.areas, plan)

    def swapoff(self, device: SwapDevice) -> Unuse:
        """Bring every page of an area back, and forget the area.

        A page that nothing holds is poisoned: it is SIGBUS from then on.

        Raises:
            SwapOffError: Memory is full; the area stays, and nothing is lost.
            IllegalOperation: That is no area that is on.
        """
        self.state.check_alive()
        check_kind(device, SwapDevice, "area")
        if device not in list(self.areas):
            raise IllegalOperation(f"{device.path} is not swapped on here")
        self.state.work_for(self.cgroups.root)
        with self.state.ends_anyway():
            done = self.areas.swapoff(device)
        self.state.counter.moves.swapoff_pte_visits += sum(done.visited.values())
        return done

    @property
    def tiers(self) -> SwapTiers:
        """Tiers of areas, and what each cgroup may use of them."""
        return self.state.tiers

    def write_tiers(self, text: str) -> None:
        """Add and remove swap.tiers, as by writing to /sys/kernel/mm/swap/tiers.

        Raises:
            TierRefused: By the kernel's errno; nothing has changed.
            IllegalOperation: That is no text.
        """
        check_kind(text, str, "tiers")
        self.tiers.write(text, [area.prio for area in self.areas])

    def transfer(self, source: SwapDevice, target: SwapDevice, nr_pages: int) -> int:
        """Move pages from one area to another; return how many.

        Under virtual swap that is done in place, elsewhere by a walk through all page
        tables. Pages that have no slot on the area, as those of virtual swap that are
        in zswap, are not on it.

        Raises:
            IllegalOperation: An area that is not on, or the same one twice; no such
                number of pages.
        """
        self.state.check_alive()
        check_kind(source, SwapDevice, "area")
        check_kind(target, SwapDevice, "area")
        nr_pages = within(nr_pages, MANY_PAGES, "pages to move")
        if source is target or {source, target} - set(self.areas):
            raise IllegalOperation(f"no way from {source.path} to {target.path}")
        self.state.work_for(self.cgroups.root)
        move = move_in_place if self.areas.space else move_by_walk
        return move(self.state, source.type, target.type, nr_pages)
