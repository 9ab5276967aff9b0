from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.errors import FormatError
from swaptools.format import layout
from tests.builders import PAGE_SIZES

if TYPE_CHECKING:
    from swaptools.format.layout import ByteOrder


@pytest.mark.sampled(3)
@pytest.mark.parametrize("page_size", PAGE_SIZES)
@pytest.mark.parametrize("byte_order", ["little", "big"])
def test_every_byte_of_a_page_belongs_to_exactly_one_field(
    page_size: int, byte_order: ByteOrder
) -> None:
    for definition in (
        layout.swap_header(page_size, byte_order),
        layout.bitmap_header(page_size),
    ):
        covered = [
            byte
            for field in layout.fields(definition)
            for byte in range(field.offset, field.offset + field.length)
        ]
        assert covered == list(range(page_size))


def test_the_fields_lie_where_the_kernel_has_them() -> None:
    places = [tuple(field) for field in layout.fields(layout.swap_header(4096, "big"))]
    assert places == [
        ("bootbits", 0, 1024),
        ("version", 1024, 4),
        ("last_page", 1028, 4),
        ("nr_badpages", 1032, 4),
        ("sws_uuid", 1036, 16),
        ("sws_volume", 1052, 16),
        ("padding", 1068, 468),
        ("badpages", 1536, 2548),
        ("slack", 4084, 2),
        ("magic", 4086, 10),
    ]


def test_the_suspend_header_overlays_the_last_forty_bytes() -> None:
    definition = layout.swsusp_header("little")
    base = layout.swsusp_offset(4096)
    assert base == 4056
    assert [tuple(field) for field in layout.fields(definition, base)] == [
        ("hw_sig", 4056, 4),
        ("crc32", 4060, 4),
        ("image", 4064, 8),
        ("flags", 4072, 4),
        ("orig_sig", 4076, 10),
        ("sig", 4086, 10),
    ]


def test_an_error_names_the_field_and_keeps_its_cause() -> None:
    values = {"hw_sig": 1 << 32, "crc32": 0, "image": 0, "flags": 0}
    with pytest.raises(FormatError) as caught:
        layout.build(layout.swsusp_header("little"), values)
    assert caught.value.field == "hw_sig"
    assert caught.value.__cause__ is not None
