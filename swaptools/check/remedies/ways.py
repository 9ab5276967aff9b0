"""Ways to mend an area, and which of them the kernel would take.

A way is a command and the area as it leaves it. choose() asks the same judge that
refused the area what it says then, so that no command is given that ends in another
refusal.

Not here: what the commands are (commands.py), what lies in the way (obstacles.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import Extent, InodeFlags
from swaptools.check.remedies import commands, elsewhere
from swaptools.format.header import SwapHeader
from swaptools.kernel.attempt import Attempt
from swaptools.kernel.swapon import judge_attempt
from swaptools.records import NamedTuple
from swaptools.rulebook import Remedy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.area import SwapArea
    from swaptools.backing import Backing
    from swaptools.check.case import Case
    from swaptools.kernel.attempt import Verdict

#: What a file system needs besides the blocks of a file: one in so many, and some.
_METADATA_PART: Final = 256
_METADATA_BYTES: Final = 256 << 10
_FORBIDDING: Final = ~(
    InodeFlags.COMPRESSED | InodeFlags.IMMUTABLE | InodeFlags.APPEND | InodeFlags.VERITY
)


class Way(NamedTuple):
    """One way to mend an area."""

    text: str
    #: Run one after the other.
    commands: list[str]
    #: The area as they leave it.
    leaves: SwapArea
    #: Room that the file system has to have for it.
    needs_bytes: int = 0
    loses: str | None = None


def choose(case: Case, ways: Iterable[Way]) -> Remedy:
    """Return the first way that has room and ends well, or say why none does."""
    missing: str | None = None
    refused: Verdict | None = None
    for way in ways:
        if lack := _lack(case, way.needs_bytes):
            missing = missing or f"{way.text}, once there is room: {lack}"
            continue
        verdict = judged(case, way.leaves)
        if verdict.accepted and not verdict.underflows:
            text = f"{missing}; or {way.text}" if missing else way.text
            return Remedy(text, commands.line(*way.commands), way.loses)
        refused = refused or verdict
    if missing is not None:
        return Remedy(missing)
    if refused is not None:
        return elsewhere.instead_of(case, refused)
    return Remedy("make a new area: ghost-mkswap --real FILE SIZE")


def judged(case: Case, area: SwapArea) -> Verdict:
    """Ask the kernel of the case about the area as it would be."""
    asked = case.attempt
    fresh = Attempt.of(area, asked.profile, asked.page_size)
    return judge_attempt(
        asked._replace(area=area, backing=fresh.backing, header=fresh.header)
    )


def _lack(case: Case, needs_bytes: int) -> str | None:
    if not needs_bytes:
        return None
    needs_bytes += needs_bytes // _METADATA_PART + _METADATA_BYTES
    free_bytes = case.backing.free_bytes
    if free_bytes is None:
        return f"{needs_bytes} bytes are needed, what is free is not known"
    if free_bytes >= needs_bytes:
        return None
    return f"{needs_bytes - free_bytes} bytes are missing, {free_bytes} are free"


# --- the area as a command leaves it -------------------------------------------


def with_header(
    case: Case, size_bytes: int, badpages: tuple[int, ...] = ()
) -> SwapArea:
    """Return the area with a new header that claims ``size_bytes``."""
    header = SwapHeader.new(
        page_size=case.page_size,
        last_page=size_bytes // case.page_size - 1,
        byte_order=case.attempt.byte_order,
        badpages=badpages,
    )
    return case.area._replace(
        header=header, reason=None, other_headers=(), signatures=()
    )


def as_ghost(case: Case, size_bytes: int) -> SwapArea:
    """Return the area as a marked ghost that claims ``size_bytes``."""
    written = with_header(case, size_bytes)
    header = written.header
    return written._replace(
        header=header and header.replace(ghost_flag=True),
        area_bytes=case.page_size,
        mode=0o600,
    )


def with_storage(area: SwapArea, size_bytes: int) -> SwapArea:
    """Return the area as long as that, with no hole in it."""
    backing = area.backing
    if backing is not None and backing.extents is not None:
        filled = tuple(_filled(backing.extents, size_bytes))
        backing = backing._replace(extents=filled)
    return area._replace(
        area_bytes=size_bytes, allocated_bytes=size_bytes, backing=backing
    )


def _filled(extents: tuple[Extent, ...], end_bytes: int) -> Iterable[Extent]:
    # What is allocated now lies nobody knows where.
    position = 0
    for extent in extents:
        if extent.offset_bytes > position:
            yield Extent(position, None, extent.offset_bytes - position)
        yield extent
        position = max(position, extent.end_bytes)
    if position < end_bytes:
        yield Extent(position, None, end_bytes - position)


def cut(area: SwapArea, size_bytes: int) -> SwapArea:
    """Return the area as long as that, cut at its end."""
    held = area.allocated_bytes
    return area._replace(
        area_bytes=size_bytes,
        allocated_bytes=None if held is None else min(held, size_bytes),
    )


def as_new_file(area: SwapArea, size_bytes: int) -> SwapArea:
    """Return the area in a file that ghost-mkswap(8) made under the same name."""
    backing = area.backing
    return area._replace(
        area_bytes=size_bytes,
        allocated_bytes=size_bytes,
        mode=0o600,
        backing=None if backing is None else _of_new_file(backing, size_bytes),
    )


def _of_new_file(backing: Backing, size_bytes: int) -> Backing:
    flags = backing.inode_flags
    if flags is not None:
        flags &= _FORBIDDING
        if backing.filesystem == "btrfs":
            flags |= InodeFlags.NOCOW
    extents = (Extent(0, None, size_bytes),)
    return backing._replace(inode_flags=flags, extents=extents, chunks=None)
