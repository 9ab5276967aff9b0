"""swap.tiers: priorities divided under names, and what each cgroup may use of them.

Not here: choosing an area, which allocation does by the mask of a cgroup
(areas.py allowed(), core/slot_alloc.py).

Tiers cover all priorities from -1 up: each begins at its start priority and ends
below the next. A write adds and removes tiers from left to right and takes effect
as a whole or not at all. No tier changes under an active area: its own cannot be
removed, and is split only above the area's priority. A cgroup is limited to the
tiers that neither it nor an ancestor has set to 0.

RFC: 20260620181635.299364-1-youngjun.park@lge.com
"mm/swap, memcg: Introduce swap tiers for cgroup based swap control" (v9; v10
changes its self-tests alone).
Same: the grammar, every error and their order, ranges when tiers come and go,
which number a tier gets (by the code; the series' documentation shows others),
the texts of both files, masks along the cgroup tree, a cgroup's setting lost with
the tier that it was for.
Changed: an area's tier is found by its priority and not kept with it, which
never differs; the effective mask is found by walking up, and what a cgroup may use is
kept as areas.
Left out: Latin-1 letters, which the kernel takes in names; cgroups that go away.
There is nothing to leave out between tiers: the series moves no page.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swaptools.errors import TierRefused, quoted

if TYPE_CHECKING:
    from collections.abc import Collection

#: The lowest priority and where the lowest tier begins. Kernel: DEF_SWAP_PRIO.
DEF_SWAP_PRIO = -1
SHRT_MAX = 32767
#: Kernel: CONFIG_NR_SWAP_TIERS, its default.
NR_SWAP_TIERS = 4
#: Every tier, and the bit of areas that no tier has. Kernel: mm/swap_tier.h.
TIER_ALL_MASK = 0xFFFF_FFFF
TIER_DEFAULT_MASK = 1 << 31

# MAX_TIERNAME counts the terminating NUL.
_NAME = re.compile(r"[A-Za-z0-9_]{1,15}")
# kstrtos16(), which has its own idea of a number: no spaces, no underscores.
_NUMBER = re.compile(r"(?P<sign>[+-]?)0*(?P<digits>[0-9]+)")
#: More of them are out of range, however many.
_MAX_DIGITS = len(str(SHRT_MAX))
_SEPARATORS = re.compile(r"[, \t\n]+")
_BLANKS = re.compile(r"[ \t\n]+")


@dataclass(frozen=True, slots=True)
class Tier:
    """A named range of priorities, both ends in it."""

    name: str
    #: Its number, and its bit in a mask.
    index: int
    prio_start: int
    prio_end: int

    @property
    def mask(self) -> int:
        """The tier's bit. Kernel: TIER_MASK()."""
        return 1 << self.index


