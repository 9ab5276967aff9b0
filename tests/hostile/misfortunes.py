"""What is run, what befalls it, and the exit status that the man pages give to that.

Not here: running it and judging how it ended (matrix.py).
"""

from __future__ import annotations

import os
import resource
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Command(NamedTuple):
    """A command line, and what comes of it when nothing is in its way."""

    words: str
    code: int = 0
    prints: bool = True
    #: It reads standard input.
    reads: bool = False
    #: It makes an area, so that even a lost output needs a word.
    makes: bool = False


COMMANDS: Final = (
    Command("ghost-mkswap -f -p 4096 {new} 1G", makes=True),
    Command("ghost-mkswap -p 4096 --json -f {new} 1G", makes=True),
    Command("ghost-mkswap -q -f -p 4096 {new} 1G", prints=False),
    Command("ghost-mkswap -n -f --real {new} 1M", makes=True),
    Command("ghost-mkswap --recipe loop {new} 1G"),
    Command("ghost-mkswap {area} 1G", code=1, prints=False),
    Command("ghost-mkswap --nonsense", code=2, prints=False),
    Command("ghost-mkswap --help"),
    Command("ghost-mkswap --version"),
    Command("swapinfo"),
    Command("swapinfo --json"),
    Command("swapinfo {area}"),
    Command("swapinfo --json {area} {missing}", code=2),
    Command("swapinfo --dump {area}"),
    Command("swapinfo --extents --json {area}"),
    Command("swapinfo --list-columns"),
    Command("swapinfo -", code=1, prints=False, reads=True),
    Command("swapinfo --json --files0-from -", reads=True),
    Command("swapinfo {missing}", code=2, prints=False),
    Command("swapinfo --nonsense", code=2, prints=False),
    Command("swapinfo --help"),
    Command("swapinfo --version"),
    Command("swapcheck --kernel 6.18 -p 4096 --offset 1M {image}"),
    Command("swapcheck --kernel 6.18 -p 4096 --offset 1M --json {image}"),
    Command("swapcheck --list"),
    Command("swapcheck --root {folder}"),
    Command("swapcheck --root {folder} --json {image}"),
    Command("swapcheck --root {missing}", code=2, prints=False),
    Command("swapcheck --explain D"),
    Command("swapcheck {missing}", code=2, prints=False),
    Command("swapcheck --nonsense", code=2, prints=False),
    Command("swapcheck --help"),
    Command("swapcheck --version"),
    Command("swapemu demo"),
    Command("swapemu run --interpreted {script}"),
    Command("swapemu run --interpreted --json -", reads=True),
    Command("swapemu compare --design plain {script}"),
    Command("swapemu compare --list"),
    Command("swapemu overhead"),
    Command("swapemu trace show {trace}"),
    Command("swapemu trace show --json {trace}"),
    Command("swapemu trace convert {trace} -"),
    Command("swapemu trace show {missing}", code=2, prints=False),
    Command("swapemu run {missing}", code=2, prints=False),
    Command("swapemu run --nonsense", code=2, prints=False),
    Command("swapemu --help"),
    Command("swapemu --version"),
)


class Misfortune(NamedTuple):
    """Something that befalls a process before it begins, and what comes of it."""

    name: str
    #: Done in the child, between fork and command.
    befall: Callable[[], None]
    #: The status that the man pages give to a command.
    code: Callable[[Command], int]
    #: Needs a process of its own: the interpreter itself has to start in it.
    is_for_start: bool = False


def _redirect(descriptor: int, path: str) -> Callable[[], None]:
    def befall() -> None:
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, descriptor)
        os.close(opened)

    return befall


def _close(*descriptors: int) -> Callable[[], None]:
    def befall() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return befall


def _no_reader() -> None:
    reading, writing = os.pipe()
    os.dup2(writing, 1)
    os.close(reading)
    os.close(writing)


def _environ(**changes: str | None) -> Callable[[], None]:
    def befall() -> None:
        for name, value in changes.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    return befall


def _few_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))


def _deleted_directory() -> None:
    gone = tempfile.mkdtemp()
    os.chdir(gone)
    Path(gone).rmdir()


def _as_ever(command: Command) -> int:
    return command.code


def _unwritten(command: Command) -> int:
    return 2 if command.prints else command.code


def _unread(command: Command) -> int:
    return 141 if command.prints else command.code


def _no_input(command: Command) -> int:
    return 2 if command.reads else command.code


def _nothing(command: Command) -> int:
    return 2 if command.prints or command.reads else command.code


MISFORTUNES: Final = (
    Misfortune("none", lambda: None, _as_ever),
    Misfortune("full stdout", _redirect(1, "/dev/full"), _unwritten),
    Misfortune("closed stdout", _close(1), _unwritten),
    Misfortune("no reader", _no_reader, _unread),
    Misfortune("full stderr", _redirect(2, "/dev/full"), _as_ever),
    Misfortune("closed stderr", _close(2), _as_ever),
    Misfortune("closed stdin", _close(0), _no_input),
    Misfortune("all closed", _close(0, 1, 2), _nothing),
    Misfortune("nofile 8", _few_descriptors, _as_ever),
    Misfortune("deleted directory", _deleted_directory, _as_ever),
    Misfortune("no HOME", _environ(HOME=None, XDG_CACHE_HOME=None), _as_ever),
    Misfortune("HOME=/nonexistent", _environ(HOME="/nonexistent"), _as_ever),
    Misfortune("LC_ALL=C", _environ(LC_ALL="C", PYTHONUTF8="0"), _as_ever, True),
    Misfortune("no such locale", _environ(LC_ALL="xx_YY.zz"), _as_ever, True),
    Misfortune("latin-1", _environ(PYTHONIOENCODING="latin-1"), _as_ever, True),
    Misfortune("ascii", _environ(PYTHONIOENCODING="ascii"), _as_ever, True),
    Misfortune("TZ garbage", _environ(TZ="\x01/../x" * 99), _as_ever, True),
    Misfortune("warnings", _environ(PYTHONWARNINGS="error"), _as_ever, True),
)
