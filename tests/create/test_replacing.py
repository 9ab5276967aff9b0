"""What is replaced, how, and what of the old file stays."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

import pytest

from swaptools.create import (
    CreateRequest,
    create,
    create_ghost,
    create_real,
    write,
)
from swaptools.errors import AreaError, AreaInUse, CreateRefused
from swaptools.observe import proc, read_area
from tests.builders import SAMPLE_UUID, bitmap_page, header_page, suspend_tail
from tests.create.witness import listing, untouched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OTHER_UUID = UUID("00112233-4455-6677-8899-aabbccddeeff")


def make(path: Path, **wishes: Any) -> None:
    create(CreateRequest(path=str(path), **({"page_size": 4096} | wishes)))


def ghost_page(**changes: Any) -> bytes:
    return header_page(ghost_flag=True, **changes)


def test_a_ghost_is_rewritten_in_place(area_file: Callable[..., Path]) -> None:
    """Inode, links, owner and mode stay; only the page changes."""
    path = area_file(last_page=9)
    other = path.with_name("other")
    os.link(path, other)
    before = path.stat()
    make(path, size_bytes=1 << 30, label="new", uuid=OTHER_UUID)
    after = path.stat()
    assert (after.st_ino, after.st_nlink, after.st_uid, after.st_mode) == (
        before.st_ino,
        2,
        before.st_uid,
        before.st_mode,
    )
    expected = ghost_page(last_page=262143, label=b"new", uuid=OTHER_UUID)
    assert path.read_bytes() == expected
    assert other.read_bytes() == expected
    assert listing(path.parent) == ["area", "other"]


def test_a_ghost_that_others_can_read_is_closed(area_file: Callable[..., Path]) -> None:
    path = area_file()
    path.chmod(0o644)
    make(path, size_bytes=1 << 30)
    assert path.stat().st_mode & 0o7777 == 0o600


def test_a_ghost_of_another_page_size_gets_a_new_file(
    area_file: Callable[..., Path],
) -> None:
    path = area_file(page_size=4096)
    make(path, size_bytes=1 << 30, page_size=65536, uuid=OTHER_UUID, label="new")
    assert path.read_bytes() == ghost_page(
        page_size=65536, last_page=16383, label=b"new", uuid=OTHER_UUID
    )
    assert listing(path.parent) == ["area"]


def test_a_symlink_is_resolved_and_stays_a_symlink(
    area_file: Callable[..., Path],
) -> None:
    path = area_file()
    inode = path.stat().st_ino
    link = path.with_name("link")
    link.symlink_to("area")
    make(link, size_bytes=1 << 30, label="via link")
    assert link.is_symlink()
    assert path.stat().st_ino == inode
    header = read_area(path).header
    assert header is not None
    assert header.label == "via link"


def test_force_behind_a_symlink_replaces_its_target_not_the_link(
    tmp_path: Path,
) -> None:
    (tmp_path / "there").mkdir()
    path, link = tmp_path / "there" / "file", tmp_path / "link"
    path.write_bytes(b"precious" * 1000)
    link.symlink_to(path)
    make(link, size_bytes=1 << 30, force=True)
    assert link.is_symlink()
    assert path.stat().st_size == 4096
    assert listing(tmp_path / "there") == ["file"]
    assert listing(tmp_path) == ["link", "there"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        bytes(4096),
        bytes(8192),
        header_page(last_page=1) + bytes(4096),
        header_page(patches=(suspend_tail(),)),
    ],
    ids=["empty", "text", "zeros", "more zeros", "a real area", "a suspend image"],
)
def test_force_puts_a_new_ghost_in_the_place_of_anything(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "there"
    path.write_bytes(content)
    path.chmod(0o666)
    make(path, size_bytes=1 << 30, force=True, uuid=SAMPLE_UUID, label="sample")
    assert path.read_bytes() == ghost_page(last_page=262143)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert listing(tmp_path) == ["there"]


def test_force_makes_a_larger_real_area_of_a_smaller_file(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_bytes(b"text")
    make(path, is_ghost=False, size_bytes=1 << 20, force=True)
    status = path.stat()
    assert status.st_size == 1 << 20
    assert status.st_blocks * 512 >= 1 << 20
    assert listing(tmp_path) == ["there"]


def test_a_file_of_zeros_becomes_a_real_area_without_force(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_bytes(bytes(1 << 20))
    inode = path.stat().st_ino
    make(path, is_ghost=False, uuid=SAMPLE_UUID, label="sample")
    assert path.stat().st_ino == inode
    assert path.read_bytes() == header_page(last_page=255) + bytes(255 * 4096)


def test_force_wipes_other_signatures_within_the_area_only(
    tmp_path: Path, as_device: Callable[..., None], swaps: Callable[..., None]
) -> None:
    """An old 64K header, btrfs and LUKS2 go; the same bytes behind the area stay."""
    swaps()
    content = bytearray(1 << 20)
    old = header_page(page_size=65536)
    content[: len(old)] = old
    content[16384:16390] = b"SKUL\xba\xbe"
    content[65600:65608] = b"_BHRfS_M"
    content[131062:131072] = b"SWAPSPACE2"
    content[131072:131076] = b"\x0c\xb1\xba\x00"
    path = tmp_path / "there"
    path.write_bytes(content)
    as_device(path)
    result = create_real(
        path,
        size_bytes=98304,
        page_size=4096,
        force=True,
        uuid=SAMPLE_UUID,
        label="sample",
    )
    expected = content[:]
    expected[:4096] = header_page(last_page=23)
    expected[16384:16390] = bytes(6)
    expected[65526:65536] = bytes(10)
    expected[65600:65608] = bytes(8)
    assert path.read_bytes() == expected
    assert set(result.wiped) == {"SWAPSPACE2", "crypto_LUKS", "btrfs"}


def test_an_old_header_stays_whole_until_the_new_one_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in the header page is not wiped beforehand but overwritten at once."""
    content = bytearray(1 << 20)
    content[:4096] = header_page(patches=((0, bytes.fromhex("edc302e99856e50c")),))
    content[65600:65608] = b"_BHRfS_M"
    path = tmp_path / "there"
    path.write_bytes(content)
    written: list[tuple[int, int]] = []
    real = write._write_all

    def noted(file: BinaryIO, data: bytes) -> None:
        written.append((file.tell(), len(data)))
        real(file, data)

    monkeypatch.setattr(write, "_write_all", noted)
    result = create_real(path, page_size=4096, force=True)
    assert written == [(65600, 8), (0, 4096)]
    assert set(result.wiped) == {"TuxOnIce", "btrfs"}
    assert read_area(path).other_signatures == ()


