"""New files, headers on what is there, and nothing outside the area."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

import swaptools.create
from swaptools.create import (
    CreateRequest,
    create,
    create_ghost,
    create_real,
    naming,
    write,
)
from swaptools.errors import AreaError, AreaInUse, CreateRefused
from tests.against_kernel import rig
from tests.builders import COMMON, SAMPLE_UUID, header_page
from tests.create.witness import listing, untouched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyfakefs.fake_filesystem import FakeFilesystem

    from swaptools.format.layout import ByteOrder


@pytest.fixture(params=["unnamed", "no O_TMPFILE", "no /proc", "no link"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the ways in which a new file comes to its name."""
    if request.param == "no /proc":
        monkeypatch.setattr(naming, "_has_proc", lambda: False)
    if request.param == "no O_TMPFILE":
        real = os.open

        def refuse(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            if flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(errno.EOPNOTSUPP, "no unnamed files here")
            return real(path, flags, *rest, **named)

        monkeypatch.setattr(os, "open", refuse)
    if request.param == "no link":

        def no_link(*_: Any, **__: Any) -> None:
            raise OSError(errno.EPERM, "no hard links here")

        monkeypatch.setattr(naming, "_has_proc", lambda: False)
        monkeypatch.setattr(os, "link", no_link)
    return str(request.param)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask that lets everybody in, were it left to it."""
    old = os.umask(0)
    yield
    os.umask(old)


@pytest.mark.usefixtures("way", "open_umask")
class TestNewFile:
    @pytest.mark.parametrize(("page_size", "byte_order"), COMMON)
    def test_a_ghost_is_its_page_and_nothing_else(
        self, page_size: int, byte_order: ByteOrder, tmp_path: Path
    ) -> None:
        result = create_ghost(
            tmp_path / "g",
            size_bytes=64 << 30,
            page_size=page_size,
            byte_order=byte_order,
            label="sample",
            uuid=SAMPLE_UUID,
        )
        assert (tmp_path / "g").read_bytes() == header_page(
            page_size=page_size,
            byte_order=byte_order,
            last_page=(64 << 30) // page_size - 1,
            ghost_flag=True,
        )
        status = (tmp_path / "g").stat()
        assert status.st_mode == stat.S_IFREG | 0o600
        assert status.st_blocks * 512 >= page_size
        assert listing(tmp_path) == ["g"]
        assert (result.changed, result.is_ghost, result.file_bytes) == (
            True,
            True,
            page_size,
        )

    def test_a_real_area_is_allocated_without_a_hole(self, tmp_path: Path) -> None:
        path = tmp_path / "r"
        create_real(
            path, size_bytes=1 << 20, page_size=4096, uuid=SAMPLE_UUID, label="sample"
        )
        assert path.read_bytes() == header_page(last_page=255) + bytes(255 * 4096)
        status = path.stat()
        assert status.st_mode == stat.S_IFREG | 0o600
        assert status.st_blocks * 512 >= 1 << 20
        assert listing(tmp_path) == ["r"]

    @pytest.mark.parametrize("wishes", [{}, {"is_ghost": False}])
    def test_at_no_moment_may_others_read_it(
        self,
        wishes: dict[str, Any],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The mode is right when the file comes into being, whatever the umask."""
        seen = []
        real = os.open

        def watched(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            descriptor = real(path, flags, *rest, **named)
            if flags & os.O_CREAT or flags & os.O_TMPFILE == os.O_TMPFILE:
                seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            return descriptor

        monkeypatch.setattr(os, "open", watched)
        create(CreateRequest(path=str(tmp_path / "g"), size_bytes=1 << 20, **wishes))
        assert seen == [0o600]

    def test_a_name_of_255_bytes_is_a_name(self, tmp_path: Path) -> None:
        path = tmp_path / ("é" * 127 + "x")
        create_ghost(path, size_bytes=1 << 30)
        create_ghost(path, size_bytes=1 << 30, page_size=8192)
        assert path.stat().st_size == 8192

    def test_a_disk_that_is_full_leaves_nothing_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_arguments: int) -> None:
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr(os, "posix_fallocate", full)
        with pytest.raises(AreaError, match="No space left on device") as caught:
            create_real(tmp_path / "r", size_bytes=1 << 20)
        assert caught.value.errno == errno.ENOSPC
        assert listing(tmp_path) == []

    def test_a_disk_that_is_full_leaves_the_old_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_arguments: int) -> None:
            raise OSError(errno.ENOSPC, "full")

        path = tmp_path / "old"
        path.write_bytes(b"precious")
        monkeypatch.setattr(os, "posix_fallocate", full)
        with untouched(path), pytest.raises(AreaError, match="No space left"):
            create_real(path, size_bytes=1 << 20, force=True)


