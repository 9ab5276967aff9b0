"""Killed, or refused by the disk, at any step: the old file or the new one.

A child makes the area with every call that changes files counted; at the N-th
it is killed just before or just after, or told that the disk is full or
broken. N grows until nothing is left to sabotage.
"""

from __future__ import annotations

import errno
import io
import os
import re
import signal
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from swaptools.create import CreateRequest, create, naming, write
from swaptools.errors import AreaError
from tests.builders import SAMPLE_UUID, header_page
from tests.create.witness import listing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CALLS = ("posix_fallocate", "ftruncate", "fchmod", "fsync", "link", "replace")
_TEMPORARY = re.compile(r"\.area\.ghost-mkswap\.[0-9a-f]{8}")
_REPORTED = 10
_CRASHED = 99


class Saboteur:
    """Strikes at the N-th call that changes a file."""

    def __init__(self, strike_at: int, how: str) -> None:
        self.left = strike_at
        self.how = how

    def __call__(self, real: Callable[..., Any], *args: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left:
            return real(*args, **named)
        if self.how not in ("before", "after"):
            number = getattr(errno, self.how)
            raise OSError(number, os.strerror(number))
        if self.how == "after":
            real(*args, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("survived SIGKILL")

    def infiltrate(self) -> None:
        """Take the place of every such call in this process."""
        for name in _CALLS:
            self._replace(os, name)
        if self.how in ("before", "after"):
            self._replace(os, "unlink")
        real_open = os.open

        def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            if flags & os.O_CREAT or flags & os.O_TMPFILE == os.O_TMPFILE:
                made: int = self(real_open, path, flags, *rest, **named)
                return made
            return real_open(path, flags, *rest, **named)

        os.open = opened
        saboteur = self

        class File(io.FileIO):
            def write(self, data: Any) -> int:
                written: int = saboteur(super().write, data)
                return written

        def file_of(descriptor: int, *_rest: Any, **_named: Any) -> File:
            return File(descriptor, "r+b")

        for module in (naming, write):
            module.open = file_of  # type: ignore[attr-defined]

    def _replace(self, module: Any, name: str) -> None:
        real = getattr(module, name)

        def call(*args: Any, **named: Any) -> Any:
            return self(real, *args, **named)

        setattr(module, name, call)


def child(request: CreateRequest, saboteur: Saboteur, *, has_proc: bool) -> NoReturn:
    """Make the area under sabotage and leave with a code that says how it went."""
    code = _CRASHED
    try:
        saboteur.infiltrate()
        if not has_proc:
            naming._has_proc = lambda: False
        create(request)
        code = 0
    except AreaError:
        code = _REPORTED
    finally:
        os._exit(code)


def outcome(request: CreateRequest, saboteur: Saboteur, *, has_proc: bool) -> int:
    """Run the child; its exit code, or minus the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        child(request, saboteur, has_proc=has_proc)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


OLD_GHOST = header_page(label=b"old")
LARGER = b"precious" * 1000
NEW_GHOST = header_page(last_page=262143, ghost_flag=True)
NEW_REAL = header_page(last_page=31) + bytes(31 * 4096)

#: What lies there, what is asked for, what comes of it, and how often at least
#: the disk is asked to change.
CASES: dict[str, tuple[bytes | None, dict[str, Any], bytes, int]] = {
    "a new ghost": (None, {"size_bytes": 1 << 30}, NEW_GHOST, 5),
    "a new real area": (
        None,
        {"is_ghost": False, "size_bytes": 131072},
        NEW_REAL,
        7,
    ),
    "an old ghost": (OLD_GHOST, {"size_bytes": 1 << 30}, NEW_GHOST, 2),
    "force over a larger file": (
        LARGER,
        {"size_bytes": 1 << 30, "force": True},
        NEW_GHOST,
        5,
    ),
    "a real area over a smaller file": (
        LARGER,
        {"is_ghost": False, "size_bytes": 131072, "force": True},
        NEW_REAL,
        7,
    ),
}


@pytest.mark.parametrize("has_proc", [True, False], ids=["unnamed", "named"])
@pytest.mark.parametrize("how", ["before", "after", "ENOSPC", "EIO"])
@pytest.mark.parametrize("case", CASES)
def test_at_every_step_the_old_file_or_the_whole_new_one_is_there(
    case: str, how: str, has_proc: bool, tmp_path: Path
) -> None:
    old, wishes, new, at_least = CASES[case]
    path = tmp_path / "area"
    request = CreateRequest(
        path=str(path), page_size=4096, uuid=SAMPLE_UUID, label="sample", **wishes
    )
    is_kill = how in ("before", "after")
    for strike_at in range(1, 100):
        for leftover in tmp_path.iterdir():
            leftover.unlink()
        if old is not None:
            path.write_bytes(old)
            path.chmod(0o600)
        code = outcome(request, Saboteur(strike_at, how), has_proc=has_proc)
        where = f"{how} call {strike_at}"
        found = path.read_bytes() if path.exists() else None
        assert found in (old, new), where
        beside = [name for name in listing(tmp_path) if name != "area"]
        assert all(_TEMPORARY.fullmatch(name) for name in beside), where
        assert len(beside) <= (1 if is_kill else 0), where
        for entry in tmp_path.iterdir():
            assert entry.stat().st_mode & 0o777 == 0o600, where
        if code == 0:
            assert found == new
            assert strike_at > at_least
            return
        assert code == (-signal.SIGKILL if is_kill else _REPORTED), where
    pytest.fail("it never came to an end")
