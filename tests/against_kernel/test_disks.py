"""Disks and images with partitions, LVM, and a file system that hangs: as root.

swapon(2) is asked on a loop device over exactly the range that was judged.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from swaptools.cli import swapcheck, swapinfo
from swaptools.observe import read_area, read_areas
from swaptools.observe.blkid import Prober
from tests.against_kernel import rig
from tests.against_kernel.oracle import Answer, ask_kernel
from tests.builders import header_page
from tests.disks import GPT_LINUX, Part, gpt_pieces, mbr_entry, mbr_sector, write

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from swaptools.format.partitions import Partition

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.usefixtures("kernel", "only_4k_pages"),
]

GIB, MIB = 1 << 30, 1 << 20
SECTORS = 8 * GIB // 512


def run(command: click.Command, *words: str | Path) -> Any:
    """Run a command with --json."""
    done = CliRunner().invoke(command, ["--json", *map(str, words)])
    return json.loads(done.stdout)


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def swapon_of(image: Path, part: Partition) -> Answer:
    """What the kernel says to a loop device over a partition."""
    place = ("--offset", str(part.start_bytes), "--sizelimit", str(part.size_bytes))
    with rig.loop_device(image, *place) as loop:
        return ask_kernel(loop)


def agrees(image: Path, say: Callable[[object], None]) -> list[str | None]:
    """Compare each check of an image with the kernel; return the errors."""
    checks = run(swapcheck.main, image)["checks"]
    for area, check in zip(read_areas(image), checks, strict=True):
        assert area.partition is not None
        answer = swapon_of(image, area.partition)
        verdict = check["verdicts"][0]
        say(f"partition {area.partition.number}: {verdict}, swapon: {answer}")
        assert verdict["accepted"] == answer.accepted
        assert verdict["errno"] == answer.errno
        if verdict["message"] is not None:
            assert answer.message is not None
            assert answer.message.endswith(verdict["message"])
    return [check["verdicts"][0]["errno"] for check in checks]


def test_two_swap_partitions_on_a_gpt_image_of_8_gib(
    tmp_path: Path, say: Callable[[object], None]
) -> None:
    """Both are shown; each check says what swapon(2) does."""
    need("sgdisk", "mkswap")
    image = write(tmp_path / "disk.img", 8 * GIB, {})
    words = "-n 1:0:+1G -t 1:8200 -n 2:0:+3G -n 3:0:+2G -t 3:8200 -c 3:second"
    subprocess.run(["sgdisk", *words.split(), image], check=True, capture_output=True)
    for offset, size, label in ((MIB, GIB, "one"), (MIB + 4 * GIB, 2 * GIB, "two")):
        place = ("--offset", str(offset), "--sizelimit", str(size))
        with rig.loop_device(image, *place) as loop:
            subprocess.run(["mkswap", "-q", "-L", label, loop], check=True)
    rows = run(swapinfo.main, image)["swapareas"]
    said = CliRunner().invoke(swapinfo.main, [str(image)])
    say(said.stdout)
    assert [(row["partition"]["number"], row["label"]) for row in rows] == [
        (1, "one"),
        (3, "two"),
    ]
    assert [row["size_bytes"] for row in rows] == [GIB, 2 * GIB]
    assert agrees(image, say) == [None, None]


def test_partitions_good_and_bad(tmp_path: Path, say: Callable[[object], None]) -> None:
    """As long as it claims, a page short, no header, another version, at the end."""
    parts = tuple(
        Part(2048 * n, 2048, GPT_LINUX if n == 5 else Part(0, 0).type)
        for n in range(1, 7)
    )
    headers = {
        1: header_page(last_page=255),
        2: header_page(last_page=256),
        4: header_page(last_page=255, version=2),
        5: header_page(last_page=100),
        6: header_page(last_page=255, badpages=(7, 7)),
    }
    pieces = gpt_pieces(parts, 16384)
    pieces |= {n * MIB: page for n, page in headers.items()}
    image = write(tmp_path / "image", 16384 * 512, pieces)
    assert agrees(image, say)[:3] == [None, "EINVAL", "EINVAL"]


def test_logical_partitions(tmp_path: Path, say: Callable[[object], None]) -> None:
    pieces = {
        0: mbr_sector(mbr_entry(0x82, 2048, 2048), mbr_entry(0x05, 4096, 8192)),
        4096 * 512: mbr_sector(mbr_entry(0x82, 63, 2048), mbr_entry(0x05, 4096, 4096)),
        8192 * 512: mbr_sector(mbr_entry(0x82, 2048, 2048)),
        MIB: header_page(last_page=255),
        (4096 + 63) * 512: header_page(last_page=255),
        (8192 + 2048) * 512: header_page(last_page=256),
    }
    image = write(tmp_path / "image", 16384 * 512, pieces)
    assert agrees(image, say) == [None, None, "EINVAL"]


def test_a_whole_disk_is_read_as_its_image(tmp_path: Path) -> None:
    """Through the loop device over all of it: the same areas, of another kind."""
    parts = (Part(2048, 2048), Part(4096, 2048))
    pieces = gpt_pieces(parts, 16384) | {MIB: header_page(last_page=255)}
    image = write(tmp_path / "image", 16384 * 512, pieces)
    with rig.loop_device(image) as loop:
        areas = read_areas(loop, holds=True)
        assert [(area.kind, area.offset) for area in areas] == [
            ("block", MIB),
            ("block", 2 * MIB),
        ]
        assert all(area.backing and not area.backing.is_claimed for area in areas)
    places = [(area.offset, area.area_bytes) for area in read_areas(image)]
    assert places == [(area.offset, area.area_bytes) for area in areas]


def test_sectors_of_4096_bytes(tmp_path: Path) -> None:
    """The table of a disk counts in the disk's sectors; another is said."""
    image = write(
        tmp_path / "image", 4096 * 4096, gpt_pieces((Part(256, 256),), 4096, 4096)
    )
    for sector_bytes, damage in (
        (4096, ()),
        (512, ("made for sectors of 4096 bytes, this disk has 512",)),
    ):
        with rig.loop_device(image, "--sector-size", str(sector_bytes)) as loop:
            (area,) = read_areas(loop)
        assert area.table is not None
        assert (area.offset, area.table.damage) == (MIB, damage)


