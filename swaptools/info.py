"""A SwapArea made ready for text or JSON: one flat record a row.

Not here: columns, tables and colours (cli/output.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from swaptools.units import format_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from swaptools.area import SwapArea
    from swaptools.format.header import SwapHeader
    from swaptools.format.layout import Field


class AreaInfo(NamedTuple):
    """What swapinfo says of one argument; the fields are its JSON keys.

    All but ``path`` and ``offset`` are None when there is an ``error``, and
    those of the header when there is no header.
    """

    path: str
    #: ``file``, ``block``, ``image`` or ``stream``.
    kind: str | None = None
    #: The magic as text.
    signature: str | None = None
    version: int | None = None
    page_size: int | None = None
    byte_order: str | None = None
    last_page: int | None = None
    nr_badpages: int | None = None
    badpages: Collection[int] | None = None
    #: None when nil.
    uuid: str | None = None
    #: None when empty.
    label: str | None = None
    #: (last_page + 1) * page_size: what the header claims.
    size_bytes: int | None = None
    #: Without the header page and distinct bad pages.
    usable_bytes: int | None = None
    #: What is there.
    area_bytes: int | None = None
    allocated_bytes: int | None = None
    is_ghost: bool | None = None
    ghost_flag: bool | None = None
    offset: int = 0
    hibernation: dict[str, Any] | None = None
    #: Of suspend images, of larger pages, and of what is no swap.
    other_signatures: tuple[dict[str, Any], ...] | None = None
    #: All that lies in the area, None where nobody looked.
    holds: tuple[dict[str, Any], ...] | None = None
    #: The partition that the area is, None outside of one.
    partition: dict[str, Any] | None = None
    active: bool | None = None
    #: Why the row is empty, as half a sentence.
    error: str | None = None

    @classmethod
    def from_area(cls, area: SwapArea) -> AreaInfo:
        """Flatten an area; one without a header carries the reason as its error."""
        seen = cls(
            path=area.path,
            kind=area.kind.value,
            area_bytes=area.area_bytes,
            allocated_bytes=area.allocated_bytes,
            offset=area.offset,
            other_signatures=_other_signatures(area),
            holds=holds_json(area),
            partition=partition_json(area),
            active=area.active,
            error=area.reason,
        )
        header = area.header
        if header is None:
            return seen
        return seen._replace(
            signature=header.signature,
            version=header.version,
            page_size=header.page_size,
            byte_order=header.byte_order,
            last_page=header.last_page,
            nr_badpages=header.nr_badpages,
            badpages=header.badpages,
            uuid=header.uuid_text,
            label=header.label or None,
            size_bytes=header.size_bytes,
            usable_bytes=header.usable_bytes,
            is_ghost=area.is_ghost,
            ghost_flag=header.ghost_flag,
            hibernation=_hibernation(area),
        )


def _other_signatures(area: SwapArea) -> tuple[dict[str, Any], ...]:
    found = [(one.name, one.offset) for one in area.other_signatures]
    found += [
        (held.type, held.offset_bytes) for held in area.holds or () if not held.is_swap
    ]
    return tuple({"signature": name, "offset": offset} for name, offset in found)


def partition_json(area: SwapArea) -> dict[str, Any] | None:
    """Return the partition that an area is, as JSON has it."""
    return area.partition._asdict() if area.partition else None


def holds_json(area: SwapArea) -> tuple[dict[str, Any], ...] | None:
    """Return all that lies in an area, as JSON has it; the magics left out."""
    if area.holds is None:
        return None
    keys = ("type", "usage", "label", "uuid", "offset_bytes")
    return tuple({key: getattr(held, key) for key in keys} for held in area.holds)


class DumpRow(NamedTuple):
    """One field of a header page: where it lies, its bytes, and what they say."""

    #: Bytes from the start of the page.
    offset: int
    name: str
    data: bytes
    #: The value in words, empty where the bytes speak for themselves.
    value: str


def dump_header(header: SwapHeader) -> Iterator[DumpRow]:
    """List every field of the page, in order, by the construct definitions.

    A page that carries a suspend image is followed by the fields that overlay
    its end.
    """
    from swaptools.format import layout  # construct: for those who look at all of it

    page = header.build()
    meanings = _meanings(header)
    yield from _dump(page, layout.fields(header.definition), meanings)
    if header.hibernation is not None:
        suspend = layout.swsusp_header(header.byte_order)
        fields = layout.fields(suspend, layout.swsusp_offset(header.page_size))
        says = {
            name: str(value)
            for name, value in header.hibernation._asdict().items()
            if value is not None
        }
        says["sig"] = header.hibernation.signature
        yield from _dump(page, fields, says)


def _dump(
    page: bytes, fields: tuple[Field, ...], meanings: dict[str, str]
) -> Iterator[DumpRow]:
    for field in fields:
        data = page[field.offset : field.offset + field.length]
        yield DumpRow(field.offset, field.name, data, meanings.get(field.name, ""))


def _meanings(header: SwapHeader) -> dict[str, str]:
    return {
        "version": f"{header.version} ({header.byte_order}-endian)",
        "last_page": str(header.last_page),
        "nr_badpages": str(header.nr_badpages),
        "sws_uuid": header.uuid_text or "nil",
        "sws_volume": header.label,
        "padding": "ghost flag" if header.ghost_flag else "",
        "badpages": format_numbers(header.badpages),
        "magic": header.signature,
    }


def _hibernation(area: SwapArea) -> dict[str, Any] | None:
    # TuxOnIce at byte 0 leaves the swap magic alone, so the header knows nothing.
    suspend = area.header.hibernation if area.header else None
    if suspend is not None:
        return suspend._asdict()
    for found in area.signatures:
        if found.is_suspend and found.page_size is None:
            empty = dict.fromkeys(("orig_sig", "image", "flags", "hw_sig", "crc32"))
            return {"signature": found.name, **empty}
    return None
