"""Random header pages, most of them nearly right: seeded, so a run can be repeated."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

PAGE = 4096
MAX_BAD = 637
_MAGICS = (
    b"SWAP-SPACE",
    b"swapspace2",
    b"S1SUSPEND\0",
    b"S2SUSPEND\0",
    b"LINHIB0001",
    bytes(10),
)


@dataclass(slots=True)
class Draft:
    """A header page before it is packed; numbers as the reader will see them."""

    version: int = 1
    last_page: int = 1
    nr_badpages: int = 0
    badpages: tuple[int, ...] = ()
    magic: bytes = b"SWAPSPACE2"
    order: str = "<"
    #: Order of ``last_page`` and the rest, when they differ from ``version``'s.
    mixed: bool = False

    def pack(self, rng: Random) -> bytes:
        """Return the page, with noise where the kernel does not look."""
        order = self.order
        other = {"<": ">", ">": "<"}[order] if self.mixed else order
        page = bytearray(PAGE)
        if rng.random() < 0.3:
            page[:1024] = rng.randbytes(1024)
        if rng.random() < 0.3:
            page[1036:1536] = rng.randbytes(500)
        struct.pack_into(f"{order}I", page, 1024, self.version)
        struct.pack_into(f"{other}II", page, 1028, self.last_page, self.nr_badpages)
        listed = self.badpages[: (PAGE - 1536) // 4]
        struct.pack_into(f"{order}{len(listed)}I", page, 1536, *listed)
        page[PAGE - 10 :] = self.magic
        return bytes(page)


def any_header(rng: Random, area_pages: int) -> bytes:
    """Return a page in which any test of the kernel may fail, often several."""
    if rng.random() < 0.02:
        return rng.randbytes(PAGE)
    draft = Draft(last_page=_last_page(rng, area_pages))
    if rng.random() < 0.15:
        draft.version = rng.choice([0, 2, 0x01000000, 0xFFFFFFFF, rng.getrandbits(32)])
    if rng.random() < 0.1:
        draft.magic = rng.choice(_MAGICS)
    if rng.random() < 0.3:
        draft.nr_badpages = rng.choice(
            [1, 2, MAX_BAD, MAX_BAD + 1, rng.getrandbits(32)]
        )
        draft.badpages = _badpages(rng, min(draft.nr_badpages, 640), draft.last_page)
    draft.order = rng.choice("<<<>")
    draft.mixed = rng.random() < 0.05
    page = bytearray(draft.pack(rng))
    for _ in range(rng.choice([0, 0, 0, 1, 4])):
        page[rng.choice([rng.randrange(1024, 1040), rng.randrange(PAGE)])] ^= (
            1 << rng.randrange(8)
        )
    return bytes(page)


def bad_list_header(rng: Random, area_pages: int) -> bytes:
    """Return a page that is valid up to its bad page list, which may be, too."""
    draft = Draft(last_page=rng.randint(1, area_pages - 1), order=rng.choice("<<<>"))
    kind = rng.choice(["few", "few", "distinct", "duplicates", "all", "full"])
    if kind == "all" or rng.random() < 0.3:
        draft.last_page = rng.randint(1, min(area_pages - 1, 12))
    last = draft.last_page
    everything = range(1, last + 1)
    if kind == "few":
        listed = [_near(rng, last) for _ in range(rng.randint(0, 4))]
    elif kind == "distinct":
        listed = rng.sample(everything, rng.randint(0, min(last, MAX_BAD)))
    elif kind == "duplicates":
        listed = rng.choices(everything, k=rng.randint(1, 20))
    elif kind == "all":
        listed = rng.sample(everything, min(last, MAX_BAD))
    else:
        listed = rng.choices(everything, k=rng.choice([MAX_BAD - 1, MAX_BAD]))
    draft.nr_badpages, draft.badpages = len(listed), tuple(listed)
    return draft.pack(rng)


def _last_page(rng: Random, area_pages: int) -> int:
    near = [area_pages - 2, area_pages - 1, area_pages, area_pages + 1]
    far = [0, 1, 2, 9, 1 << 20, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]
    last = rng.choice([*near, *near, *far, rng.randint(1, max(1, area_pages))])
    return max(last, 0)


def _near(rng: Random, last_page: int) -> int:
    # Mostly a page, sometimes just outside, with the ends met often.
    inside = [1, last_page, rng.randint(1, last_page)]
    return rng.choice([*inside * 6, 0, last_page + 1, 0xFFFFFFFF])


def _badpages(rng: Random, count: int, last_page: int) -> tuple[int, ...]:
    return tuple(_near(rng, max(last_page, 1)) & 0xFFFFFFFF for _ in range(count))
