"""Family A: what stops swapon(2) before it reads the header.

Each rule asks the kernel's own test (kernel/opening.py) and puts it into words;
none of these refusals leaves a line in the log but the one for encryption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import InodeFlags
from swaptools.check.registry import rule
from swaptools.check.remedies import access
from swaptools.kernel import opening
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case

_BUSY: Final = "lsblk and findmnt show what uses it"


@rule(
    "A801",
    "file system is read-only",
    Severity.ERROR,
    hint=access.remount_writable,
    refused_by=("readonly_filesystem", "readonly_subvolume", "readonly_mount"),
    needs_header=False,
)
def readonly(case: Case) -> Iterator[str]:
    """swapon(2) opens for writing.

    Kernel: fs/namei.c sb_permission(), fs/btrfs/inode.c btrfs_permission(),
    fs/open.c do_dentry_open().

    *Trips on:* ``swap_area(is_readonly_filesystem=True)``
    *Quiet on:* ``swap_area()``
    """
    if opening.readonly_filesystem(case.attempt):
        yield "the file system is mounted read-only"
    elif opening.readonly_subvolume(case.attempt):
        yield "the subvolume is read-only, as a snapshot can be"
    elif opening.readonly_mount(case.attempt):
        yield "this mount of the file system is read-only"


@rule(
    "A802",
    "file must not be changed",
    Severity.ERROR,
    hint=access.changeable,
    refused_by=("immutable",),
    needs_header=False,
)
def immutable(case: Case) -> Iterator[str]:
    """Immutable and append-only files cannot be opened for writing, by root either.

    Kernel: fs/namei.c inode_permission(), may_open().

    *Trips on:* ``swap_area(inode_flags="IMMUTABLE")``
    *Quiet on:* ``swap_area(inode_flags="NOCOW")``
    """
    if opening.immutable(case.attempt):
        is_immutable = case.backing.has_flag(InodeFlags.IMMUTABLE)
        name = "immutable (i)" if is_immutable else "append-only (a)"
        yield f"the file has the {name} attribute of chattr(1)"


@rule(
    "A803",
    "file is sealed by fs-verity",
    Severity.ERROR,
    hint="make a new file; the seal cannot be taken off",
    refused_by=("has_verity",),
    needs_header=False,
)
def verity(case: Case) -> Iterator[str]:
    """Its contents are hashed and read-only for good.

    Kernel: fs/verity/open.c fsverity_file_open().

    *Trips on:* ``swap_area(inode_flags="VERITY")``
    *Quiet on:* ``swap_area()``
    """
    if opening.has_verity(case.attempt):
        yield "the file has the verity attribute (V) of lsattr(1)"


@rule(
    "A804",
    "a process runs this file",
    Severity.ERROR,
    hint="end the process, which fuser(1) names",
    refused_by=("executing",),
    needs_header=False,
)
def running(case: Case) -> Iterator[str]:
    """What runs cannot be opened for writing.

    Kernel: fs/open.c do_dentry_open(), deny_write_access().

    *Trips on:* ``swap_area(is_executing=True)``
    *Quiet on:* ``swap_area()``
    """
    if opening.executing(case.attempt):
        yield "it is the program of a running process"


@rule(
    "A805",
    "already swapped on",
    Severity.ERROR,
    hint="nothing to do: swapon --show lists it, perhaps under another name",
    refused_by=("already_active", "claimed"),
    needs_header=False,
)
def active(case: Case) -> Iterator[str]:
    """A symbolic or hard link, or another node of the device, is the same area.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), IS_SWAPFILE().

    *Trips on:* ``swap_area(active=True)``
    *Quiet on:* ``swap_area(active=False)``
    """
    if case.area.active:
        yield "this inode or device is in /proc/swaps"


@rule(
    "A806",
    "device is in use",
    Severity.ERROR,
    hint=_BUSY,
    refused_by=("claimed",),
    needs_header=False,
)
def in_use(case: Case) -> Iterator[str]:
    """A mount, another device on top or a program holds it.

    Kernel: block/bdev.c bd_prepare_to_claim().

    *Trips on:* ``swap_area(kind="block", is_claimed=True)``
    *Quiet on:* ``swap_area(kind="block")``
    """
    if opening.claimed(case.attempt) and not case.area.active:
        yield "something holds the device for itself"


@rule(
    "A807",
    "file has no name any more",
    Severity.ERROR,
    hint="make a new file; this one goes when its last user closes it",
    refused_by=("unlinked",),
    needs_header=False,
)
def unlinked(case: Case) -> Iterator[str]:
    """It was unlinked and lives by an open descriptor only.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), d_unlinked().

    *Trips on:* ``swap_area(is_unlinked=True)``
    *Quiet on:* ``swap_area()``
    """
    if opening.unlinked(case.attempt):
        yield "the name it was opened under was removed"


@rule(
    "A808",
    "file is encrypted by its file system",
    Severity.ERROR,
    hint="put a loop device over it, or use dm-crypt below the area",
    refused_by=("encrypted",),
    needs_header=False,
)
def encrypted(case: Case) -> Iterator[str]:
    """Refused from the newest releases of most series on, with a line once a boot.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), IS_ENCRYPTED().

    *Trips on:* ``swap_area(inode_flags="ENCRYPTED")`` (7.2)
    *Quiet on:* ``swap_area(inode_flags="ENCRYPTED")`` (6.18)
    """
    if opening.encrypted(case.attempt):
        yield "fscrypt and swap do not go together"


@rule(
    "A809",
    "a loop device over this file is swapped on",
    Severity.ERROR,
    hint="leave it alone, or swapoff the loop device first",
    needs_header=False,
)
def behind_swap(case: Case) -> Iterator[str]:
    """The kernel may take the file, too, and two areas then write the same blocks.

    Kernel: drivers/block/loop.c; the inode of the file is not marked.

    *Trips on:* ``swap_area(is_behind_swap=True)``
    *Quiet on:* ``swap_area()``
    """
    if case.area.is_behind_swap:
        taken = "accepted, although " if case.verdict.accepted else ""
        yield f"{taken}its blocks are swap already"


@rule(
    "A810",
    "pages of an encrypted file are written in the clear",
    Severity.ERROR,
    hint="put a loop device over it, or use dm-crypt below the area",
)
def encrypted_in_clear(case: Case) -> Iterator[str]:
    """Swap writes to the blocks, below the encryption, so memory is there to read.

    Seen on 6.18: what was swapped out lay on the device as it had been in memory.
    Newer releases of most series refuse the file.

    Kernel: fs/iomap/swapfile.c iomap_swapfile_add_extent().

    *Trips on:* ``swap_area(inode_flags="ENCRYPTED")``
    *Quiet on:* ``swap_area(inode_flags="NOCOW")``
    """
    is_encrypted = case.backing.has_flag(InodeFlags.ENCRYPTED)
    if case.verdict.accepted and is_encrypted and not case.verdict.is_ghost:
        yield "fscrypt does not see what is swapped"


@rule(
    "A811",
    "device is read-only",
    Severity.ERROR,
    hint="make it writable (blockdev(8) --setrw, a loop device without --read-only),"
    " or use another one",
    needs_header=False,
)
def readonly_device(case: Case) -> Iterator[str]:
    """swapon(2) takes it, and then no page can be written to it.

    Seen on 6.18 with a loop device: each write failed with an I/O error, the pages
    stayed in memory, and their slots were held.

    Kernel: block/bdev.c bdev_open() does not look, block/blk-core.c bio_check_ro().

    *Trips on:* ``swap_area(kind="block", is_readonly_device=True)``
    *Quiet on:* ``swap_area(kind="block")``
    """
    if case.is_block and case.backing.is_readonly_device:
        yield "pages that are swapped out cannot be written to it"
