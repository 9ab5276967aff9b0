"""Page compressors by the kernel's names, from the libraries there are.

Not here: what is done with a page that does not get smaller (zswap.py, zram.py).

Lengths are those of a library, which are near the kernel's but not equal; a run
that needs the kernel's own gives lengths instead of bytes. Against Linux 6.18, on
9600 pages of mixed content, our length less the kernel's in percent of it:

========  ====  ======  =====  ====  ========
codec      sum  median  least  most  equal, %
========  ====  ======  =====  ====  ========
lz4       −3.7     0.0  −45.5  17.3      48.1
lzo      −12.9   −12.7  −55.5   0.0      14.6
========  ====  ======  =====  ====  ========

deflate: same size class of zsmalloc on 40 of 40 pages (lengths are not shown).
lz4hc, zstd: not compared, that kernel has neither in zswap nor in zram.

Kernel: crypto/deflate.c, crypto/lzo.c, crypto/lz4.c, crypto/lz4hc.c, crypto/zstd.c.
Same: stream formats, levels, windows.
Changed: the encoder is a library's, so a length may differ.
Left out: lzo-rle and 842, for which there is no library.
"""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from swaptools.errors import DecompressError, MissingExtra, SelectionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

# Kernel: crypto/deflate.c DEFLATE_DEF_LEVEL, DEFLATE_DEF_WINBITS (raw, so negative).
# DEFLATE_DEF_MEMLEVEL is include/linux/zconf.h MAX_MEM_LEVEL, 8: what zlib has anyway.
_DEFLATE_LEVEL, _DEFLATE_WINBITS = -1, -11
# Kernel: include/linux/lz4.h LZ4HC_DEFAULT_CLEVEL.
_LZ4HC_LEVEL = 9
# Kernel: crypto/zstd.c ZSTD_DEF_LEVEL, ZSTD_MAX_SIZE: tuned for sources of that size.
_ZSTD_LEVEL, _ZSTD_SOURCE_BYTES = 3, 1 << 18


@dataclass(frozen=True, slots=True)
class Codec:
    """A compressor, both ways."""

    #: As in /sys/module/zswap/parameters/compressor.
    name: str
    #: From a page to its compressed bytes, which may be more than the page.
    compress: Callable[[bytes], bytes]
    # From compressed bytes and the page size to the page, in the library's errors.
    _expand: Callable[[bytes, int], bytes]
    _library_error: type[Exception]

    @property
    def number(self) -> int:
        """What core/ calls it by."""
        return CODEC_NAMES.index(self.name)

    @property
    def is_slow(self) -> bool:
        """Whether a page takes so long that it is worth a thread.

        All of them let go of the interpreter meanwhile; lz4 and zstd take less than
        a change of threads.
        """
        return self.name in _SLOW

    def measure(self, page: bytes) -> int:
        """Return the length of a page compressed, which can be read back.

        Raises:
            DecompressError: It is another page then, or none.
        """
        compressed = self.compress(page)
        if self.decompress(compressed, len(page)) != page:
            raise DecompressError(f"{self.name}: not the page that was compressed")
        return len(compressed)

    def decompress(self, compressed: bytes, page_size: int) -> bytes:
        """Return the page that was compressed.

        Raises:
            DecompressError: These bytes are no compressed page of that size.
        """
        try:
            page = self._expand(compressed, page_size)
        except self._library_error as exc:
            raise DecompressError(f"{self.name}: {exc}") from exc
        if len(page) != page_size:
            raise DecompressError(f"{self.name}: {len(page)} bytes, not {page_size}")
        return page


@cache
def get_codec(name: str) -> Codec:
    """Return the compressor of that name.

    Raises:
        SelectionError: The kernel has none of that name, or no library has it.
        MissingExtra: Its library is not installed.
    """
    if name in _WITHOUT_LIBRARY:
        raise SelectionError(f"no library compresses {name}; give lengths instead")
    if name not in _MAKERS:
        raise SelectionError(f"no compressor {name!r}; known: {', '.join(_MAKERS)}")
    return _MAKERS[name](name)


def _deflate(name: str) -> Codec:
    def compress(page: bytes) -> bytes:
        return zlib.compress(page, _DEFLATE_LEVEL, _DEFLATE_WINBITS)

    def expand(compressed: bytes, page_size: int) -> bytes:
        return zlib.decompress(compressed, _DEFLATE_WINBITS, page_size)

    return Codec(name, compress, expand, zlib.error)


def _lzo(name: str) -> Codec:
    library = _library("lzallright", name)

    class Local(threading.local):
        """A compressor is used by one thread at a time."""

        def __init__(self) -> None:
            self.compressor = library.LZOCompressor()

    own = Local()

    def compress(page: bytes) -> bytes:
        return bytes(own.compressor.compress(page))

    def expand(compressed: bytes, page_size: int) -> bytes:
        return bytes(own.compressor.decompress(compressed, page_size))

    return Codec(name, compress, expand, library.LZOError)


def _lz4(name: str) -> Codec:
    block = _library("lz4.block", name)
    mode = "high_compression" if name == "lz4hc" else "default"

    def compress(page: bytes) -> bytes:
        return bytes(
            block.compress(page, mode, store_size=False, compression=_LZ4HC_LEVEL)
        )

    def expand(compressed: bytes, page_size: int) -> bytes:
        return bytes(block.decompress(compressed, uncompressed_size=page_size))

    return Codec(name, compress, expand, block.LZ4BlockError)


def _zstd(name: str) -> Codec:
    library = _library("zstandard", name)
    parameters = library.ZstdCompressionParameters.from_level(
        _ZSTD_LEVEL, source_size=_ZSTD_SOURCE_BYTES
    )
    compressor = library.ZstdCompressor(compression_params=parameters)
    decompressor = library.ZstdDecompressor()

    def expand(compressed: bytes, page_size: int) -> bytes:
        return bytes(decompressor.decompress(compressed, page_size))

    return Codec(name, compressor.compress, expand, library.ZstdError)


def _library(module: str, codec: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as exc:
        raise MissingExtra(codec, "compress") from exc


_MAKERS: dict[str, Callable[[str], Codec]] = {
    "deflate": _deflate,
    "lz4": _lz4,
    "lz4hc": _lz4,
    "lzo": _lzo,
    "zstd": _zstd,
}
_SLOW = ("deflate", "lz4hc", "lzo")
_WITHOUT_LIBRARY = ("842", "lzo-rle")

#: Every compressor that ``get_codec`` can return.
CODEC_NAMES = tuple(_MAKERS)
