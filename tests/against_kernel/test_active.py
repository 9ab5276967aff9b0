"""swapinfo of areas that are swapped on for real."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from swaptools import create_real
from swaptools.cli.swapinfo import main
from tests.against_kernel import rig
from tests.against_kernel.zram_rig import CONTROL, scratch_zram, zram_area

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.usefixtures("kernel"),
    pytest.mark.skipif(not CONTROL.is_dir(), reason="this kernel has no zram"),
]

ZSWAP = "/sys/module/zswap/parameters/enabled"


def remarks() -> list[str]:
    """What swapinfo remarks on zram."""
    ran = CliRunner().invoke(main, [])
    assert ran.exit_code == 0
    return [line for line in ran.stdout.splitlines() if "in front of" in line]


def test_zswap_in_front_of_two_zrams() -> None:
    with zram_area("lzo", 1024) as first, zram_area("lzo", 1024) as second:
        assert remarks() == []
        with rig.setting(ZSWAP, "Y"):
            (said,) = remarks()
    names = sorted(f"/dev/{zram.name}" for zram in (first, second))
    assert f"in front of {', '.join(names)}: " in said


def test_zswap_in_front_of_a_loop_device_over_zram(tmp_path: Path) -> None:
    with ExitStack() as undo:
        zram = undo.enter_context(scratch_zram("lzo", 1024))
        loop = undo.enter_context(rig.loop_device(f"/dev/{zram.name}"))
        subprocess.run(["mkswap", str(loop)], check=True, capture_output=True)
        undo.enter_context(rig.swapped_on(loop))
        undo.enter_context(rig.setting(ZSWAP, "Y"))
        (said,) = remarks()
    assert f"in front of /dev/{zram.name}: " in said


def test_zswap_in_front_of_a_swapfile_on_zram(tmp_path: Path) -> None:
    with ExitStack() as undo:
        zram = undo.enter_context(scratch_zram("lzo", 8192))
        device = f"/dev/{zram.name}"
        subprocess.run(["mkfs.ext4", "-q", device], check=True, capture_output=True)
        place = undo.enter_context(rig.mounted(device, tmp_path / "mnt"))
        create_real(place / "swapfile", size_bytes=4 << 20)
        undo.enter_context(rig.swapped_on(place / "swapfile"))
        undo.enter_context(rig.setting(ZSWAP, "Y"))
        (said,) = remarks()
    assert f"in front of {device}: " in said
