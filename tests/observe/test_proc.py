from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import AreaError
from swaptools.observe import proc
from swaptools.observe.proc import SwapRow, parse_swaps
from tests.conftest import SWAPS_HEADING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyfakefs.fake_filesystem import FakeFilesystem


def test_every_column_of_a_row_is_read_and_kib_become_bytes() -> None:
    text = (
        SWAPS_HEADING
        + "/dev/vdb1                               partition\t8388604\t\t1024\t\t-2\n"
        + "/swapfile                               file\t\t1020\t\t4\t\t5\n"
        + "/ghost                                  ghost\t\t4194300\t\t0\t\t32767\n"
    )
    assert parse_swaps(text) == (
        SwapRow("/dev/vdb1", "partition", 8_589_930_496, 1_048_576, -2),
        SwapRow("/swapfile", "file", 1_044_480, 4096, 5),
        SwapRow("/ghost", "ghost", 4_294_963_200, 0, 32767),
    )


def row(name: str) -> str:
    return f"{SWAPS_HEADING}{name} file\t\t1020\t\t0\t\t-2\n"


@pytest.mark.parametrize(
    ("escaped", "name"),
    [
        ("/my\\040swap", "/my swap"),
        ("/tab\\011new\\012line", "/tab\tnew\nline"),
        ("/back\\134slash", "/back\\slash"),
        ("/no\\escape\\09", "/no\\escape\\09"),
        ("/café", "/café"),
        ("xswap0", "xswap0"),
    ],
)
def test_octal_escapes_of_the_kernel_are_undone(escaped: str, name: str) -> None:
    (found,) = parse_swaps(row(escaped))
    assert (found.name, found.is_deleted) == (name, False)


@pytest.mark.parametrize("odd", ["\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2028"])
def test_blanks_that_the_kernel_does_not_escape_belong_to_the_name(odd: str) -> None:
    """Only blank, tab, newline and backslash are escaped; Python knows more."""
    (found,) = parse_swaps(row(f"/a{odd}b"))
    assert (found.name, found.size_bytes) == (f"/a{odd}b", 1_044_480)


def test_a_deleted_area_is_named_without_the_kernels_remark() -> None:
    (found,) = parse_swaps(row("/gone\\040(deleted)"))
    assert (found.name, found.is_deleted) == ("/gone", True)


@pytest.mark.parametrize("text", ["", SWAPS_HEADING, SWAPS_HEADING + "short row\n"])
def test_a_listing_without_rows_is_empty(text: str) -> None:
    assert parse_swaps(text) == ()


def test_swaps_are_read_from_proc(fake_proc: FakeFilesystem) -> None:
    fake_proc.remove("/proc/swaps")
    fake_proc.create_file("/proc/swaps", contents=row("/swapfile"))
    (found,) = proc.read_swaps()
    assert found.name == "/swapfile"


def test_a_name_that_is_no_utf8_survives(fake_proc: FakeFilesystem) -> None:
    fake_proc.remove("/proc/swaps")
    fake_proc.create_file(
        "/proc/swaps", contents=row("/caf\udce9").encode("utf-8", "surrogateescape")
    )
    (found,) = proc.read_swaps()
    assert os.fsencode(found.name) == b"/caf\xe9"


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ((), "/proc is not mounted"),
        (("/proc/self/status",), "hidden by a /proc with subset=pid"),
    ],
)
def test_without_a_listing_nothing_is_known(
    there: tuple[str, ...], reason: str, fs: FakeFilesystem
) -> None:
    fs.create_file("/area")
    for path in there:
        fs.create_file(path)
    with pytest.raises(AreaError) as caught:
        proc.read_swaps()
    assert (caught.value.path, caught.value.reason) == ("/proc/swaps", reason)
    active = proc.active_swaps()
    assert active.has(os.stat("/area")) is None
    assert active.unknown == f"/proc/swaps: {reason}"
    assert proc.kernel_has_swap() is None
    assert proc.mount_point(0x700) is None


