"""Remedies: commands that mend an area where it lies, made for the case.

Each returns one line, ready for a shell, with a comment where there is a choice,
or a sentence where no command helps. A remedy never loses the UUID and the label
that a header already has.

Not here: when a remedy is offered (rules/).
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from swaptools.area import AreaKind
from swaptools.backing import FileType
from swaptools.format.constants import LIBBLKID_MIN_BYTES, MKSWAP_MIN_PAGES

if TYPE_CHECKING:
    from swaptools.check.case import Case

_ELSEWHERE = "keep the swapfile on ext4, XFS or btrfs"


def quoted(case: Case) -> str:
    """Return the path as a shell wants it, and never as an option."""
    path = case.area.path
    if case.area.kind == AreaKind.STREAM:
        return "FILE"
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def new_header(case: Case) -> str:
    """Write a new header for what is there, under the same name."""
    least_bytes = MKSWAP_MIN_PAGES * case.page_size
    if case.area.is_ghost and case.is_regular:
        return _new_ghost(case)
    if case.area_bytes < least_bytes and case.is_regular:
        return f"{_grow(case, least_bytes)} && {_mkswap(case)}"
    if case.area_bytes < least_bytes:
        return f"too small for mkswap(8): use {MKSWAP_MIN_PAGES} pages or more"
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


def first_header(case: Case) -> str:
    """Write a header where there was none, over what is there."""
    return f"{new_header(case)}  # destroys what it holds"


def lengthen(case: Case) -> str:
    """Give a file the pages its header claims; a device gets a new header."""
    if not case.is_regular or case.area_bytes < case.page_size:
        return new_header(case)
    return f"{_grow(case, case.claimed_bytes)}  # or make do: {new_header(case)}"


def fill_holes(case: Case) -> str:
    """Have the file system allocate what is missing; the header stays."""
    if case.backing.filesystem in ("nfs", "nfs4", "cifs", "smb3"):
        return rewrite(case)
    return _grow(case, case.area_bytes)


def cut_behind_last_page(case: Case) -> str:
    """Remove what lies behind the header's last page."""
    return f"truncate -s {case.claimed_bytes} {quoted(case)}"


def cut_to_header(case: Case) -> str:
    """Leave the header page only, or take the flag off a real area."""
    cut = f"truncate -s {case.page_size} {quoted(case)}"
    return f"{cut}  # or, if it is to hold data: {new_header(case)}"


def smaller(case: Case) -> str:
    """Claim less."""
    if case.area.is_ghost:
        return f"ghost-mkswap --keep-id {quoted(case)} SIZE  # with a smaller SIZE"
    return f"{new_header(case)}  # with a smaller size behind it, in KiB"


def blocks_of_a_page(case: Case) -> str:
    """Say which file system loses nothing."""
    return f"a file system with blocks of {case.page_size} bytes loses none"


def rewrite(case: Case) -> str:
    """Copy the file to storage of its own."""
    path = quoted(case)
    new = shlex.quote(f"{case.area.path}.new")
    return f"cp -p --reflink=never --sparse=never {path} {new} && mv {new} {path}"


def unshare(case: Case) -> str:
    """Give the file extents that no copy or snapshot shares."""
    if case.backing.filesystem == "btrfs":
        return make_nocow(case)
    return rewrite(case)


def make_nocow(case: Case) -> str:
    """Make a btrfs file anew: copy-on-write goes only while it is empty."""
    path = quoted(case)
    size_bytes = max(case.area_bytes, MKSWAP_MIN_PAGES * case.page_size)
    return (
        f"rm {path} && touch {path} && chattr -c {path} && chattr +C {path}"
        f" && chmod 600 {path} && fallocate -l {size_bytes} {path}"
        f" && {_mkswap(case)}"
    )


def single_profile(case: Case) -> str:
    """Convert the data of the whole file system to one copy."""
    return f'btrfs balance start -dconvert=single "$(dirname {quoted(case)})"'


def on_loop(case: Case) -> str:
    """Put a block device over the file, which hides its file system."""
    loop = f'swapon "$(losetup --find --show {quoted(case)})"'
    return f"{loop}  # slow, and may deadlock; better {_ELSEWHERE}"


def elsewhere(case: Case) -> str:
    """Say where swapfiles work."""
    if case.backing.file_type == FileType.CHARACTER:
        return "use a regular file or a block device"
    if case.backing.filesystem in ("tmpfs", "ramfs", "devtmpfs"):
        return f"{_ELSEWHERE}; here it would lie in memory"
    return on_loop(case)


def remount_writable(case: Case) -> str:
    """Make the mount writable."""
    return f'mount -o remount,rw "$(findmnt -no TARGET -T {quoted(case)})"'


def keep_as_ghost_or_restore(case: Case) -> str:
    """Mark an intended ghost, or give a truncated area its pages back."""
    mark = f"ghost-mkswap --keep-id {quoted(case)}"
    return f"{mark}  # or, if it was cut short: {_grow(case, case.claimed_bytes)}"


def ghost_without_patches(case: Case) -> str:
    """Say what works like a ghost on any kernel."""
    path = shlex.quote(f"{case.area.path}.img")
    return (
        f"truncate -s {case.claimed_bytes} {path} && mkswap {path} &&"
        f' swapon "$(losetup --find --show {path})" &&'
        " echo 0 > /sys/fs/cgroup/memory.zswap.writeback"
        "  # no ghost, but on any kernel from 6.11 on much the same"
    )


def name_by_path(case: Case) -> str:
    """Say how to name an area that libblkid does not see."""
    if case.area_bytes < LIBBLKID_MIN_BYTES:
        return "name it by its path in fstab(5), not by UUID= or LABEL="
    return new_header(case)


def wipe_start(case: Case) -> str:
    """Remove what stands in the first eight bytes, which the kernel ignores."""
    return f"dd if=/dev/zero of={quoted(case)} bs=8 count=1 conv=notrunc"


def drop_image(case: Case) -> str:
    """Resume, or give the image up."""
    return (
        f"{new_header(case)}  # loses the image: rather resume the machine that slept"
    )


def protect(case: Case) -> str:
    """Take the file away from others."""
    return f"chown 0:0 {quoted(case)} && chmod 600 {quoted(case)}"
