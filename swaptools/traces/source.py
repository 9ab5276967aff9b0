"""Where a trace comes from: bytes of a file, decompressed as they are read.

Says where a record lies that is broken, and what becomes of it: an error, or one
more of those that are passed over and told. A file that ends too early is used up
to its end, and that is told, too. Memory is bounded whatever a file expands to.

Not here: what the bytes mean (a module each format), how they are decompressed
(decompress.py).
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from swaptools.errors import AreaError, MissingExtra, TraceError
from swaptools.traces.decompress import Decompressed

if TYPE_CHECKING:
    from collections.abc import Callable

#: That a format is known by, at most.
PEEKED_BYTES: Final = 1 << 16
#: Of drmemtrace; what lies beside them is in other formats.
_THREADS: Final = "*.trace.zip"
#: That are read at a time where nothing says how many.
_SOME_BYTES: Final = 1 << 18


def to_nobody(_sentence: str) -> None:
    """Say it to nobody."""


class Source:
    """The bytes of a trace, from its beginning to its end.

    Attributes:
        path: As the caller gave it.
        paths: The files of it; several in a directory of drmemtrace.
        seed: Of what is made from a description.
        offset: Of the next byte that read() returns, decompressed.
        broken: Records that were passed over.
        is_cut: The file ended within a record.
        tell: Called with a sentence for people.
    """

    def __init__(
        self,
        path: str,
        *,
        skip_broken: bool = False,
        seed: int = 0,
        tell: Callable[[str], None] = to_nobody,
    ) -> None:
        """Open a file, or a directory of threads; ``-`` is standard input.

        Raises:
            AreaError: It cannot be opened.
        """
        self.path = path
        self.skip_broken = skip_broken
        self.seed = seed
        self.tell = tell
        self.offset = 0
        self.broken = 0
        self.is_cut = False
        #: What the trace told of its tasks so far, by number.
        self.task_names: dict[int, str] = {}
        #: And what pages of it compress to, in bytes, by codec: a sample.
        self.lengths: dict[str, list[int]] = {}
        self._peeked = b""
        try:
            self.paths = parts_of(path)
            self.file: IO[bytes] = _opened(self.paths[0])
        except OSError as exc:
            raise AreaError.from_os_error(path, exc) from exc
        except ValueError as exc:  # NUL is in no name
            raise AreaError(path, str(exc)) from exc
        try:
            self._held = Decompressed(self.file, self.cut)
        except OSError as exc:
            self.close()
            raise AreaError.from_os_error(path, exc) from exc
        except MissingExtra:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        if self.path != "-":
            self.file.close()

    def file_bytes(self) -> int | None:
        """Return how long the file is as it lies there; None of a pipe."""
        try:
            status = os.fstat(self.file.fileno())
        except OSError:  # not the system's
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def file_offset(self) -> int:
        """Return how much of it has been read."""
        return self.file.tell()

    def peek(self, nr_bytes: int = PEEKED_BYTES) -> bytes:
        """Return the next bytes, fewer only at the end; they stay to be read."""
        if len(self._peeked) < nr_bytes:
            self._peeked += self._take(nr_bytes - len(self._peeked))
        return self._peeked[:nr_bytes]

    def read(self, nr_bytes: int) -> bytes:
        """Return so many bytes, fewer only at the end."""
        data = self._peeked[:nr_bytes]
        self._peeked = self._peeked[nr_bytes:]
        if len(data) < nr_bytes:
            more = self._take(nr_bytes - len(data))
            data = data + more if data else more
            if len(data) > nr_bytes:
                data, self._peeked = data[:nr_bytes], data[nr_bytes:]
        self.offset += len(data)
        return data

    def read_some(self) -> bytes:
        """Return as many bytes as there are at hand; none at the end."""
        data, self._peeked = self._peeked or self._next(_SOME_BYTES), b""
        self.offset += len(data)
        return data

    def read_records(self, record_bytes: int, nr_records: int) -> bytes:
        """Return whole records; one that the end cuts is told and left out."""
        data = self.read(record_bytes * nr_records)
        over = len(data) % record_bytes
        if over:
            self.cut(f"ends within a record, after {over} of {record_bytes} bytes")
            data = data[: len(data) - over]
        return data

    def error(self, reason: str, offset: int | None = None) -> TraceError:
        """Make the error that ends the reading, to be raised."""
        return TraceError(self.path, reason, offset)

    def skip(self, reason: str, offset: int, count: int = 1) -> None:
        """Pass a broken record over, where that is asked for.

        Raises:
            TraceError: It is not.
        """
        if not self.skip_broken:
            raise self.error(reason, offset)
        self.broken += count

    def cut(self, reason: str) -> None:
        """Say that the file ends too early; what came before is used."""
        if not self.is_cut:
            self.is_cut = True
            self.tell(f"{self.path}: byte {self.offset}: {reason}; used up to there")

    def _take(self, nr_bytes: int) -> bytes:
        # So many, or more; fewer only at the end.
        first = self._next(nr_bytes)
        if len(first) >= nr_bytes or not first:
            return first
        parts, length = [first], len(first)
        while length < nr_bytes and (part := self._next(nr_bytes - length)):
            parts.append(part)
            length += len(part)
        return b"".join(parts)

    def _next(self, nr_bytes: int) -> bytes:
        try:
            return self._held.read(nr_bytes)
        except OSError as exc:
            raise AreaError.from_os_error(self.path, exc) from exc
        except ValueError as exc:
            raise self.error(str(exc), self.offset + len(self._peeked)) from exc


def parts_of(path: str) -> list[str]:
    """Return the files of a trace: those of a directory's threads, or the path."""
    if path in ("-", "") or not Path(path).is_dir():
        return [path]
    folder = Path(path)
    found = [*folder.glob(_THREADS), *folder.glob(f"trace/{_THREADS}")]
    return sorted(map(str, found)) or [path]


def _opened(path: str) -> IO[bytes]:
    if path == "-":
        return sys.stdin.buffer
    return open(path, "rb", buffering=0)
