"""What a replay that is stopped leaves, so that the same command goes on from there.

A file of gzip: who made it, what has come of designs that are done, and the replay that
was being made. It is kept when a signal stops the command, when a design is done, and
every few minutes in between, and removed when all is printed.

Not here: a replay in bytes (emulator/replays/kept.py), passes (replay_passes.py).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pickle
import time
import zlib
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from swaptools import __version__
from swaptools.cli import interrupts, output
from swaptools.cli.trace_files import replaced
from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.replays.kept import (
    NotKept,
    find_class,
    read_replay,
    write_replay,
)
from swaptools.errors import AreaError
from swaptools.traces.shipped import path_of
from swaptools.traces.source import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.cli.replay_inputs import Options
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.replays.replay import Replay
    from swaptools.emulator.replays.replayed import Replayed

#: How much is lost at most when the power goes.
_EVERY_S: Final = 300
_MAGIC: Final = b"swapemu replay 1\n"
_MOST_HEAD_BYTES: Final = 1 << 20
_PART_BYTES: Final = 1 << 20
_BROKEN: Final = (EOFError, NotKept, pickle.UnpicklingError, ValueError, zlib.error)


@dataclass(slots=True)
class Kept:
    """How far a command is: what is done, and of which replay how many batches."""

    done: dict[str, Replayed] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    left_out: int = 0
    is_cut: bool = False
    broken: int = 0
    #: The replay that was being made, and how many batches of the trace it has had.
    name: str | None = None
    nr_batches: int = 0
    nr_references: int = 0


class Stopped(Exception):
    """A signal came, and what there was is kept."""

    def __init__(self, number: int) -> None:
        """Take the signal's number."""
        super().__init__(number)
        self.number = number


class Checkpoint:
    """The file of one command; without a name nothing is kept.

    Attributes:
        kept: As the file had it, and how far it is.
    """

    def __init__(self, options: Options, names: list[str]) -> None:
        """Read what is there.

        Args:
            options: Of the command; its ``checkpoint`` is the name of the file.
            names: Of the designs.

        Raises:
            AreaError: It cannot be read, or is not of this command and trace.
        """
        path = self.path = options.checkpoint
        self.kept = Kept()
        self._next_s = time.monotonic() + _EVERY_S
        if path is not None:
            self._key = _key(options, names)
            self._read(path)

    def nr_batches(self, name: str) -> int:
        """Return how many batches a replay of that name has had, by the file."""
        return self.kept.nr_batches if self.kept.name == name else 0

    def replay(self, machine: Machine) -> Replay:
        """Return the replay that is in the file.

        Args:
            machine: Started as its own was.

        Raises:
            AreaError: It cannot be read back.
        """
        path = self.path or ""
        with _told(path), self._opened(path) as (_, file):
            return read_replay(file, machine)

    def noting(self) -> AbstractContextManager[object]:
        """Let signals wait for look(), where something is to be kept."""
        return nullcontext() if self.path is None else interrupts.Noted()

    def look(self, name: str, nr_batches: int, replay: Replay) -> None:
        """Keep a replay between two batches, if it is time to.

        Raises:
            Stopped: A signal has come.
            OSError: The file cannot be written.
        """
        if self.path is None:
            return
        number = interrupts.noted()
        if not number and time.monotonic() < self._next_s:
            return
        self.kept.name, self.kept.nr_batches = name, nr_batches
        self.kept.nr_references = replay.nr_references
        self._write(self.path, replay)
        if number:
            raise Stopped(number)

    def end(self) -> None:
        """Keep what is done when a replay has ended.

        Raises:
            OSError: The file cannot be written.
        """
        self.kept.name = None
        if self.path is not None:
            self._write(self.path, None)

    def _write(self, path: str, replay: Replay | None) -> None:
        with (
            replaced(path) as file,
            gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as stream,
        ):
            packed = cast("IO[bytes]", stream)
            packed.write(_MAGIC + self._key + b"\n")
            pickle.dump(self.kept, packed, protocol=5)
            if replay is not None:
                write_replay(packed, replay)
        self._next_s = time.monotonic() + _EVERY_S

    def _read(self, path: str) -> None:
        if not Path(path).exists():
            return
        with _told(path), self._opened(path) as (kept, file):
            self.kept = kept
            while file.read(_PART_BYTES):  # its checksum stands at the end
                pass
        if self.kept.name is not None:
            at = f"reference {self.kept.nr_references:,} of {self.kept.name}"
        else:
            at = f"design {len(self.kept.done) + len(self.kept.failed) + 1}"
        output.error(f"goes on at {at}", path)

    @contextmanager
    def _opened(self, path: str) -> Iterator[tuple[Kept, IO[bytes]]]:
        with gzip.open(path) as file:
            if file.readline(_MOST_HEAD_BYTES) != _MAGIC:
                raise NotKept("no replay was kept in it")
            if file.readline(_MOST_HEAD_BYTES).strip() != self._key:
                raise NotKept(
                    "of another command or version, or its trace has changed; remove "
                    "it to begin anew"
                )
            kept = _Reader(file).load()
            if not isinstance(kept, Kept):
                raise NotKept("no replay was kept in it")
            yield kept, cast("IO[bytes]", file)


class _Reader(pickle.Unpickler):
    # Of what has come of replays: classes of the emulator, and one of ours.
    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) == (__name__, Kept.__name__):
            return Kept
        return find_class(module_name, global_name)


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as exc:
        raise AreaError(path, str(exc)) from exc
    except OSError as exc:
        if exc.errno is None:  # gzip's own
            raise AreaError(path, "no replay was kept in it") from exc
        raise AreaError.from_os_error(path, exc) from exc


def _key(options: Options, names: list[str]) -> bytes:
    """Return what is the same as long as it is the same command and trace.

    Raises:
        AreaError: A file of it cannot be looked at.
    """
    about = asdict(options)
    about.pop("checkpoint")
    about |= {"version": __version__, "designs": names, "compiles": can_compile()}
    read = [*parts_of(path_of(options.path)), *_files_of(options)]
    about["files"] = [_looks(path) for path in read]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest().encode()


def _files_of(options: Options) -> list[str]:
    kind, _, table = options.lengths.partition(":")
    tables = [table] if kind == "table" else []
    scripts = [options.script] if options.script else []
    return tables + [path for path in scripts if Path(path).exists()]


def _looks(path: str) -> tuple[str, int, int]:
    try:
        status = os.stat(path)
    except OSError as exc:
        raise AreaError.from_os_error(path, exc) from exc
    return path, status.st_size, status.st_mtime_ns
