from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from swaptools.observe import zram as room
from swaptools.observe.zram import Zram, read_zrams, zram_under

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyfakefs.fake_filesystem import FakeFilesystem


def write(fs: FakeFilesystem, **files: str) -> None:
    for path, contents in files.items():
        fs.create_file(path, contents=contents)


def test_zram_devices_with_a_size_are_listed(fs: FakeFilesystem) -> None:
    write(
        fs,
        **{
            "/sys/block/zram0/disksize": "67108864\n",
            "/sys/block/zram0/mm_stat": " 4096000 900000 1011712 0 1011712 0 0 0 0\n",
            "/sys/block/zram0/comp_algorithm": "lzo-rle [lz4] zstd\n",
            "/sys/block/zram0/backing_dev": "none\n",
            "/sys/block/zram1/disksize": "0\n",
            "/sys/block/zram1/mm_stat": "0 0 0 0 0 0 0 0 0\n",
        },
    )
    assert read_zrams() == (
        Zram(
            name="/dev/zram0",
            disksize_bytes=64 << 20,
            compressor="lz4",
            orig_data_bytes=4096000,
            compr_data_bytes=900000,
            mem_used_bytes=1011712,
            backing_dev=None,
        ),
    )


NUMBERS = {
    "zram0": (252, 0),
    "zram1": (252, 1),
    "loop0": (7, 0),
    "dm-0": (253, 0),
    "vda1": (254, 1),
}


@pytest.fixture
def nodes(
    tmp_path: Path,
    area_file: Callable[..., Path],
    as_device: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Path]:
    """Devices, and a /sys in which a mapping lies on zram1 and a loop on zram0."""
    found = {}
    by_number, block = tmp_path / "dev-block", tmp_path / "block"
    by_number.mkdir()
    for name, (major, minor) in NUMBERS.items():
        found[name] = area_file(name)
        as_device(found[name], number=os.makedev(major, minor))
        (block / name / "slaves").mkdir(parents=True)
        (block / name / "dev").write_text(f"{major}:{minor}\n")
        (by_number / f"{major}:{minor}").symlink_to(block / name)
    (block / "dm-0" / "slaves" / "zram1").mkdir()
    (block / "dm-0" / "slaves" / "vda1").mkdir()
    behind = {os.makedev(7, 0): str(found["zram0"])}
    monkeypatch.setattr(room, "loop_backing_file", behind.get)
    monkeypatch.setattr(room, "_BY_NUMBER", by_number)
    monkeypatch.setattr(room, "_BLOCK", block)
    return found


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("zram0", "/dev/zram0"),
        ("zram1", "/dev/zram1"),
        ("loop0", "/dev/zram0"),
        ("dm-0", "/dev/zram1"),
        ("vda1", None),
    ],
)
def test_zram_is_found_below(
    name: str, expected: str | None, nodes: dict[str, Path]
) -> None:
    assert zram_under(str(nodes[name])) == expected


def test_zram_under_another_name_is_zram(nodes: dict[str, Path]) -> None:
    link = nodes["zram1"].with_name("swap")
    link.symlink_to(nodes["zram1"])
    assert zram_under(str(link)) == "/dev/zram1"


def test_a_swapfile_on_a_file_system_on_zram(
    nodes: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_device_of", lambda _path: os.makedev(252, 0))
    assert zram_under("/mnt/swapfile") == "/dev/zram0"


def test_a_circle_ends(nodes: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "block" / "vda1" / "slaves" / "dm-0").mkdir()
    (tmp_path / "block" / "dm-0" / "slaves" / "zram1").rmdir()
    assert zram_under(str(nodes["dm-0"])) is None


def test_what_is_not_there_lies_on_nothing() -> None:
    assert zram_under("/no/such") is None
    assert zram_under("a\0b") is None