def test_the_header_comes_last_after_the_data_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    for name in ("posix_fallocate", "fsync", "link"):
        real = getattr(os, name)

        def noted(
            *args: Any, _name: str = name, _real: Any = real, **named: Any
        ) -> Any:
            steps.append(_name)
            return _real(*args, **named)

        monkeypatch.setattr(os, name, noted)
    real_page = write._write_page

    def noted_page(*args: Any) -> None:
        steps.append("header")
        real_page(*args)

    monkeypatch.setattr(write, "_write_page", noted_page)
    monkeypatch.setattr(write, "forbid_copy_on_write", lambda _: steps.append("nocow"))
    create_real(tmp_path / "r", size_bytes=1 << 20)
    assert steps == [
        "nocow",
        "posix_fallocate",
        "fsync",
        "header",
        "fsync",
        "link",
        "fsync",
    ]
    steps.clear()
    with (tmp_path / "r").open("r+b") as file:
        file.seek(65600)
        file.write(b"_BHRfS_M")
    create_real(tmp_path / "r", force=True)
    assert steps == ["fsync", "header", "fsync"]


def test_a_full_fake_disk_leaves_nothing_behind(fs: FakeFilesystem) -> None:
    fs.create_dir("/work")
    fs.create_file("/work/old", contents=b"precious")
    fs.set_disk_usage(fs.get_disk_usage()[1] + 1000)
    for name, force in (("new", False), ("old", True)):
        with pytest.raises(AreaError, match="No space left"):
            create_ghost(f"/work/{name}", size_bytes=1 << 30, force=force)
    assert [entry.name for entry in os.scandir("/work")] == ["old"]
    assert fs.get_object("/work/old").byte_contents == b"precious"


