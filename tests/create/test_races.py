"""Somebody else is there between any two steps: nothing of his is written to.

The seams are the moments between the look at a name and the opening of it, and
between the look at what is there and the first write.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.create import CreateRequest, create, look, naming, write
from swaptools.errors import AreaError, AreaInUse, CreateRefused
from tests.builders import header_page
from tests.create.witness import listing, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GHOST: dict[str, Any] = {"size_bytes": 1 << 30, "page_size": 4096}
REAL: dict[str, Any] = {"is_ghost": False, "size_bytes": 1 << 20, "page_size": 4096}
KINDS = ("fifo", "socket", "directory", "symlink", "device", "character", "file")


@contextmanager
def hurried(seconds: int = 10) -> Iterator[None]:
    """Fail when it hangs, on the other end of a fifo for instance."""

    def late(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def put(
    tmp_path: Path, as_device: Callable[..., None]
) -> Iterator[Callable[[str, Path], Path]]:
    """Call to put something in the place of a file; get what must stay as it is."""
    victim = tmp_path / "victim"
    sockets = []

    def replace(kind: str, path: Path) -> Path:
        path.rename(path.with_name("moved"))
        victim.write_bytes(header_page())
        match kind:
            case "fifo":
                os.mkfifo(path)
            case "socket":
                sockets.append(socket.socket(socket.AF_UNIX))
                sockets[-1].bind(str(path))
            case "directory":
                path.mkdir()
            case "symlink":
                path.symlink_to(victim)
            case "device":
                path.hardlink_to(victim)
                as_device(path)
            case "character":
                path.hardlink_to(victim)
                as_device(path, kind=stat.S_IFCHR)
            case "file":
                victim.rename(path)
                return path
        return victim

    yield replace
    for each in sockets:
        each.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wishes", [GHOST, REAL], ids=["ghost", "real"])
@pytest.mark.parametrize("force", [False, True])
class TestReplaced:
    def ask(self, path: Path, wishes: dict[str, Any], *, force: bool) -> None:
        create(CreateRequest(path=str(path), force=force, **wishes))

    def test_before_it_is_opened(
        self,
        kind: str,
        wishes: dict[str, Any],
        force: bool,
        put: Callable[[str, Path], Path],
        area_file: Callable[..., Path],
        swaps: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        swaps()
        path = area_file()
        real = look._open
        seen: dict[str, Any] = {}

        def late(*args: Any, **named: Any) -> Any:
            victim = put(kind, path)
            seen["victim"], seen["before"] = victim, snapshot(victim)
            seen["path"] = snapshot(path)
            return real(*args, **named)

        monkeypatch.setattr(look, "_open", late)
        with hurried(), pytest.raises(AreaInUse, match=r"changed while|meanwhile"):
            self.ask(path, wishes, force=force)
        assert snapshot(seen["victim"]) == seen["before"]
        assert snapshot(path) == seen["path"]
        assert not [name for name in listing(path.parent) if "ghost-mkswap" in name]

    def test_before_it_is_written_to(
        self,
        kind: str,
        wishes: dict[str, Any],
        force: bool,
        put: Callable[[str, Path], Path],
        area_file: Callable[..., Path],
        swaps: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Whichever way it is written: in place, or by a new file."""
        swaps()
        path = area_file()
        if wishes is REAL and not force:
            path.write_bytes(bytes(1 << 20))
        seen: dict[str, Any] = {}
        for name in ("write_in_place", "write_new_file"):
            real = getattr(write, name)

            def late(*args: Any, _real: Any = real, **named: Any) -> None:
                victim = put(kind, path)
                seen["victim"], seen["before"] = victim, snapshot(victim)
                seen["path"] = snapshot(path)
                seen["moved"] = path.with_name("moved").read_bytes()
                _real(*args, **named)

            monkeypatch.setattr(write, name, late)
        with hurried(), pytest.raises(AreaInUse, match="changed while"):
            self.ask(path, wishes, force=force)
        assert snapshot(seen["victim"]) == seen["before"]
        assert snapshot(path) == seen["path"]
        assert path.with_name("moved").read_bytes() == seen["moved"]
        assert not [name for name in listing(path.parent) if "ghost-mkswap" in name]


