"""A SwapArea made ready for text or JSON: one flat record a row.

Not here: columns, tables and colours (cli/output.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swaptools.format.constants import SWAPSPACE2
from swaptools.records import NamedTuple, TypedDict
from swaptools.units import format_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator
    from typing import Annotated, Literal

    from swaptools.area import AreaKind, SwapArea
    from swaptools.contents import HeldDict
    from swaptools.format.header import SwapHeader
    from swaptools.format.hibernation import SuspendHeader
    from swaptools.format.layout import Field
    from swaptools.format.partitions import Partition
    from swaptools.schema.kinds import ByteOrder, UuidText


class OtherSignature(TypedDict):
    """A signature besides the area's own."""

    #: The magic as text, or libblkid's name of the type.
    signature: str
    #: Where the magic lies, in bytes from the start of the area.
    offset: int


class AreaInfo(NamedTuple):
    """What swapinfo says of one argument; the fields are its JSON keys.

    All but ``path`` and ``offset`` are None when there is an ``error``, and
    those of the header when there is no header.
    """

    #: As it was given.
    path: str
    #: Where the bytes lie.
    kind: Annotated[str, AreaKind] | None = None
    #: The magic as text: ``SWAPSPACE2``.
    signature: str | None = None
    #: 0 for the format before Linux 2.2.
    version: Annotated[int, Literal[0, 1]] | None = None
    #: In bytes; found, not assumed.
    page_size: int | None = None
    #: Of its integers; found, not assumed.
    byte_order: ByteOrder | None = None
    #: Number of the highest page, inclusive.
    last_page: int | None = None
    #: As the header counts them.
    nr_badpages: int | None = None
    #: Numbers of the pages listed as unusable.
    badpages: Collection[int] | None = None
    #: None when nil.
    uuid: UuidText | None = None
    #: None when empty.
    label: str | None = None
    #: (last_page + 1) * page_size: what the header claims.
    size_bytes: int | None = None
    #: Without the header page and distinct bad pages.
    usable_bytes: int | None = None
    #: What is there.
    area_bytes: int | None = None
    #: What the file system has given it; None where it does not say.
    allocated_bytes: int | None = None
    #: A header page and nothing else, which claims more: what kernels with ghosts
    #: look at.
    is_ghost: bool | None = None
    #: The mark of ghost-mkswap(8), which every kernel ignores.
    ghost_flag: bool | None = None
    #: Where the area begins, in bytes from the start of the file or disk.
    offset: int = 0
    #: What a suspended area says of its image.
    hibernation: Annotated[dict[str, Any], SuspendHeader] | None = None
    #: Of suspend images, of larger pages, and of what is no swap.
    other_signatures: tuple[OtherSignature, ...] | None = None
    #: All that lies in the area, None where nobody looked.
    holds: tuple[HeldDict, ...] | None = None
    #: The partition that the area is, None outside of one.
    partition: Annotated[dict[str, Any], Partition] | None = None
    #: Swapped on now.
    active: bool | None = None
    #: Why the row is empty, as half a sentence.
    error: str | None = None

    @classmethod
    def from_area(cls, area: SwapArea) -> AreaInfo:
        """Flatten an area; one without a header carries the reason as its error."""
        header = area.header
        if header is None:
            return cls(
                path=area.path,
                kind=str(area.kind),
                area_bytes=area.area_bytes,
                allocated_bytes=area.allocated_bytes,
                offset=area.offset,
                other_signatures=_other_signatures(area),
                holds=_holds(area),
                partition=_partition(area),
                active=area.active,
                error=area.reason,
            )
        # In the order of the fields: by their names it takes twice as long.
        return cls(
            area.path,
            str(area.kind),
            header.signature,
            header.version,
            header.page_size,
            header.byte_order,
            header.last_page,
            header.nr_badpages,
            header.badpages,
            header.uuid_text,
            header.label or None,
            header.size_bytes,
            header.usable_bytes,
            area.area_bytes,
            area.allocated_bytes,
            area.is_ghost,
            header.ghost_flag,
            area.offset,
            _hibernation(area),
            _other_signatures(area),
            _holds(area),
            _partition(area),
            area.active,
            area.reason,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it, by the same names."""
        badpages = None if self.badpages is None else [*self.badpages]
        return self._asdict() | {"badpages": badpages}


class Own(NamedTuple):
    """What rows of areas of one kind do not have in common, as AreaInfo has it."""

    path: str
    uuid: str | None
    label: str | None


def kind_of(area: SwapArea) -> Hashable:
    """Return what decides of all of a row but its Own; None where that is too much.

    Most of thousands of areas are of few kinds: nothing lies in them but swap, all
    of their pages are good, and no machine sleeps there.
    """
    header = area.header
    if header is None or header.magic != SWAPSPACE2 or header.nr_badpages:
        return None
    if area.reason or area.holds is not None or len(area.signatures) != 1:
        return None
    return (
        area.kind,
        area.offset,
        area.partition,
        area.area_bytes,
        area.allocated_bytes,
        area.active,
        header.page_size,
        header.byte_order,
        header.version,
        header.last_page,
        header.ghost_flag,
    )


def _partition(area: SwapArea) -> dict[str, Any] | None:
    return area.partition._asdict() if area.partition else None


def _holds(area: SwapArea) -> tuple[HeldDict, ...] | None:
    if area.holds is None:
        return None
    return tuple(held.to_dict() for held in area.holds)


def _other_signatures(area: SwapArea) -> tuple[OtherSignature, ...]:
    if area.holds is None and not area.other_signatures:
        return ()
    found = [(one.name, one.offset) for one in area.other_signatures]
    found += [
        (held.type, held.offset_bytes) for held in area.holds or () if not held.is_swap
    ]
    return tuple({"signature": name, "offset": offset} for name, offset in found)


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
    if len(area.signatures) == 1 and not area.signatures[0].is_suspend:
        return None
    # TuxOnIce at byte 0 leaves the swap magic alone, so the header knows nothing.
    suspend = area.header.hibernation if area.header else None
    if suspend is not None:
        return suspend._asdict()
    for found in area.signatures:
        if found.page_size is None and found.is_suspend:
            empty = dict.fromkeys(("orig_sig", "image", "flags", "hw_sig", "crc32"))
            return {"signature": found.name, **empty}
    return None
