"""Remedies: what mends an area where it lies, made for the case.

A remedy never loses the UUID and the label that a header already has.

Not here: when a remedy is offered (rules/).
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from swaptools.area import AreaKind
from swaptools.backing import FileType
from swaptools.check.remedy import Remedy
from swaptools.format.constants import MKSWAP_MIN_PAGES

if TYPE_CHECKING:
    from swaptools.check.case import Case

_ELSEWHERE = "keep the swapfile on ext4, XFS or btrfs"


def quoted(case: Case) -> str:
    """Return the path as a shell wants it, and never as an option."""
    path = case.area.path
    if case.area.kind == AreaKind.STREAM:
        return "FILE"
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def new_header(case: Case) -> Remedy:
    """Write a new header for what is there, under the same name."""
    least_bytes = MKSWAP_MIN_PAGES * case.page_size
    if case.area.kind == AreaKind.STREAM:
        return Remedy("write a new header where it lies; here it is only read")
    if case.area_bytes < least_bytes and not case.is_regular:
        return Remedy(f"use {MKSWAP_MIN_PAGES} pages or more")
    return Remedy("write a new header", _new_header(case))


def _new_header(case: Case) -> str:
    least_bytes = MKSWAP_MIN_PAGES * case.page_size
    if case.area.is_ghost and case.is_regular:
        return _new_ghost(case)
    if case.area_bytes < least_bytes:
        return f"{_grow(case, least_bytes)} && {_mkswap(case)}"
    if case.area.kind == AreaKind.IMAGE:
        return _new_header_in_image(case)
    return _mkswap(case)


def _new_ghost(case: Case) -> str:
    size_bytes = case.header.size_bytes if case.header else case.area_bytes
    return _ghost_mkswap(case, ["-f"], size_bytes)


def _new_header_in_image(case: Case) -> str:
    # mkswap(8) writes over the start of the file, too, when given an offset.
    where = ["--real", "-f", "-o", str(case.area.offset)]
    return _ghost_mkswap(case, where, case.area_bytes)


def _ghost_mkswap(case: Case, options: list[str], size_bytes: int) -> str:
    page_size = ["-p", str(case.page_size)]
    words = ["ghost-mkswap", *options, *page_size, *_identity(case), quoted(case)]
    return " ".join([*words, str(size_bytes)])


def _mkswap(case: Case) -> str:
    return " ".join(["mkswap -p", str(case.page_size), *_identity(case), quoted(case)])


def _identity(case: Case) -> list[str]:
    header = case.header
    if header is None:
        return []
    words = ["-U", str(header.uuid)] if header.uuid else []
    if header.label:
        words += ["-L", shlex.quote(header.label)]
    return words


def _grow(case: Case, size_bytes: int) -> str:
    return f"fallocate -l {size_bytes} {quoted(case)}"


def first_header(case: Case) -> Remedy:
    """Write a header where there was none, over what is there."""
    found = new_header(case)
    return Remedy(
        f"{found.text}; what it holds is lost", found.command, "what it holds"
    )


def lengthen(case: Case) -> Remedy:
    """Give a file the pages its header claims; a device gets a new header."""
    if not case.is_regular or case.area_bytes < case.page_size:
        return new_header(case)
    return Remedy("give it its pages back", _grow(case, case.claimed_bytes))


def fill_holes(case: Case) -> Remedy:
    """Have the file system allocate what is missing; the header stays."""
    if case.backing.filesystem in ("nfs", "nfs4", "cifs", "smb3"):
        return rewrite(case)
    return Remedy("allocate what is missing", _grow(case, case.area_bytes))


def cut_behind_last_page(case: Case) -> Remedy:
    """Remove what lies behind the header's last page."""
    command = f"truncate -s {case.claimed_bytes} {quoted(case)}"
    return Remedy("cut off what no slot needs", command)


def cut_to_header(case: Case) -> Remedy:
    """Leave the header page only."""
    command = f"truncate -s {case.page_size} {quoted(case)}"
    return Remedy("cut it to its header, or write a new one without the flag", command)


