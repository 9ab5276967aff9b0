"""How the metadata of designs grows as an area fills up, dense.

Not here: the formulas (costs.py), how they are counted (machine/metadata.py), how a
table is printed (cli/).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from swaptools.emulator.designs.costs import FORMULAS, get_formula
from swaptools.emulator.machine.metadata import (
    MODES,
    Account,
    Formula,
    Mode,
    Usage,
    account,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Usage points of a table, in percent of the area.
USAGE_PERCENT = (0, 25, 50, 75, 100)


@dataclass(frozen=True, slots=True)
class OverheadRow:
    """One formula through all usage points."""

    formula: Formula
    mode: Mode
    usage_percent: tuple[int, ...]
    accounts: tuple[Account, ...]

    @property
    def metadata_mib(self) -> tuple[float, ...]:
        """MiB of metadata at each usage point."""
        return tuple(float(a.metadata_bytes / (1 << 20)) for a in self.accounts)


def overhead_table(
    area_bytes: int,
    names: Sequence[str] = (),
    usage_percent: Sequence[int] = USAGE_PERCENT,
    page_size: int = 4096,
) -> tuple[OverheadRow, ...]:
    """Return the metadata of designs as an area fills up, dense.

    Args:
        area_bytes: Size that the area advertises, header included.
        names: Designs in the order wanted; all of them when there are none.
        usage_percent: Points in percent of the area.
        page_size: Bytes of a slot.

    Returns:
        A row for each design and mode that has figures.

    Raises:
        SelectionError: A name that is no design's.
    """
    area_slots = area_bytes // page_size
    rows = []
    for name in names or FORMULAS:
        formula = get_formula(name)
        usages = [Usage.dense(formula, area_slots, n) for n in usage_percent]
        for mode in MODES:
            if formula.has(mode):
                accounts = tuple(account(formula, mode, usage) for usage in usages)
                rows.append(OverheadRow(formula, mode, tuple(usage_percent), accounts))
    return tuple(rows)


#: Virtual swap, and the areas that its series were compared with.
RIVALS = (
    ("vswap+zswap", "old+zswap"),
    ("vswap+disk", "old+disk"),
    ("vswap-ste+zswap", "7.2+zswap"),
    ("vswap-ste+disk", "7.2+disk"),
)


def break_even(less: OverheadRow, more: OverheadRow) -> float:
    """Return the usage, in percent, up to which one row is below another.

    Rows are straight lines: 0 when it never is, 100 when it is all the way.
    """
    ahead = more.metadata_mib[0] - less.metadata_mib[0]
    at_end = more.metadata_mib[-1] - less.metadata_mib[-1]
    if at_end >= 0:
        return 100
    return 100 * ahead / (ahead - at_end) if ahead > 0 else 0
