"""Traces that commands open, and write; and how far reading one is.

Not here: the formats (traces/).
"""

from __future__ import annotations

import io
import os
import stat
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from swaptools.cli import interrupts, output
from swaptools.cli.progress import ProgressLine, take_away
from swaptools.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from swaptools.references import References
    from swaptools.traces.formats import Trace

import click


def opened(
    path: str, format_name: str | None, *, skip_broken: bool, seed: int
) -> Trace:
    """Open a trace, of the package or a file; what is told of it goes to stderr.

    Raises:
        SwapToolsError: It cannot be opened, or is none.
        click.UsageError: There is no format of that name.
    """
    from swaptools.traces.formats import open_trace
    from swaptools.traces.shipped import path_of

    try:
        return open_trace(
            path_of(path),
            format_name=format_name,
            skip_broken=skip_broken,
            seed=seed,
            tell=output.error,
        )
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc


def with_bar(found: Trace, what: str, nr_before: int = 0) -> Iterator[References]:
    """Yield the references of a trace, and say how much of the file is read.

    Args:
        found: The trace.
        what: Is done with them, escaped.
        nr_before: Batches that are passed over, which takes no time.
    """
    size_bytes = found.source.file_bytes()
    bar = ProgressLine(what) if size_bytes else None
    try:
        for number, batch in enumerate(found):
            if bar is not None and size_bytes:
                done = min(found.source.file_offset(), size_bytes)
                if number == nr_before:
                    bar.begin_at(done if number else 0)
                bar(done, size_bytes)
            yield batch
    finally:
        take_away()


class _Written(io.FileIO):
    # A file whose errors have the name that the user gave.
    def __init__(self, file: str | int, path: str) -> None:
        with _told_of(path):
            super().__init__(file, "wb")
        self._path = path

    def write(self, data: Any) -> int:
        with _told_of(self._path):
            return super().write(data) or 0


def written(path: str, file: str | int | None = None) -> IO[bytes]:
    """Open a file to write to it; all of its errors have its name.

    Args:
        path: As the user gave it.
        file: What is opened in its place: another name, or a descriptor.

    Raises:
        OSError: It cannot be opened.
    """
    return io.BufferedWriter(_Written(path if file is None else file, path))


@contextmanager
def _told_of(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, path) from exc


@contextmanager
def replaced(path: str) -> Iterator[IO[bytes]]:
    """Write a file that is there whole in the end, or not at all; ``-`` is stdout.

    What is no regular file is written to as it is.

    Raises:
        OSError: It cannot be written.
    """
    if path == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if not _is_to_be_made(path):
        with written(path) as device:
            yield device
        return
    with interrupts.Interruptible(), _beside(path) as file:
        yield file


@contextmanager
def _beside(path: str) -> Iterator[IO[bytes]]:
    # Slow to start, and of no use to --help and Tab.
    import tempfile
    from pathlib import Path

    target = Path(path).resolve()
    with _told_of(path):
        descriptor, name = tempfile.mkstemp(prefix=".swapemu.", dir=target.parent)
    try:
        with written(path, descriptor) as file:
            os.fchmod(descriptor, _mode(target))
            yield file
        with _told_of(path):
            Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    # As the file had that is replaced, or as any new one.
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0o077)
        os.umask(mask)
        return 0o666 & ~mask


def _is_to_be_made(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        if not path:  # which Path() takes for the directory
            raise
        return True
