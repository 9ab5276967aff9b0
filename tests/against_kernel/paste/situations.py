"""Headers that are wrong in one way each; they can be put anywhere.

A situation is made anew for every command that is pasted.

Not here: the file under an area (storage.py), what is no area (foreign.py), where
they are put (surroundings.py).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.against_kernel import places
from tests.builders import bitmap_page, header_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGE: Final = places.PAGE
PAGES: Final = places.PAGES
AREA_BYTES: Final = PAGES * PAGE
LABEL: Final = b"kept as it is"


class Situation(NamedTuple):
    """A file to be made, and who is asked about it."""

    name: str
    make: Callable[[Path], object]
    #: Asked of this kernel; the running one is asked for its own opinion, too.
    kernel: str = "running"
    #: Memory of the machine, None for this one's.
    ram_bytes: int | None = None
    #: Everything in it from this byte on is somebody's; None: nothing but swap.
    foreign_from: int | None = None


def headed(
    *, pages: int = PAGES, rest: Callable[[int], bytes] = os.urandom, **changes: Any
) -> Callable[[Path], object]:
    """Return a maker of a file that begins with such a header page."""

    def make(path: Path) -> None:
        page = header_page(**{"last_page": PAGES - 1, "label": LABEL, **changes})
        path.write_bytes(page + rest(max(pages * PAGE - len(page), 0)))
        path.chmod(0o600)

    return make


def _bitmap(path: Path) -> None:
    page = bitmap_page(set(range(1, PAGES)))
    path.write_bytes(page + os.urandom(AREA_BYTES - len(page)))
    path.chmod(0o600)


def longer(path: Path) -> None:
    places.written(path)
    with path.open("ab") as file:
        file.write(bytes(AREA_BYTES))


def _zeros(path: Path) -> None:
    path.write_bytes(bytes(AREA_BYTES))
    path.chmod(0o600)


_SWABBED: Final = int.from_bytes((PAGES - 1).to_bytes(4, "big"), "little")
_ALL: Final = tuple(range(1, PAGES))

#: Of the header: a file, a device, a part of an image.
HEADERS: tuple[Situation, ...] = (
    Situation("blank", _zeros),
    Situation("version-2", headed(version=2)),
    Situation("last-page-0", headed(last_page=0, rest=bytes)),
    Situation("other-page-size", headed(page_size=4 * PAGE, last_page=PAGES // 4 - 1)),
    Situation("mixed-order", headed(last_page=_SWABBED)),
    Situation("version-0", _bitmap),
    Situation("bad-pages", headed(badpages=(3, 4, 4))),
    Situation("label-16", headed(label=b"0123456789abcdef")),
    Situation("padding", headed(patches=((1068 + 4 * 33, b"\1"),))),
    Situation("longer", longer),
    Situation("shorter", headed(pages=PAGES // 2)),
    Situation("foreign-order", headed(byte_order="big")),
    Situation("nil-uuid", headed(uuid=None, version=2)),
)
#: Lists of bad pages, which only a device may have.
BAD_PAGES: tuple[Situation, ...] = (
    Situation("list-too-long", headed(nr_badpages=638)),
    Situation("out-of-range", headed(badpages=(5, 0, PAGES, 9))),
    Situation("duplicates", headed(badpages=(5, 5, 9))),
    Situation("duplicates-refused", headed(badpages=(5, 5, 9)), "7.2"),
    Situation("underflow", headed(pages=3, last_page=2, badpages=(1, 1, 1))),
    Situation("none-left", headed(badpages=_ALL)),
)
_GHOST: Final = headed(pages=1, ghost_flag=True)
_HUGE: Final = headed(pages=1, ghost_flag=True, last_page=1 << 28)
_GIB: Final = 1 << 30
#: Header-only areas, on kernels that know them.
GHOSTS: tuple[Situation, ...] = (
    Situation("ghost-grown", headed(ghost_flag=True, rest=bytes), "ghost-rfc"),
    Situation("ghost-grown-here", headed(ghost_flag=True, rest=bytes)),
    Situation("ghost-not-marked", headed(pages=1), "ghost-rfc"),
    Situation(
        "ghost-list", headed(pages=1, ghost_flag=True, nr_badpages=700), "ghost-rfc"
    ),
    Situation("ghost-costly", _HUGE, "ghost-rfc-6.12", 3 * _GIB),
    Situation("ghost-absurd", _HUGE, "ghost-rfc", 3 * _GIB),
    Situation(
        "ghost-too-large",
        headed(pages=1, ghost_flag=True, last_page=0xFFFFFFFF),
        "ghost-rfc-6.12",
        3 * _GIB,
    ),
    Situation(
        "ghost-fatal",
        headed(pages=1, ghost_flag=True, last_page=1 << 29),
        "ghost-rfc-6.12",
        _GIB,
    ),
    Situation("ghost-refused", _GHOST),
)
