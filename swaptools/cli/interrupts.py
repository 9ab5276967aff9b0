"""Ctrl-C: the command ends at once, says nothing, and has status 130.

No KeyboardInterrupt: raised in the middle of an import, of a destructor or of a
compiler it is turned into something else, printed, or lost.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

#: 128 and the number of SIGINT, as a shell has it.
EXIT_INTERRUPTED: Final = 130


class Interrupted(BaseException):
    """Ctrl-C, where there is something to put away first."""


def catch_interrupts() -> None:
    """End the process at SIGINT; one that is ignored, as under nohup, stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


@contextmanager
def interruptible() -> Iterator[None]:
    """Have SIGINT raise Interrupted within, once: what follows is cleaning up."""
    if signal.getsignal(signal.SIGINT) is not _leave:
        yield
        return
    signal.signal(signal.SIGINT, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, _leave)


def _leave(_number: int, _frame: object) -> NoReturn:
    os._exit(EXIT_INTERRUPTED)


def _raise(_number: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Interrupted
