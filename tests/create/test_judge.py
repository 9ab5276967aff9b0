"""What a kernel would say is told before anything is written."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.backing import Extent, ExtentFlags, InodeFlags
from swaptools.create import CreateRequest, create, create_ghost, create_real, judge
from swaptools.create.judge import objection
from swaptools.errors import CreateRefused
from swaptools.kernel.activation import FAULTS
from swaptools.kernel.attempt import Verdict
from swaptools.kernel.opening import OPEN_TESTS
from swaptools.observe import backing, btrfs, proc
from tests.builders import header_page
from tests.create.witness import listing, untouched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    OnFilesystem = Callable[..., None]

REAL: dict[str, Any] = {"is_ghost": False, "size_bytes": 1 << 20}
GHOST: dict[str, Any] = {"size_bytes": 1 << 30}
HERE = os.sysconf("SC_PAGE_SIZE")


def refused(path: Path, sentence: str, **wishes: Any) -> None:
    """Ask, with and without a dry run: nothing is made either time."""
    for dry_run in (True, False):
        with pytest.raises(CreateRefused, match=sentence):
            create(CreateRequest(path=str(path), dry_run=dry_run, **wishes))
        assert listing(path.parent) == []


class TestNewFile:
    @pytest.mark.parametrize("filesystem", ["tmpfs", "overlay", "hugetlbfs"])
    @pytest.mark.parametrize("wishes", [GHOST, REAL], ids=["ghost", "real"])
    def test_a_file_system_that_takes_no_swap_at_all(
        self,
        filesystem: str,
        wishes: dict[str, Any],
        tmp_path: Path,
        on_filesystem: OnFilesystem,
    ) -> None:
        on_filesystem(filesystem)
        who = "kernels that know ghosts refuse" if wishes is GHOST else "the kernel"
        refused(
            tmp_path / "new", f"would be on {filesystem}, which {who}.*-f", **wishes
        )
        result = create(CreateRequest(path=str(tmp_path / "new"), force=True, **wishes))
        assert result.warnings[0].startswith(f"is on {filesystem}, which {who}")
        assert (result.verdict.accepted, result.verdict.errno) == (False, "EINVAL")
        assert listing(tmp_path) == ["new"]

    @pytest.mark.parametrize("filesystem", ["zfs", "ramfs", "bcachefs", "9p", "fuse"])
    def test_a_file_system_that_does_not_tell_where_files_lie(
        self, filesystem: str, tmp_path: Path, on_filesystem: OnFilesystem
    ) -> None:
        """A ghost needs no place, so it is taken there."""
        on_filesystem(filesystem)
        refused(tmp_path / "new", f"would be on {filesystem}, which tells", **REAL)
        assert create_ghost(tmp_path / "new", size_bytes=1 << 30).verdict.accepted

    def test_dax(self, tmp_path: Path, on_filesystem: OnFilesystem) -> None:
        on_filesystem("xfs", "dax=always")
        refused(tmp_path / "new", "would be on xfs with DAX", **REAL)

    def test_blocks_larger_than_a_page(
        self,
        tmp_path: Path,
        on_filesystem: OnFilesystem,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        on_filesystem("xfs")
        real = os.fstatvfs

        def large(descriptor: int) -> os.statvfs_result:
            return os.statvfs_result((2 * HERE, *real(descriptor)[1:]))

        monkeypatch.setattr(os, "fstatvfs", large)
        refused(tmp_path / "new", f"would be on xfs with blocks of {2 * HERE}", **REAL)

    @pytest.mark.parametrize("profile", ["raid1", "raid5", "dup", "raid0"])
    def test_btrfs_with_data_in_several_copies(
        self,
        profile: str,
        tmp_path: Path,
        on_filesystem: OnFilesystem,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        on_filesystem("btrfs")
        monkeypatch.setattr(btrfs, "data_profiles", lambda _: frozenset({profile}))
        monkeypatch.setattr(btrfs, "device_count", lambda _: 2)
        sentence = rf"would be on btrfs with data in several copies \({profile}\)"
        refused(tmp_path / "new", sentence, **REAL)
        assert create_ghost(tmp_path / "new", size_bytes=1 << 30).verdict.accepted

    @pytest.mark.parametrize("filesystem", ["novelfs", "ext4", "xfs", "vfat"])
    def test_what_is_not_known_is_no_reason(
        self, filesystem: str, tmp_path: Path, on_filesystem: OnFilesystem
    ) -> None:
        on_filesystem(filesystem)
        for number, wishes in enumerate((GHOST, REAL)):
            path = tmp_path / str(number)
            assert create(CreateRequest(path=str(path), **wishes)).warnings == ()

    def test_profiles_that_may_not_be_asked_are_no_reason(
        self,
        tmp_path: Path,
        on_filesystem: OnFilesystem,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def denied(_descriptor: int) -> frozenset[str]:
            raise PermissionError(errno.EPERM, "no")

        on_filesystem("btrfs")
        monkeypatch.setattr(btrfs, "data_profiles", denied)
        monkeypatch.setattr(btrfs, "device_count", denied)
        monkeypatch.setattr(backing, "_inode_flags", lambda _: InodeFlags.NOCOW)
        create_real(tmp_path / "new", size_bytes=1 << 20)
        assert listing(tmp_path) == ["new"]

    @pytest.mark.parametrize(
        ("flags", "sentence"),
        [
            (InodeFlags.COMPRESSED, "would be compressed"),
            (InodeFlags(0), "would be copied on write"),
        ],
    )
    def test_a_file_that_came_out_useless_is_given_up_before_it_has_a_name(
        self,
        flags: InodeFlags,
        sentence: str,
        tmp_path: Path,
        on_filesystem: OnFilesystem,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The directory promised better than the file turned out to be."""
        on_filesystem("btrfs")
        monkeypatch.setattr(backing, "_inode_flags", lambda _: flags)
        path = tmp_path / "new"
        with pytest.raises(CreateRefused, match=f"{sentence}, which the kernel"):
            create_real(path, size_bytes=1 << 20)
        assert listing(tmp_path) == []
        result = create_real(path, size_bytes=1 << 20, force=True)
        assert result.warnings[0].endswith(", which the kernel refuses")
        assert listing(tmp_path) == ["new"]


