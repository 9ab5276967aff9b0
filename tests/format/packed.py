"""Makes swaptools/format/packed.py from the definitions of layout.py.

``make packed`` writes it; test_packed.py fails when it is not what this gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import swaptools
from swaptools.format import layout
from swaptools.units import PAGE_SIZES

if TYPE_CHECKING:
    from swaptools.format.layout import ByteOrder

MODULE = Path(swaptools.__file__).parent / "format" / "packed.py"

_HEAD = '''\
"""The definitions of layout.py as formats of struct, by which headers are read.

Construct takes longer to import than a header to be read by a whole process.
Written by ``make packed``, and never by hand; a test compares.

Not here: the definitions (layout.py), what the fields mean (header.py).
"""

from __future__ import annotations

from typing import Final
'''

_TABLE = """
#: {what}, by page size; ``<`` or ``>`` goes in front.
{name}: Final[dict[int, str]] = {{
{rows}}}
"""

_NAMES = """
#: Its fields, in this order.
{name}_FIELDS: Final = (
{rows})
"""

_ORDERS: dict[str, ByteOrder] = {"<": "little", ">": "big"}


def module_text() -> str:
    """Return the module that the definitions make."""
    return "".join(
        [
            _HEAD,
            _table("A page of version 1", "SWAP_HEADER", layout.swap_header),
            _names("SWAP_HEADER", layout.swap_header(4096, "little")),
            _table("A page of version 0", "BITMAP_HEADER", _bitmap_header),
            _names("BITMAP_HEADER", layout.bitmap_header(4096)),
            "\n#: What a suspended machine leaves at the page end, likewise.\n",
            f'SWSUSP_HEADER: Final = "{_either(layout.swsusp_header)}"\n',
            _names("SWSUSP_HEADER", layout.swsusp_header("little")),
        ]
    )


def _bitmap_header(page_size: int, _byte_order: ByteOrder) -> Any:
    return layout.bitmap_header(page_size)


def _table(what: str, name: str, definition: Any) -> str:
    formats = {
        size: _either(lambda order, size=size: definition(size, order))
        for size in PAGE_SIZES
    }
    rows = "".join(f'    {size}: "{text}",\n' for size, text in formats.items())
    return _TABLE.format(what=what, name=name, rows=rows)


def _names(name: str, definition: Any) -> str:
    names = [field.name for field in layout.fields(definition)]
    return _NAMES.format(name=name, rows="".join(f'    "{one}",\n' for one in names))


def _either(definition: Any) -> str:
    # The format, which but for its first letter has to be that of both orders.
    (text,) = {_format(definition(order), first) for first, order in _ORDERS.items()}
    return text


def _format(definition: Any, order: str) -> str:
    # Construct's numbers carry a format of struct, and its bytes their length.
    letters = []
    for part in definition.subcons:
        fmtstr: str = getattr(part.subcon, "fmtstr", "")
        if fmtstr and not fmtstr.startswith(order):
            raise ValueError(f"{part.name}: {fmtstr} is not of order {order}")
        letters.append(fmtstr[1:] or f"{part.sizeof()}s")
    return "".join(letters)


if __name__ == "__main__":
    MODULE.write_text(module_text(), encoding="utf-8")