def test_a_file_that_is_replaced_while_the_new_one_is_filled_stays(
    area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last look comes right before the new file takes the name."""
    path = area_file(last_page=9)
    real = naming._name_for_good

    def late(*args: Any) -> None:
        area_file("other", last_page=5).replace(path)
        real(*args)

    monkeypatch.setattr(naming, "_name_for_good", late)
    with pytest.raises(AreaInUse, match="changed while it was looked at"):
        create(CreateRequest(path=str(path), force=True, **REAL))
    assert path.read_bytes() == header_page(last_page=5)
    assert listing(path.parent) == ["area"]


def test_a_directory_that_moves_takes_the_area_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are looked up in the directory that was opened, whatever its name."""
    place, elsewhere = tmp_path / "place", tmp_path / "elsewhere"
    place.mkdir()
    real = write.write_new_file

    def late(*args: Any) -> None:
        place.rename(tmp_path / "moved")
        elsewhere.mkdir()
        place.symlink_to(elsewhere)
        real(*args)

    monkeypatch.setattr(write, "write_new_file", late)
    create(CreateRequest(path=str(place / "new"), **GHOST))
    assert listing(elsewhere) == []
    assert listing(tmp_path / "moved") == ["new"]


def test_a_fifo_that_was_there_all_the_time_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with hurried(), pytest.raises(CreateRefused, match="Is a fifo"):
        create(CreateRequest(path=str(tmp_path / "fifo"), lock="wait", **GHOST))


@pytest.mark.parametrize("lock", ["wait", "nonblock"])
def test_a_fifo_in_the_place_of_what_is_to_be_locked_keeps_nobody_waiting(
    lock: str, area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = area_file()
    real = look._lock

    def late(*args: Any) -> None:
        path.unlink()
        os.mkfifo(path)
        real(*args)

    monkeypatch.setattr(look, "_lock", late)
    with hurried(), pytest.raises(AreaError, match="changed while"):
        create(CreateRequest(path=str(path), lock=lock, **GHOST))  # type: ignore[arg-type]


def opened_as(name: str, request: CreateRequest) -> list[int]:
    """Flags of every opening of a name while the request is carried out.

    The interpreter tells of all of them, whatever function they come from; hooks
    stay, so this takes a child.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        flags_seen: list[int] = []

        def hook(event: str, args: tuple[Any, ...]) -> None:
            if event != "open" or isinstance(args[0], int):
                return
            path = os.fsdecode(args[0])
            is_again = path.startswith("/proc/self/fd/")
            if Path(path).name == name or is_again:
                flags_seen.append(args[2])

        status = 1
        try:
            sys.addaudithook(hook)
            create(request)
            os.write(writing, " ".join(map(str, flags_seen)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, "rb") as file:
        said = file.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return [int(flags) for flags in said.split()]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "wishes",
    [
        GHOST,
        GHOST | {"page_size": 8192},
        REAL | {"force": True},
        REAL | {"force": True, "size_bytes": None},
        REAL | {"force": True, "dry_run": True},
        {"if_needed": True, "page_size": 4096},
    ],
    ids=["in place", "replaced", "grown", "over it", "dry run", "if needed"],
)
def test_what_is_there_is_opened_once_for_look_and_write(
    wishes: dict[str, Any], area_file: Callable[..., Path]
) -> None:
    is_real = not wishes.get("is_ghost", True)
    path = area_file(file_bytes=65536 if is_real else None, last_page=15)
    flags = opened_as("area", CreateRequest(path=str(path), **wishes))
    expected = [os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC]
    if is_real:
        # The same file once more, for the child that asks libblkid.
        expected.append(os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    assert [each & ~os.O_LARGEFILE for each in flags] == expected


def test_with_a_lock_a_second_descriptor_holds_just_that(
    area_file: Callable[..., Path],
) -> None:
    path = area_file()
    flags = opened_as("area", CreateRequest(path=str(path), lock="wait", **GHOST))
    assert [each & os.O_ACCMODE for each in flags] == [os.O_RDONLY, os.O_RDWR]


def test_a_change_by_the_clock_alone_is_seen(
    area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes, written by somebody else a moment later."""
    path = area_file()
    real = write.write_in_place

    def late(*args: Any) -> None:
        time.sleep(0.01)
        path.write_bytes(path.read_bytes())
        real(*args)

    monkeypatch.setattr(write, "write_in_place", late)
    with pytest.raises(AreaInUse, match="changed while"):
        create(CreateRequest(path=str(path), **GHOST))
