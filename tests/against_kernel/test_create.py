"""What ghost-mkswap makes, given to swapon(2), paged out to and read back."""

from __future__ import annotations

import mmap
import os
import random
import re
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from swaptools import (
    AreaInUse,
    CreateRefused,
    create_ghost,
    create_real,
    read_area,
    read_swaps,
)
from tests.against_kernel import places, rig
from tests.against_kernel.oracle import ask_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.format.layout import ByteOrder

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]

MADV_PAGEOUT = 21
NR_PAGES = 512
ZSWAP = Path("/sys/module/zswap/parameters/enabled")

FILE_SYSTEMS = [
    system
    for system in places.FILE_SYSTEMS
    if system.name in ("ext4", "ext4-1k", "xfs", "btrfs")
]


@pytest.fixture(params=FILE_SYSTEMS, ids=lambda system: system.name)
def filesystem(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A scratch file system of each kind that this machine has."""
    system: places.FileSystem = request.param
    reason = places.why_not(system)
    if reason is not None:
        pytest.skip(reason)
    with places.mounted(system, tmp_path) as place:
        yield place


@contextmanager
def without_zswap() -> Iterator[None]:
    """Let every page reach its area."""
    with ExitStack() as stack:
        if ZSWAP.exists():
            stack.enter_context(rig.setting(ZSWAP, "N"))
        yield


def swapped_out_kib() -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^VmSwap:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1])


def pages_survive(area: Path) -> None:
    """Page out to the only area, see it there, and get the same bytes back."""
    page_size = os.sysconf("SC_PAGE_SIZE")
    data = random.Random(7).randbytes(NR_PAGES * page_size)
    with without_zswap(), mmap.mmap(-1, len(data), mmap.MAP_PRIVATE) as memory:
        memory[:] = data
        before_kib = swapped_out_kib()
        memory.madvise(MADV_PAGEOUT)
        assert swapped_out_kib() - before_kib > NR_PAGES * page_size // 1024 // 2
        (row,) = [row for row in read_swaps() if Path(row.name).samefile(area)]
        assert row.used_bytes > NR_PAGES * page_size // 2
        assert memory[:] == data


def test_a_real_swapfile_is_taken_and_holds_pages(filesystem: Path) -> None:
    path = filesystem / "swap file"
    create_real(path, size_bytes=8 << 20, label="real")
    with rig.swapped_on(path):
        assert read_area(path).active is True
        pages_survive(path)
    header = read_area(path).header
    assert header is not None
    assert header.label == "real"


def test_a_file_that_force_replaced_is_taken(filesystem: Path) -> None:
    path = filesystem / "swapfile"
    path.write_bytes(b"precious" * 1000)
    create_real(path, size_bytes=8 << 20, force=True)
    with rig.swapped_on(path):
        pages_survive(path)


def test_a_file_of_zeros_that_was_there_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "swapfile"
    path.write_bytes(bytes(8 << 20))
    path.chmod(0o600)
    if ask_kernel(create_real(path).path).errno == "EINVAL":
        pytest.skip("the working file system takes no swapfiles")
    with rig.swapped_on(path):
        pages_survive(path)


@pytest.mark.parametrize("byte_order", ["little", "big"])
@pytest.mark.parametrize("through", ["image", "device"])
def test_an_area_in_a_loop_device_is_taken_in_either_byte_order(
    byte_order: ByteOrder, through: str, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(8 << 20))
    if through == "image":
        create_real(image, byte_order=byte_order)
    with rig.loop_device(image) as device:
        if through == "device":
            create_real(device, byte_order=byte_order)
        with rig.swapped_on(device):
            pages_survive(device)


@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_bad_pages_are_understood_in_either_byte_order(
    byte_order: ByteOrder, tmp_path: Path
) -> None:
    """mkswap(8) writes the list in the machine's order: refused, or wrong pages."""
    image = tmp_path / "image"
    image.write_bytes(bytes(8 << 20))
    page_size = os.sysconf("SC_PAGE_SIZE")
    last_page = (8 << 20) // page_size - 1
    with rig.loop_device(image) as device:
        create_real(device, byte_order=byte_order, badpages=(5, 3, last_page))
        with rig.swapped_on(device):
            (row,) = read_swaps()
            assert row.size_bytes == (last_page - 3) * page_size


def test_an_area_at_an_offset_is_taken_and_its_surroundings_stay(
    tmp_path: Path,
) -> None:
    image = tmp_path / "disk.img"
    around = os.urandom(1 << 20)
    image.write_bytes(around + bytes(8 << 20) + around)
    create_real(image, offset=1 << 20, size_bytes=8 << 20)
    place = ("--offset", str(1 << 20), "--sizelimit", str(8 << 20))
    with rig.loop_device(image, *place) as device, rig.swapped_on(device):
        pages_survive(device)
    data = image.read_bytes()
    assert data[: 1 << 20] == data[-(1 << 20) :] == around


@pytest.mark.parametrize("ghost_flag", [True, False])
@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_a_ghost_is_refused_by_a_kernel_that_knows_none(
    byte_order: ByteOrder, ghost_flag: bool, tmp_path: Path
) -> None:
    path = tmp_path / "ghost"
    create_ghost(
        path, size_bytes=64 << 30, byte_order=byte_order, ghost_flag=ghost_flag
    )
    answer = ask_kernel(path)
    if answer.errno is None:
        pytest.skip("this kernel knows ghosts")
    assert answer.errno == "EINVAL"
    assert answer.message == "Swap area shorter than signature indicates"


class TestRefusals:
    """With the kernel's own word for what is in use."""

    @pytest.fixture
    def swapfile(self, tmp_path: Path) -> Path:
        path = tmp_path / "swapfile"
        create_real(path, size_bytes=1 << 20)
        if ask_kernel(path).errno is not None:
            pytest.skip("the working file system takes no swapfiles")
        return path

    def test_an_active_swapfile_under_any_name(
        self, swapfile: Path, tmp_path: Path
    ) -> None:
        hard, soft = tmp_path / "hard link", tmp_path / "soft"
        hard.hardlink_to(swapfile)
        soft.symlink_to(swapfile)
        with rig.swapped_on(swapfile):
            for name in (swapfile, hard, soft):
                for make in (create_real, create_ghost):
                    with pytest.raises(AreaInUse, match="is swapped on"):
                        make(name, size_bytes=1 << 20, force=True)

    def test_an_active_loop_device_and_the_file_behind_it(self, tmp_path: Path) -> None:
        image = tmp_path / "image"
        image.write_bytes(bytes(1 << 20))
        create_real(image)
        with rig.loop_device(image) as device, rig.swapped_on(device):
            for name in (image, device):
                with pytest.raises(AreaInUse, match="is swapped on"):
                    create_real(name, force=True)

    def test_a_mounted_device(self, filesystem: Path) -> None:
        """By its number in mountinfo, or, on btrfs, because its holder shuts us out."""
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        (line,) = [line for line in mounts if f" {filesystem} " in line]
        device = line.split(" - ")[1].split()[1]
        with pytest.raises(AreaInUse, match=r"is mounted on|is held by"):
            create_real(device, force=True)

    @pytest.mark.parametrize("force", [False, True])
    def test_a_one_page_block_device(self, force: bool, tmp_path: Path) -> None:
        image = tmp_path / "image"
        create_ghost(image, size_bytes=1 << 30, page_size=4096)
        before = image.read_bytes()
        with rig.loop_device(image) as device:
            with pytest.raises(CreateRefused, match="one-page block device"):
                create_ghost(device, size_bytes=1 << 30, page_size=4096, force=force)
            with pytest.raises(CreateRefused, match="less than 2 pages"):
                create_real(device, page_size=4096, force=force)
        assert image.read_bytes() == before


def test_a_full_file_system_leaves_nothing_behind(filesystem: Path) -> None:
    space = os.statvfs(filesystem)
    too_much = space.f_bfree * space.f_frsize + (1 << 20)
    (filesystem / "old").write_bytes(b"precious")
    for name in ("new", "old"):
        with pytest.raises(OSError, match="No space left on device"):
            create_real(filesystem / name, size_bytes=too_much, force=True)
    assert (filesystem / "old").read_bytes() == b"precious"
    found = {path.name for path in filesystem.iterdir()} - {"lost+found"}
    assert found == {"old"}


def test_native_is_the_byte_order_of_this_machine(tmp_path: Path) -> None:
    assert create_ghost(tmp_path / "g", size_bytes=1 << 30).header.byte_order == (
        sys.byteorder
    )