class SwapTiers:
    """All tiers, and the mask of each cgroup.

    >>> tiers = SwapTiers()
    >>> tiers.write("+HDD:50, +NET:-1")
    >>> [(tier.name, tier.prio_start, tier.prio_end) for tier in tiers.tiers()]
    [('HDD', 50, 32767), ('NET', -1, 49)]
    >>> tiers.write_max("/background", "HDD 0")
    >>> tiers.allows("/background/job", 60), tiers.allows("/background/job", 10)
    (False, True)
    """

    def __init__(self, nr_swap_tiers: int = NR_SWAP_TIERS) -> None:
        # Name, start priority and number of each tier, the highest first.
        self._active: list[tuple[str, int, int]] = []
        # Free numbers, the next one first: the last to come free, and at the
        # beginning the highest.
        self._inactive = list(reversed(range(nr_swap_tiers)))
        self._masks: dict[str, int] = {}
        #: What a cgroup may use has to be found anew.
        self.is_stale = True

    @property
    def are_none(self) -> bool:
        """Whether nobody has written any."""
        return not self._active

    def tiers(self) -> tuple[Tier, ...]:
        """Return the tiers, the highest first."""
        ends = [SHRT_MAX, *(start - 1 for _, start, _ in self._active)]
        return tuple(
            Tier(name, index, start, end)
            for (name, start, index), end in zip(self._active, ends, strict=False)
        )

    def write(self, text: str, active_priorities: Collection[int] = ()) -> None:
        """Add and remove tiers, as by writing to /sys/kernel/mm/swap/tiers.

        Args:
            text: ``+name:priority`` and ``-name``, between commas or blanks.
            active_priorities: Of the areas that are swapped on.

        Raises:
            TierRefused: By the kernel's errno; nothing has changed.

        Kernel: mm/swap_state.c tiers_store(), mm/swap_tier.c swap_tiers_update().
        """
        before = list(self._active)
        # Areas swapped on before there were tiers have none until the write is done.
        pinning = active_priorities if before else ()
        try:
            removed = self._apply(text, pinning)
        except TierRefused:
            self._restore(before)
            raise
        self._masks = {cgroup: m | removed for cgroup, m in self._masks.items()}
        self.is_stale = True

    def show(self) -> str:
        """Return what /sys/kernel/mm/swap/tiers reads."""
        rows = [("Name", "Idx", "PrioStart", "PrioEnd")]
        rows += [
            (tier.name, str(tier.index), str(tier.prio_start), str(tier.prio_end))
            for tier in self.tiers()
        ]
        return "".join(
            f"{name:16} {index:5} {start:11} {end:11}\n"
            for name, index, start, end in rows
        )

    def write_max(self, cgroup: str, text: str) -> None:
        """Set one tier of a cgroup, as by writing to memory.swap.tiers.max.

        Args:
            cgroup: Its path from the root, such as ``/work/job``.
            text: ``name max`` or ``name 0``.

        Raises:
            TierRefused: EINVAL for the text; ENOENT for the root, which has no file.

        Kernel: mm/memcontrol.c swap_tier_max_write().
        """
        if not cgroup.strip("/"):
            raise TierRefused(errno.ENOENT, "the root cgroup has no limits")
        words = _BLANKS.split(text.strip())
        masks = {tier.name: tier.mask for tier in self.tiers()}
        if len(words) != 2 or words[1] not in ("max", "0") or words[0] not in masks:
            raise TierRefused(
                errno.EINVAL, f"{quoted(text.strip())}: not a tier with max or 0"
            )
        mask = self._masks.get(cgroup, TIER_ALL_MASK) & ~masks[words[0]]
        self._masks[cgroup] = mask | (masks[words[0]] if words[1] == "max" else 0)
        self.is_stale = True

    def show_max(self, cgroup: str) -> str:
        """Return what memory.swap.tiers.max reads: the own setting, not its effect."""
        mask = self._masks.get(cgroup, TIER_ALL_MASK)
        return "".join(
            f"{tier.name} {'max' if mask & tier.mask else '0'}\n"
            for tier in self.tiers()
        )

    def effective_mask(self, cgroup: str) -> int:
        """Return what a cgroup may use, as its ancestors allow.

        Kernel: mm/swap_tier.c swap_tiers_memcg_sync_mask().
        """
        mask = TIER_ALL_MASK
        while cgroup.strip("/"):
            mask &= self._masks.get(cgroup, TIER_ALL_MASK)
            cgroup = cgroup.rpartition("/")[0]
        return mask

    def device_mask(self, priority: int) -> int:
        """Return the bit of the tier that an area of that priority is in.

        Kernel: mm/swap_tier.c swap_tiers_assign_dev().
        """
        tier = self._tier_at(priority)
        return tier.mask if tier else TIER_DEFAULT_MASK

    def allows(self, cgroup: str, priority: int) -> bool:
        """Tell whether a cgroup's pages may go to an area of that priority.

        Kernel: mm/swap_tier.h swap_tiers_mask_test().
        """
        return bool(self.effective_mask(cgroup) & self.device_mask(priority))

    # Returns the bits of removed tiers; leaves a batch half done when it raises.
    def _apply(self, text: str, pinning: Collection[int]) -> int:
        removed = 0
        for token in filter(None, _SEPARATORS.split(text)):
            if token[0] == "+":
                self._add(token[1:], pinning)
            elif token[0] == "-":
                removed |= self._remove(token[1:], pinning)
            else:
                raise TierRefused(errno.EINVAL, f"{quoted(token)}: not +name or -name")
        if self._active and self._active[-1][1] != DEF_SWAP_PRIO:
            raise TierRefused(errno.EINVAL, f"no tier starts at {DEF_SWAP_PRIO}")
        return removed

    def _tier_at(self, priority: int) -> Tier | None:
        inside = (t for t in self.tiers() if t.prio_start <= priority <= t.prio_end)
        return next(inside, None)

    # Kernel: mm/swap_tier.c swap_tiers_add().
    def _add(self, operand: str, pinning: Collection[int]) -> None:
        name, colon, number = operand.partition(":")
        match = _NUMBER.fullmatch(number)
        if not colon or match is None:
            reason = f"+{quoted(operand)}: not +name:priority"
            raise TierRefused(errno.EINVAL, reason)
        is_short = len(match["digits"]) <= _MAX_DIGITS
        prio = int(match["sign"] + match["digits"]) if is_short else SHRT_MAX + 1
        if not -SHRT_MAX - 1 <= prio <= SHRT_MAX:
            reason = f"+{quoted(operand)}: priority out of range"
            raise TierRefused(errno.EINVAL, reason)
        if name in (active for active, _, _ in self._active):
            raise TierRefused(errno.EEXIST, f"there is a tier {name}")
        if not _NAME.fullmatch(name):
            reason = f"{quoted(name)}: not 1 to 15 letters, digits, _"
            raise TierRefused(errno.EINVAL, reason)
        if prio in (start for _, start, _ in self._active):
            raise TierRefused(errno.EBUSY, f"a tier starts at {prio}")
        self._check_can_split(prio, pinning)
        if prio < DEF_SWAP_PRIO:
            raise TierRefused(errno.EINVAL, f"{prio} is below {DEF_SWAP_PRIO}")
        if not self._inactive:
            raise TierRefused(errno.ENOSPC, f"no room for tier {name}")
        self._active.append((name, prio, self._inactive.pop(0)))
        self._active.sort(key=lambda tier: -tier[1])

    # Kernel: mm/swap_tier.c swap_tiers_remove(). Returns the tier's bit.
    def _remove(self, name: str, pinning: Collection[int]) -> int:
        place = next((i for i, t in enumerate(self._active) if t[0] == name), None)
        if place is None:
            raise TierRefused(errno.EINVAL, f"there is no tier {quoted(name)}")
        _, start, index = self._active[place]
        self._check_can_split(start, pinning)
        del self._active[place]
        self._inactive.insert(0, index)
        if start == DEF_SWAP_PRIO and self._active:
            above, _, above_index = self._active[-1]
            self._active[-1] = (above, DEF_SWAP_PRIO, above_index)
        return 1 << index

    # Kernel: mm/swap_tier.c swap_tier_can_split_range().
    def _check_can_split(self, prio: int, pinning: Collection[int]) -> None:
        split = self._tier_at(prio)
        for active in pinning:
            if active >= prio and split is not None and split == self._tier_at(active):
                raise TierRefused(
                    errno.EBUSY, f"an area of priority {active} is active"
                )

    # Kernel: mm/swap_tier.c swap_tiers_snapshot_restore(), which sorts free numbers.
    def _restore(self, active: list[tuple[str, int, int]]) -> None:
        numbers = {*self._inactive, *(index for _, _, index in self._active)}
        self._active = active
        numbers -= {index for _, _, index in active}
        self._inactive = sorted(numbers, reverse=True)
