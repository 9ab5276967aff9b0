"""Ctrl-C and the like, put off while a half would be worse than a whole.

Between two steps of which one alone leaves something behind (a file and its name, a
wiped signature and the header), a signal waits until both are done. It waits in the
thread that makes the area: in a program that has others, they hear it meanwhile.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

_PUT_OFF: Final = frozenset(
    {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
)

#: Returns a block in which signals are heard again, for what takes long.
Listening = Callable[[], AbstractContextManager[None]]


@contextmanager
def uninterrupted() -> Iterator[Listening]:
    """Let signals that end a program wait until the block has ended."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _PUT_OFF)

    @contextmanager
    def listening() -> Iterator[None]:
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, _PUT_OFF)

    try:
        yield listening
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
