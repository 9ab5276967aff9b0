"""The construct definitions of a header page; the only module that imports construct.

Not here: what the fields mean (header.py), which page size and magic (signature.py).

Every byte of a page belongs to a named field, the two slack bytes before the
magic included, so that parsing and building give the same page back. The
definitions are built once per page size and byte order. What is read is read by
packed.py, which is made from them.

Kernel: include/linux/swap.h union swap_header; kernel/power/swap.c
struct swsusp_header.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import construct

from swaptools.errors import FormatError
from swaptools.format.constants import (
    BADPAGES_OFFSET,
    INFO_OFFSET,
    MAGIC_BYTES,
    PADDING_WORDS,
    SWSUSP_BYTES,
    UUID_BYTES,
    VOLUME_BYTES,
    max_swap_badpages,
)
from swaptools.records import NamedTuple

ByteOrder = Literal["little", "big"]


class Field(NamedTuple):
    """One named run of bytes of a layout; offset and length in bytes."""

    name: str
    offset: int
    length: int


def _u32(byte_order: ByteOrder) -> Any:
    return construct.Int32ul if byte_order == "little" else construct.Int32ub


def _u64(byte_order: ByteOrder) -> Any:
    return construct.Int64ul if byte_order == "little" else construct.Int64ub


@cache
def swap_header(page_size: int, byte_order: ByteOrder) -> Any:
    """Return the layout of a version 1 page, ``info`` and ``magic`` flattened."""
    u32 = _u32(byte_order)
    list_bytes = 4 * max_swap_badpages(page_size)
    slack_bytes = page_size - MAGIC_BYTES - BADPAGES_OFFSET - list_bytes
    return construct.Struct(
        "bootbits" / construct.Bytes(INFO_OFFSET),
        "version" / u32,
        "last_page" / u32,
        "nr_badpages" / u32,
        "sws_uuid" / construct.Bytes(UUID_BYTES),
        "sws_volume" / construct.Bytes(VOLUME_BYTES),
        "padding" / construct.Bytes(4 * PADDING_WORDS),
        "badpages" / construct.Bytes(list_bytes),
        "slack" / construct.Bytes(slack_bytes),
        "magic" / construct.Bytes(MAGIC_BYTES),
    )


@cache
def bitmap_header(page_size: int) -> Any:
    """Return the layout of a version 0 page: a bitmap and the magic."""
    return construct.Struct(
        "bitmap" / construct.Bytes(page_size - MAGIC_BYTES),
        "magic" / construct.Bytes(MAGIC_BYTES),
    )


@cache
def swsusp_header(byte_order: ByteOrder) -> Any:
    """Return the layout of the last 40 bytes of a page that holds a suspend header."""
    return construct.Struct(
        "hw_sig" / _u32(byte_order),
        "crc32" / _u32(byte_order),
        "image" / _u64(byte_order),
        "flags" / _u32(byte_order),
        "orig_sig" / construct.Bytes(MAGIC_BYTES),
        "sig" / construct.Bytes(MAGIC_BYTES),
    )


def build(layout: Any, values: Any) -> bytes:
    """Build with ``layout``; construct's errors become FormatError here only."""
    try:
        built: bytes = layout.build(values)
    except construct.ConstructError as exc:
        raise FormatError(_reason(exc), field=_field(exc)) from exc
    return built


def fields(layout: Any, base: int = 0) -> tuple[Field, ...]:
    """List the fields of a layout with their places, ``base`` bytes further on."""
    found = []
    offset = base
    for part in layout.subcons:
        length: int = part.sizeof()
        found.append(Field(part.name, offset, length))
        offset += length
    return tuple(found)


def swsusp_offset(page_size: int) -> int:
    """Return where in the page the suspend header begins."""
    return page_size - SWSUSP_BYTES


def _reason(exc: construct.ConstructError) -> str:
    return str(exc).splitlines()[-1]


def _field(exc: construct.ConstructError) -> str | None:
    path: str | None = exc.path
    return path.rpartition("-> ")[2] or None if path else None
