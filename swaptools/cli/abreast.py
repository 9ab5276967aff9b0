"""Two processes look at files, and one of them prints, in the order of the names.

A fork of ours looks at the second part of each batch. What it finds comes back as it
is to be printed, and what it cannot do is done here: nobody can tell from the output
who looked at what. It ends when we do, however that comes.

Not here: what is looked at, and what is wrong with it (looking.py).
"""

from __future__ import annotations

import marshal
import os
import sys
from contextlib import suppress
from io import StringIO
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn

from swaptools.cli import interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    #: Of many files, what comes of each.
    Look = Callable[[Iterable[str]], Iterator[Iterable[Any]]]

#: Of so many parts of a batch, those for the other process: at first, and at most.
_PARTS: Final = 32
_FIRST_PARTS: Final = 16
_MOST_PARTS: Final = 28
#: Letters that an answer may have: what is behind them we look at ourselves.
_MOST_CHARS: Final = 4 << 20
#: With a limit below this, ours would be missing for the files.
_DESCRIPTORS: Final = 256
#: What begins so is another thing in another process, or is not to be opened twice.
_OURS: Final = ("-", "/dev/", "/proc/")
_LENGTH_BYTES: Final = 8
_SIGKILL: Final = 9


def look_abreast(
    batches: Iterable[list[str]], look: Look, is_troubled: Callable[[], bool]
) -> Iterator[Any]:
    """Yield what comes of the files, in their order.

    Args:
        batches: Their names; an empty one comes before others are waited for, and
            last.
        look: How they are looked at, wherever that is; what it yields has types that
            marshal knows.
        is_troubled: As Looking has it; asked in either process.
    """
    other = _Other(look, is_troubled)
    try:
        for batch in batches:
            found, left = other.receive()
            ours = other.send(batch)
            yield from found
            yield from chain.from_iterable(look(left + ours))
        other.close()
    finally:
        other.kill()


class _Other:
    # The other process; where there is none, everything is ours.

    def __init__(self, look: Look, is_troubled: Callable[[], bool]) -> None:
        self._is_troubled = is_troubled
        self._pid = 0
        self._theirs: list[str] = []
        self._asked_at = 0.0
        self._parts = _FIRST_PARTS
        if _may_fork():
            self._fork(look)

    def _fork(self, look: Look) -> None:
        ends: list[int] = []
        try:
            ends += os.pipe()
            ends += os.pipe()
            self._pid = os.fork()
        except OSError:
            for end in ends:
                os.close(end)
            return
        requests, ask, answers, answer = ends
        if not self._pid:
            _serve(requests, answer, (ask, answers), look, self._is_troubled)
        os.close(requests)
        os.close(answer)
        self._ask = open(ask, "wb")  # noqa: SIM115
        self._answers = open(answers, "rb")  # noqa: SIM115

    def send(self, batch: list[str]) -> list[str]:
        """Ask about the second part of a batch, and return the first, which is ours."""
        nr_ours = len(batch) - len(batch) * self._parts // _PARTS
        theirs = batch[nr_ours:] if self._pid else []
        # Up to the first one that has to be looked at here, as what is behind it.
        odd = (at for at, name in enumerate(theirs) if name.startswith(_OURS))
        asked = theirs[: next(odd, None)]
        if not asked:
            return batch
        try:
            _write(self._ask, asked)
        except OSError:
            self.kill()
            return batch
        self._theirs, self._asked_at = theirs, monotonic()
        return batch[:nr_ours]

    def receive(self) -> tuple[list[Any], list[str]]:
        """Return what came of the part that was sent, and what is ours of it."""
        theirs, self._theirs = self._theirs, []
        if not theirs:
            return [], []
        ours_s = monotonic() - self._asked_at
        answer = None if self._is_troubled() else _read(self._answers)
        if answer is None:
            self.kill()
            return [], theirs
        found, nr_done, theirs_s = answer
        # Whoever was done first gets more of the next batch.
        self._parts += 1 if theirs_s < ours_s else -1
        self._parts = min(max(self._parts, 1), _MOST_PARTS)
        return found, theirs[nr_done:]

    def close(self) -> None:
        """Let it come to its end, and wait for that."""
        if self._pid:
            # Said, and not only left: who asks libblkid may hold the pipe open, too.
            with suppress(OSError):
                _write(self._ask, [])
            self._forget(wait=0)

    def kill(self) -> None:
        """End it; one that reads from a dead device nobody waits for."""
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, _SIGKILL)
            self._forget(wait=os.WNOHANG)

    def _forget(self, wait: int) -> None:
        with suppress(ChildProcessError):  # who began us ignores SIGCHLD
            os.waitpid(self._pid, wait)
        self._pid = 0
        self._answers.close()
        with suppress(OSError):  # there may be what it has not read
            self._ask.close()


def _may_fork() -> bool:
    # A second processor, one thread, and descriptors to spare.
    if len(os.sched_getaffinity(0)) < 2 or len(sys._current_frames()) > 1:
        return False
    return os.sysconf("SC_OPEN_MAX") >= _DESCRIPTORS


def _serve(
    requests: int,
    answer: int,
    not_ours: Iterable[int],
    look: Look,
    is_troubled: Callable[[], bool],
) -> NoReturn:
    # In the fork: never to return into what its parent is about to do.
    try:
        for end in not_ours:
            os.close(end)
        sys.stderr = StringIO()  # no terminal, to which progress would be shown
        interrupts.is_within_line = False
        with open(requests, "rb") as asked, open(answer, "wb") as answers:
            while names := _read(asked):
                begin = monotonic()
                found, nr_done = _found(names, look, is_troubled)
                _write(answers, (found, nr_done, monotonic() - begin))
    finally:
        os._exit(0)


def _found(
    names: list[str], look: Look, is_troubled: Callable[[], bool]
) -> tuple[list[Any], int]:
    # What came of the files, as far as it goes, and how many they are.
    found: list[Any] = []
    room = _MOST_CHARS
    for nr_done, of_one in enumerate(look(names)):
        some = []
        for one in of_one:
            room -= len(one) if isinstance(one, str) else 64 * len(one)
            if room < 0:
                return found, nr_done
            some.append(one)
        if is_troubled():
            return found, nr_done
        found += some
    return found, len(names)


def _write(file: BinaryIO, value: Any) -> None:
    data = marshal.dumps(value)
    file.write(len(data).to_bytes(_LENGTH_BYTES, sys.byteorder) + data)
    file.flush()


def _read(file: BinaryIO) -> Any:
    # None where the other side has gone.
    nr_bytes = int.from_bytes(file.read(_LENGTH_BYTES), sys.byteorder)
    data = file.read(nr_bytes)
    return marshal.loads(data) if nr_bytes and len(data) == nr_bytes else None
