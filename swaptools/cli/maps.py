"""Slot maps by path or from standard input, as swapinfo --map --json prints them.

Not here: what a map has to have (swapmap/document.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from swaptools.cli import output
from swaptools.errors import MapError

if TYPE_CHECKING:
    from swaptools.swapmap import SwapMap

#: Some ten million runs of slots.
_MOST_BYTES: Final = 256 << 20


def read_map(name: str) -> SwapMap:
    """Return the map of a file, or of standard input for ``-``.

    Exits with a message when there is none, or when it is no map.
    """
    import json  # where there is a map to read

    from swaptools.swapmap.document import parse

    try:
        with click.open_file(name, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            output.fail(f"longer than {_MOST_BYTES} bytes", name, output.EXIT_USAGE)
        return parse(json.loads(data))
    except MapError as exc:
        output.fail(f"not a slot map: {exc}", name, output.EXIT_USAGE)
    except (ValueError, RecursionError):
        output.fail("not JSON", name, output.EXIT_USAGE)
    except OSError as exc:
        output.fail(exc.strerror or str(exc), name, output.EXIT_USAGE)
