"""The loop recipe, run for real: pages go out and back, the file stays one page."""

from __future__ import annotations

import mmap
import os
import subprocess
from pathlib import Path

import pytest

from swaptools.recipe import make_recipe
from tests.against_kernel import rig
from tests.searching import PATH

pytestmark = pytest.mark.kernel

MADV_PAGEOUT = 21
PAGES = 2000


def swapped_kib() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmSwap:"):
            return int(line.split()[1])
    return 0


def test_pages_go_out_and_back_and_the_file_stays_one_page(
    kernel: None, tmp_path: Path
) -> None:
    file = tmp_path / "header only.img"
    script = make_recipe("loop", str(file), 1 << 30, 4096)
    enabled = Path("/sys/module/zswap/parameters/enabled").read_text().strip()
    with rig.setting("/sys/module/zswap/parameters/enabled", enabled):
        subprocess.run(
            ["sh"],
            input=script.encode(),
            env={**os.environ, "PATH": PATH},
            check=True,
            capture_output=True,
        )
        device = Path("/proc/swaps").read_text().splitlines()[1].split()[0]
        try:
            wanted = b"".join(b"page %9d " % page * 273 + b"." for page in range(PAGES))
            private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
            with mmap.mmap(-1, PAGES * 4096, flags=private) as memory:
                memory[:] = wanted
                memory.madvise(MADV_PAGEOUT)
                # Some pages wait in per-CPU batches and are passed over.
                assert swapped_kib() >= PAGES * 4 * 0.9
                assert memory[:] == wanted
            assert file.stat().st_size == 1 << 30
            assert file.stat().st_blocks == 8
        finally:
            assert rig.swapoff_errno(device) == 0
            subprocess.run(["losetup", "--detach", device], check=True)
