"""Where a path leads, and directories that let little be done in them."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from swaptools.create import CreateRequest, create, naming, refuse
from swaptools.create.place import find_place
from swaptools.errors import AreaError, CreateRefused, NotKnownOnDisk
from tests.builders import header_page
from tests.create.witness import listing
from tests.unprivileged import as_nobody, own_directory

GHOST: dict[str, Any] = {"size_bytes": 1 << 30, "page_size": 4096}


def make(path: str | Path, **wishes: Any) -> None:
    create(CreateRequest(path=str(path), **(GHOST | wishes)))


class TestWay:
    @pytest.mark.parametrize(
        "path", ["new", "./new", "sub/../new", "sub//../new", "here/new", "here/../new"]
    )
    def test_a_relative_path(
        self, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "sub").mkdir()
        (tmp_path / "here").symlink_to("sub")
        monkeypatch.chdir(tmp_path)
        make(path)
        where = tmp_path / "sub" / "new" if path == "here/new" else tmp_path / "new"
        assert where.stat().st_size == 4096

    def test_links_are_followed_from_where_they_lie(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        (tmp_path / "a" / "first").symlink_to("../b/second")
        (tmp_path / "b" / "second").symlink_to("./third")
        (tmp_path / "b" / "third").write_bytes(header_page())
        with find_place(str(tmp_path / "a" / "first")) as place:
            assert place.name == "third"
            assert Path(f"/proc/self/fd/{place.directory}").samefile(tmp_path / "b")
        make(tmp_path / "a" / "first")
        assert (tmp_path / "b" / "third").read_bytes()[1532:1536] == b"GHST"

    @pytest.mark.parametrize("name", [".", "..", "", "sub", "sub/", "sub/.", "sub/.."])
    def test_a_directory_by_any_name(self, name: str, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        with pytest.raises(CreateRefused, match="Is a directory"):
            make(f"{tmp_path}/{name}")

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("file/", "Not a directory"),
            ("missing/", "No such file or directory"),
            ("missing/new", "No such file or directory"),
            ("x" * 256, "File name too long"),
        ],
    )
    def test_a_way_that_is_not_to_be_gone(
        self, name: str, reason: str, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_bytes(header_page())
        with pytest.raises(AreaError, match=reason) as caught:
            make(f"{tmp_path}/{name}")
        assert caught.value.path == f"{tmp_path}/{name}"
        assert listing(tmp_path) == ["file"]

    def test_no_path_at_all(self) -> None:
        with pytest.raises(AreaError, match="No such file or directory"):
            make("")

    @pytest.mark.parametrize(
        ("links", "reason"),
        [
            ({"a": "nothing"}, "to nothing"),
            ({"a": "b", "b": "nothing"}, "to nothing"),
            ({"a": "b/"}, "to nothing"),
            ({"a": "b", "b": "a"}, "to itself"),
            ({"a": "a"}, "to itself"),
        ],
    )
    def test_links_that_lead_nowhere(
        self, links: dict[str, str], reason: str, tmp_path: Path
    ) -> None:
        for name, to in links.items():
            (tmp_path / name).symlink_to(to)
        with pytest.raises(CreateRefused, match=f"is a symbolic link {reason}"):
            make(tmp_path / "a")
        assert listing(tmp_path) == sorted(links)

    def test_no_descriptor_is_left_open(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("area")
        (tmp_path / "area").write_bytes(header_page())
        (tmp_path / "dead").symlink_to("nothing")
        (tmp_path / "text").write_bytes(b"text")
        before = os.listdir("/proc/self/fd")  # noqa: PTH208
        for name in ("link", "area", "new", "dead", "text", "missing/x"):
            for lock in (None, "wait"):
                with contextlib.suppress(AreaError, CreateRefused):
                    make(tmp_path / name, lock=lock)
        assert os.listdir("/proc/self/fd") == before  # noqa: PTH208


class TestDirectory:
    """As somebody to whom modes mean something."""

    @pytest.mark.sampled(3)
    @pytest.mark.parametrize("mode", [0o300, 0o1733, 0o700])
    @pytest.mark.parametrize("has_proc", [True, False], ids=["unnamed", "named"])
    def test_names_can_be_made_where_none_can_be_read(
        self, mode: int, has_proc: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(naming, "_has_proc", lambda: has_proc)
        with own_directory() as place:
            path = place / "area"

            def body() -> None:
                place.chmod(mode)
                make(path)
                make(path, page_size=8192)
                make(path, is_ghost=False, size_bytes=1 << 20, force=True)
                make(path, is_ghost=False, size_bytes=1 << 19, force=True)

            as_nobody(body)
            place.chmod(0o700)
            assert listing(place) == ["area"]
            assert path.stat().st_size == 1 << 19

    def test_the_file_system_is_synced_where_the_directory_cannot_be(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced: list[int] = []
        real = naming._sync_file_system

        def noted(place: Any) -> None:
            real(place)
            synced.append(place.directory)

        monkeypatch.setattr(naming, "_sync_file_system", noted)
        with own_directory() as place:

            def body() -> None:
                make(place / "first")
                assert synced == []
                place.chmod(0o300)
                make(place / "second")
                assert len(synced) == 1

            as_nobody(body)

    @pytest.mark.sampled(2)
    @pytest.mark.parametrize("dry_run", [False, True])
    @pytest.mark.parametrize("mode", [0o500, 0o600, 0o000])
    def test_a_directory_that_may_not_be_written(
        self, mode: int, dry_run: bool
    ) -> None:
        with own_directory() as place:

            def body() -> None:
                place.chmod(mode)
                with pytest.raises(AreaError, match="Permission denied"):
                    make(place / "new", dry_run=dry_run)

            as_nobody(body)
            place.chmod(0o700)
            assert listing(place) == []

    def test_a_directory_that_nothing_can_be_added_to(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The reason is the kernel's: a mode is one of several."""
        monkeypatch.setattr(os, "access", lambda *_, **__: False)
        for number in (errno.EROFS, errno.EPERM):
            why = OSError(number, os.strerror(number))
            monkeypatch.setattr(refuse, "denial", lambda *_, why=why: why)
            with own_directory() as place:
                with pytest.raises(AreaError) as raised:
                    make(place / "new")
                assert raised.value.errno == number
                assert listing(place) == []

    def test_a_descriptor_whose_file_has_no_name(self, tmp_path: Path) -> None:
        """None is made under the name that /proc gives it."""
        with (tmp_path / "gone").open("w+b") as file:
            (tmp_path / "gone").unlink()
            with pytest.raises(CreateRefused, match="no name any more"):
                make(Path(f"/proc/self/fd/{file.fileno()}"))
        assert listing(tmp_path) == []

    @pytest.mark.parametrize("mode", [0o000, 0o200])
    def test_a_file_that_may_not_be_read(self, mode: int) -> None:
        with own_directory() as place:
            path = place / "secret"

            def body() -> None:
                path.write_bytes(header_page())
                path.chmod(mode)
                with pytest.raises(AreaError, match="Permission denied"):
                    make(path, force=True)

            as_nobody(body)
            path.chmod(0o600)
            assert path.read_bytes() == header_page()

    def test_a_file_that_may_only_be_read(self) -> None:
        """It is not written to, it can be looked at, and it can be replaced."""
        with own_directory() as place:
            path = place / "area"

            def body() -> None:
                path.write_bytes(header_page())
                path.chmod(0o400)
                make(path, size_bytes=None, if_needed=True)
                for dry_run in (True, False):
                    with pytest.raises(AreaError, match="Permission denied"):
                        make(path, dry_run=dry_run)
                assert path.read_bytes() == header_page()
                make(path, page_size=8192)
                assert path.stat().st_size == 8192

            as_nobody(body)

    def test_a_link_of_a_stranger_in_a_directory_for_all(self) -> None:
        """Where the kernel follows none, we do not either."""
        protected = Path("/proc/sys/fs/protected_symlinks")
        if os.geteuid() != 0 or protected.read_text().strip() != "1":
            pytest.skip("takes two users, and fs.protected_symlinks")
        with own_directory() as place:
            victim = place / "victim"
            victim.write_bytes(header_page())
            place.chmod(0o1777)
            as_nobody(lambda: (place / "trap").symlink_to(victim))
            os.chown(place, 0, 0)
            with pytest.raises(AreaError, match="Permission denied"):
                make(place / "trap", force=True)
            assert victim.read_bytes() == header_page()


