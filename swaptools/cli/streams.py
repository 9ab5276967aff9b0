"""Standard input, output and error that fail in one way, whatever they are.

A full disk, a reader that has gone and a stream that was closed before the command
began all end in OutputLost, which no command has to know of; only start.py does.
What is said on standard error is never a failure. No letter is too much for an
encoding: what does not fit is escaped.

Not here: what is printed (output.py), what a lost output means (start.py).
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Any, Final, TextIO

#: What has been done by now, for the case that it cannot be printed.
outcome = ""
_STDIN, _STDOUT, _STDERR = range(3)


class OutputLost(BaseException):
    """Standard output could not be written.

    No Exception: whoever handles the errors of files does not mean this one.
    """

    def __init__(self, cause: OSError) -> None:
        super().__init__(cause)
        #: What write(2) said.
        self.cause: Final = cause


class _Output(io.FileIO):
    # Standard output; once it has failed nobody is bothered again.
    _is_lost = False

    def write(self, data: Any) -> int:
        if self._is_lost:
            return memoryview(data).nbytes
        try:
            while (count := super().write(data)) is None:
                _wait_for(self)  # somebody else's O_NONBLOCK
        except OSError as exc:
            self._is_lost = True
            raise OutputLost(exc) from exc
        return count


def _wait_for(output: io.FileIO) -> None:
    import select  # seldom needed

    select.select((), (output,), ())


class _Errors(io.FileIO):
    # Standard error: there is nowhere to say that it fails.
    def write(self, data: Any) -> int:
        try:
            return super().write(data) or 0
        except OSError:
            return memoryview(data).nbytes


class _Ascii(io.TextIOWrapper):
    # Click takes an encoding of that name for a mistake, and would write UTF-8.
    encoding = "ascii, escaped"


def is_utf8() -> bool:
    """Tell whether every letter reaches standard output as it is."""
    return "utf" in (sys.stdout.encoding or "").lower()


def open_streams() -> None:
    """Put streams over descriptors 0, 1 and 2 that behave as this room says."""
    for descriptor in (_STDIN, _STDOUT, _STDERR):
        _hold(descriptor)
    if sys.stdin is None:
        sys.stdin = open(_STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _text(_Output(_STDOUT, "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Errors(_STDERR, "w", closefd=False), sys.stderr)


def _hold(descriptor: int) -> None:
    # The number of a closed stream would go to the next file that is opened, and
    # what is printed would end up in there. This one takes no reads and no writes,
    # and a program that is run keeps it, to which the same would happen.
    try:
        os.fstat(descriptor)
    except OSError:
        os.set_inheritable(os.open(__file__, os.O_PATH), True)


def _text(raw: io.FileIO, old: TextIO | None) -> io.TextIOWrapper:
    encoding = "utf-8" if old is None else old.encoding
    is_ascii = codecs.lookup(encoding).name == "ascii"
    kind = _Ascii if is_ascii else io.TextIOWrapper
    buffered = io.BufferedWriter(raw)
    return kind(buffered, encoding, errors="backslashreplace", line_buffering=True)
