"""Images drawn at random: contents of every kind, in every kind of place.

Each region of an image has an owner: swap, nobody (zeros), or somebody. An image is
one content, several behind one another without a table, or partitions of a GPT or
MBR; swap in it is good, or wrong in one way, its header may claim its neighbours.

Not here: what is asked about them (hints.py).
"""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tests import disks
from tests.builders import bitmap_page, header_page, suspend_tail
from tests.searching import SYSTEM_PATH

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

PAGE: Final = 4096
_STEP: Final = 64 << 10
_SECTOR: Final = 512
#: Where one finds a maker that needs no root.


class Region(NamedTuple):
    """A part of an image, and whose it is."""

    kind: str
    start: int
    length: int
    #: Swap, or zeros in a place that is for swap.
    is_ours: bool

    @property
    def end(self) -> int:
        """First byte behind it."""
        return self.start + self.length


class Image(NamedTuple):
    """The bytes of an image, and what lies where in it."""

    scheme: str
    data: bytes
    regions: tuple[Region, ...]


# --- contents ------------------------------------------------------------------


def _swap(
    rng: Random, length: int, *, pages: int | None = None, **changes: object
) -> bytes:
    last_page = (length // PAGE if pages is None else pages) - 1
    page = header_page(**{"last_page": last_page, **changes})  # type: ignore[arg-type]
    return page + rng.randbytes(length - len(page))


def _claims_more(rng: Random, length: int) -> bytes:
    return _swap(rng, length, pages=length // PAGE * rng.choice((2, 5, 1000)))


def _claims_less(rng: Random, length: int) -> bytes:
    pages = rng.randint(2, length // PAGE - 1)
    data = _swap(rng, length, pages=pages)
    if rng.random() < 0.5:
        return data[: pages * PAGE].ljust(length, b"\0")
    return data


def _suspended(rng: Random, length: int) -> bytes:
    return _swap(rng, length, patches=(suspend_tail(),))


def _mixed(rng: Random, length: int) -> bytes:
    swabbed = int.from_bytes((length // PAGE - 1).to_bytes(4, "big"), "little")
    return _swap(rng, length, pages=swabbed + 1)


def _bitmap(rng: Random, length: int) -> bytes:
    page = bitmap_page(set(range(1, length // PAGE)))
    return page + rng.randbytes(length - len(page))


def _over(name: str) -> Callable[[Random, int], bytes]:
    # Swap's magic survived what was made over it.
    def both(rng: Random, length: int) -> bytes:
        data = bytearray(_FOREIGN[name](rng, length))
        data[PAGE - 10 : PAGE] = b"SWAPSPACE2"
        return bytes(data)

    return both


_SWAP: Final[dict[str, Callable[[Random, int], bytes]]] = {
    "good": _swap,
    "version 2": lambda rng, length: _swap(rng, length, version=2),
    "last page 0": lambda rng, length: _swap(rng, length, pages=1),
    "claims more": _claims_more,
    "claims less": _claims_less,
    "mixed order": _mixed,
    "version 0": _bitmap,
    "larger page": lambda rng, length: _swap(
        rng, length, pages=length // 16384, page_size=16384
    ),
    "bad pages": lambda rng, length: _swap(rng, length, badpages=(3, 3, 0)),
    "padding": lambda rng, length: _swap(rng, length, patches=((1200, b"\1"),)),
    "long label": lambda rng, length: _swap(rng, length, label=b"0123456789abcdef"),
    "ghost flag": lambda rng, length: _swap(rng, length, ghost_flag=True),
    "big-endian": lambda rng, length: _swap(rng, length, byte_order="big"),
}


def _text(rng: Random, length: int) -> bytes:
    lines = b"".join(b"%d bytes of text\n" % rng.randrange(1000) for _ in range(4000))
    return (lines * (length // len(lines) + 1))[:length]


def _text_with_magic(rng: Random, length: int) -> bytes:
    text = bytearray(_text(rng, length))
    text[PAGE - 10 : PAGE] = rng.choice((b"SWAPSPACE2", b"SWAP-SPACE"))
    return bytes(text)


def _begins(magic: bytes, at: int = 0) -> Callable[[Random, int], bytes]:
    def make(rng: Random, length: int) -> bytes:
        data = bytearray(bytes(at) + magic + rng.randbytes(length))
        return bytes(data[:length])

    return make


def _boot_loader(rng: Random, length: int) -> bytes:
    return _swap(rng, length, version=2, patches=((0, rng.randbytes(446)),))


def _packed(pack: Callable[[bytes], bytes]) -> Callable[[Random, int], bytes]:
    return lambda rng, length: pack(rng.randbytes(length)).ljust(length, b"\0")[:length]


def _made_by(*command: str) -> Callable[[Random, int], bytes]:
    return lambda _rng, length: _mkfs(command, length)


@cache
def _mkfs(command: tuple[str, ...], length: int) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "fs"
        path.touch()
        os.truncate(path, length)
        subprocess.run(
            [*command, str(path)],
            check=True,
            capture_output=True,
            env={"PATH": SYSTEM_PATH},
        )
        return path.read_bytes()


_FOREIGN: Final[dict[str, Callable[[Random, int], bytes]]] = {
    "text": _text,
    "text with magic": _text_with_magic,
    "random": lambda rng, length: rng.randbytes(length),
    "late byte": lambda _rng, length: bytes(length - 1) + b"x",
    "boot loader": _boot_loader,
    "hibernation": _suspended,
    "qcow2": _begins(b"QFI\xfb\0\0\0\3"),
    "vmdk": _begins(b"KDMV\1\0\0\0"),
    "LUKS": _begins(b"LUKS\xba\xbe\0\1"),
    "LVM": _begins(b"LABELONE", 512),
    "XFS": _begins(b"XFSB\0\0\x10\0"),
    "squashfs": _begins(b"hsqs"),
    "ELF": _begins(b"\x7fELF\2\1\1"),
    "gzip": _packed(gzip.compress),
    "xz": _packed(lzma.compress),
}
_MAKERS: Final = {
    "ext4": ("mkfs.ext4", "-q", "-F", "-b", "1024", "-O", "^has_journal"),
    "ext2": ("mkfs.ext2", "-q", "-F", "-b", "1024"),
    "vfat": ("mkfs.vfat",),
    "minix": ("mkfs.minix",),
}
_FOREIGN.update(
    {
        name: _made_by(*command)
        for name, command in _MAKERS.items()
        if shutil.which(command[0], path=SYSTEM_PATH)
    }
)
_FOREIGN.update({f"{name} over swap": _over(name) for name in ("XFS", "LUKS")})


def _content(rng: Random, length: int, *, for_swap: bool) -> tuple[str, bytes, bool]:
    # Kind, bytes, and whether a command may write there.
    choice = rng.random()
    if choice < (0.7 if for_swap else 0.3):
        kind = rng.choice(list(_SWAP))
        return f"swap, {kind}", _SWAP[kind](rng, length), True
    if choice < 0.8:
        return "zeros", bytes(length), for_swap
    kind = rng.choice(list(_FOREIGN))
    return kind, _FOREIGN[kind](rng, length), False


# --- placements ------------------------------------------------------------------


def draw(rng: Random) -> Image:
    """Draw an image."""
    scheme = rng.choice(("whole", "stacked", "stacked", "gpt", "gpt", "mbr", "cut gpt"))
    if scheme == "whole":
        return _whole(rng)
    count = rng.randint(2, 4)
    lengths = [_STEP * rng.randint(4, 8) for _ in range(count)]
    gaps = [_STEP * rng.choice((0, 0, 1)) for _ in range(count)]
    starts, at = [], 0 if scheme == "stacked" else _STEP
    for gap, length in zip(gaps, lengths, strict=True):
        starts.append(at + gap)
        at += gap + length
    types = [rng.random() < 0.6 for _ in range(count)]
    regions, pieces = [], {}
    for start, length, for_swap in zip(starts, lengths, types, strict=True):
        is_for_swap = for_swap and scheme != "stacked"
        kind, data, is_ours = _content(rng, length, for_swap=is_for_swap)
        pieces[start] = data
        regions.append(Region(kind, start, length, is_ours))
    size_bytes = at + _STEP
    table = _table(scheme, regions, types, size_bytes)
    disk = bytearray(size_bytes)
    for start, piece in (*pieces.items(), *table.items()):
        disk[start : start + len(piece)] = piece
    if scheme == "cut gpt":  # its backup is gone
        del disk[regions[-1].end :]
    return Image(scheme, bytes(disk), tuple(regions))


def _whole(rng: Random) -> Image:
    length = _STEP * rng.randint(4, 8)
    kind, data, is_ours = _content(rng, length, for_swap=True)
    if rng.random() < 0.2:  # a part of a page at the end
        data, length = data + bytes(100), length + 100
    return Image("whole", data, (Region(kind, 0, length, is_ours),))


def _table(
    scheme: str, regions: list[Region], types: list[bool], size_bytes: int
) -> dict[int, bytes]:
    if scheme == "stacked":
        return {}
    if scheme == "mbr":
        entries = (
            disks.mbr_entry(
                0x82 if for_swap else 0x83, one.start // _SECTOR, one.length // _SECTOR
            )
            for one, for_swap in zip(regions, types, strict=True)
        )
        return {0: disks.mbr_sector(*entries)}
    parts = tuple(
        disks.Part(
            one.start // _SECTOR,
            one.length // _SECTOR,
            disks.GPT_SWAP if for_swap else disks.GPT_LINUX,
        )
        for one, for_swap in zip(regions, types, strict=True)
    )
    return disks.gpt_pieces(parts, size_bytes // _SECTOR)
