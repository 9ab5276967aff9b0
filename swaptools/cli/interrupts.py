"""Ctrl-C: the command ends at once, says nothing, and has status 130.

No KeyboardInterrupt: raised in the middle of an import, of a destructor or of a
compiler it is turned into something else, printed, or lost.
"""

import os

# Neither typing nor contextlib: until this module is there, Ctrl-C is the
# interpreter's, and they take five times as long to load as all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any, NoReturn
else:
    # The module below signal, which makes enumerations of all there are.
    import _signal as signal

#: 128 and the number of SIGINT, as a shell has it.
EXIT_INTERRUPTED = 130
#: Whether standard error is in the middle of a line, as progress leaves it.
is_within_line = False


class Interrupted(BaseException):
    """Ctrl-C, where there is something to put away first."""


def catch_interrupts() -> None:
    """End the process at SIGINT; one that is ignored, as under nohup, stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def end_line() -> None:
    """Have what comes next on standard error begin a line of its own."""
    global is_within_line
    is_within_line = False
    try:
        os.write(2, b"\n")
    except OSError:  # the terminal has gone
        return


class Noted:
    """Have the first SIGINT or SIGTERM within be noted; a second one ends all."""

    def __enter__(self) -> None:
        """From now on."""
        global _noted
        _noted = 0
        self._before: dict[int, Any] = {}
        for number, usual in (
            (signal.SIGINT, _leave),
            (signal.SIGTERM, signal.SIG_DFL),
        ):
            if signal.getsignal(number) is usual:
                self._before[number] = signal.signal(number, _note)

    def __exit__(self, *_: object) -> None:
        """As before."""
        for number, before in self._before.items():
            signal.signal(number, before)


def noted() -> int:
    """Return the number of the signal that was noted, or 0."""
    return _noted


_noted = 0


def _note(number: int, _frame: object) -> None:
    global _noted
    _noted = number
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class Interruptible:
    """Have SIGINT raise Interrupted within, once: what follows is cleaning up."""

    def __enter__(self) -> None:
        """From now on."""
        self._is_ours = signal.getsignal(signal.SIGINT) is _leave
        if self._is_ours:
            signal.signal(signal.SIGINT, _raise)

    def __exit__(self, *_: object) -> None:
        """As before."""
        if self._is_ours:
            signal.signal(signal.SIGINT, _leave)


def _leave(_number: int, _frame: object) -> "NoReturn":
    if is_within_line:
        end_line()
    os._exit(EXIT_INTERRUPTED)


def _raise(_number: int, _frame: object) -> "NoReturn":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Interrupted
