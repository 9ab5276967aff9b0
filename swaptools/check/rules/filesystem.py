"""Family F, second part: file systems that keep data in a way swap cannot use.

Not here: single extents (extents.py), opening the file (access.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.backing import ExtentFlags, InodeFlags
from swaptools.check.registry import rule
from swaptools.check.remedies import elsewhere, lengths, storage
from swaptools.check.rules.extents import extents_with
from swaptools.kernel.btrfs import btrfs_chunk_fault
from swaptools.kernel.opening import has_large_blocks, no_read_folio
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case


@rule(
    "F706",
    "file is copied on write",
    Severity.ERROR,
    hint=storage.make_anew,
    refused_by=("copy_on_write",),
)
def copy_on_write(case: Case) -> Iterator[str]:
    """A block of btrfs moves with each write, and swap must stay where it is.

    Without copy-on-write there are no checksums either, which would be wrong
    after each slot.

    Kernel: fs/btrfs/inode.c btrfs_swap_activate().

    *Trips on:* ``swap_area(filesystem="btrfs")``
    *Quiet on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW")``
    """
    flags = case.backing.inode_flags
    if _is_btrfs(case) and flags is not None and not flags & InodeFlags.NOCOW:
        yield "the file lacks the No_COW attribute (C) of chattr(1)"


@rule(
    "F707",
    "file is compressed",
    Severity.ERROR,
    hint=storage.make_anew,
    refused_by=("compressed",),
)
def compressed(case: Case) -> Iterator[str]:
    """Compressed blocks have no place for a page of their own.

    Kernel: fs/btrfs/inode.c btrfs_swap_activate(), fs/f2fs/data.c
    f2fs_swap_activate().

    *Trips on:* ``swap_area(filesystem="btrfs", inode_flags="COMPRESSED")``
    *Quiet on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW")``
    """
    if case.backing.filesystem not in ("btrfs", "f2fs"):
        return
    if case.is_judged_by_filesystem and case.backing.has_flag(InodeFlags.COMPRESSED):
        yield "the file has the compressed attribute (c) of chattr(1)"
    elif _is_btrfs(case):
        yield from extents_with(case, ExtentFlags.ENCODED, "compressed")


@rule(
    "F708",
    "data is kept more than once",
    Severity.ERROR,
    hint=elsewhere.one_copy,
    refused_by=("several_copies",),
)
def several_copies(case: Case) -> Iterator[str]:
    """There is one place to swap to; a mirror or stripe of it would go stale.

    Kernel: fs/btrfs/inode.c btrfs_swap_activate().

    *Trips on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW",``
    ``data_profiles={"dup"}, device_count=1)``
    *Quiet on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW",``
    ``data_profiles={"single"}, device_count=1)``
    """
    if _is_btrfs(case) and btrfs_chunk_fault(case.backing) == "several_copies":
        chunks = case.backing.chunks or ()
        profiles = {chunk.profile for chunk in chunks} or case.backing.data_profiles
        yield f"data profile {', '.join(sorted(profiles))}, single is needed"


@rule(
    "F709",
    "chunks of the file not known",
    Severity.NOTE,
    hint="ask again as root; btrfs filesystem usage shows what there is",
)
def chunks_unknown(case: Case) -> Iterator[str]:
    """With several devices or data profiles, only root can tell those of a file.

    Kernel: fs/btrfs/inode.c btrfs_swap_activate().

    *Trips on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW", device_count=2)``
    *Quiet on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW", device_count=1)``
    """
    backing = case.backing
    if not _is_btrfs(case) or backing.chunks is not None:
        return
    if (backing.device_count or 1) > 1:
        yield f"file system on {backing.device_count} devices, swap needs one"
    if len(backing.data_profiles) > 1 and "single" in backing.data_profiles:
        yield f"data profiles {', '.join(sorted(backing.data_profiles))}"


@rule(
    "F710",
    "file system block larger than a page",
    Severity.ERROR,
    hint=elsewhere.on_loop,
    refused_by=("block_over_page",),
    needs_header=False,
)
def large_blocks(case: Case) -> Iterator[str]:
    """The page cache there has no single pages; the kernel refuses without a word.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), mapping_min_folio_order().

    *Trips on:* ``swap_area(filesystem="xfs", block_bytes=8192)``
    *Quiet on:* ``swap_area(filesystem="xfs", block_bytes=4096)``
    """
    if has_large_blocks(case.attempt):
        blocks = f"blocks of {case.backing.block_bytes} bytes"
        asks = case.kernel_rules.refuses_large_folios
        unasked = "" if asks else "; this kernel does not ask"
        yield f"{blocks}, pages of {case.page_size}{unasked}"


@rule(
    "F711",
    "no page cache to read a header from",
    Severity.ERROR,
    hint=elsewhere.elsewhere,
    refused_by=("no_read_folio",),
    needs_header=False,
)
def without_page_cache(case: Case) -> Iterator[str]:
    """tmpfs, overlayfs, DAX, character devices; the kernel refuses without a word.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), a_ops->read_folio.

    *Trips on:* ``swap_area(filesystem="tmpfs")``
    *Quiet on:* ``swap_area(filesystem="ext4")``
    """
    if no_read_folio(case.attempt):
        backing = case.backing
        where = f"a file on {backing.filesystem}" if backing.filesystem else "it"
        access = ", mounted for direct access (DAX)" if backing.is_dax else ""
        kind = f"a {backing.file_type}" if where == "it" else where
        yield f"{kind}{access} cannot be swap"


@rule(
    "F712",
    "file system cannot say where blocks lie",
    Severity.ERROR,
    hint=elsewhere.elsewhere,
    refused_by=("no_bmap",),
)
def without_bmap(case: Case) -> Iterator[str]:
    """ramfs, ZFS, bcachefs, FUSE: not to know the block counts as a hole.

    Kernel: mm/page_io.c generic_swapfile_activate(), bmap().

    *Trips on:* ``swap_area(filesystem="zfs")``
    *Quiet on:* ``swap_area(filesystem="ext4")``
    """
    if case.verdict.test == "no_bmap":
        yield f"{case.backing.filesystem} has no swap support; the log says holes"


@rule(
    "F713",
    "zoned device",
    Severity.ERROR,
    hint="use a device that is not zoned",
    refused_by=("zoned",),
    needs_header=False,
)
def on_zones(case: Case) -> Iterator[str]:
    """Slots are rewritten in any order, zones are written in one.

    Kernel: mm/swapfile.c claim_swapfile().

    *Trips on:* ``swap_area(kind="block", is_zoned=True)``
    *Quiet on:* ``swap_area(kind="block")``
    """
    if case.backing.is_zoned:
        unasked = "; this kernel does not ask" * (not case.kernel_rules.refuses_zoned)
        yield f"the device is written zone by zone{unasked}"


@rule(
    "F714",
    "f2fs wants whole sections",
    Severity.NOTE,
    hint=(
        "touch FILE && f2fs_io pinfile set FILE && fallocate -l SIZE FILE && mkswap"
        " FILE, with SIZE a multiple of the section (2 MiB, more on zoned devices)"
    ),
)
def f2fs_sections(case: Case) -> Iterator[str]:
    """It moves what is not aligned to sections, and may give up on it.

    Kernel: fs/f2fs/data.c check_swap_activate().

    *Trips on:* ``swap_area(filesystem="f2fs")``
    *Quiet on:* ``swap_area(filesystem="ext4")``
    """
    if case.backing.filesystem == "f2fs" and case.is_judged_by_filesystem:
        yield "alignment to sections cannot be told from here; swapon(2) will say"


@rule(
    "F715",
    "file lies on several devices",
    Severity.ERROR,
    hint="make it anew on a file system with one device, or smaller than a chunk",
    refused_by=("several_devices",),
)
def several_devices(case: Case) -> Iterator[str]:
    """Chunks of btrfs are spread over its devices; an area has one.

    Kernel: fs/btrfs/inode.c btrfs_swap_activate().

    *Trips on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW",``
    ``chunks=[("single", 1), ("single", 2)])``
    *Quiet on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW",``
    ``chunks=[("single", 2), ("single", 2)])``
    """
    if _is_btrfs(case) and btrfs_chunk_fault(case.backing) == "several_devices":
        devices = {chunk.device for chunk in case.backing.chunks or ()}
        yield f"its chunks are on {len(devices)} devices"


@rule(
    "F716",
    "f2fs writes in the order of a log",
    Severity.ERROR,
    hint="mount it with -o mode=adaptive, or use another file system",
    refused_by=("log_structured",),
)
def log_structured(case: Case) -> Iterator[str]:
    """A block of a log moves with each write, and swap must stay where it is.

    Kernel: fs/f2fs/data.c f2fs_swap_activate(), f2fs_lfs_mode().

    *Trips on:* ``swap_area(filesystem="f2fs", is_log_structured=True)``
    *Quiet on:* ``swap_area(filesystem="f2fs")``
    """
    if case.verdict.test == "log_structured":
        yield "mounted with mode=lfs"


@rule(
    "F717",
    "SMB without swap on this kernel",
    Severity.ERROR,
    hint="use a local file system, or a kernel before 5.19 or from 6.12 on",
    refused_by=("no_swap_rw",),
)
def without_swap_rw(case: Case) -> Iterator[str]:
    """From 5.19 to 6.8 it lacked an operation; the kernel refuses without a word.

    Kernel: fs/smb/client/file.c cifs_swap_activate().

    *Trips on:* ``swap_area(filesystem="cifs")`` (6.1)
    *Quiet on:* ``swap_area(filesystem="cifs")`` (6.12)
    """
    if case.verdict.test == "no_swap_rw":
        yield "its files cannot be swapped to"


@rule(
    "F718",
    "file longer than its header, and used whole",
    Severity.ERROR,
    hint=lengths.cut_to_claim,
)
def longer_than_header(case: Case) -> Iterator[str]:
    """The kernel makes room for the pages of the header, and then uses them all.

    What it knows of the slots behind them lies in memory of others.

    Kernel: fs/iomap/swapfile.c iomap_swapfile_add_extent(), before 5.10.65.

    *Trips on:* ``swap_area(filesystem="xfs", area_bytes=300 * 4096,``
    ``extents=[(0, 0, 300 * 4096)])`` (4.18)
    *Quiet on:* ``swap_area(filesystem="xfs", area_bytes=300 * 4096,``
    ``extents=[(0, 0, 300 * 4096)])`` (5.4)
    """
    claimed_pages = case.claimed_bytes // case.page_size
    if case.verdict.accepted and case.verdict.max > claimed_pages:
        yield f"{case.verdict.max} pages are used, the header claims {claimed_pages}"


@rule(
    "F719",
    "btrfs may take the file for shared",
    Severity.NOTE,
    hint="if it is refused, make the file anew: nothing shares a new one",
)
def once_shared(case: Case) -> Iterator[str]:
    """Kernels before 6.12.8 took a quick look, which errs on what once was shared.

    Those before 5.10 call a file shared that is older than the last snapshot of
    its subvolume, even a deleted one.

    Kernel: fs/btrfs/inode.c can_nocow_extent(), fs/btrfs/extent-tree.c
    btrfs_cross_ref_exist().

    *Trips on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW")`` (6.1)
    *Quiet on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW")`` (6.12)
    """
    if not (_is_btrfs(case) and case.verdict.accepted):
        return
    sharing = case.attempt.files.btrfs_sharing
    if sharing == "last_snapshot":
        yield "it is refused if a snapshot was made since, though that be gone"
    elif sharing == "cross_reference":
        yield "it may be refused if its extents were ever shared"


@rule(
    "F720",
    "this kernel is built without btrfs",
    Severity.ERROR,
    hint="put the area on ext4 or XFS, or on a device",
)
def without_btrfs(case: Case) -> Iterator[str]:
    """Red Hat leaves it out, so that the file system cannot even be mounted.

    The verdict is what swapon(2) would say to the file if it could be: that is not
    asked of a kernel's configuration.

    Kernel: fs/btrfs/Kconfig BTRFS_FS.

    *Trips on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW")``
    (5.14.0-570.el9)
    *Quiet on:* ``swap_area(filesystem="btrfs", inode_flags="NOCOW")`` (5.15)
    """
    if case.backing.filesystem == "btrfs" and not case.has_btrfs:
        yield "Red Hat's cannot mount it, so that no swapon(2) comes to the file"


def _is_btrfs(case: Case) -> bool:
    is_own = case.attempt.files.btrfs == "own"
    is_asked = case.is_judged_by_filesystem and is_own
    return is_asked and case.backing.filesystem == "btrfs"
