"""Fields of fixed records, as columns: taken out without a loop over records.

numpy does it where it is installed and there is enough to do; else slices of arrays
and bytes do.

Not here: which fields a record has (a module each format).
"""

from __future__ import annotations

import sys
from array import array
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Literal

#: Fewer records are done before numpy is loaded.
_WORTH_NUMPY: Final = 1 << 14
#: Formats of memoryview, by width in bytes.
_FORMATS: Final[dict[int, Literal["B", "H", "I", "Q"]]] = {
    1: "B",
    2: "H",
    4: "I",
    8: "Q",
}


def column(data: bytes, offset: int, width: int, stride: int) -> memoryview[int]:
    """Return one little-endian field of each record, unsigned.

    Args:
        data: Whole records.
        offset: Of the field, in a record.
        width: Of the field: 1, 2, 4 or 8 bytes.
        stride: Bytes of a record.
    """
    if len(data) >= _WORTH_NUMPY * stride and has_numpy():
        return _by_numpy(data, offset, width, stride)
    out = bytearray(len(data) // stride * width)
    for byte in range(width):
        at = byte if sys.byteorder == "little" else width - 1 - byte
        out[at::width] = data[offset + byte :: stride]
    return memoryview(out).cast(_FORMATS[width])


def _by_numpy(data: bytes, offset: int, width: int, stride: int) -> memoryview[int]:
    values = import_numpy().frombuffer(data, _dtype(offset, width, stride))["value"]
    native = values.astype(f"u{width}", order="C")
    return memoryview(native).cast("B").cast(_FORMATS[width])


@cache
def _dtype(offset: int, width: int, stride: int) -> Any:  # noqa: ANN401
    return import_numpy().dtype(
        {
            "names": ["value"],
            "formats": [f"<u{width}"],
            "offsets": [offset],
            "itemsize": stride,
        }
    )


@cache
def has_numpy() -> bool:
    """Tell whether numpy is installed, as it is with the ``fast`` extra."""
    return find_spec("numpy") is not None


def import_numpy() -> Any:  # noqa: ANN401
    """Return numpy, which takes a while the first time."""
    return import_module("numpy")


def column_of(values: list[int], code: str) -> memoryview[int]:
    """Return integers as a column of that format."""
    return memoryview(array(code, values))
