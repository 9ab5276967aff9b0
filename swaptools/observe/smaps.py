"""The mappings of a process that have pages in swap, and the sums over all of them.

What has nothing in swap is passed over as text, so that 100 000 mappings are read
in no more memory than one block.

Not here: which slots they are in (pagemap.py).

Kernel: fs/proc/task_mmu.c show_map_vma(), show_smap(), show_smaps_rollup().
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from swaptools.observe.processes import place
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK_BYTES: Final = 1 << 20
#: The line behind a mapping's first one.
_SECOND_LINE: Final = b"\nSize:"
_SWAPPED: Final = re.compile(rb"\nSwap: +([1-9][0-9]*) kB")
_ANONYMOUS: Final = re.compile(rb"\nAnonymous: +([1-9][0-9]*) kB")
_NUMBER: Final = rb"^%s: +(\d+) kB$"
_RSS, _SWAP, _SWAP_PSS, _ANON = (
    re.compile(_NUMBER % name, re.MULTILINE)
    for name in (b"Rss", b"Swap", b"SwapPss", b"Anonymous")
)
#: Written in octal in a mapping's name.
_OCTAL: Final = re.compile(rb"\\([0-7]{3})")


class Rollup(NamedTuple):
    """Sums over the mappings of a process, in bytes."""

    #: Swapped pages, those of shared memory included.
    swap_bytes: int
    #: The same, each divided by the page tables that have it, cut to KiB; without
    #: shared memory.
    swap_pss_bytes: int


class Mapping(NamedTuple):
    """One mapping of a process."""

    #: First address.
    start: int
    #: First address behind it.
    end: int
    #: ``rw-p``; the last letter is ``s`` for a shared one.
    permissions: str
    #: Where it begins in its file.
    offset_bytes: int
    #: The file's, as ``fe:00``; ``00:00`` without a file.
    device: str
    #: The file's; 0 without one.
    inode: int
    #: Path, ``[heap]`` and the like; empty for plain memory.
    name: str
    #: In memory.
    rss_bytes: int
    #: Anonymous memory of that.
    anonymous_bytes: int
    #: Swapped pages, those of shared memory included.
    swap_bytes: int
    #: The same, each divided by the page tables that have it.
    swap_pss_bytes: int

    @property
    def is_shared_memory(self) -> bool:
        """Whether what it has in swap belongs to an object, not to page tables."""
        return self.permissions[3:4] == "s"


def read_rollup(pid: int) -> Rollup:
    """Read the sums of a process.

    Raises:
        OSError: It has ended, has no memory, or may not be looked at.
    """
    with open(place(pid, "smaps_rollup"), "rb", buffering=0) as file:
        text = file.read()
    return Rollup(_bytes(_SWAP, text), _bytes(_SWAP_PSS, text))


def swapped_mappings(pid: int) -> Iterator[Mapping]:
    """Go through the mappings of a process that have pages in swap.

    Raises:
        OSError: As read_rollup().
    """
    return _mappings_with(pid, _SWAPPED)


def anonymous_mappings(pid: int) -> Iterator[Mapping]:
    """Go through the mappings of a process that have anonymous pages in memory.

    Raises:
        OSError: As read_rollup().
    """
    return _mappings_with(pid, _ANONYMOUS)


def _mappings_with(pid: int, wanted: re.Pattern[bytes]) -> Iterator[Mapping]:
    with open(place(pid, "smaps"), "rb", buffering=0) as file:
        text = b"\n"
        while block := file.read(_BLOCK_BYTES):
            text += block
            whole = text.rfind(b"\n", 0, max(text.rfind(_SECOND_LINE), 0))
            if whole > 0:
                yield from _found(text[: whole + 1], wanted)
                text = text[whole:]
        yield from _found(text, wanted)


def _found(text: bytes, wanted: re.Pattern[bytes]) -> Iterator[Mapping]:
    for match in wanted.finditer(text):
        second = text.rfind(_SECOND_LINE, 0, match.start())
        if second < 0:
            continue
        first = text.rfind(b"\n", 0, second) + 1
        end = text.find(_SECOND_LINE, match.end())
        yield _mapping(text[first:second], text[second : end if end > 0 else None])


def _mapping(line: bytes, fields: bytes) -> Mapping:
    # Five words, then blanks and a name that may have blanks in it itself.
    span, permissions, offset, device, inode, *name = line.split(maxsplit=5)
    start, _, end = span.partition(b"-")
    return Mapping(
        start=int(start, 16),
        end=int(end, 16),
        permissions=permissions.decode("ascii", "replace"),
        offset_bytes=int(offset, 16),
        device=device.decode("ascii", "replace"),
        inode=int(inode),
        name=_unescaped(name[0]) if name else "",
        rss_bytes=_bytes(_RSS, fields),
        anonymous_bytes=_bytes(_ANON, fields),
        swap_bytes=_bytes(_SWAP, fields),
        swap_pss_bytes=_bytes(_SWAP_PSS, fields),
    )


def _unescaped(name: bytes) -> str:
    plain = _OCTAL.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), name)
    return plain.decode("utf-8", "surrogateescape")


def _bytes(field: re.Pattern[bytes], text: bytes) -> int:
    match = field.search(text)
    return int(match[1]) * 1024 if match else 0
