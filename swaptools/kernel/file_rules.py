"""How file systems answer swapon(2), as fields that profiles fill in.

Not here: their values (profiles.py), the walk over extents that is made with them
(activation.py), what swapon(2) itself tests (swapon_rules.py).
"""

from __future__ import annotations

from typing import Literal

from swaptools.records import NamedTuple


class FileRules(NamedTuple):
    """Who is asked where the slots of a file lie, and what is said against it.

    ``bmap``: mm/page_io.c generic_swapfile_activate() asks block by block, as far
    as the header reaches. ``iomap``: fs/iomap/swapfile.c iomap_swapfile_activate()
    looks at the whole file. ``own``: the file system has a function of its own.
    """

    #: Kernel: fs/ext4/inode.c ext4_iomap_swap_activate(), from 5.10 and 5.9.5.
    ext4: Literal["bmap", "iomap"]
    #: Kernel: fs/exfat/iomap.c exfat_iomap_swap_activate(), from 7.2.
    exfat: Literal["bmap", "iomap"]
    #: ``none``: neither swap nor bmap. Kernel: fs/btrfs/inode.c
    #: btrfs_swap_activate(), from 5.0.
    btrfs: Literal["none", "own"]
    #: When an extent counts as shared: older than the last snapshot of its
    #: subvolume though that may be gone (``last_snapshot``), by a quick look that
    #: can be wrong for what once was shared (``cross_reference``), or when it is
    #: (``backrefs``, from 6.12.8). Kernel: can_nocow_extent(), from 5.10 strict;
    #: btrfs_is_data_extent_shared().
    btrfs_sharing: Literal["last_snapshot", "cross_reference", "backrefs"]
    #: ``pages``: as bmap does (from 5.4); ``sections``: what is off them is moved
    #: (from 5.15), ``sections_and_tail``: the rest of the file, too (seen on 6.12).
    #: Kernel: fs/f2fs/data.c check_swap_activate().
    f2fs: Literal["bmap", "pages", "sections", "sections_and_tail"]
    #: Refuses a log-structured mount (5.14, 5.10.50), from 6.12 on only where the
    #: device has no zones.
    f2fs_refuses_lfs: Literal["never", "always", "without_zones"]
    #: Counts the blocks of a file (from 5.10). Kernel: fs/nfs/file.c
    #: nfs_swap_activate().
    nfs_counts_blocks: bool
    #: ``none``: neither swap nor bmap; ``refused``: without a word, since its
    #: operations lack swap_rw (5.19 to 6.8). Kernel: fs/smb/client/file.c
    #: cifs_swap_activate(), from 5.10.
    smb: Literal["none", "counts_blocks", "refused"]
    #: A line of iomap names the file (from 5.15).
    iomap_names_file: bool
    #: A file without a whole page on page bounds is refused; before, its pages
    #: were counted below zero (from 5.4.y, 5.10.28).
    iomap_refuses_no_page: bool
    #: A file longer than its header says is used as far as the header says; before,
    #: all of it, beyond what swapon(2) made room for (from 5.10.65).
    iomap_heeds_header: bool
    #: What fallocate(1) reserved has blocks for bmap; not on 5.7 to 5.9, whose
    #: ext4_bmap() was iomap_bmap().
    ext4_bmap_maps_unwritten: bool = True
    #: Refuses files that it compresses (from 5.10).
    f2fs_refuses_compressed: bool = True
