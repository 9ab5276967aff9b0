"""The numbers of the slot map, under the kernel's names where it has them.

Not here: what the records look like (structs.py).

Kernel: include/linux/swap.h, mm/swap.h, mm/swapfile.c, 6.18.
Same: sizes of clusters, number of orders and types, flags of clusters.
Changed: flags of areas and slots have bits of our own.
Left out: pages of other sizes, where a cluster has more slots than 512.
"""

from __future__ import annotations

from typing import Final

#: Slots in a cluster with 4 KiB pages and THP. Kernel: mm/swap.h.
SWAPFILE_CLUSTER: Final = 512
#: Orders 0 to 9. Kernel: include/linux/swap.h SWAP_NR_ORDERS, PMD_ORDER.
SWAP_NR_ORDERS: Final = 10
PMD_ORDER: Final = 9
#: Kernel: include/linux/swap.h MAX_SWAPFILES, without device-private memory.
MAX_SWAPFILES: Final = 28

# enum swap_cluster_flags, and UNTOUCHED. Up to FRAG a cluster is usable, if it
# has a table.
UNTOUCHED: Final = 0
NONE: Final = 1
FREE: Final = 2
NONFULL: Final = 3
FRAG: Final = 4
FULL: Final = 5
DISCARD: Final = 6

#: Numbers of the lists of one area; NONFULL and FRAG have one for each order.
LIST_FREE: Final = 0
LIST_FULL: Final = 1
LIST_DISCARD: Final = 2
LIST_NONFULL: Final = 3
LIST_FRAG: Final = LIST_NONFULL + SWAP_NR_ORDERS
NR_LISTS: Final = LIST_FRAG + SWAP_NR_ORDERS

# si->flags, as far as allocation cares.
SWP_SOLIDSTATE: Final = 1
SWP_BLKDEV: Final = 2
SWP_PAGE_DISCARD: Final = 4
SWP_SYNCHRONOUS_IO: Final = 8
SWP_GHOST: Final = 16
#: Cluster numbers are given out lowest first, as xa_alloc() does.
SWP_DYNAMIC: Final = 32
#: Slots are given out; cleared while swapoff runs.
SWP_WRITEOK: Final = 64
#: Slots are given out in order, whatever cluster they are in.
SWP_NEXT_FIT: Final = 256
#: The space of virtual swap: in no count of swap, and on no list of areas. Data that
#: leave memory have a slot of another area as their place (redirect.py).
SWP_VIRTUAL: Final = 512
#: Every area, as a mask of types.
ALL_AREAS: Final = (1 << MAX_SWAPFILES) - 1

# Items of ``map``: a count and flags.
SWAP_MAP_COUNT: Final = 0x1FFF
#: As a count: not a slot to use. Larger than any other.
SWAP_MAP_BAD: Final = 0x1FFF
SWAP_MAP_MAX: Final = 0x1FFE
#: The one reference is no page table's (device.py).
SWAP_BY_HAND: Final = 0x2000
#: The swap cache holds a frame for the slot.
SWAP_HAS_CACHE: Final = 0x4000
#: Something holds the slot's data.
SWAP_HAS_DATA: Final = 0x8000

#: One bit a slot, in words of 32: any product stays within 64 signed bits.
WORD_BITS: Final = 32
CLUSTER_WORDS: Final = SWAPFILE_CLUSTER // WORD_BITS
WORD_MASK: Final = 0xFFFFFFFF

#: An entry is the type above these bits and the offset below.
#: Kernel: fs/proc/task_mmu.c, the swap form of /proc/PID/pagemap.
TYPE_SHIFT: Final = 50
OFFSET_MASK: Final = (1 << TYPE_SHIFT) - 1

#: What swapoff leaves of a page whose data nothing holds; reading it is SIGBUS.
#: Kernel: include/linux/swapops.h make_poisoned_swp_entry(), seen on 7.2.
POISONED_ENTRY: Final = 31 << TYPE_SHIFT | 2

# Where the data of a slot are: the upper bits of ``stored``. Below them is what
# a page's content is: FIRST_CONTENT and more name bytes, less is the length
# that a page without bytes would compress to, 0 a page of zeros.
STORED_SHIFT: Final = 28
STORED_MASK: Final = (1 << STORED_SHIFT) - 1
STORED_NOTHING: Final = 0
STORED_ZERO: Final = 1
STORED_DEVICE: Final = 2
STORED_ZSWAP: Final = 3
#: In the slot of another area, which ``redirects`` names.
STORED_SLOT: Final = 4
#: On a device as well, compressed.
STORED_ZRAM: Final = 5
FIRST_CONTENT: Final = 1 << 19

#: Compressors there are (store/compress.py), and entries to a leaf of zswap's tree.
#: Kernel: include/linux/xarray.h XA_CHUNK_SIZE.
NR_CODECS: Final = 5
XA_CHUNK_SIZE: Final = 64

# What becomes of a write to an area: it is kept; does not get as far, as there is no
# data section; fails; ends well, and the page is gone; goes to a zram's pool, which
# may be full; goes to a slot of another area.
KEEPS: Final = 0
REFUSES: Final = 1
FAILS: Final = 2
LOSES: Final = 3
COMPRESSES: Final = 4
REDIRECTS: Final = 5

# Flags of what is compressed. In zswap: has its second chance before it. In a zram:
# did not get smaller, is one word over and over, was not used lately, is on the
# backing device.
COMPRESSED_REFERENCED: Final = 1
COMPRESSED_HUGE: Final = 2
COMPRESSED_SAME: Final = 4
COMPRESSED_IDLE: Final = 8
COMPRESSED_WRITTEN_BACK: Final = 16
