from __future__ import annotations

import errno
import io
import os
import socket
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.area import AreaKind
from swaptools.contents import Contents, Unclaimed
from swaptools.errors import AreaError
from swaptools.observe import contents, read_area, zeros
from swaptools.observe.files import read_beginning
from swaptools.observe.header import find_header, other_headers
from tests.builders import PAGE_SIZES, header_page
from tests.conftest import needs_proc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyfakefs.fake_filesystem import FakeFilesystem


class Stdin:
    """A standard input that holds these bytes and gives few at a time."""

    def __init__(self, data: bytes) -> None:
        self.buffer = self
        self._rest = io.BytesIO(data)

    def read(self, count: int) -> bytes:
        return self._rest.read(min(count, 1000))


def test_a_swapfile_is_measured(
    area_file: Callable[..., Path], swaps: Callable[..., None]
) -> None:
    path = area_file(last_page=3, file_bytes=16384)
    path.chmod(0o640)
    area = read_area(path)
    assert area.path == str(path)
    assert area.kind is AreaKind.FILE
    assert area.header is not None
    assert area.header.last_page == 3
    assert area.reason is None
    assert (area.area_bytes, area.offset) == (16384, 0)
    assert (area.mode, area.owner_uid) == (0o640, os.geteuid())
    assert area.active is False
    assert area.is_ghost is False
    assert area.unseen == ()


def test_a_hole_is_seen_by_what_the_file_takes(area_file: Callable[..., Path]) -> None:
    area = read_area(area_file(file_bytes=1 << 20))
    assert area.area_bytes == 1 << 20
    assert area.allocated_bytes is not None
    assert 0 < area.allocated_bytes < 1 << 20


def test_a_sparse_file_of_16_tib_is_read_in_a_moment(
    area_file: Callable[..., Path],
) -> None:
    path = area_file(last_page=0xFFFFFFFF)
    try:
        os.truncate(path, (16 << 40) - 4096)
    except OSError:
        os.truncate(path, 1 << 40)
    area = read_area(path)
    assert area.area_bytes == path.stat().st_size
    assert area.header is not None
    assert area.header.size_bytes == 17592186044416


@pytest.mark.parametrize("page_size", PAGE_SIZES)
def test_every_page_size_is_found_not_assumed(
    page_size: int, area_file: Callable[..., Path]
) -> None:
    area = read_area(area_file(page_size=page_size, byte_order="big", last_page=7))
    assert area.header is not None
    assert (area.header.page_size, area.header.byte_order) == (page_size, "big")
    assert area.is_ghost is True


def test_of_several_headers_the_smallest_page_is_the_areas(tmp_path: Path) -> None:
    old = header_page(page_size=65536, last_page=9)
    path = tmp_path / "area"
    path.write_bytes(header_page(last_page=15) + old[4096:])
    area = read_area(path)
    assert area.header is not None
    assert (area.header.page_size, area.header.last_page) == (4096, 15)
    assert [(s.name, s.offset) for s in area.other_signatures] == [
        ("SWAPSPACE2", 65526)
    ]


def test_an_image_is_a_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(1_000_000) + header_page(last_page=1) + bytes(4096))
    area = read_area(path, 1_000_000)
    assert area.kind is AreaKind.IMAGE
    assert (area.offset, area.area_bytes) == (1_000_000, 8192)
    assert area.header is not None
    assert area.is_ghost is False


def test_a_block_device_is_measured_by_seeking(
    area_file: Callable[..., Path], as_device: Callable[..., None]
) -> None:
    """stat(2) gives a device no size."""
    path = area_file(file_bytes=40960)
    as_device(path)
    area = read_area(path)
    assert area.kind is AreaKind.BLOCK
    assert area.area_bytes == 40960
    assert area.allocated_bytes is None
    assert area.header is not None


def test_a_character_device_is_read_as_a_stream(
    area_file: Callable[..., Path], as_device: Callable[..., None]
) -> None:
    path = area_file()
    as_device(path, kind=stat.S_IFCHR)
    area = read_area(path)
    assert area.kind is AreaKind.STREAM
    assert area.header is not None


def test_dev_zero_is_no_area_and_ends_the_reading() -> None:
    area = read_area("/dev/zero")
    assert (area.kind, area.area_bytes) == (AreaKind.STREAM, None)
    assert area.reason == "no swap signature found"


def test_dev_null_is_empty() -> None:
    area = read_area("/dev/null")
    assert (area.area_bytes, area.reason) == (0, "empty")


@pytest.mark.parametrize("skipped", [0, 300_001])
def test_stdin_is_read_once_from_the_offset(
    skipped: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(bytes(skipped) + header_page(last_page=5)))
    area = read_area("-", skipped)
    assert area.kind is AreaKind.STREAM
    assert (area.area_bytes, area.is_ghost) == (4096, True)
    assert area.header is not None
    assert area.header.last_page == 5
    assert (area.mode, area.owner_uid, area.active) == (None, None, None)