def test_a_neighbour_that_is_swapped_on_does_not_matter(tmp_path: Path) -> None:
    """Only the partition that is swapped on is in use."""
    parts = (Part(2048, 2048), Part(4096, 2048))
    header = header_page(last_page=255)
    pieces = gpt_pieces(parts, 16384) | {MIB: header, 2 * MIB: header}
    image = write(tmp_path / "image", 16384 * 512, pieces)
    place = ("--offset", str(MIB), "--sizelimit", str(MIB))
    with rig.loop_device(image, *place) as loop, rig.swapped_on(loop):
        assert read_area(image, partition=1).is_behind_swap
        assert not read_area(image, partition=2).is_behind_swap
        assert read_area(image).is_behind_swap


def test_a_physical_volume(tmp_path: Path) -> None:
    """Named as LVM's, by libblkid's word."""
    need("pvcreate")
    image = write(tmp_path / "image", 32 * MIB, {})
    with rig.loop_device(image) as loop:
        words = ["pvcreate", "-q", "-ff", "-y", "--devices", str(loop), str(loop)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"pvcreate: {done.stderr}")
        area = read_area(loop, holds=True)
    assert area.believed == "LVM2_member"
    assert area.reason == "holds a physical volume of LVM (LVM2_member)"
    checks = run(swapcheck.main, image)["checks"]
    assert "H302" in {found["code"] for found in checks[0]["findings"]}


def test_a_file_system_that_hangs_is_left_after_a_while(tmp_path: Path) -> None:
    """A FUSE daemon that is stopped: the read never ends, the child is ended."""
    need("mkfs.ntfs", "ntfs-3g")
    image = write(tmp_path / "ntfs", 64 * MIB, {})
    subprocess.run(["mkfs.ntfs", "-QqF", image], check=True, capture_output=True)
    place = tmp_path / "mnt"
    place.mkdir()
    daemon = subprocess.Popen(["ntfs-3g", "-o", "no_detach", image, place])
    prober = Prober(timeout_seconds=1)
    try:
        while not place.is_mount():
            assert daemon.poll() is None
            time.sleep(0.01)
        area = write(place / "area", 8 * MIB, {0: header_page(last_page=255)})
        with area.open("rb") as file:
            prober.ask(file.fileno(), 0, 8 * MIB)
            child = prober.pid
            # What was read before is in the page cache: the end was not.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            daemon.send_signal(signal.SIGSTOP)
            answer = prober.ask(file.fileno(), 0, 8 * MIB)
            assert answer.reason == "libblkid did not come to an end"
        for _ in range(500):
            if not Path(f"/proc/{child}/exe").exists():
                break
            time.sleep(0.01)
        assert not Path(f"/proc/{child}/exe").exists()
    finally:
        prober.close()
        daemon.send_signal(signal.SIGCONT)
        for _ in range(100):  # the child may be about to close what it had
            if not subprocess.run(["umount", place], check=False).returncode:
                break
            time.sleep(0.05)
        daemon.wait(timeout=30)
