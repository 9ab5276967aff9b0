"""Where compiled code is kept between runs: a directory of our own.

What lies there is executed, so it has to be ours alone: under XDG_CACHE_HOME or
~/.cache, mode 0700, owned by whoever runs, no symbolic link, and nobody else may
replace it. Where that cannot be had, nothing is kept, and a run says so once.

Not here: compiling (kept_code.py).
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
import zlib
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_Thing = TypeVar("_Thing")

_NAME: Final = "swaptools"
#: In a directory, the file of which a byte is locked for each function.
_LOCKS: Final = "locks"
#: One function is compiled in less, and how often it is asked whether it is.
_PATIENCE_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.02
#: Fewer pages, or references, some seconds of work, are done sooner than the compiled
#: emulator is loaded.
WORTH_COMPILING_PAGES: Final = 1 << 18
#: What is said where all of the emulator is compiled.
EMULATOR: Final = "compiling the emulator, which takes a minute or two the first time"
#: Results of so many sources, of older versions or other branches, stay.
_KEPT: Final = 4


def policy_sentence(name: str) -> str:
    """Return what is said where all that calls a policy is compiled."""
    return f"{EMULATOR}, and again for policy {name}"


class CompileCache:
    """The directory of this process, and what it says of compiling.

    Attributes:
        say: Called with a sentence for people; says nothing by default.
        seconds: Spent on compiling, so far.
    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        """Look for no directory yet."""
        self.say = say or _nothing
        self.seconds = 0.0
        self._folders: dict[str, Path] = {}
        self._is_announced = self._is_given_up = False

    def folder(self, version: str) -> Path | None:
        """Return the directory for code compiled from this version of the sources.

        None where there can be none.
        """
        is_there = version in self._folders and self._folders[version].is_dir()
        if not is_there and not self._is_given_up:  # or another process removed it
            try:
                self._folders[version] = _make(version)
            except OSError as exc:
                self.give_up(_reason(exc))
        return None if self._is_given_up else self._folders[version]

    def has(self, version: str) -> bool:
        """Tell whether code compiled from this version is kept; makes nothing."""
        try:
            return not _is_empty(_base() / _NAME / version)
        except OSError:
            return False

    def give_up(self, reason: str) -> None:
        """Keep nothing from here on."""
        if not self._is_given_up:
            self._is_given_up = True
            self.say(f"compiled code is not kept: {reason}")

    @contextmanager
    def compiling(self, version: str, sentence: str = EMULATOR) -> Iterator[None]:
        """Announce the first time that takes long, and make files that are ours."""
        folder = self.folder(version)
        if folder is None or _is_empty(folder):
            self.announce(sentence)
        before, begun = os.umask(0o077), time.monotonic()
        try:
            yield
        finally:
            os.umask(before)
            self.seconds += time.monotonic() - begun

    def announce(self, sentence: str = EMULATOR) -> None:
        """Say once that compiling takes a while."""
        if not self._is_announced:
            self._is_announced = True
            self.say(sentence)

    def conclude(self) -> None:
        """Say how long compiling took, where it was announced, and then no more."""
        if self._is_announced:
            kept = "" if self._is_given_up else f", kept in {_base() / _NAME}"
            self.say(f"compiled in {self.seconds:.0f} s{kept}")
        self.say = _nothing
        self._is_announced = False


@contextmanager
def one_at_a_time(folder: Path, name: str) -> Iterator[None]:
    """Wait while another process is here for something of that name.

    Not for long: it may have been stopped. Of a file system that knows no locks,
    nobody waits.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            file = stack.enter_context((folder / _LOCKS).open("ab"))
            _wait_for(file, zlib.crc32(name.encode()))
        yield


def _wait_for(file: IO[bytes], place: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):  # POSIX has either
            time.sleep(_LOOK_EVERY_S)
        else:
            return


def in_our_order(things: list[_Thing]) -> list[_Thing]:
    """Return what has to be compiled, from another one on in each process.

    Of two that need the same, neither waits for the other long.
    """
    first = os.getpid() % max(len(things), 1)
    return things[first:] + things[:first]


def _is_empty(folder: Path) -> bool:
    try:
        return not any(folder.iterdir())
    except OSError:  # removed a moment ago
        return True


def _nothing(_text: str) -> None:
    """Say it to nobody."""


#: The one of this process.
COMPILE_CACHE: Final = CompileCache()


def clear() -> tuple[Path, int]:
    """Remove everything that was kept.

    Returns:
        The directory, and how many bytes were in it.

    Raises:
        OSError: It is not ours, or cannot be removed.
    """
    from shutil import rmtree  # slow to start, and seldom is anything removed

    folder = _base() / _NAME
    try:
        _check_ours(folder)
    except FileNotFoundError:
        return folder, 0
    size_bytes = sum(path.lstat().st_size for path in folder.rglob("*"))
    rmtree(folder)
    return folder, size_bytes


def _make(version: str) -> Path:
    base = _base()
    _make_private(base)
    _check_base(base)
    ours = base / _NAME
    _make_private(ours)
    _check_ours(ours)
    folder = ours / version
    _make_private(folder)
    _check_ours(folder)
    _forget_old(ours, folder)
    return folder


def _base() -> Path:
    # As the XDG base directory specification has it: what is not absolute is ignored.
    from pathlib import Path  # for who compiles, or asks what is kept

    named = os.environ.get("XDG_CACHE_HOME", "")
    if named.startswith("/"):
        return Path(named)
    home = os.environ.get("HOME") or _home_of(os.getuid())
    if not home.startswith("/"):
        raise FileNotFoundError(None, "no home directory", None)
    return Path(home) / ".cache"


def _home_of(user: int) -> str:
    import pwd  # hardly ever asked

    try:
        return pwd.getpwuid(user).pw_dir
    except KeyError:
        return ""


def _make_private(folder: Path) -> None:
    # One level and no more: a home that does not exist is not made.
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        return
    except FileNotFoundError as exc:
        raise FileNotFoundError(exc.errno, exc.strerror, str(folder.parent)) from exc


def _check_base(base: Path) -> None:
    status = base.stat()
    is_shared = status.st_uid != os.geteuid() or status.st_mode & 0o022
    if is_shared and not status.st_mode & stat.S_ISVTX:
        raise PermissionError(None, "somebody else can change it", str(base))


def _check_ours(folder: Path) -> None:
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(None, "is not a directory", str(folder))
    if status.st_uid != os.geteuid():
        raise PermissionError(None, "belongs to somebody else", str(folder))
    if status.st_mode & 0o022:
        raise PermissionError(None, "somebody else can write to it", str(folder))
    if status.st_mode & 0o077:
        folder.chmod(0o700)
    if not os.access(folder, os.W_OK):
        raise PermissionError(None, "cannot be written", str(folder))


# A version has the name of its source, and behind a hyphen of what was added to that.
def _forget_old(ours: Path, current: Path) -> None:
    by_source: dict[str, list[Path]] = {}
    for path in ours.iterdir():
        by_source.setdefault(path.name.partition("-")[0], []).append(path)
    by_source.pop(current.name.partition("-")[0], None)
    others = sorted(by_source.values(), key=_newest, reverse=True)
    if len(others) < _KEPT:
        return
    from shutil import rmtree  # as clear() has it

    for paths in others[_KEPT - 1 :]:
        for path in paths:
            rmtree(path, ignore_errors=True)


def _newest(paths: list[Path]) -> float:
    return max(path.lstat().st_mtime for path in paths)


def _reason(exc: OSError) -> str:
    return f"{exc.filename}: {exc.strerror}" if exc.filename else str(exc.strerror)
