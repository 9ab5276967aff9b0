"""What a compressed file expands to, in pieces: .gz, .zst, .xz and .bz2.

Known by its first bytes. Each piece is bounded, and so is what a decompressor may
take for its window, whatever the file says.

Not here: what the bytes mean.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from swaptools.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Of a file at a time, and of what it expands to.
_READ_BYTES: Final = 1 << 18
_PIECE_BYTES: Final = 1 << 20
#: Handed to zstd at a time: no more than 32768 times as much comes out.
_ZSTD_BYTES: Final = 1 << 10
#: Of a window: what `xz -9` and `zstd --ultra --long=27` need, and no more.
_MAX_WINDOW_BYTES: Final = 1 << 27

_GZIP: Final = b"\x1f\x8b"
_BZIP2: Final = b"BZh"
_XZ: Final = b"\xfd7zXZ\0"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
#: What begins with one of them is compressed.
MAGICS: Final = (_GZIP, _BZIP2, _XZ, _ZSTD)
_LONGEST_MAGIC: Final = max(map(len, MAGICS))


class _Decompressor(Protocol):
    # What bz2 and lzma have.
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    # zlib's, as the others are.
    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=2 * _MAX_WINDOW_BYTES)


_MAKERS: Final[dict[bytes, Callable[[], _Decompressor]]] = {
    _GZIP: _Gzip,
    _BZIP2: bz2.BZ2Decompressor,
    _XZ: _xz,
}


class Decompressed:
    """What a file holds, decompressed when its first bytes say so."""

    def __init__(self, file: IO[bytes], cut: Callable[[str], None]) -> None:
        """Look at the first bytes.

        Args:
            file: Binary, at its beginning.
            cut: Called when a compressed file ends too early.

        Raises:
            OSError: The file cannot be read.
            MissingExtra: It is zstd, and there is no library for that.
        """
        self._file = file
        self._head = _head(file)
        self._pieces = _pieces(self._head, file, cut)

    @property
    def is_compressed(self) -> bool:
        """Tell whether offsets are not those in the file."""
        return self._pieces is not None

    def read(self, nr_bytes: int) -> bytes:
        """Return a piece: of so many bytes where it is as it stands; none at the end.

        Raises:
            ValueError: What is compressed is broken.
            OSError: The file cannot be read.
        """
        if self._pieces is not None:
            return next(self._pieces, b"")
        if self._head:
            head, self._head = self._head, b""
            return head
        return self._file.read(nr_bytes)


def _pieces(
    head: bytes, file: IO[bytes], cut: Callable[[str], None]
) -> Iterator[bytes] | None:
    # Of what is compressed.
    if head.startswith(_ZSTD):
        return _zstd(head, file, _import_zstandard(), cut)
    for magic, maker in _MAKERS.items():
        if head.startswith(magic):
            return _members(head, file, maker, cut)
    return None


def _head(file: IO[bytes]) -> bytes:
    # A pipe gives little at a time.
    head = b""
    while len(head) < _LONGEST_MAGIC and (more := file.read(_READ_BYTES)):
        head += more
    return head


def _members(
    data: bytes,
    file: IO[bytes],
    maker: Callable[[], _Decompressor],
    cut: Callable[[str], None],
) -> Iterator[bytes]:
    # Several may follow one another, as `cat a.gz b.gz` makes them.
    while data:
        member = maker()
        while not member.eof:
            try:
                piece = member.decompress(data, _PIECE_BYTES)
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as exc:
                raise ValueError(f"what is compressed is broken: {exc}") from exc
            data = b""
            if piece:
                yield piece
            if not member.eof and member.needs_input:
                data = file.read(_READ_BYTES)
                if not data:
                    cut("the compressed file ends too early")
                    return
        # Zeros may stand behind the last, as in a tar of a tape.
        data = member.unused_data.lstrip(b"\0") or file.read(_READ_BYTES).lstrip(b"\0")


def _import_zstandard() -> Any:  # noqa: ANN401
    try:
        return import_module("zstandard")
    except ImportError as exc:
        raise MissingExtra("a trace in zstd", "compress") from exc


def _zstd(
    data: bytes,
    file: IO[bytes],
    zstandard: Any,  # noqa: ANN401
    cut: Callable[[str], None],
) -> Iterator[bytes]:
    while data:
        maker = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
        member = maker.decompressobj()
        while not member.eof:
            # Its output has no other bound than what it is given.
            given, data = data[:_ZSTD_BYTES], data[_ZSTD_BYTES:]
            try:
                piece = member.decompress(given)
            except zstandard.ZstdError as exc:
                raise ValueError(f"what is compressed is broken: {exc}") from exc
            if piece:
                yield piece
            data = data or file.read(_READ_BYTES)
            if not member.eof and not data:
                cut("the compressed file ends too early")
                return
        data = member.unused_data + data or file.read(_READ_BYTES)
