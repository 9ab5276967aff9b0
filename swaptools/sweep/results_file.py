"""The file that rows are appended to: whole lines, whoever is killed when.

A line is one write to a file that appends; a line that a kill has torn is cut when
the file is opened again. Two sweeps cannot have it at the same time.

Not here: what a line is (rows.py), reading them for people (results.py).
"""

from __future__ import annotations

import fcntl
import os
import stat
from typing import TYPE_CHECKING, Final, Self

from swaptools.errors import StudyError
from swaptools.sweep.results import read_lines
from swaptools.sweep.rows import BEGINNING

if TYPE_CHECKING:
    from types import TracebackType

    from swaptools.sweep.rows import About, Row

_BLOCK_BYTES: Final = 1 << 16


class ResultsFile:
    """Rows by now, and where the next ones go."""

    def __init__(self, path: str) -> None:
        """Open it, or make it.

        Raises:
            OSError: It cannot be opened.
            StudyError: Another sweep has it, or it is no file of rows; nothing of it
                is changed then.
        """
        self.path = path
        #: Bytes of a torn line that were cut.
        self.cut_bytes = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY
        self._file = os.open(path, flags, 0o666)
        try:
            self._lock()
            self._mend()
            #: What it has, the newest row of each cell.
            self.results = read_lines(path)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _exc: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close it; another sweep may have it then."""
        os.close(self._file)

    def _lock(self) -> None:
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            reason = "rows are appended to a file, and this is none"
            raise StudyError(self.path, reason)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise StudyError(self.path, "another sweep writes to it") from exc

    def _mend(self) -> None:
        size = os.fstat(self._file).st_size
        torn = b""
        while size > len(torn) and b"\n" not in torn:
            first = max(size - len(torn) - _BLOCK_BYTES, 0)
            torn = os.pread(self._file, size - len(torn) - first, first) + torn
        tail = torn.rpartition(b"\n")[2]
        if not tail:
            return
        beginning = BEGINNING.encode()
        if tail[: len(beginning)] != beginning[: len(tail)]:
            raise StudyError(self.path, "no rows of a study: nothing is appended to it")
        os.ftruncate(self._file, size - len(tail))
        self.cut_bytes = len(tail)

    def append(self, row: Row | About) -> None:
        """Append a line, whole or not at all.

        Raises:
            OSError: It cannot be; a full disk leaves nothing of it behind.
        """
        data = row.line().encode("ascii")
        before = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, data)
            if written < len(data):
                self._write_rest(data[written:], before)
        except OSError as exc:
            exc.filename = self.path
            raise

    def _write_rest(self, data: bytes, before_bytes: int) -> None:
        try:
            os.write(self._file, data)
        except OSError:
            os.ftruncate(self._file, before_bytes)
            raise
