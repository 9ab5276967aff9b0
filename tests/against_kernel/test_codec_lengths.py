"""How far our codecs' lengths are from the running kernel's, as compress.py says."""

from __future__ import annotations

import re
import statistics

import pytest

from swaptools.emulator.store import compress
from swaptools.emulator.store.size_classes import class_table
from tests.against_kernel.page_sets import page_set
from tests.against_kernel.zram_rig import CONTROL, algorithms, scratch_zram

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CONTROL.exists(), reason="this kernel has no zram"),
]

NR_PAGES = 400
SEEDS = range(1, 25)


def stated(name: str) -> list[float]:
    """Read a codec's row of the table in the docstring."""
    row = re.search(rf"^{name} +(.*)$", compress.__doc__ or "", re.MULTILINE)
    assert row, f"{name} has no row in the docstring"
    return [float(number) for number in row[1].replace("−", "-").split()]


def stored_bytes(compressed: bytes) -> int:
    """Return what zram keeps of a page: a page that would be huge, as it is."""
    if len(compressed) >= class_table().huge_class_bytes:
        return 4096
    return len(compressed)


@pytest.mark.parametrize("name", ["lz4", "lzo"])
def test_the_stated_errors_are_the_measured_ones(name: str) -> None:
    if name not in algorithms():
        pytest.skip(f"this kernel's zram has no {name}")
    codec = compress.get_codec(name)
    kernel: list[int] = []
    ours: list[int] = []
    for seed in SEEDS:
        pages = page_set(seed, NR_PAGES)
        with scratch_zram(name, NR_PAGES) as zram:
            kernel += zram.lengths(pages)
        ours += [stored_bytes(codec.compress(page)) for page in pages]
    errors = [100 * (a - b) / b for a, b in zip(ours, kernel, strict=True)]
    measured = [
        100 * (sum(ours) / sum(kernel) - 1),
        statistics.median(errors),
        min(errors),
        max(errors),
        100 * statistics.mean(error == 0 for error in errors),
    ]
    assert measured == pytest.approx(stated(name), abs=0.5)