@pytest.mark.parametrize(("length", "known"), [(262144, 262144), (262145, None)])
def test_a_stream_is_measured_only_when_it_ends_within_the_probe(
    length: int, known: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = header_page() + bytes(length - 4096)
    monkeypatch.setattr(sys, "stdin", Stdin(data))
    assert read_area("-").area_bytes == known


def test_a_stream_that_ends_before_the_offset_cannot_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(bytes(100)))
    with pytest.raises(AreaError, match="ends 50 bytes before offset 150"):
        read_area("-", 150)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"text", "no swap signature found"),
        (bytes(8192), "no swap signature found"),
        (header_page()[:-1], "no swap signature found"),
    ],
)
def test_a_file_without_a_header_is_a_result_that_says_why(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    area = read_area(path)
    assert (area.header, area.reason) == (None, reason)
    assert area.area_bytes == len(content)


def test_tuxonice_at_byte_0_alone_is_reported_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes.fromhex("edc302e99856e50c") + bytes(8192))
    area = read_area(path)
    assert area.header is None
    assert [found.name for found in area.signatures] == ["TuxOnIce"]


def test_a_missing_file_keeps_its_errno(fake_proc: FakeFilesystem) -> None:
    assert fake_proc.exists("/proc/swaps")
    with pytest.raises(AreaError, match="No such file or directory") as caught:
        read_area("/missing")
    assert (caught.value.errno, caught.value.path) == (errno.ENOENT, "/missing")


def test_a_file_that_may_not_be_read_keeps_its_errno(fs: FakeFilesystem) -> None:
    from pyfakefs.helpers import set_uid

    fs.create_file("/secret", contents=header_page(), st_mode=0o100600)
    set_uid(4711)
    try:
        with pytest.raises(AreaError, match="Permission denied") as caught:
            read_area("/secret")
    finally:
        set_uid(0)
    assert caught.value.errno == errno.EACCES


def test_a_directory_a_fifo_and_a_socket_are_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(AreaError, match="Is a directory"):
        read_area(tmp_path)
    with pytest.raises(AreaError, match="Is a fifo"):
        read_area(fifo)
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # a socket's path has room for 108 bytes
        server.bind("socket")
        with pytest.raises(AreaError, match="Is a socket"):
            read_area(tmp_path / "socket")


