"""Which swap header an area has, or half a sentence that says why there is none.

Not here: its bytes (files.py), what else lies there (contents.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.area import AreaKind
from swaptools.errors import FormatError
from swaptools.format.header import SwapHeader

if TYPE_CHECKING:
    from swaptools.contents import Contents
    from swaptools.observe.files import Beginning


def find_header(beginning: Beginning) -> tuple[SwapHeader | None, str | None]:
    """Return the header, or why there is none.

    The area is the one with the smallest page; TuxOnIce at byte 0 has none.
    """
    if not beginning.data:
        is_device = beginning.kind == AreaKind.BLOCK
        return None, "a device without a size" if is_device else "empty"
    signatures = beginning.signatures
    page_size = signatures[0].page_size if signatures else None
    if page_size is None:
        return None, "no swap signature found"
    try:
        return SwapHeader.parse(beginning.data[:page_size]), None
    except FormatError as exc:
        return None, str(exc)


def other_headers(beginning: Beginning) -> tuple[SwapHeader, ...]:
    """Return the headers at the ends of larger pages."""
    sizes = [found.page_size for found in beginning.signatures[1:] if found.page_size]
    return tuple(SwapHeader.parse(beginning.data[:size]) for size in sizes)


def better_reason(reason: str, beginning: Beginning, contents: Contents | None) -> str:
    """Say what is there, where something is, not what is missing."""
    held = None
    if contents is not None:
        from swaptools.contents import foremost  # good areas do without

        held = foremost(contents.holds, contents.believed)
    is_whole = not beginning.offset and beginning.partition is None
    table = beginning.table if is_whole else None
    if table is not None and (held is None or held.is_table):
        return f"holds {table.words}"
    return reason if held is None else f"holds {held.words}"
