"""The program that is recorded: how it starts, what signals it gets, how it ends.

Ctrl-C at a terminal reaches it without us; what is sent to the recorder alone is
handed on, so that the recorder lives as long as there is something to record. A third
Ctrl-C kills it.

Not here: what it does meanwhile (lackey.py, faults.py).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from swaptools.errors import RecordError, named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

#: As a shell has it, and env(1): not found, found and not to be run.
EXIT_NOT_FOUND: Final = 127
EXIT_NOT_RUN: Final = 126
_HANDED_ON: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_PATIENCE: Final = 3


def check_runs(name: str) -> None:
    """Look whether there is such a program.

    Raises:
        RecordError: There is none, or it cannot be run.
    """
    if shutil.which(name) is not None:
        return
    if os.sep in name and os.path.exists(name):  # noqa: PTH110 - as execvp(3) has it
        raise RecordError(f"{name}: cannot be run", EXIT_NOT_RUN)
    raise RecordError(f"{named(name)}: not found", EXIT_NOT_FOUND)


class Child:
    """A program that runs, for as long as the block lasts."""

    def __init__(
        self, words: Sequence[str], prepare: Callable[[], None] | None = None
    ) -> None:
        """Start it, with our standard streams.

        Args:
            words: Program and arguments.
            prepare: Done in the child before the program begins.

        Raises:
            RecordError: It cannot be started.
        """
        self._interrupted = 0
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDED_ON)

        def begin() -> None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            if prepare is not None:
                prepare()

        try:
            self._process = subprocess.Popen(words, preexec_fn=begin)
        except (OSError, subprocess.SubprocessError) as exc:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            raise RecordError(f"{words[0]}: {exc}", EXIT_NOT_RUN) from exc
        self.pid = self._process.pid

    def __enter__(self) -> Child:
        """Signals are ours until the end."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End it where that is not yet so, and let signals be what they were."""
        if kind is not None and self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        while signal.sigtimedwait(_HANDED_ON, 0):  # what came too late is done with
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def look(self) -> int | None:
        """Hand signals on; return how it ended, as Popen.returncode, or None."""
        while (came := signal.sigtimedwait(_HANDED_ON, 0)) is not None:
            self._hand_on(came)
        return self._process.poll()

    def _hand_on(self, came: signal.struct_siginfo) -> None:
        number = came.si_signo
        self._interrupted += number == signal.SIGINT
        if self._interrupted >= _PATIENCE:
            number = signal.SIGKILL
        elif came.si_pid == 0:  # of a terminal, which told all of them
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    @property
    def is_given_up(self) -> bool:
        """Tell whether somebody pressed Ctrl-C until it must end."""
        return self._interrupted >= _PATIENCE
