"""Killed, interrupted, or refused by the disk, at any step: the old file or the new.

A child makes the area with every call that changes files counted; at the N-th
it is killed or interrupted just before or just after, or told that the disk is full
or broken. N grows until nothing is left to sabotage.
"""

from __future__ import annotations

import errno
import io
import os
import random
import re
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.contents import Contents
from swaptools.create import CreateRequest, create, look, naming, way
from swaptools.errors import AreaError
from swaptools.observe import contents
from tests.builders import SAMPLE_UUID, header_page
from tests.conftest import needs_proc
from tests.create.witness import listing
from tests.parts import pairs_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CALLS = ("posix_fallocate", "ftruncate", "fchmod", "fsync", "link", "replace")
_TEMPORARY = re.compile(r"\.area\.ghost-mkswap\.[0-9a-f]{8}")
_REPORTED = 10
_INTERRUPTED = 130
_CRASHED = 99
#: What strikes, and the signal it is; an error number otherwise.
_SIGNALS = {
    "killed after": signal.SIGKILL,
    "Ctrl-C before": signal.SIGINT,
    "Ctrl-C after": signal.SIGINT,
}
#: Killed before a call is killed after the one before it.
_STRIKES = (*_SIGNALS, "ENOSPC", "EIO")


class Saboteur:
    """Strikes at the N-th call that changes a file."""

    def __init__(self, strike_at: int, how: str) -> None:
        self.left = strike_at
        self.how = how

    def __call__(self, real: Callable[..., Any], *args: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left:
            return real(*args, **named)
        if self.how not in _SIGNALS:
            number = getattr(errno, self.how)
            raise OSError(number, os.strerror(number))
        answer = real(*args, **named) if self.how.endswith("after") else None
        # To this thread: another one would hear what this one puts off.
        signal.pthread_kill(threading.get_ident(), _SIGNALS[self.how])
        # Nobody survives the one; the other may be put off.
        return answer if self.how.endswith("after") else real(*args, **named)

    def infiltrate(self, patch: pytest.MonkeyPatch) -> None:
        """Take the place of every such call in this process.

        The process dies, not the machine: fsync(2) is counted and need not wait.
        """
        patch.setattr(os, "fsync", lambda _: None)
        for name in _CALLS:
            self._replace(name, patch)
        if self.how in _SIGNALS:
            self._replace("unlink", patch)
        real_open = os.open

        def opened(path: Any, flags: int, *rest: Any, **named: Any) -> int:
            if flags & os.O_CREAT or flags & os.O_TMPFILE == os.O_TMPFILE:
                made: int = self(real_open, path, flags, *rest, **named)
                return made
            return real_open(path, flags, *rest, **named)

        patch.setattr(os, "open", opened)
        saboteur = self

        class File(io.FileIO):
            def write(self, data: Any) -> int:
                written: int = saboteur(super().write, data)
                return written

        def file_of(descriptor: int, *_: Any, closefd: bool = True, **__: Any) -> File:
            return File(descriptor, "r+b", closefd=closefd)

        for module in (naming, look):
            patch.setattr(module, "open", file_of, raising=False)

    def _replace(self, name: str, patch: pytest.MonkeyPatch) -> None:
        real = getattr(os, name)

        def call(*args: Any, **named: Any) -> Any:
            return self(real, *args, **named)

        patch.setattr(os, name, call)


def sabotaged(
    request: CreateRequest, saboteur: Saboteur, *, has_proc: bool, has_room: bool
) -> int:
    """Make the area under sabotage; the code says how it went."""
    with pytest.MonkeyPatch.context() as patch:
        saboteur.infiltrate(patch)
        patch.setattr(naming, "_has_proc", lambda: has_proc)
        patch.setattr(way, "_has_room", lambda *_: has_room)
        # Each child would start one of its own to ask libblkid.
        nothing = Contents(holds=(), believed=None, unseen=None)
        patch.setattr(contents, "find_contents", lambda *_: nothing)
        try:
            create(request)
        except AreaError:
            return _REPORTED
        except KeyboardInterrupt:
            return _INTERRUPTED
    return 0


def started(request: CreateRequest, saboteur: Saboteur, **machine: bool) -> int:
    """Start a child that makes the area and leaves with the code; its number."""
    pid = os.fork()
    if pid == 0:
        code = _CRASHED
        try:
            code = sabotaged(request, saboteur, **machine)
        finally:
            os._exit(code)
    return pid


def outcome(
    request: CreateRequest,
    saboteur: Saboteur,
    *,
    has_proc: bool = True,
    has_room: bool = True,
) -> int:
    """Make the area under sabotage; the code, or minus the signal that ended it."""
    machine = {"has_proc": has_proc, "has_room": has_room}
    if _SIGNALS.get(saboteur.how) != signal.SIGKILL:
        return sabotaged(request, saboteur, **machine)
    pid = started(request, saboteur, **machine)
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


@pytest.mark.sampled(26)
@pytest.mark.parametrize(
    "has_proc",
    [
        pytest.param(True, id="unnamed", marks=needs_proc),
        pytest.param(False, id="named"),
    ],
)
@pytest.mark.parametrize(("case", "how"), pairs_in(2, CASES, _STRIKES))
def test_at_every_step_the_old_file_or_the_whole_new_one_is_there(
    case: str, how: str, has_proc: bool, tmp_path: Path
) -> None:
    old, wishes, new, at_least = CASES[case]
    path = tmp_path / "area"
    request = CreateRequest(
        path=str(path), page_size=4096, uuid=SAMPLE_UUID, label="sample", **wishes
    )
    expected = {signal.SIGKILL: -signal.SIGKILL, signal.SIGINT: _INTERRUPTED}
    is_kill = _SIGNALS.get(how) == signal.SIGKILL
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
        assert code == (expected[_SIGNALS[how]] if how in _SIGNALS else _REPORTED), (
            where
        )
    pytest.fail("it never came to an end")


OLD_REAL = header_page(last_page=31, label=b"old") + b"\xa5" * (31 * 4096)


@pytest.mark.slow
@pytest.mark.parametrize("how", _STRIKES)
@pytest.mark.parametrize("pages", [16, 64], ids=["cut", "lengthened"])
def test_in_a_file_that_changes_its_length_an_area_is_whole_at_every_step(
    how: str, pages: int, tmp_path: Path
) -> None:
    """Without room for two files. A killed run can leave the other length behind."""
    path = tmp_path / "area"
    request = CreateRequest(
        path=str(path),
        is_ghost=False,
        size_bytes=pages * 4096,
        page_size=4096,
        uuid=SAMPLE_UUID,
        label="sample",
        force=True,
    )
    longest = max(pages, 32)
    filled = OLD_REAL[4096:] + bytes((longest - 32) * 4096)
    header = header_page(last_page=pages - 1)
    new = (header + filled)[: pages * 4096]
    allowed = [OLD_REAL, new]
    if how not in ("Ctrl-C before", "Ctrl-C after"):
        # The old area in a longer file, the new one in a file not yet cut.
        allowed += [OLD_REAL + bytes((longest - 32) * 4096), header + filled]
    for strike_at in range(1, 100):
        path.write_bytes(OLD_REAL)
        path.chmod(0o600)
        code = outcome(request, Saboteur(strike_at, how), has_room=False)
        assert path.read_bytes() in allowed, f"{how} call {strike_at}"
        assert listing(tmp_path) == ["area"]
        if code == 0:
            assert path.read_bytes() == new
            assert strike_at > 5
            return
        # Whatever was left, the next run ends it.
        assert outcome(request, Saboteur(0, how), has_room=False) == 0
        assert path.read_bytes()[:4096] == header
        assert path.stat().st_size == pages * 4096
    pytest.fail("it never came to an end")


@pytest.mark.slow
@needs_proc
def test_killed_at_random_moments(tmp_path: Path) -> None:
    """Old or new, whole, every time; and the next run leaves nothing beside it."""
    path = tmp_path / "area"
    shapes = [(32, b"old"), (64, b"new"), (16, b"short"), (32, b"again")]
    chance = random.Random(12)
    killed = 0
    lasts = 0.05
    path.write_bytes(OLD_REAL)
    states = [OLD_REAL]
    for number in range(24):
        pages, label = shapes[number % len(shapes)]
        request = CreateRequest(
            path=str(path),
            is_ghost=False,
            size_bytes=pages * 4096,
            page_size=4096,
            uuid=SAMPLE_UUID,
            label=label.decode(),
            force=True,
        )
        new = header_page(last_page=pages - 1, label=label)
        nobody = Saboteur(0, "EIO")
        pid = started(request, nobody, has_proc=number % 3 > 0, has_room=True)
        began = time.monotonic()
        time.sleep(chance.uniform(0, lasts))
        os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code == 0:
            lasts = max(0.002, min(lasts, time.monotonic() - began))
        killed += code != 0
        found = path.read_bytes()
        is_new = found[:4096] == new and len(found) == pages * 4096
        assert is_new or found in states, number
        states = [found]
        assert outcome(request._replace(label="after"), nobody) == 0
        states = [path.read_bytes()]
        assert listing(tmp_path) == ["area"], number
    assert killed > 6