@pytest.mark.parametrize("replaced", [False, True])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_a_directory_that_is_not_synced_has_changed_all_the_same(
    number: int, replaced: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "area"
    if replaced:
        path.write_bytes(b"text")

    def broken(_place: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("swaptools.create.write.sync_names", broken)
    with pytest.raises(NotKnownOnDisk, match="changed, but not known to be on") as info:
        make(path, force=True)
    assert info.value.errno == number
    assert path.stat().st_size == 4096
    assert listing(tmp_path) == ["area"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_file_system_that_syncs_no_directories_is_synced_whole(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[object] = []
    with find_place(str(tmp_path / "area")) as place:
        (tmp_path / "area").touch()

        def none(_descriptor: int) -> None:
            raise OSError(number, "not here")

        monkeypatch.setattr(os, "fsync", none)
        monkeypatch.setattr(naming, "_sync_file_system", synced.append)
        naming.sync_names(place)
        assert synced == [place]


def test_an_area_in_place_that_is_not_synced_has_changed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "area"
    path.write_bytes(header_page())

    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(NotKnownOnDisk, match="changed, but not known to be on disk"):
        make(path)
    assert path.read_bytes() != header_page()


def test_a_read_only_file_system_is_said_before_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fstatvfs

    def readonly(descriptor: int) -> os.statvfs_result:
        space = list(real(descriptor))
        space[8] |= os.ST_RDONLY  # f_flag
        return os.statvfs_result(space)

    monkeypatch.setattr(os, "fstatvfs", readonly)
    for dry_run in (True, False):
        with pytest.raises(AreaError, match="Read-only file system"):
            make(tmp_path / "new", dry_run=dry_run)
    assert listing(tmp_path) == []
