"""What headers are read by is what the definitions say, to the byte."""

from __future__ import annotations

import struct
import subprocess
import sys
from random import Random
from typing import TYPE_CHECKING

import pytest

from swaptools.format import layout, packed
from tests.builders import PAGE_SIZES
from tests.format.packed import MODULE, module_text

if TYPE_CHECKING:
    from swaptools.format.layout import ByteOrder

ORDERS: list[tuple[ByteOrder, str]] = [("little", "<"), ("big", ">")]


def test_the_module_is_what_the_definitions_make() -> None:
    assert MODULE.read_text(encoding="utf-8") == module_text()


@pytest.mark.parametrize("page_size", PAGE_SIZES)
@pytest.mark.parametrize(("byte_order", "first"), ORDERS)
def test_struct_and_construct_read_the_same(
    page_size: int, byte_order: ByteOrder, first: str
) -> None:
    page = Random(page_size).randbytes(page_size)
    for definition, names, form in (
        (
            layout.swap_header(page_size, byte_order),
            packed.SWAP_HEADER_FIELDS,
            packed.SWAP_HEADER[page_size],
        ),
        (
            layout.bitmap_header(page_size),
            packed.BITMAP_HEADER_FIELDS,
            packed.BITMAP_HEADER[page_size],
        ),
        (
            layout.swsusp_header(byte_order),
            packed.SWSUSP_HEADER_FIELDS,
            packed.SWSUSP_HEADER,
        ),
    ):
        data = page[: definition.sizeof()]
        by_struct = zip(names, struct.unpack(first + form, data), strict=True)
        by_construct = definition.parse(data)
        assert dict(by_struct) == {name: by_construct[name] for name in names}


READ = """
import sys
from swaptools import SwapHeader
from tests.builders import bitmap_page, header_page, suspend_tail
pages = [
    header_page(badpages=(3, 5)),
    header_page(byte_order="big"),
    header_page(patches=(suspend_tail(),)),
    bitmap_page({1, 2, 4}),
]
for header in map(SwapHeader.parse, pages):
    list(header.badpages), header.hibernation, header.summary, header.usable_bytes
    header.replace(label="x")
print(*[name for name in sys.modules if name.split(".")[0] == "construct"])
"""


def test_no_header_needs_construct_to_be_read() -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"
