"""Where an area lies, against the other tools and against the bytes on the device."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from click.testing import CliRunner

from swaptools import create_real
from swaptools.cli.swapinfo import main
from swaptools.observe.resume import find_first_byte
from tests.against_kernel import rig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kernel

MKFS = {
    "ext4": ["mkfs.ext4", "-q", "-b", "4096"],
    "xfs": ["mkfs.xfs", "-q"],
    "btrfs": ["mkfs.btrfs", "-q", "-d", "single"],
}


@contextmanager
def filesystem(name: str, place: Path) -> Iterator[tuple[Path, Path]]:
    """A scratch file system; yields its device and where it is mounted."""
    if shutil.which(MKFS[name][0]) is None:
        pytest.skip(f"no {MKFS[name][0]} here")
    image = place / f"{name}.img"
    with image.open("wb") as file:
        file.truncate(400 << 20)
    subprocess.run([*MKFS[name], str(image)], check=True, capture_output=True)
    with ExitStack() as stack:
        device = stack.enter_context(rig.loop_device(image))
        yield device, stack.enter_context(rig.mounted(device, place / "mnt"))


def told_by_other_tool(name: str, swapfile: Path) -> int:
    if name == "btrfs":
        command = ["btrfs", "inspect-internal", "map-swapfile", "-r", str(swapfile)]
        return int(subprocess.check_output(command))
    extents = subprocess.check_output(
        ["filefrag", "-e", "-b4096", str(swapfile)], text=True
    )
    match = re.search(r"^ +0: +0\.\. +\d+: +(\d+)\.\.", extents, re.MULTILINE)
    assert match is not None, extents
    return int(match[1])


@pytest.mark.parametrize("name", MKFS)
def test_the_resume_offset_is_the_other_tools_and_leads_to_the_header(
    kernel: None, tmp_path: Path, name: str
) -> None:
    with filesystem(name, tmp_path) as (device, mount):
        (mount / "before").write_bytes(bytes(7 << 20))
        swapfile = mount / "swapfile"
        create_real(swapfile, size_bytes=40 << 20)
        ran = CliRunner().invoke(main, ["--resume-offset", str(swapfile)])
        offset_pages = int(ran.stdout)
        assert offset_pages == told_by_other_tool(name, swapfile)
        with device.open("rb") as file:
            file.seek(offset_pages * 4096)
            assert file.read(4096) == swapfile.read_bytes()[:4096]
        told = subprocess.check_output(
            ["blkid", "-p", "-s", "UUID", "-o", "value", str(device)], text=True
        )
        assert find_first_byte(str(swapfile)).filesystem_uuid == UUID(told.strip())


def test_btrfs_on_two_devices_has_no_offset(kernel: None, tmp_path: Path) -> None:
    if shutil.which("mkfs.btrfs") is None:
        pytest.skip("no mkfs.btrfs here")
    with ExitStack() as stack:
        devices = []
        for number in range(2):
            image = tmp_path / f"{number}.img"
            with image.open("wb") as file:
                file.truncate(400 << 20)
            devices.append(str(stack.enter_context(rig.loop_device(image))))
        make = ["mkfs.btrfs", "-q", "-d", "single", "-m", "single", *devices]
        subprocess.run(make, check=True, capture_output=True)
        option = ["-o", f"device={devices[1]}"]
        mount = stack.enter_context(rig.mounted(devices[0], tmp_path / "mnt", *option))
        create_real(mount / "swapfile", size_bytes=40 << 20)
        ran = CliRunner().invoke(main, ["--resume-offset", str(mount / "swapfile")])
        assert ran.exit_code == 1
        assert "lies on a btrfs with several devices" in ran.stderr
