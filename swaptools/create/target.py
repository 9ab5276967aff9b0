"""What lies where an area is to be made, and whether we may write there.

Looks only; refuse_always() and refuse_replacing() raise before anything is
touched. What cannot be overridden is in the first, what ``-f`` overrides in
the second.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from swaptools.area import AreaKind
from swaptools.contents import foremost
from swaptools.errors import AreaError, AreaInUse, CreateRefused
from swaptools.observe import read_area
from swaptools.observe.contents import look_into
from swaptools.observe.files import refuse_odd_types
from swaptools.observe.proc import mount_point
from swaptools.observe.zeros import first_content

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.create.plan import CreatePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The place of a new area, symlinks resolved."""

    #: As the caller gave it, for messages.
    path: str
    #: The file behind it, to be written.
    resolved: Path
    #: None when nothing is there yet.
    status: os.stat_result | None
    #: What was seen there; None when nothing is there.
    area: SwapArea | None

    @property
    def is_block(self) -> bool:
        """Whether it is a block device."""
        return self.status is not None and stat.S_ISBLK(self.status.st_mode)

    @property
    def is_header_only(self) -> bool:
        """Whether it is a healthy one-page area, which needs no ``-f``."""
        area = self.area
        return (
            area is not None
            and area.header is not None
            and area.is_ghost
            and area.header.signature == "SWAPSPACE2"
            and area.header.version == 1
            and not area.other_signatures
        )

    def takes_in_place(self, plan: CreatePlan) -> bool:
        """Whether the plan needs no new file: a header page over what is there."""
        area = self.area
        if area is None or area.area_bytes is None:
            return False
        if plan.is_ghost:
            return self.is_header_only and area.area_bytes == plan.area_bytes
        return plan.area_bytes <= area.area_bytes

    def refuse_changed(self, now: os.stat_result) -> None:
        """Raise when the file is no longer the one that was looked at.

        Raises:
            AreaInUse: Another file, another size, or written to since.
        """
        if self.status is None or _identity(now) != _identity(self.status):
            raise AreaInUse(self.path, "changed while it was looked at")


def look_at(path: str, offset: int = 0) -> Target:
    """Resolve and look at the place of a new area.

    Raises:
        CreateRefused: A dangling symlink, or what can never hold an area.
        AreaError: It could not be looked at.
    """
    place = Path(path)
    if not os.path.lexists(place):
        parent = place.parent
        if not parent.is_dir():
            code = errno.ENOTDIR if parent.exists() else errno.ENOENT
            raise AreaError(path, os.strerror(code), code)
        return Target(
            path=path, resolved=parent.resolve() / place.name, status=None, area=None
        )
    try:
        resolved = Path(os.path.realpath(place, strict=True))
        status = resolved.stat()
        refuse_odd_types(path, status)
    except FileNotFoundError as exc:
        raise CreateRefused("is a symbolic link to nothing") from exc
    except AreaError as exc:
        raise CreateRefused(exc.reason) from exc
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise CreateRefused("is a symbolic link to itself") from exc
        raise AreaError.from_os_error(path, exc) from exc
    if stat.S_ISCHR(status.st_mode):
        raise CreateRefused("is a character device")
    area = read_area(resolved, offset, below=False)
    return Target(path=path, resolved=resolved, status=status, area=area)


def refuse_always(target: Target, plan: CreatePlan) -> None:
    """Raise for what ``-f`` does not override.

    Raises:
        AreaInUse: Swapped on, or mounted.
        CreateRefused: A device for a ghost, a file that cannot have bad pages,
            an area that does not fit.
    """
    area, status = target.area, target.status
    if area is None or status is None:
        if plan.offset:
            raise CreateRefused("an offset needs an existing file or device")
        return
    if area.active or area.is_behind_swap:
        raise AreaInUse(target.path, "is swapped on")
    mounted = mount_point(status.st_rdev) if target.is_block else None
    if mounted is not None:
        raise AreaInUse(target.path, f"is mounted on {mounted}")
    if not plan.is_ghost and area.kind is not AreaKind.FILE:
        _refuse_not_fitting(area, plan)
    if plan.is_ghost and target.is_block:
        one_page = area.area_bytes == plan.header.page_size
        raise CreateRefused(
            "is a one-page block device; freeing a slot of such a ghost"
            " crashes the kernels that know ghosts"
            if one_page
            else "is a block device; a ghost is a regular file of one page"
            " (--real makes an ordinary area)"
        )


def refuse_replacing(target: Target, plan: CreatePlan) -> None:
    """Raise for what only ``-f`` overwrites.

    Raises:
        CreateRefused: The sentence says what would be lost.
    """
    area = target.area
    if area is None or (plan.is_ghost and target.is_header_only):
        return
    if not plan.is_ghost:
        _refuse_not_fitting(area, plan)
    found = _describe(area)
    if found is None and plan.is_ghost:
        found = f"a file of {area.area_bytes} bytes"
    if found is None:
        found = _content(target, plan)
    if found is not None:
        raise CreateRefused(f"holds {found}; use -f to overwrite it")


def _refuse_not_fitting(area: SwapArea, plan: CreatePlan) -> None:
    if area.area_bytes is not None and plan.area_bytes > area.area_bytes:
        raise CreateRefused(
            f"an area of {plan.area_bytes} bytes does not fit,"
            f" {area.area_bytes} are there"
        )


def _describe(area: SwapArea) -> str | None:
    # The swap or suspend signature that is there, in words.
    for found in area.signatures:
        if found.is_suspend:
            return f"a hibernation image ({found.name})"
    if area.header is not None:
        label = f" labelled {area.header.label!r}" if area.header.label else ""
        return f"a swap area of {area.header.size_bytes} bytes{label}"
    return None


def _content(target: Target, plan: CreatePlan) -> str | None:
    # Another signature, or any byte that is not zero, within the area.
    try:
        found = look_into(str(target.resolved), plan.offset, plan.area_bytes)
        held = foremost(found.holds, found.believed)
        if held is not None:
            return held.words
        with target.resolved.open("rb", buffering=0) as file:
            start, end = plan.offset, plan.offset + plan.area_bytes
            at = first_content(file, start, end, whole=not target.is_block)
    except OSError as exc:
        raise AreaError.from_os_error(target.path, exc) from exc
    return None if at is None else f"data at byte {at}"


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