def test_a_listing_that_may_not_be_read_is_no_empty_one(
    fake_proc: FakeFilesystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fake_proc.exists("/proc/swaps")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(AreaError, match="Permission denied"):
        proc.read_swaps()
    assert proc.kernel_has_swap() is True


def test_a_kernel_without_swap_has_no_listing_and_no_active_area(
    fake_proc: FakeFilesystem,
) -> None:
    fake_proc.remove("/proc/swaps")
    assert proc.kernel_has_swap() is False
    assert proc.read_swaps() == ()
    assert proc.active_swaps().unknown is None


def test_an_active_file_is_known_by_its_inode_under_any_name(
    area_file: Callable[..., Path], swaps: Callable[..., None], tmp_path: Path
) -> None:
    area = area_file()
    other = area_file("other")
    swaps(f"{area} file\t\t4092\t\t0\t\t-2")
    os.link(area, tmp_path / "hard link")
    (tmp_path / "symlink").symlink_to(area)
    active = proc.active_swaps()
    assert active.has((tmp_path / "hard link").stat()) is True
    assert active.has((tmp_path / "symlink").stat()) is True
    assert active.has(other.stat()) is False


def test_an_area_whose_name_ends_like_the_kernels_remark_is_active_nevertheless(
    area_file: Callable[..., Path], swaps: Callable[..., None]
) -> None:
    area = area_file("odd (deleted)")
    swaps(f"{str(area).replace(' ', chr(92) + '040')} file\t\t4092\t\t0\t\t-2")
    assert proc.active_swaps().has(area.stat()) is True


def test_a_listed_area_that_cannot_be_found_is_passed_over(
    area_file: Callable[..., Path], swaps: Callable[..., None]
) -> None:
    swaps("/no/such/file file\t\t4092\t\t0\t\t-2", "xswap0 xswap\t4\t\t0\t\t-1")
    active = proc.active_swaps()
    assert active.has(area_file().stat()) is False
    assert [found.name for found in active.rows] == ["/no/such/file", "xswap0"]


def test_an_active_device_is_known_by_its_number(
    area_file: Callable[..., Path],
    swaps: Callable[..., None],
    as_device: Callable[..., None],
) -> None:
    node, twin, other = area_file("sda1"), area_file("twin"), area_file("sda2")
    as_device(node, number=0x801)
    as_device(twin, number=0x801)
    as_device(other, number=0x802)
    swaps(f"{node} partition\t4092\t\t0\t\t-2")
    active = proc.active_swaps()
    assert active.has(os.stat(twin)) is True
    assert active.has(os.stat(other)) is False


def test_the_file_behind_an_active_loop_device_is_in_use(
    area_file: Callable[..., Path],
    swaps: Callable[..., None],
    as_device: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node, image = area_file("loop0"), area_file("image")
    as_device(node, number=0x700)
    swaps(f"{node} partition\t4092\t\t0\t\t-2")
    behind = {0x700: image}
    monkeypatch.setattr(proc, "loop_backing_file", behind.get)
    active = proc.active_swaps()
    assert active.has(image.stat()) is False
    assert active.is_behind(image.stat()) is True
    assert active.is_behind(image.stat(), 4096, 8192) is True
    assert active.is_behind(node.stat()) is False


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"size": "8", "loop/offset": "0"}, (0, 4096)),
        ({"size": "8", "loop/offset": "1048576"}, (1048576, 1052672)),
        ({"size": "8", "start": "2048", "../loop/offset": "512"}, (1049088, 1053184)),
        ({"size": "8"}, (0, None)),
        ({}, (0, None)),
    ],
)
def test_a_loop_device_is_over_a_part_of_a_file(
    files: dict[str, str],
    expected: tuple[int, int | None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = tmp_path / "loop0" / "loop0p1"
    node.mkdir(parents=True)
    for name, text in files.items():
        place = node / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"{text}\n")
    (tmp_path / "7:1").symlink_to(node)
    monkeypatch.setattr(proc, "_DEVICES", str(tmp_path))
    found = proc._behind(os.makedev(7, 1), (1, 2))
    assert found == ((1, 2), *expected)


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [(0, 100, False), (0, 101, True), (199, None, True), (200, None, False)],
)
def test_only_the_part_that_is_swapped_on_counts(
    begin: int, end: int | None, expected: bool, tmp_path: Path
) -> None:
    """Two partitions of one image: one may be active without the other."""
    status = tmp_path.stat()
    part = proc.Behind((status.st_dev, status.st_ino), 100, 200)
    active = proc.ActiveSwaps((), frozenset(), frozenset(), (part,))
    assert active.is_behind(status, begin, end) is expected


def test_the_backing_file_of_a_loop_device_comes_from_sysfs(
    fs: FakeFilesystem,
) -> None:
    fs.create_file("/sys/dev/block/7:0/loop/backing_file", contents="/a file.img\n")
    fs.create_dir("/sys/dev/block/259:0")
    assert str(proc.loop_backing_file(os.makedev(7, 0))) == "/a file.img"
    assert proc.loop_backing_file(os.makedev(259, 0)) is None


def test_a_mount_is_found_by_device_number(fs: FakeFilesystem) -> None:
    fs.create_file(
        "/proc/self/mountinfo",
        contents=(
            "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
            "36 22 7:3 / /mnt/my\\040disk rw - ext4 /dev/loop3 rw\n"
        ),
    )
    assert proc.mount_point(os.makedev(254, 0)) == "/"
    assert proc.mount_point(os.makedev(7, 3)) == "/mnt/my disk"
    assert proc.mount_point(os.makedev(7, 4)) is None


def test_memory_is_known_without_proc(
    fs: FakeFilesystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}
    assert not fs.exists("/proc/meminfo")
    monkeypatch.setattr(os, "sysconf", answers.__getitem__)
    assert proc.memory_bytes() == 4_096_000
    answers["SC_PHYS_PAGES"] = -1
    assert proc.memory_bytes() is None


def test_memory_is_memtotal_in_bytes(fake_proc: FakeFilesystem) -> None:
    assert fake_proc.exists("/proc/meminfo")
    assert proc.memory_bytes() == 8 << 30


def test_pages_swapped_out_are_counted_wherever_they_went(
    fake_proc: FakeFilesystem,
) -> None:
    assert proc.swapped_out_pages() == 0
    lines = "pswpin 9\npswpout 1\nzswpout 20\nswpout_zero 300\nzswpwb 7\n"
    fake_proc.create_file("/proc/vmstat", contents=lines)
    assert proc.swapped_out_pages() == 321