class TestExistingFile:
    @pytest.fixture
    def zeros(self, tmp_path: Path) -> Path:
        path = tmp_path / "there"
        path.write_bytes(bytes(1 << 20))
        path.chmod(0o600)
        return path

    def asked(self, path: Path, **wishes: Any) -> tuple[str, ...]:
        """Warnings of a dry run and of the run that follows, which are the same."""
        wishes = {"is_ghost": False, "page_size": HERE} | wishes
        with untouched(path):
            first = create(CreateRequest(path=str(path), dry_run=True, **wishes))
        second = create(CreateRequest(path=str(path), **wishes))
        assert first.warnings == second.warnings
        return second.warnings

    def test_a_good_file_is_not_spoken_of(self, zeros: Path) -> None:
        assert self.asked(zeros) == ()

    @pytest.mark.parametrize(
        ("filesystem", "flags", "words"),
        [
            ("btrfs", InodeFlags(0), "is copied on write"),
            ("btrfs", InodeFlags.COMPRESSED, "is compressed"),
            ("f2fs", InodeFlags.COMPRESSED, "is compressed"),
        ],
    )
    def test_flags_of_the_inode(
        self,
        filesystem: str,
        flags: InodeFlags,
        words: str,
        zeros: Path,
        on_filesystem: OnFilesystem,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        on_filesystem(filesystem)
        monkeypatch.setattr(backing, "_inode_flags", lambda _: flags)
        assert self.asked(zeros) == (
            f"{words}, which the kernel refuses;"
            f" fix with: ghost-mkswap --real -f --keep-id {zeros}",
        )

    @pytest.mark.parametrize(
        ("extents", "words"),
        [
            ([Extent(0, 8192, 4096)], "has holes"),
            (
                [Extent(0, 8192, 1 << 20, ExtentFlags.SHARED)],
                "has storage in common with a copy or a snapshot",
            ),
            (
                [Extent(0, 8192, 1 << 20, ExtentFlags.DATA_INLINE)],
                "is kept within its inode",
            ),
        ],
        ids=["hole", "shared", "inline"],
    )
    def test_extents(
        self,
        extents: list[Extent],
        words: str,
        zeros: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(backing, "find_extents", lambda *_, **__: tuple(extents))
        (warning,) = self.asked(zeros)
        assert warning.startswith(f"{words}, which the kernel refuses; fix with: ")

    def test_what_no_new_file_would_mend_has_no_fix(
        self, zeros: Path, on_filesystem: OnFilesystem
    ) -> None:
        on_filesystem("tmpfs")
        assert self.asked(zeros) == ("is on tmpfs, which the kernel refuses",)

    def test_a_ghost_that_is_there_is_judged_as_ghosts_are(
        self, area_file: Callable[..., Path], on_filesystem: OnFilesystem
    ) -> None:
        path = area_file()
        on_filesystem("overlay")
        assert self.asked(path, is_ghost=True, size_bytes=1 << 30) == (
            "is on overlay, which kernels that know ghosts refuse",
        )

    def test_an_area_with_holes_that_is_as_asked(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(last_page=255, file_bytes=1 << 20)
        (warning,) = self.asked(path, page_size=4096, if_needed=True)
        assert warning.startswith("has holes, which the kernel refuses")

    @pytest.mark.parametrize(
        ("mode", "closed"),
        [(0o644, 0o600), (0o640, 0o600), (0o604, 0o600), (0o4660, 0o600), (0o400, 0)],
    )
    def test_a_mode_that_lets_others_in(
        self, mode: int, closed: int, zeros: Path
    ) -> None:
        zeros.chmod(mode)
        expected = (
            (f"insecure permissions {mode:04o}, fix with: chmod {closed:04o} {zeros}",)
            if closed
            else ()
        )
        if os.geteuid() != 0 and not mode & 0o200:
            pytest.skip("only root writes that")
        assert self.asked(zeros) == expected

    @pytest.mark.parametrize("is_ghost", [False, True])
    def test_an_owner_who_is_not_root(
        self,
        is_ghost: bool,
        tmp_path: Path,
        area_file: Callable[..., Path],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """As mkswap(8), to root alone: nobody else could make a file of root's."""
        path = area_file(file_bytes=None if is_ghost else 1 << 20, last_page=255)
        if not is_ghost:
            path.write_bytes(bytes(1 << 20))
        if os.geteuid() == 0:
            os.chown(path, 1234, -1)
        uid = path.stat().st_uid
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        wishes = {"is_ghost": is_ghost, "size_bytes": 1 << 20}
        assert self.asked(path, **wishes) == (
            f"insecure file owner {uid}, fix with: chown 0:0 {path}",
        )
        monkeypatch.setattr(os, "geteuid", lambda: uid)
        assert self.asked(path, force=True, **wishes) == ()

    def test_a_path_is_quoted_for_a_shell(self, tmp_path: Path) -> None:
        path = tmp_path / "swap file's"
        path.write_bytes(bytes(1 << 20))
        path.chmod(0o644)
        (warning,) = self.asked(path)
        assert warning.endswith("swap file'\"'\"'s'")

    def test_pages_of_another_size(self, zeros: Path, tmp_path: Path) -> None:
        other = 2 * HERE
        expected = (
            f"is for pages of {other} bytes; the running kernel has pages of {HERE}"
            " and will find no header",
        )
        assert self.asked(zeros, page_size=other) == expected
        new = create_real(tmp_path / "new", size_bytes=1 << 20, page_size=other)
        assert new.warnings == expected

    def test_blocks_of_another_machines_file_system_are_not_known(
        self, zeros: Path, tmp_path: Path
    ) -> None:
        """Its pages are smaller than the blocks here."""
        (warning,) = self.asked(zeros, page_size=HERE // 2)
        assert "will find no header" in warning
        assert create_real(tmp_path / "x", size_bytes=1 << 20, page_size=HERE // 2)

    def test_a_part_of_an_image_is_for_others(
        self, zeros: Path, on_filesystem: OnFilesystem
    ) -> None:
        on_filesystem("tmpfs")
        zeros.chmod(0o644)
        os.truncate(zeros, 2 << 20)
        assert self.asked(zeros, offset=1 << 19, page_size=2 * HERE) == ()


def test_an_area_larger_than_memory_can_describe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The arrays that swapon(2) allocates; memory of another machine is not known."""
    path = tmp_path / "old"
    with path.open("wb") as file:
        file.truncate(8 << 40)
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       65536 kB\n")
    monkeypatch.setattr(proc, "_MEMINFO", meminfo)
    monkeypatch.setattr(backing, "find_extents", lambda *_, **__: None)
    monkeypatch.setattr(judge, "page_size_bytes", lambda: 4096)
    request = CreateRequest(
        path=str(path), is_ghost=False, page_size=4096, dry_run=True, force=True
    )
    assert "is too large for the memory of this machine" in str(
        create(request).warnings
    )


def test_the_words_are_for_tests_that_kernels_make() -> None:
    tests = {*FAULTS, *(each.__name__ for each in OPEN_TESTS), "out_of_memory"}
    assert set(judge._WORDS) <= tests
    assert all(words.startswith(("is ", "has ")) for words in judge._WORDS.values())


def test_a_test_without_words_is_named() -> None:
    verdict = Verdict(kernel="9.9", asked="9.9", accepted=False, test="new_one")
    assert objection(verdict, None) == "fails the test new_one"


def test_the_words_of_a_made_area(tmp_path: Path) -> None:
    result = create_real(tmp_path / "new", size_bytes=1 << 20, page_size=4096)
    assert result.verdict.accepted
    assert (tmp_path / "new").read_bytes()[:4096] == header_page(
        last_page=255, label=b"", uuid=result.header.uuid
    )