@pytest.mark.parametrize(
    "wishes",
    [{"is_ghost": False, "size_bytes": 1 << 20}, {"size_bytes": 1 << 30}],
    ids=["real", "ghost"],
)
def test_a_full_tmpfs_leaves_nothing_behind(
    wishes: dict[str, Any], tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    try:
        mount = rig.mounted("tmpfs", tmp_path / "m", "-t", "tmpfs", "-o", "size=64k")
        place = mount.__enter__()
    except subprocess.CalledProcessError:
        pytest.skip("may not mount here")
    try:
        (place / "ballast").write_bytes(bytes(40960))
        for name in ("new", "ballast"):
            with pytest.raises(AreaError, match="No space left on device"):
                create(
                    CreateRequest(
                        path=str(place / name), force=True, page_size=65536, **wishes
                    )
                )
        assert listing(place) == ["ballast"]
        assert (place / "ballast").read_bytes() == bytes(40960)
    finally:
        mount.__exit__(None, None, None)


class TestOffset:
    @pytest.mark.parametrize("offset", [512, 4096, 81920, 300_001])
    @pytest.mark.parametrize("force", [False, True])
    def test_no_byte_outside_the_area_is_touched(
        self, offset: int, force: bool, tmp_path: Path
    ) -> None:
        """Not even those mkswap(8) wipes at the beginning of the file."""
        path = tmp_path / "disk.img"
        size = 1 << 20
        area = bytearray(40960)
        if force:
            area[1080:1082] = b"\x53\xef"
            area[16384:16390] = b"SKUL\xba\xbe"
        around = os.urandom(size)
        content = bytearray(around)
        content[offset : offset + 40960] = area
        content[offset + 65600 : offset + 65608] = b"_BHRfS_M"
        path.write_bytes(content)
        path.chmod(0o644)

        def outside() -> str:
            data = path.read_bytes()
            return hashlib.sha256(data[:offset] + data[offset + 40960 :]).hexdigest()

        before = outside()
        result = create_real(
            path,
            size_bytes=40960,
            offset=offset,
            page_size=4096,
            uuid=SAMPLE_UUID,
            label="sample",
            force=force,
        )
        assert outside() == before
        data = path.read_bytes()
        assert data[offset : offset + 40960] == header_page(last_page=9) + bytes(36864)
        assert len(data) == size
        assert result.file_bytes == size
        assert path.stat().st_mode & 0o777 == 0o644

    def test_the_area_takes_the_rest_of_the_image_unless_told(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "disk.img"
        path.write_bytes(bytes(100_000))
        result = create_real(path, offset=10_000, page_size=4096)
        assert result.header.last_page == 20
        assert path.stat().st_size == 100_000


class TestDevice:
    @pytest.fixture
    def device(
        self,
        tmp_path: Path,
        as_device: Callable[..., None],
        swaps: Callable[..., None],
    ) -> Path:
        swaps()
        node = tmp_path / "sda1"
        node.write_bytes(bytes(1 << 20))
        as_device(node)
        return node

    @pytest.mark.parametrize("byte_order", ["little", "big"])
    def test_bad_pages_follow_the_byte_order(
        self, byte_order: ByteOrder, device: Path
    ) -> None:
        """mkswap(8) writes them in the machine's, whatever it was asked for."""
        create_real(
            device,
            page_size=4096,
            byte_order=byte_order,
            badpages=(5, 3, 255),
            uuid=SAMPLE_UUID,
            label="sample",
        )
        assert device.read_bytes() == header_page(
            byte_order=byte_order, last_page=255, badpages=(5, 3, 255)
        ) + bytes(255 * 4096)

    def test_a_device_is_opened_for_ourselves_alone(
        self, device: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        flags_seen = []
        real = os.open

        def busy(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            if flags & os.O_RDWR:
                flags_seen.append(flags & os.O_EXCL)
                raise OSError(errno.EBUSY, "held")
            return real(path, flags, *rest, **named)

        monkeypatch.setattr(os, "open", busy)
        with pytest.raises(AreaInUse, match="is held by somebody"):
            create_real(device)
        assert flags_seen == [os.O_EXCL]

    def check(self, device: Path, **wishes: Any) -> swaptools.create.CreateResult:
        return create(
            CreateRequest(
                path=str(device),
                is_ghost=False,
                check=True,
                page_size=4096,
                uuid=SAMPLE_UUID,
                **wishes,
            )
        )

    def test_pages_that_cannot_be_read_join_those_that_were_named(
        self, device: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            swaptools.create, "unreadable_pages", lambda *_arguments: [9, 4]
        )
        self.check(device, badpages=(4, 200), byte_order="big", label="caf\udce9")
        assert device.read_bytes()[:4096] == header_page(
            byte_order="big", last_page=255, badpages=(4, 9, 200), label=b"caf\xe9"
        )

    def test_a_healthy_device_gets_no_list_and_progress_reaches_the_end(
        self, device: Path
    ) -> None:
        told: list[tuple[int, int]] = []
        result = self.check(device, progress=lambda *far: told.append(far))
        assert result.header.nr_badpages == 0
        assert told[-1] == (1 << 20, 1 << 20)

    @pytest.mark.parametrize(
        ("bad", "sentence"),
        [
            ([0, 5], "the header page cannot be read"),
            (list(range(1, 256)), "every page is bad"),
        ],
    )
    def test_a_device_that_is_too_bad_stays_as_it_is(
        self,
        bad: list[int],
        sentence: str,
        device: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(
            swaptools.create, "unreadable_pages", lambda *_arguments: bad
        )
        with untouched(device), pytest.raises(CreateRefused, match=sentence):
            self.check(device)


def test_a_file_that_is_written_all_over_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file system gives no storage without; each part is on disk then."""
    monkeypatch.setattr(write, "_is_written", lambda *_: True)
    monkeypatch.setattr(write, "_PART_BYTES", 1 << 20)
    told: list[tuple[int, int]] = []
    path = tmp_path / "r"
    create(
        CreateRequest(
            path=str(path),
            is_ghost=False,
            size_bytes=5 << 19,
            progress=lambda *far: told.append(far),
        )
    )
    parts = (1 << 20, 2 << 20, 5 << 19)
    assert told == [(done, 5 << 19) for done in parts]
    assert path.stat().st_blocks * 512 >= 5 << 19


def test_a_file_that_needs_no_writing_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "_is_written", lambda *_: False)
    monkeypatch.setattr(write, "_PART_BYTES", 1 << 20)
    told: list[tuple[int, int]] = []
    create(
        CreateRequest(
            path=str(tmp_path / "r"),
            is_ghost=False,
            size_bytes=4 << 20,
            progress=lambda *far: told.append(far),
        )
    )
    assert told == []


def test_a_write_that_the_kernel_cuts_short_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    class Stingy(io.FileIO):
        def write(self, data: Any) -> int:
            return super().write(bytes(data)[:1000])

    def open_stingily(descriptor: int, *_rest: Any, **_named: Any) -> Stingy:
        return Stingy(descriptor, "r+b")

    monkeypatch.setattr(write, "open", open_stingily, raising=False)
    create_ghost(
        tmp_path / "g",
        size_bytes=1 << 22,
        page_size=4096,
        uuid=SAMPLE_UUID,
        label="sample",
    )
    assert (tmp_path / "g").read_bytes() == header_page(ghost_flag=True)
