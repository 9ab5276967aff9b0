"""Traces by what is in them: the same file on another machine, or a copy of it.

A worker reads a trace where it lies, if the path is there with the same content, as on
a file system that all share; else it is given a copy once, which it keeps while it
lives.

Not here: reading references (traces/), who sends copies (dask_runner.py).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from swaptools.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BLOCK_BYTES: Final = 1 << 20
#: A larger one is not sent: it has to be where all workers can read it.
MAX_SENT_BYTES: Final = 1 << 30

_kept: dict[str, str] = {}


def digest_of(path: str) -> str:
    """Return a hash of a file, or of all files of a directory with their names.

    Raises:
        OSError: It cannot be read.
    """
    return _digest(path, tuple(_stamps(path)))


def _files(path: str) -> Iterable[Path]:
    found = Path(path)
    if not found.is_dir():
        return [found]
    return sorted(each for each in found.rglob("*") if each.is_file())


# By which it is known that a file has not changed.
def _stamps(path: str) -> Iterable[tuple[str, int, int]]:
    for file in _files(path):
        stat = file.stat()
        yield str(file), stat.st_size, stat.st_mtime_ns


@lru_cache(maxsize=256)
def _digest(path: str, _stamps: tuple[tuple[str, int, int], ...]) -> str:
    whole = hashlib.sha256()
    is_folder = Path(path).is_dir()
    for file in _files(path):
        if is_folder:
            whole.update(f"{file.relative_to(path)}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                whole.update(block)
    return whole.hexdigest()[:32]


def lacking(files: Mapping[str, str]) -> list[str]:
    """Return the hashes of the files that this process cannot read.

    Args:
        files: Paths by hash.
    """
    return [digest for digest, path in files.items() if not _place(path, digest)]


def place_of(path: str, digest: str) -> str:
    """Return where a trace can be read.

    Raises:
        TraceError: Nowhere: it is not there, or has other content.
    """
    place = _place(path, digest)
    if not place:
        raise TraceError(path, "is not here, or is not what it was")
    return place


def _place(path: str, digest: str) -> str:
    if digest in _kept:
        return _kept[digest]
    try:
        return path if digest_of(path) == digest else ""
    except OSError:
        return ""


def keep(digest: str, name: str, data: bytes, within: str) -> None:
    """Keep a copy for this process; its name may say what it is in.

    Args:
        digest: The hash of it.
        name: The path that it had elsewhere.
        data: All of it.
        within: A directory that somebody removes after this process, however it ends.
    """
    if digest in _kept:
        return
    folder = tempfile.mkdtemp(prefix="swaptools-trace.", dir=within)
    target = os.path.join(folder, os.path.basename(name))  # noqa: PTH118, PTH119
    Path(target).write_bytes(data)
    _kept[digest] = target


def to_send(path: str) -> bytes:
    """Return what is sent to who lacks a file.

    Raises:
        TraceError: It is a directory, or too large to be sent.
        OSError: It cannot be read.
    """
    file = Path(path)
    if file.is_dir() or file.stat().st_size > MAX_SENT_BYTES:
        raise TraceError(
            path,
            f"has to be where all workers can read it: files of up to {MAX_SENT_BYTES} "
            "bytes are sent",
        )
    return file.read_bytes()
