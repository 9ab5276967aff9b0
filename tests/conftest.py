"""What many tests stand on: a fake /proc, scratch files, devices without root."""

from __future__ import annotations

import faulthandler
import os
import signal
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import settings

from swaptools.backing import Extent
from swaptools.observe import proc
from swaptools.observe.extents import find_extents
from swaptools.observe.mounts import Mount, Mounts
from tests.builders import header_page
from tests.parts import mark_unsampled
from tests.schema.outputs import checked_invoke

# No example database: a run leaves nothing behind, and needs no place to.
settings.register_profile("swaptools", database=None, deadline=None)
settings.load_profile("swaptools")

# A job in the background of a script is deaf to Ctrl-C, and so is what it starts; the
# commands under test are not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from pyfakefs.fake_filesystem import FakeFilesystem


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of long runs; see CONTRIBUTING.md."""
    parser.addoption(
        "--moments",
        type=int,
        default=0,
        help="interrupt every command at so many random moments",
    )
    parser.addoption(
        "--pressure-verdicts",
        type=int,
        default=12,
        help="so many programs under a limit of memory, done by the running kernel",
    )
    parser.addoption(
        "--pressure-variants",
        type=int,
        default=6,
        help="so many of each with two tasks, large folios, small areas",
    )
    parser.addoption(
        "--pressure-seed", type=int, default=1000, help="the first of their seeds"
    )
    parser.addoption(
        "--pressure-seconds",
        type=float,
        default=2700,
        help="begin no such program after so many seconds",
    )
    parser.addoption(
        "--pressure-keep",
        type=Path,
        help="a directory that takes what the machine did in each, for tests.pressure",
    )


class Watch:
    """Tells on standard error where a test is that hangs.

    As pytest's own faulthandler_timeout does, with a thread for each test; here it is
    one for the tests of a minute, so that it is told after four minutes, or five.
    """

    def __init__(self) -> None:
        # While options are read nothing is captured.
        self._stderr = os.dup(2)
        self._next_s = 0.0

    def look(self) -> None:
        """Begin anew, if that is a minute ago."""
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + 60
            faulthandler.dump_traceback_later(300, file=self._stderr)

    def end(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        os.close(self._stderr)


_watch = pytest.StashKey[Watch]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_watch] = Watch()


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_watch].end()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out most cases of a test that is sampled, before markers are asked for."""
    mark_unsampled(items)


#: Markers of tests for which what can be compiled is.
MAY_COMPILE = ("compiled", "kernel", "long", "release")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Compile nothing, fixtures included, where no marker asks for it.

    Half a minute of it would come to whoever has the fast extra.
    """
    item.config.stash[_watch].look()
    with pytest.MonkeyPatch.context() as patch:
        if not any(map(item.get_closest_marker, MAY_COMPILE)):
            patch.setitem(sys.modules, "numba", None)
        return (yield)


#: For what only /proc can tell: some build their packages without.
needs_proc = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"),  # noqa: PTH112 - Path is for typing only
    reason="/proc is not mounted",
)
#: A number that no driver has: experimental majors begin at 240.
NO_DEVICE = os.makedev(240, 7)
SWAPS_HEADING = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


@pytest.fixture(autouse=True, scope="session")
def json_fits_its_schema() -> Iterator[None]:
    """Whatever a test has a command print as JSON is held against its schema."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CliRunner, "invoke", checked_invoke)
        yield


@pytest.fixture
def fs(fs: FakeFilesystem, monkeypatch: pytest.MonkeyPatch) -> FakeFilesystem:
    """pyfakefs, which knows no pread(2): that would be one of a real file."""

    def pread(*_: object) -> bytes:
        raise AssertionError("pread(2) of a descriptor that pyfakefs gave")

    monkeypatch.setattr(os, "pread", pread)
    return fs


@pytest.fixture
def fake_proc(fs: FakeFilesystem) -> FakeFilesystem:
    """An empty root with a /proc/swaps that lists nothing, on pyfakefs."""
    fs.create_file("/proc/swaps", contents=SWAPS_HEADING)
    fs.create_dir("/proc/self/fd")
    fs.create_file("/proc/meminfo", contents="MemTotal:        8388608 kB\n")
    return fs


@pytest.fixture
def swaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Call with rows to make them what /proc/swaps says, on the real file system."""
    listing = tmp_path / "proc-swaps"

    def write(*rows: str) -> None:
        listing.write_text(SWAPS_HEADING + "".join(f"{row}\n" for row in rows))

    write()
    monkeypatch.setattr(proc, "_SWAPS", listing)
    return write


@pytest.fixture
def area_file(tmp_path: Path) -> Callable[..., Path]:
    """Call to make a file that begins with a header page, and get its path."""

    def make(
        name: str = "area", *, file_bytes: int | None = None, **changes: Any
    ) -> Path:
        page = header_page(**changes)
        path = tmp_path / name
        path.write_bytes(page)
        path.chmod(0o600)
        if file_bytes is not None:
            os.truncate(path, file_bytes)
        return path

    return make


@pytest.fixture
def on_filesystem(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Every file lies on ext4; call with another type to have it lie on that.

    The storage of a file that was promised it all is no hole, as tmpfs has it.
    """

    def extents(descriptor: int, size_bytes: int, **named: bool) -> tuple[Extent, ...]:
        if os.fstat(descriptor).st_blocks * 512 >= size_bytes:
            return (Extent(0, 0, size_bytes),)
        return find_extents(descriptor, size_bytes, **named)

    monkeypatch.setattr("swaptools.observe.backing.find_extents", extents)

    def mount_all(filesystem: str, *super_options: str) -> None:
        mount = Mount(
            filesystem=filesystem,
            source="/dev/vdx",
            device_name=None,
            options=frozenset({"rw"}),
            super_options=frozenset({"rw", *super_options}),
        )
        monkeypatch.setattr(Mounts, "of_descriptor", lambda *_: mount)

    mount_all("ext4")
    return mount_all


class _Status:
    """A stat result with some fields changed."""

    def __init__(self, real: os.stat_result, **changes: int) -> None:
        self._real = real
        self.__dict__.update(changes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@pytest.fixture
def as_device(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Call with a file to make stat(2) call it a device, with no root and no loop."""
    devices: dict[tuple[int, int], dict[str, int]] = {}
    real = {name: getattr(os, name) for name in ("stat", "fstat", "lstat")}

    def patched(name: str) -> Callable[..., Any]:
        def look(*args: Any, **kwargs: Any) -> Any:
            status = real[name](*args, **kwargs)
            changes = devices.get((status.st_dev, status.st_ino))
            return _Status(status, **changes) if changes else status

        return look

    for name in real:
        monkeypatch.setattr(os, name, patched(name))

    def declare(
        path: Path, *, number: int = NO_DEVICE, kind: int = stat.S_IFBLK
    ) -> None:
        status = real["stat"](path)
        devices[status.st_dev, status.st_ino] = {
            "st_mode": kind | stat.S_IMODE(status.st_mode),
            "st_rdev": number,
            "st_blocks": 0,
        }

    return declare
