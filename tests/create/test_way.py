"""A new file, or in place: what -f does to the length of a file, and to its inode."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.create import CreateRequest, create
from swaptools.errors import AreaError
from swaptools.observe import backing
from tests.builders import SAMPLE_UUID, header_page
from tests.create.witness import listing, untouched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from swaptools.create import CreateResult

MIB = 1 << 20


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A swapfile of 1 MiB, allocated, with pages in it."""
    path = tmp_path / "swap"
    path.write_bytes(header_page(last_page=255) + b"\xa5" * (255 * 4096))
    path.chmod(0o600)
    return path


def ask(path: Path, size_bytes: int | None, **wishes: Any) -> CreateResult:
    return create(
        CreateRequest(
            path=str(path),
            is_ghost=False,
            size_bytes=size_bytes,
            page_size=4096,
            uuid=SAMPLE_UUID,
            label="new",
            **wishes,
        )
    )


def new_header(last_page: int) -> bytes:
    return header_page(last_page=last_page, label=b"new")


def held_bytes(path: Path) -> int:
    return path.stat().st_blocks * 512


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has no room for a second file of any size."""
    real = os.fstatvfs

    def full(descriptor: int) -> os.statvfs_result:
        space = list(real(descriptor))
        space[4] = 0  # f_bavail
        return os.statvfs_result(space)

    monkeypatch.setattr(os, "fstatvfs", full)


@pytest.mark.parametrize("size_bytes", [MIB // 2, 8192, MIB // 2 + 4095])
def test_a_file_made_shorter_gives_its_room_back(size_bytes: int, old: Path) -> None:
    inode = old.stat().st_ino
    result = ask(old, size_bytes, force=True)
    pages = size_bytes // 4096
    assert old.read_bytes() == new_header(pages - 1) + bytes((pages - 1) * 4096)
    assert result.file_bytes == old.stat().st_size == pages * 4096
    assert held_bytes(old) < MIB
    assert old.stat().st_ino != inode
    assert listing(old.parent) == ["swap"]


@pytest.mark.parametrize("size_bytes", [2 * MIB, MIB + 4096])
def test_a_file_made_longer_is_allocated_whole(size_bytes: int, old: Path) -> None:
    result = ask(old, size_bytes, force=True)
    assert result.file_bytes == old.stat().st_size == size_bytes
    assert held_bytes(old) >= size_bytes
    assert old.read_bytes()[:4096] == new_header(size_bytes // 4096 - 1)
    assert result.verdict.accepted
    assert listing(old.parent) == ["swap"]


@pytest.mark.parametrize("size_bytes", [None, MIB, MIB + 4095])
def test_the_same_length_gets_a_header_and_stays_where_it_is(
    size_bytes: int | None, old: Path
) -> None:
    """So that resume_offset= goes on being true, and the data stay."""
    inode = old.stat().st_ino
    ask(old, size_bytes, force=True)
    assert old.stat().st_ino == inode
    assert old.read_bytes() == new_header(255) + b"\xa5" * (255 * 4096)


def test_a_part_of_a_page_at_the_end_is_not_cut_off(old: Path) -> None:
    with old.open("ab") as file:
        file.write(b"tail")
    ask(old, MIB, force=True)
    assert old.read_bytes()[4096:] == b"\xa5" * (255 * 4096) + b"tail"


def test_a_size_that_was_kept_cuts_nothing(old: Path) -> None:
    """A longer file with a smaller area in it, renamed."""
    with old.open("ab") as file:
        file.write(bytes(8192))
    result = ask(old, None, force=True, keep_id=True)
    assert result.header.last_page == 255
    assert old.stat().st_size == MIB + 8192


def test_without_force_a_longer_file_of_zeros_keeps_its_length(tmp_path: Path) -> None:
    path = tmp_path / "zeros"
    path.write_bytes(bytes(MIB))
    assert ask(path, MIB // 2).file_bytes == MIB
    assert path.read_bytes() == new_header(127) + bytes(MIB - 4096)


@pytest.mark.usefixtures("no_room")
class TestNoRoomForTwo:
    """What mkswap(8) -F does with every file."""

    def test_it_is_cut_in_place(self, old: Path) -> None:
        inode = old.stat().st_ino
        result = ask(old, MIB // 2, force=True)
        assert old.read_bytes() == new_header(127) + b"\xa5" * (127 * 4096)
        assert result.file_bytes == MIB // 2
        assert old.stat().st_ino == inode
        assert held_bytes(old) <= MIB // 2 + 8192

    def test_it_is_lengthened_in_place(self, old: Path) -> None:
        inode = old.stat().st_ino
        result = ask(old, 2 * MIB, force=True)
        expected = new_header(511) + b"\xa5" * (255 * 4096) + bytes(MIB)
        assert old.read_bytes() == expected
        assert (result.file_bytes, old.stat().st_ino) == (2 * MIB, inode)
        assert held_bytes(old) >= 2 * MIB

    @pytest.mark.parametrize("size_bytes", [MIB // 2, 2 * MIB])
    @pytest.mark.parametrize("call", ["posix_fallocate", "fsync"])
    def test_a_disk_that_is_full_after_all_leaves_the_old_length(
        self, call: str, size_bytes: int, old: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = old.read_bytes()
        real = os.posix_fallocate

        def full(descriptor: int, *rest: int) -> None:
            if rest:
                real(descriptor, *rest)
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr(os, call, full)
        with pytest.raises(AreaError, match="No space left on device"):
            ask(old, size_bytes, force=True)
        assert old.read_bytes() == before

    def test_a_file_that_is_of_no_use_needs_the_room_all_the_same(
        self, old: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: int) -> None:
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr(os, "posix_fallocate", full)
        monkeypatch.setattr(backing, "find_extents", lambda *_, **__: ())
        with untouched(old), pytest.raises(AreaError, match="No space left"):
            ask(old, MIB // 2, force=True)


class TestUseless:
    """With -f, a file that a kernel refuses makes way for one that it takes."""

    def test_holes(self, tmp_path: Path) -> None:
        path = tmp_path / "swap"
        with path.open("wb") as file:
            file.truncate(MIB)
        path.chmod(0o644)
        result = ask(path, None, force=True)
        assert result.warnings == ()
        assert result.verdict.accepted
        assert path.read_bytes() == new_header(255) + bytes(255 * 4096)
        assert held_bytes(path) >= MIB
        assert path.stat().st_mode & 0o7777 == 0o600

    def test_the_fix_that_a_warning_names_does_so(self, tmp_path: Path) -> None:
        path = tmp_path / "swap"
        with path.open("wb") as file:
            file.truncate(MIB)
        path.chmod(0o600)
        (warning,) = ask(path, None).warnings
        assert "ghost-mkswap --real -f --keep-id" in warning
        request = CreateRequest(
            path=str(path), is_ghost=False, force=True, keep_id=True
        )
        assert create(request).warnings == ()
        assert path.read_bytes() == new_header(255) + bytes(255 * 4096)

    def test_where_a_new_one_would_be_no_better_the_old_one_stays(
        self, old: Path, on_filesystem: Callable[..., None]
    ) -> None:
        on_filesystem("tmpfs")
        inode = old.stat().st_ino
        assert ask(old, None, force=True).warnings == (
            "is on tmpfs, which the kernel refuses",
        )
        assert old.stat().st_ino == inode

    def test_an_image_is_nobodys_swapfile(self, tmp_path: Path) -> None:
        path = tmp_path / "disk.img"
        with path.open("wb") as file:
            file.truncate(MIB)
        inode = path.stat().st_ino
        ask(path, MIB // 2, force=True, offset=MIB // 4)
        assert (path.stat().st_ino, path.stat().st_size) == (inode, MIB)
