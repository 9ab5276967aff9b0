"""Quantities that are counted, as people call them, in the order of interest.

Not here: counting them (emulator/machine/counts.py, emulator/runs/stats.py).
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Quantity(NamedTuple):
    """How a count is drawn."""

    title: str
    unit: str
    #: Of the count, for one of the unit.
    per_unit: float = 1


_KIB: Final = 1024
#: By the name of the count. Others are drawn where they are asked for.
QUANTITIES: Final = {
    "miss_ratio": Quantity("References that miss", "%", 0.01),
    "bound": Quantity("References that any policy misses", "%", 0.01),
    # Where there are some, no other count of the run is of all that there was to do.
    "skipped": Quantity("References of tasks that were killed, not made", "references"),
    "disk_slots_held_peak": Quantity(
        "Slots held by pages that are only in zswap, at most", "slots"
    ),
    "stayed_peak_pages": Quantity(
        "Pages stuck in memory that were to leave it, at most", "pages"
    ),
    "content_peak_bytes": Quantity("Pools of compressed pages, at most", "KiB", _KIB),
    "metadata_peak_bytes": Quantity("Metadata of slots, at most", "KiB", _KIB),
    "written_back": Quantity("Pages written back from a pool to a disk", "pages"),
    "folios_split": Quantity("Large folios that had to be split to go out", "folios"),
    "device_writes": Quantity("Pages written to disks", "pages"),
    "device_reads": Quantity("Pages read from disks", "pages"),
    "oom_kills": Quantity("Tasks killed for want of memory", "tasks"),
    "no_slot": Quantity("Times that no area had a slot", "times"),
    "pool_limit_hit": Quantity("Times that a pool was full", "times"),
    "pages_out": Quantity("Pages that went out", "pages"),
    "pages_in": Quantity("Pages that came back", "pages"),
    "metadata_bytes": Quantity("Metadata of slots", "KiB", _KIB),
    "content_bytes": Quantity("Pools of compressed pages", "KiB", _KIB),
    "pool_bytes": Quantity("Pools of compressed pages", "KiB", _KIB),
    "disk_slots_held": Quantity("Slots held by pages that are only in zswap", "slots"),
    "stayed_pages": Quantity("Pages stuck in memory that were to leave it", "pages"),
    "slots_held": Quantity("Slots in use", "slots"),
    "pte_visits": Quantity("Page table entries looked at by moves", "entries"),
    "fragmentation": Quantity("Free slots that no large folio can have", "%", 0.01),
    "faults": Quantity("Page faults", "faults"),
    "misses": Quantity("References that missed", "references"),
}


def quantity(name: str) -> Quantity:
    """Return how a count is drawn.

    >>> quantity("folios_split").unit, quantity("moved_by_walk").title
    ('folios', 'moved by walk')
    """
    return QUANTITIES.get(name) or Quantity(name.replace("_", " "), "")


def in_order(names: list[str]) -> list[str]:
    """Return names, the most telling first."""
    known = list(QUANTITIES)
    return sorted(names, key=lambda name: known.index(name) if name in known else 999)
