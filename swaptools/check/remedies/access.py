"""Remedies for what stands around the bytes: mounts, attributes, mode and owner.

They change no byte of the area. Where it is refused for something else as well they
say so.

Not here: what these forbid others (obstacles.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import InodeFlags
from swaptools.check.remedies import commands, contents
from swaptools.check.remedies.obstacles import (
    READ_ONLY_KINDS,
    cannot_change_inode,
    place,
)
from swaptools.check.remedies.ways import judged
from swaptools.rulebook import Remedy

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.backing import Backing
    from swaptools.check.case import Case

#: File systems whose remounting is known to work.
_REMOUNTED: Final = frozenset(
    {"btrfs", "exfat", "ext2", "ext4", "f2fs", "jfs", "msdos", "vfat", "xfs"}
)
#: File systems that keep no owner and mode, or may refuse to change them.
_WITHOUT_MODES: Final = frozenset(
    {
        "9p",
        "cifs",
        "exfat",
        "fuse",
        "fuseblk",
        "hfs",
        "msdos",
        "nfs",
        "nfs4",
        "ntfs",
        "ntfs3",
        "smb3",
        "vfat",
        "virtiofs",
    }
)
_OTHERS_MASK: Final = 0o077
_OTHERS_DEVICE_MASK: Final = 0o007


def remount_writable(case: Case) -> Remedy:
    """Make the file system, or only this mount of it, writable."""
    backing = place(case)
    if backing.filesystem in READ_ONLY_KINDS:
        return Remedy(
            f"copy the file to a file system that can be written: {backing.filesystem}"
            " never can"
        )
    if backing.is_readonly_device:
        return Remedy(
            "copy the file to a file system that can be written: the device below"
            " cannot"
        )
    if backing.is_readonly_subvolume:
        return Remedy(
            "use a file in a subvolume that can be written: this one is kept as it is"
        )
    if backing.filesystem not in _REMOUNTED or backing.mount_point is None:
        return Remedy("make the mount writable, or use a file on one that is")
    if refused := contents.not_ours(case):
        return refused
    options = "remount,rw" if backing.is_readonly_filesystem else "remount,bind,rw"
    command = f"mount -o {options} {commands.word(backing.mount_point)}"
    after = backing._replace(is_readonly_filesystem=False, is_readonly_mount=False)
    text = "make the mount writable, if it is not read-only for a reason (dmesg(1))"
    return _changed(case, text, command, after)


def changeable(case: Case) -> Remedy:
    """Take the attributes off that forbid a change."""
    backing = case.backing
    if backing.is_readonly:
        return Remedy("make the file system writable first (A801)")
    if refused := contents.not_ours(case):
        return refused
    flags = backing.inode_flags
    if flags is not None:
        flags &= ~(InodeFlags.IMMUTABLE | InodeFlags.APPEND)
    # chattr(1) follows no symbolic link.
    command = f"chattr -i -a {commands.word(commands.resolved_path(case))}"
    after = backing._replace(inode_flags=flags)
    return _changed(case, "take the attribute off", command, after)


def _changed(case: Case, text: str, command: str, after: Backing) -> Remedy:
    return Remedy(
        text + _then(case, case.area._replace(backing=after)), commands.line(command)
    )


def _then(case: Case, area: SwapArea) -> str:
    # What else it takes.
    verdict = judged(case, area)
    if verdict.accepted:
        return ""
    said = f': "{verdict.message}"' if verdict.message else ""
    return f"; it is refused then for something else, {verdict.errno}{said}"


def protect(case: Case) -> Remedy:
    """Take the file away from others."""
    refused = cannot_change_inode(case) or contents.not_ours(case)
    if refused is not None:
        return refused
    if place(case).filesystem in _WITHOUT_MODES:
        return Remedy(
            f"mount the file system with uid=0 and umask=077: {place(case).filesystem}"
            " keeps no owner and mode of its own"
        )
    found = _protecting(case)
    text = "take it away from others"
    if found and found[0].startswith("chown"):
        text += "; to change the owner takes root"
    return Remedy(text + _then(case, case.area), commands.line(*found))


def _protecting(case: Case) -> list[str]:
    path = commands.word(commands.path_of(case))
    mode = case.area.mode or 0
    if not case.is_regular:
        return [f"chmod o= {path}"]
    found = [f"chown 0:0 {path}"] if case.area.owner_uid else []
    return [*found, f"chmod 600 {path}"] if mode & _OTHERS_MASK else found