def test_opening_never_waits_for_the_other_side(
    area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fifo may take the file's place between the look and the open."""
    flags_seen = []
    real = os.open

    def watched(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        flags_seen.append(flags & (os.O_NONBLOCK | os.O_ACCMODE))
        return real(path, flags, *rest, **named)

    path = area_file()
    monkeypatch.setattr(os, "open", watched)
    read_area(path)
    assert flags_seen
    assert set(flags_seen) == {os.O_NONBLOCK | os.O_RDONLY}


def test_an_offset_behind_the_end_cannot_be_looked_at(
    area_file: Callable[..., Path],
) -> None:
    with pytest.raises(AreaError, match=r"offset 4097 is behind the end \(4096\)"):
        read_area(area_file(), 4097)
    with pytest.raises(AreaError, match=r"offset 4096 is at the end \(4096\)"):
        read_area(area_file(), 4096)


def test_looking_changes_nothing(area_file: Callable[..., Path]) -> None:
    path = area_file()
    before = path.stat()
    read_area(path)
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


def test_where_activity_cannot_be_told_the_area_says_so(fs: FakeFilesystem) -> None:
    fs.create_file("/area", contents=header_page())
    area = read_area("/area", below=False)
    assert area.active is None
    assert area.unseen == ("active or not: /proc/swaps: /proc is not mounted",)


@needs_proc
def test_a_descriptor_that_is_open_is_looked_through_and_stays_open(
    area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name may lead elsewhere by now, and is not opened."""
    path = area_file(file_bytes=1 << 20)
    descriptor = os.open(path, os.O_RDWR)
    path.replace(path.with_name("moved"))
    path.write_bytes(b"another")
    opened = []
    real = os.open

    def watched(name: Any, *rest: Any, **named: Any) -> int:
        opened.append(str(name))
        return real(name, *rest, **named)

    monkeypatch.setattr(os, "open", watched)
    area = read_area(path, descriptor=descriptor)
    assert (area.area_bytes, area.header is None) == (1 << 20, False)
    assert area.backing is not None
    assert area.backing.resolved_path == str(path.with_name("moved"))
    assert str(path) not in opened
    assert os.pread(descriptor, 10, 4086) == b"SWAPSPACE2"
    os.close(descriptor)


def test_what_no_header_claims_is_looked_at_when_asked_for(
    area_file: Callable[..., Path],
) -> None:
    """Behind the last page; a ghost's, behind its only one; all without a header."""
    path = area_file(last_page=3)
    assert read_area(path).unclaimed is None
    with path.open("r+b") as file:
        file.seek(6 * 4096)
        file.write(b"x")
    for header, begin in (
        ({"last_page": 3}, 4 * 4096),
        ({"last_page": 255}, 6 * 4096 + 1),
        ({"ghost_flag": True}, 4096),
        ({"magic": b"no magic.."}, 0),
    ):
        with path.open("r+b") as file:
            file.write(header_page(**header))
        found = read_area(path, holds=True).unclaimed
        assert found is not None
        assert found.begin_bytes == begin
        first = 1024 if begin == 0 else 6 * 4096
        assert found.nonzero_bytes == (first if begin <= first else None)


@needs_proc
def test_a_file_that_says_it_is_empty_is_read_nevertheless() -> None:
    """Files of /proc have no size."""
    area = read_area("/proc/self/cmdline")
    assert (area.kind, area.reason) == (AreaKind.STREAM, "no swap signature found")
    with pytest.raises(AreaError, match="Input/output error"):
        read_area("/proc/self/mem")


def test_a_character_device_has_no_offsets() -> None:
    """It would be read up to there, which takes for ever."""
    with pytest.raises(AreaError, match="/dev/zero: a character device has no offsets"):
        read_area("/dev/zero", 1 << 60)


def test_a_standard_input_that_is_closed_cannot_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(AreaError) as caught:
        read_area("-")
    assert caught.value.errno == errno.EBADF


def test_a_file_that_became_a_fifo_is_seen_when_it_is_open(
    area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = area_file()
    real = os.open

    def exchanged(name: str, flags: int, *more: Any, **options: Any) -> int:
        if name == str(path) and not stat.S_ISFIFO(path.stat().st_mode):
            path.unlink()
            os.mkfifo(path)
        return real(name, flags, *more, **options)

    monkeypatch.setattr(os, "open", exchanged)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0  # noqa: PTH112, PTH208
    with pytest.raises(AreaError, match="Is a fifo"):
        read_area(path)
    if before:
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@pytest.mark.parametrize("claimed", [8192, 1 << 20, 1 << 40])
def test_a_file_that_shrinks_while_it_is_read_is_what_was_read(
    claimed: int, area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """fstat(2) said more than read(2) gave."""
    path = area_file()
    real = os.fstat

    def larger(descriptor: int) -> Any:
        status = list(real(descriptor))
        status[stat.ST_SIZE] = claimed
        return os.stat_result(status, {"st_blocks": 8, "st_rdev": 0})

    monkeypatch.setattr(os, "fstat", larger)
    area = read_area(path, below=False)
    assert area.header is not None
    path.write_bytes(b"x" * 100)
    assert read_area(path, below=False).reason == "no swap signature found"


@needs_proc
def test_nobody_reads_where_the_child_moves_the_position(
    area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shares our descriptor, so that a search for zeros would miss what is there."""
    path = area_file(magic=b"no magic..", file_bytes=1 << 20)
    at_work = []

    def begin(descriptor: int, *_place: object) -> Callable[[], object]:
        at_work.append(descriptor)

        def answer() -> object:
            os.lseek(descriptor, 0, os.SEEK_END)
            at_work.clear()
            return Contents((), None, None)

        return answer

    def find(*_args: object, **_named: object) -> Unclaimed:
        assert not at_work
        return Unclaimed(0)

    monkeypatch.setattr(contents, "begin_contents", begin)
    monkeypatch.setattr(zeros, "find_unclaimed", find)
    assert read_area(path, holds=True).unclaimed == Unclaimed(0)
    with path.open("rb") as file:
        area = read_area(path, holds=True, descriptor=file.fileno())
    assert area.unclaimed == Unclaimed(0)


PAGES = [4096 << power for power in range(7)]


@pytest.mark.sampled(6)
@pytest.mark.parametrize("page_size", [2048, *PAGES])
@pytest.mark.parametrize("other", [*PAGES, None])
def test_a_part_that_is_enough_has_all_that_is_found(
    page_size: int, other: int | None, tmp_path: Path
) -> None:
    """Wherever else a magic lies: what was read of the area makes no difference."""
    data = bytearray(
        header_page(page_size=page_size, last_page=9).ljust(1 << 19, b"\0")
    )
    if other is not None:
        data[other - 10 : other] = b"S1SUSPEND\0"
    path = tmp_path / "area"
    path.write_bytes(data)
    with path.open("rb") as file:
        part = read_beginning(str(path), 0, file.fileno(), is_all=False)
        whole = read_beginning(str(path), 0, file.fileno())
    assert part._replace(data=whole.data, status=whole.status) == whole
    assert whole.data == data[: 1 << 18]
    is_enough = page_size <= 32768 and (other is None or other <= 32768)
    assert len(part.data) == (32768 if is_enough else 1 << 18)
    assert find_header(part) == find_header(whole)
    assert other_headers(part) == other_headers(whole)
