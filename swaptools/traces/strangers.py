"""What is taken for a trace and is none, by what it begins with.

Not here: the formats (a module each), what is decompressed (decompress.py).
"""

from __future__ import annotations

from typing import Final

from swaptools.traces.decompress import MAGICS

#: What is said of a file that begins so.
_STRANGERS: Final = {
    **dict.fromkeys(MAGICS, "is compressed twice"),
    b"\x04\x22\x4d\x18": "is compressed by lz4; lz4 -dc prints what is in it",
    b"\x89LZO\0": "is compressed by lzop; lzop -dc prints what is in it",
    b"LZIP": "is compressed by lzip; lzip -dc prints what is in it",
    b"\x1f\x9d": "is compressed by compress; zcat prints what is in it",
    b"7z\xbc\xaf\x27\x1c": "is an archive of 7-Zip",
    b"PK\x03\x04": "is a zip, and not of chunks of drmemtrace",
    b"PERFILE2": "is what perf record writes; perf script prints what is in it",
    b"\x17\x08\x44tracing": (
        "is what trace-cmd record writes; trace-cmd report prints what is in it"
    ),
    b"swapemu replay ": "is what replay --checkpoint keeps, no trace",
    b"\x7fELF": "is a program, no trace",
}


def stranger(head: bytes) -> str | None:
    """Return what is to be said of a file that begins so; None where nothing is known.

    Args:
        head: Its first bytes, decompressed where that is done.
    """
    for magic, sentence in _STRANGERS.items():
        if head.startswith(magic):
            return sentence
    return None
