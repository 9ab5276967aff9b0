"""The watermarks of a machine's memory: how much of it is kept free, and by whom.

Not here: what happens below one (core/page_alloc.py, core/kswapd.py).

Kernel: mm/page_alloc.c init_per_zone_wmark_min(), calculate_min_free_kbytes(),
__setup_per_zone_wmarks(), 6.18.
Same: the sizes, of one zone that has all memory.
Changed: ``min_free_kbytes`` is what memory alone makes of it; khugepaged, where it
runs, makes it larger on most machines, and can be said.
Left out: that low and high are not rounded for each of several zones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from swaptools.emulator.store.within import check_kind, check_whole
from swaptools.errors import IllegalOperation

if TYPE_CHECKING:
    from swaptools.emulator.machine.state import State

#: Kernel: mm/page_alloc.c calculate_min_free_kbytes().
_LEAST_KBYTES: Final = 128
_MOST_KBYTES: Final = 262144
#: Kernel: mm/page_alloc.c watermark_scale_factor, in tenths of a thousandth.
WATERMARK_SCALE_FACTOR: Final = 10
_SCALE: Final = 10000


def usual_min_free_kbytes(ram_bytes: int) -> int:
    """Return what vm.min_free_kbytes is when nobody has said it.

    Kernel: mm/page_alloc.c calculate_min_free_kbytes().
    """
    kbytes = math.isqrt(ram_bytes // 1024 * 16)
    return min(max(kbytes, _LEAST_KBYTES), _MOST_KBYTES)


@dataclass(frozen=True, slots=True)
class Watermarks:
    """Pages that are free, at least.

    Below the first, who asks for one has to make room himself; kswapd is woken below
    the second, and sleeps above the third.
    """

    min_pages: int
    low_pages: int
    high_pages: int

    def __post_init__(self) -> None:
        """Refuse marks in another order.

        Raises:
            IllegalOperation: They are none.
        """
        check_whole("watermarks", self.min_pages, self.low_pages, self.high_pages)
        if not 0 <= self.min_pages <= self.low_pages <= self.high_pages:
            raise IllegalOperation(f"no watermarks: {self}")

    @classmethod
    def of(
        cls,
        ram_bytes: int,
        page_size: int = 4096,
        *,
        min_free_kbytes: int | None = None,
        watermark_scale_factor: int = WATERMARK_SCALE_FACTOR,
    ) -> Watermarks:
        """Return those of a machine, as the kernel makes them.

        >>> Watermarks.of(64 << 20)
        Watermarks(min_pages=256, low_pages=320, high_pages=384)

        Args:
            ram_bytes: Its memory.
            page_size: In bytes.
            min_free_kbytes: As in /proc/sys/vm; None for what memory makes of it.
            watermark_scale_factor: As there.

        Kernel: mm/page_alloc.c __setup_per_zone_wmarks().
        """
        if min_free_kbytes is None:
            min_free_kbytes = usual_min_free_kbytes(ram_bytes)
        min_pages = min_free_kbytes * 1024 // page_size
        ram_pages = ram_bytes // page_size
        step = max(min_pages // 4, ram_pages * watermark_scale_factor // _SCALE)
        return cls(min_pages, min_pages + step, min_pages + 2 * step)


def check_watermarks(state: State, marks: Watermarks | None) -> None:
    """Refuse those that leave no page of a machine's memory to be used.

    Raises:
        IllegalOperation: They are none, or there is memory without end, or less than
            they are.
    """
    if marks is None:
        return
    check_kind(marks, Watermarks, "watermarks")
    if state.ram_bytes is None:
        raise IllegalOperation("memory without end has no watermarks")
    ram_pages = state.ram_bytes // state.page_size
    if ram_pages <= marks.high_pages:
        raise IllegalOperation(
            f"{marks.high_pages} pages of memory are to be free, and there are"
            f" {ram_pages}"
        )


def set_watermarks(state: State, marks: Watermarks | None) -> None:
    """Let memory run out at these; None for no end of it, whatever it is."""
    pressure = state.slots.pressure[0]
    has_end = marks is not None and state.ram_bytes is not None
    ram_pages = (state.ram_bytes or 0) // state.page_size
    pressure.managed_pages = ram_pages if has_end else 0
    marks = marks or Watermarks(0, 0, 0)
    pressure.min_wmark_pages = marks.min_pages
    pressure.low_wmark_pages = marks.low_pages
    pressure.high_wmark_pages = marks.high_pages


def get_watermarks(state: State) -> Watermarks | None:
    """Return those at which memory runs out; None where it has no end."""
    pressure = state.slots.pressure[0]
    if not pressure.managed_pages:
        return None
    return Watermarks(
        pressure.min_wmark_pages, pressure.low_wmark_pages, pressure.high_wmark_pages
    )