def smaller(case: Case) -> Remedy:
    """Claim less."""
    if case.area.is_ghost:
        return Remedy("ghost-mkswap --keep-id FILE SIZE, with a smaller SIZE")
    return Remedy("mkswap(8) with a smaller size behind the file, in KiB")


def blocks_of_a_page(case: Case) -> Remedy:
    """Say which file system loses nothing."""
    return Remedy(f"a file system with blocks of {case.page_size} bytes loses none")


def rewrite(case: Case) -> Remedy:
    """Copy the file to storage of its own."""
    path = quoted(case)
    new = shlex.quote(f"{case.area.path}.new")
    return Remedy(
        "copy it to storage of its own",
        f"cp -p --reflink=never --sparse=never {path} {new} && mv {new} {path}",
    )


def unshare(case: Case) -> Remedy:
    """Give the file extents that no copy or snapshot shares."""
    if case.backing.filesystem == "btrfs":
        return make_nocow(case)
    return rewrite(case)


def make_nocow(case: Case) -> Remedy:
    """Make a btrfs file anew: copy-on-write goes only while it is empty."""
    path = quoted(case)
    size_bytes = max(case.area_bytes, MKSWAP_MIN_PAGES * case.page_size)
    return Remedy(
        "make it anew, without copy-on-write and compression",
        f"rm {path} && touch {path} && chattr -c {path} && chattr +C {path}"
        f" && chmod 600 {path} && fallocate -l {size_bytes} {path}"
        f" && {_mkswap(case)}",
    )


def single_profile(_case: Case) -> Remedy:
    """Name what costs nothing, and what the conversion costs."""
    return Remedy(
        "use a partition, or a file on another file system; btrfs balance start"
        " -dconvert=single would rewrite all data and give up its second copies"
    )


def on_loop(_case: Case) -> Remedy:
    """Put a block device over the file, which hides its file system."""
    return Remedy(
        f"{_ELSEWHERE}; a loop device over it works, but is slow and may deadlock"
    )


def elsewhere(case: Case) -> Remedy:
    """Say where swapfiles work."""
    if case.backing.file_type == FileType.CHARACTER:
        return Remedy("use a regular file or a block device")
    if case.backing.filesystem in ("tmpfs", "ramfs", "devtmpfs"):
        return Remedy(f"{_ELSEWHERE}; here it would lie in memory")
    return on_loop(case)


def remount_writable(case: Case) -> Remedy:
    """Make the mount writable."""
    return Remedy(
        "make the mount writable",
        f'mount -o remount,rw "$(findmnt -no TARGET -T {quoted(case)})"',
    )


def changeable(case: Case) -> Remedy:
    """Take the attributes off that forbid a change."""
    return Remedy("take the attribute off", f"chattr -i -a {quoted(case)}")


def keep_as_ghost_or_restore(case: Case) -> Remedy:
    """Mark an intended ghost; a truncated area wants its pages back."""
    return Remedy(
        "mark it as meant so; if it was cut short, fallocate -l"
        f" {case.claimed_bytes} gives the pages back",
        f"ghost-mkswap --keep-id {quoted(case)}",
    )


def ghost_without_patches(_case: Case) -> Remedy:
    """Say what works like a ghost on any kernel."""
    return Remedy(
        "ghost-mkswap --recipe loop prints a script for what is much the same on any"
        " kernel from 6.11 on"
    )


def name_by_path(_case: Case) -> Remedy:
    """Say how to name an area that libblkid does not see."""
    return Remedy("name it by its path in fstab(5), not by UUID= or LABEL=")


def resume_first(_case: Case) -> Remedy:
    """Say who may want the image, and who would wipe it."""
    return Remedy(
        "resume the machine that slept; a new header, and swapon(8) as well, loses"
        " the image"
    )


def protect(case: Case) -> Remedy:
    """Take the file away from others."""
    command = f"chown 0:0 {quoted(case)} && chmod 600 {quoted(case)}"
    return Remedy("take it away from others", command)