def test_a_dry_run_wipes_nothing_but_says_what_it_would(tmp_path: Path) -> None:
    path = tmp_path / "there"
    content = bytearray(1 << 20)
    content[65600:65608] = b"_BHRfS_M"
    path.write_bytes(content)
    with untouched(path):
        result = create(
            CreateRequest(path=str(path), is_ghost=False, force=True, dry_run=True)
        )
    assert (result.changed, result.wiped) == (True, ("btrfs",))


def test_a_dry_run_of_a_new_file_makes_none(tmp_path: Path) -> None:
    result = create(
        CreateRequest(path=str(tmp_path / "new"), size_bytes=1 << 30, dry_run=True)
    )
    assert result.header.size_bytes == 1 << 30
    assert listing(tmp_path) == []


class TestKeepId:
    def test_all_that_is_not_asked_for_stays(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(byte_order="big", page_size=16384, last_page=77)
        create(CreateRequest(path=str(path), keep_id=True, label="other"))
        assert path.read_bytes() == ghost_page(
            byte_order="big", page_size=16384, last_page=77, label=b"other"
        )

    def test_a_ghost_is_resized_by_its_size_alone(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(last_page=77)
        make(path, keep_id=True, size_bytes=1 << 30)
        assert path.read_bytes() == ghost_page(last_page=262143)

    @pytest.mark.parametrize("label", [b"caf\xe9", b"fifteen bytes..", b"\xff\xfe"])
    def test_a_label_is_kept_byte_for_byte(
        self, label: bytes, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(label=label)
        create(CreateRequest(path=str(path), keep_id=True))
        assert path.read_bytes() == ghost_page(label=label)

    def test_a_nil_uuid_is_kept_nil(self, area_file: Callable[..., Path]) -> None:
        path = area_file(uuid=None)
        create(CreateRequest(path=str(path), keep_id=True, label="x"))
        assert path.read_bytes() == ghost_page(uuid=None, label=b"x")

    def test_a_real_area_is_relabelled_with_force_and_keeps_its_data(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "swap"
        path.write_bytes(header_page(last_page=2) + b"page" * 2048)
        make(path, is_ghost=False, keep_id=True, label="new", force=True)
        assert path.read_bytes() == (
            header_page(last_page=2, label=b"new") + b"page" * 2048
        )

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (bitmap_page({1, 2, 3}) + bytes(12288), "is of version 0"),
            (bytes(1 << 20), "holds no swap header whose UUID and label"),
            (b"text", "holds no swap header"),
            (b"", "holds no swap header"),
            (None, "nothing is there whose UUID and label could be kept"),
        ],
        ids=["version 0", "zeroed", "text", "empty", "missing"],
    )
    @pytest.mark.parametrize("wishes", [{}, {"is_ghost": False}, {"label": "x"}])
    def test_nothing_to_keep_is_an_error(
        self,
        content: bytes | None,
        sentence: str,
        wishes: dict[str, Any],
        tmp_path: Path,
    ) -> None:
        """A new identity would be lost on whoever wanted the old one."""
        path = tmp_path / "old"
        if content is not None:
            path.write_bytes(content)
        with untouched(path), pytest.raises(CreateRefused, match=sentence):
            make(path, keep_id=True, force=True, size_bytes=1 << 20, **wishes)

    def test_a_suspend_image_has_an_identity_to_keep(self, tmp_path: Path) -> None:
        path = tmp_path / "old"
        path.write_bytes(header_page(last_page=2, patches=(suspend_tail(),)))
        make(path, keep_id=True, force=True)
        assert path.read_bytes() == ghost_page(last_page=2)


class TestIfNeeded:
    #: What asks for exactly the sample ghost.
    SAME: dict[str, Any] = {  # noqa: RUF012
        "size_bytes": 1024 * 4096,
        "label": "sample",
        "uuid": SAMPLE_UUID,
        "byte_order": "little",
    }

    def ask(self, path: Path, **wishes: Any) -> bool:
        asked = {"page_size": 4096, "if_needed": True} | wishes
        return create(CreateRequest(path=str(path), **asked)).changed

    @pytest.mark.parametrize("left_out", [(), ("size_bytes",), ("label",), ("uuid",)])
    def test_what_is_already_there_is_left_alone(
        self, left_out: tuple[str, ...], area_file: Callable[..., Path]
    ) -> None:
        path = area_file(ghost_flag=True)
        wishes = {key: self.SAME[key] for key in self.SAME if key not in left_out}
        with untouched(path):
            assert self.ask(path, **wishes) is False

    def test_a_swapped_on_area_that_is_as_asked_is_left_alone(
        self, area_file: Callable[..., Path], swaps: Callable[..., None]
    ) -> None:
        """So that a boot script may call it every time."""
        path = area_file(last_page=3, file_bytes=16384)
        swaps(f"{path} file\t\t12\t\t0\t\t-2")
        with untouched(path):
            assert self.ask(path, is_ghost=False, size_bytes=16384) is False

    @pytest.mark.parametrize(
        "wish",
        [
            {"size_bytes": 1 << 30},
            {"label": "other"},
            {"label": ""},
            {"uuid": OTHER_UUID},
            {"uuid": "clear"},
            {"uuid_seed": "x", "uuid": None},
            {"byte_order": "big"},
            {"page_size": 8192},
            {"page_size": 8192, "size_bytes": None},
            {"page_size": 8192, "size_bytes": 1024 * 8192},
            {"ghost_flag": False},
        ],
        ids=str,
    )
    def test_any_difference_is_written(
        self, wish: dict[str, Any], area_file: Callable[..., Path]
    ) -> None:
        path = area_file(ghost_flag=True)
        assert self.ask(path, **(self.SAME | wish)) is True
        assert self.ask(path, **(self.SAME | wish)) is False

    def test_a_random_uuid_is_asked_for_only_where_there_is_none(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(uuid=None)
        assert self.ask(path, uuid="random") is True
        assert self.ask(path, uuid="random") is False

    def test_a_ghost_that_others_can_read_is_not_as_asked(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(ghost_flag=True)
        path.chmod(0o644)
        assert self.ask(path, **self.SAME) is True
        assert path.stat().st_mode & 0o777 == 0o600

    def test_a_real_area_that_was_cut_short_is_not_as_asked(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(last_page=255, file_bytes=8192)
        with pytest.raises(CreateRefused, match=r"does not fit, .* use -f to make"):
            self.ask(path, is_ghost=False, size_bytes=1 << 20)
        assert self.ask(path, is_ghost=False, size_bytes=1 << 20, force=True) is True
        assert path.stat().st_size == 1 << 20

    def test_a_real_area_with_holes_is_left_alone_but_spoken_of(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(last_page=255, file_bytes=1 << 20)
        result = create(
            CreateRequest(
                path=str(path),
                is_ghost=False,
                size_bytes=1 << 20,
                page_size=4096,
                if_needed=True,
            )
        )
        assert result.changed is False
        assert result.warnings == (
            "has holes, which the kernel refuses;"
            f" fix with: ghost-mkswap --real -f --keep-id {path}",
        )

    def test_a_suspend_image_is_not_as_asked_and_not_replaced(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file(patches=(suspend_tail(),))
        with untouched(path), pytest.raises(CreateRefused, match="hibernation image"):
            self.ask(path, **self.SAME)


class TestLock:
    @pytest.mark.parametrize("lock", ["wait", "nonblock"])
    def test_a_free_lock_is_no_obstacle(
        self, lock: str, area_file: Callable[..., Path]
    ) -> None:
        path = area_file()
        make(path, size_bytes=1 << 30, lock=lock, uuid=SAMPLE_UUID, label="sample")
        assert path.read_bytes() == ghost_page(last_page=262143)

    def test_a_held_lock_refuses_when_not_to_wait(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file()
        with path.open("rb") as holder:
            fcntl.flock(holder, fcntl.LOCK_SH)
            with untouched(path), pytest.raises(AreaInUse, match="already locked"):
                make(path, size_bytes=1 << 30, lock="nonblock")

    def test_without_asking_the_lock_is_not_looked_at(
        self, area_file: Callable[..., Path]
    ) -> None:
        path = area_file()
        with path.open("rb") as holder:
            fcntl.flock(holder, fcntl.LOCK_EX)
            make(path, size_bytes=1 << 30, label="x")
        assert b"x" in path.read_bytes()

    def test_what_the_holder_wrote_meanwhile_is_not_overwritten(
        self, area_file: Callable[..., Path]
    ) -> None:
        """We look again once the lock is ours."""
        path = area_file()
        failed: list[Exception] = []

        def ask() -> None:
            try:
                make(path, size_bytes=1 << 30, lock="wait")
            except CreateRefused as exc:
                failed.append(exc)

        with path.open("r+b") as holder:
            fcntl.flock(holder, fcntl.LOCK_EX)
            asking = threading.Thread(target=ask)
            asking.start()
            time.sleep(0.2)
            assert asking.is_alive()
            holder.write(b"precious".ljust(4096))
        asking.join(10)
        assert "use -f" in str(failed[0])
        assert path.read_bytes() == b"precious".ljust(4096)

    def test_a_file_system_without_locks_is_an_error_not_a_crash(
        self, area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(descriptor: int, operation: int) -> None:
            raise OSError(errno.ENOLCK, "no locks")

        path = area_file()
        monkeypatch.setattr(fcntl, "flock", refuse)
        with untouched(path), pytest.raises(AreaError, match="No locks available"):
            make(path, size_bytes=1 << 30, lock="wait")


class TestChangedMeanwhile:
    """Between looking and writing, somebody else was there."""

    @pytest.fixture
    def meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        """Call with what is to happen after the look and before the write."""

        def arrange(happening: Callable[[], object]) -> None:
            for name in ("write_in_place", "write_new_file"):
                real = getattr(write, name)

                def late(*args: Any, _real: Any = real, **kwargs: Any) -> None:
                    happening()
                    _real(*args, **kwargs)

                monkeypatch.setattr(f"swaptools.create.write.{name}", late)

        return arrange

    @pytest.mark.parametrize("change", ["replaced", "grown", "rewritten"])
    @pytest.mark.parametrize("force", [False, True])
    def test_another_file_is_not_overwritten(
        self,
        change: str,
        force: bool,
        area_file: Callable[..., Path],
        meanwhile: Callable[..., None],
    ) -> None:
        path = area_file() if not force else area_file(file_bytes=8192)

        def happening() -> None:
            match change:
                case "replaced":
                    area_file("new", last_page=5).replace(path)
                case "grown":
                    os.truncate(path, 20480)
                case "rewritten":
                    time.sleep(0.01)
                    path.write_bytes(b"!" * path.stat().st_size)
            happened.append(path.read_bytes())

        happened: list[bytes] = []
        meanwhile(happening)
        with pytest.raises(AreaInUse, match="changed while it was looked at"):
            make(path, size_bytes=1 << 30, force=force)
        assert path.read_bytes() == happened[0]
        assert listing(path.parent) == ["area"]

    def test_a_symlink_put_in_its_place_is_not_followed(
        self, area_file: Callable[..., Path], meanwhile: Callable[..., None]
    ) -> None:
        path, victim = area_file(), area_file("victim")

        def happening() -> None:
            path.unlink()
            path.symlink_to(victim)

        meanwhile(happening)
        with pytest.raises(AreaInUse, match="changed while it was looked at"):
            make(path, size_bytes=1 << 30)
        assert victim.read_bytes() == header_page()

    def test_a_file_that_appears_where_there_was_none_stays(
        self, tmp_path: Path, meanwhile: Callable[..., None]
    ) -> None:
        path = tmp_path / "new"
        meanwhile(lambda: path.write_bytes(b"mine"))
        with pytest.raises(AreaError, match="File exists"):
            make(path, size_bytes=1 << 30)
        assert path.read_bytes() == b"mine"
        assert listing(tmp_path) == ["new"]


def test_a_ghost_claims_all_of_ram_unless_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       24105000 kB\n")
    monkeypatch.setattr(proc, "_MEMINFO", meminfo)
    result = create_ghost(tmp_path / "g", page_size=4096)
    assert result.header.size_bytes == 24105000 * 1024
    monkeypatch.setattr(proc, "_MEMINFO", tmp_path / "none")
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": -1}.__getitem__)
    with pytest.raises(CreateRefused, match="cannot tell the size of RAM"):
        create_ghost(tmp_path / "h", page_size=4096)


def test_each_random_uuid_is_another_and_a_seeded_one_is_not(tmp_path: Path) -> None:
    def uuid_of(name: str, **wishes: Any) -> UUID | None:
        asked: dict[str, Any] = {"path": str(tmp_path / name), "size_bytes": 1 << 20}
        return create(CreateRequest(**(asked | wishes))).header.uuid

    first, second = uuid_of("a"), uuid_of("b")
    assert first is not None
    assert second is not None
    assert first.version == second.version == 4
    assert first != second
    timed = uuid_of("c", uuid="time")
    assert timed is not None
    assert timed.version == 1
    assert uuid_of("d", uuid="clear") is None
    seeded = uuid_of("e", uuid_seed="build-42", label="swap")
    assert seeded == UUID("1f1edc3e-c44a-5394-9fcd-4aa23767c930")
