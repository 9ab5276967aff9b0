"""What lies in an area, made by the programs that make it: named as wipefs(8) does.

Only programs that work on a file, as anybody; each test skips where its is absent.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.contents import AMBIVALENT
from swaptools.observe import read_area
from tests.against_util_linux.tools import place, run
from tests.builders import header_page
from tests.disks import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from swaptools.area import SwapArea

pytestmark = pytest.mark.util_linux

MIB = 1 << 20
#: A program, its words (the file comes last), and the size of the file.
MAKERS = {
    "swap": (["mkswap", "-q", "-L", "label"], 16),
    "ext2": (["mkfs.ext2", "-q", "-L", "label"], 16),
    "ext4": (["mkfs.ext4", "-q", "-L", "label"], 32),
    "xfs": (["mkfs.xfs", "-q", "-L", "label"], 320),
    "btrfs": (["mkfs.btrfs", "-q", "-L", "label"], 128),
    "f2fs": (["mkfs.f2fs", "-q", "-l", "label"], 64),
    "vfat": (["mkfs.vfat", "-n", "LABEL"], 16),
    "exfat": (["mkfs.exfat", "-L", "label"], 16),
    "ntfs": (["mkfs.ntfs", "-QF", "-L", "label"], 16),
    "gpt": (["parted", "-s"], 16),
    "dos": (["parted", "-s"], 16),
}
_AFTER = {"gpt": ["mklabel", "gpt"], "dos": ["mklabel", "msdos"]}
_LUKS = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]


def told(path: Path) -> set[tuple[str, int]]:
    """What wipefs(8) lists: type and place."""
    said = run("wipefs", "--no-act", "--json", "--output", "TYPE,OFFSET", path)
    rows: list[dict[str, Any]] = json.loads(said or "{}").get("signatures", [])
    return {(row["type"], int(row["offset"], 16)) for row in rows}


def ours(area: SwapArea) -> set[tuple[str, int]]:
    return {(held.type, held.offset_bytes) for held in area.holds or ()}


def believed(path: Path) -> str | None:
    """What blkid(8) takes it for."""
    said = run("blkid", "--probe", "--output", "export", path)
    tags = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return tags.get("TYPE") or tags.get("PTTYPE")


def made(path: Path, name: str) -> Path:
    words, mebibytes = MAKERS[name]
    path.touch()
    os.truncate(path, mebibytes * MIB)
    run(words[0], *words[1:], path, *_AFTER.get(name, []))
    return path


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_format_is_named_as_libblkid_names_it(name: str, tmp_path: Path) -> None:
    path = made(tmp_path / "area", name)
    area = read_area(path, holds=True)
    assert ours(area) == told(path)
    assert area.believed == believed(path) == name
    (first, *_) = area.holds or ()
    assert first.label in ("label", "LABEL", None)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("type_", ["luks1", "luks2"])
def test_luks(type_: str, tmp_path: Path) -> None:
    path = tmp_path / "area"
    path.write_bytes(bytes(32 * MIB))
    key = tmp_path / "key"
    key.write_bytes(b"x")
    run("cryptsetup", "-q", "luksFormat", "--type", type_, *_LUKS, path, key)
    area = read_area(path, holds=True)
    assert ours(area) == told(path)
    assert area.believed == "crypto_LUKS"
    assert area.reason == "holds LUKS encryption (crypto_LUKS)"


def array_member() -> bytes:
    """Pack the superblock of a member of an array, version 1.2."""
    block = bytearray(256 + 2 * 2)
    struct.pack_into("<II8x16s32s", block, 0, 0xA92B4EFC, 1, b"u" * 16, b"host:0")
    struct.pack_into("<Qi", block, 64, 1, 1)
    struct.pack_into("<QII", block, 80, 1000, 0, 2)
    struct.pack_into("<QQQ", block, 128, 2048, 1000, 8)
    struct.pack_into("<I", block, 220, 2)
    total = sum(struct.unpack(f"<{len(block) // 4}I", block))
    struct.pack_into("<I", block, 216, (total & 0xFFFFFFFF) + (total >> 32))
    return bytes(block)


def test_a_member_of_an_array(tmp_path: Path) -> None:
    path = write(tmp_path / "member", 16 * MIB, {4096: array_member()})
    area = read_area(path, holds=True)
    assert ours(area) == told(path) == {("linux_raid_member", 4096)}
    assert area.believed == believed(path) == "linux_raid_member"
    assert area.reason == "holds a member of a RAID array (linux_raid_member)"


@pytest.mark.parametrize("name", ["ext4", "gpt"])
def test_a_format_within_an_image_is_seen_alone(name: str, tmp_path: Path) -> None:
    """The same as by itself, with swap before and behind it."""
    alone = made(tmp_path / "alone", name)
    size = alone.stat().st_size
    image = tmp_path / "image"
    swap = header_page(last_page=255)
    write(image, size + 2 * MIB, {0: swap, MIB + size: swap})
    with image.open("r+b") as file, alone.open("rb") as data:
        file.seek(MIB)
        os.copy_file_range(data.fileno(), file.fileno(), size, offset_dst=MIB)
    os.truncate(image, MIB + size)
    assert ours(read_area(image, MIB, holds=True)) == told(alone)


@pytest.mark.parametrize("name", ["btrfs", "ntfs", "ext4"])
def test_a_header_over_another_format(name: str, tmp_path: Path) -> None:
    """As a copy of a header leaves it, which is no mkswap(8): both are there."""
    path = made(tmp_path / "area", name)
    with path.open("r+b") as file:
        file.seek(4086)
        file.write(b"SWAPSPACE2")
        file.seek(1024)
        file.write(b"" if name == "ext4" else header_page()[1024:1536])
    area = read_area(path, holds=True)
    assert ours(area) == told(path)
    ambivalent = "ambivalent" in blkid_says(path)
    assert (area.believed == AMBIVALENT) is ambivalent


def blkid_says(path: Path) -> str:
    """All it says, also when it will not choose."""
    command = [place("blkid"), "--probe", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("format_", ["qcow2", "vmdk", "vdi", "vhdx", "vpc", "qed"])
def test_disk_images(format_: str, tmp_path: Path) -> None:
    path = tmp_path / "image"
    run("qemu-img", "create", "-q", "-f", format_, path, "16M")
    area = read_area(path, holds=True)
    containers = [held for held in area.holds or () if held.usage == "container"]
    assert containers[0].type == format_
    assert area.reason == f"holds a disk image of a virtual machine ({format_})"


@pytest.mark.parametrize(
    ("program", "type_"),
    [
        ("xz", "xz"),
        ("zstd", "zstd"),
        ("gzip", "gzip"),
        ("bzip2", "bzip2"),
        ("lz4", "lz4"),
    ],
)
def test_compressed_files(
    program: str, type_: str, tmp_path: Path, area_file: Callable[..., Path]
) -> None:
    path = tmp_path / "area.packed"
    with path.open("wb") as packed:
        command = [place(program), "-c", str(area_file(file_bytes=MIB))]
        subprocess.run(command, stdout=packed, check=True)
    area = read_area(path, holds=True)
    assert [held.type for held in area.holds or ()] == [type_]
    assert area.reason == f"holds compressed data ({type_})"


@pytest.mark.parametrize(
    ("program", "words", "type_"),
    [
        ("mksquashfs", ["FOLDER", "FILE", "-quiet", "-no-progress"], "squashfs"),
        ("mkfs.erofs", ["--quiet", "FILE", "FOLDER"], "erofs"),
    ],
)
def test_file_systems_made_from_a_folder(
    program: str, words: list[str], type_: str, tmp_path: Path
) -> None:
    folder, path = tmp_path / "folder", tmp_path / "image"
    folder.mkdir()
    (folder / "a").write_bytes(b"a" * 9000)
    place_of = {"FOLDER": str(folder), "FILE": str(path)}
    run(program, *(place_of.get(word, word) for word in words))
    area = read_area(path, holds=True)
    assert ours(area) == told(path)
    assert area.believed == type_
