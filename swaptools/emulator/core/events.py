"""What is counted while a machine runs: the kernel's events, and who moved pages.

Not here: what is made of the counts (machine/counts.py).

Kernel: include/linux/vm_event_item.h.
Same: names, and what counts.
Changed: some events of our own, and one record for each cgroup and area.
Left out: every other event.
"""

from __future__ import annotations

from ctypes import Structure, c_int64


class VmStat(Structure):
    """Events, in pages. Kernel: include/linux/vm_event_item.h."""

    pswpin: int
    pswpout: int
    zswpin: int
    zswpout: int
    #: Written back by zswap.
    zswpwb: int
    swpin_zero: int
    swpout_zero: int
    #: Folios that found no run of slots and were split, of any order: the sum of
    #: hugepages-*/stats/swpout_fallback.
    thp_swpout_fallback: int
    #: Those of order 9 among them: all that /proc/vmstat counts under that name.
    pmd_swpout_fallback: int
    #: Large folios that zswap took: the sum of hugepages-*/stats/zswpout.
    mthp_zswpout: int
    #: Pages that found no slot at all, and that no backing took.
    swpout_no_slot: int
    swpout_refused: int
    #: Pages that a backing took and lost.
    swpout_lost: int
    _fields_ = [
        ("pswpin", c_int64),
        ("pswpout", c_int64),
        ("zswpin", c_int64),
        ("zswpout", c_int64),
        ("zswpwb", c_int64),
        ("swpin_zero", c_int64),
        ("swpout_zero", c_int64),
        ("thp_swpout_fallback", c_int64),
        ("pmd_swpout_fallback", c_int64),
        ("mthp_zswpout", c_int64),
        ("swpout_no_slot", c_int64),
        ("swpout_refused", c_int64),
        ("swpout_lost", c_int64),
    ]


class Traffic(Structure):
    """What went between one cgroup and one area, in pages.

    Under virtual swap a page goes to virtual space, and to a backing in its place.

    From these come the look-ups of a design (machine/counts.py): zswap's tree is
    asked for pages that are not all zeros, and only once zswap has been on.
    """

    #: Written, or tried in vain; those that left memory by that; to a backing.
    offered: int
    left: int
    to_backing: int
    #: Of those offered, for which zswap's tree was asked.
    asked_out: int
    #: Read from a slot; from a backing; for which zswap's tree was asked.
    read: int
    from_backing: int
    asked_in: int
    #: From zswap to a backing, later.
    written_back: int
    #: Slots that became places of virtual ones.
    placed: int
    _fields_ = [
        ("offered", c_int64),
        ("left", c_int64),
        ("to_backing", c_int64),
        ("asked_out", c_int64),
        ("read", c_int64),
        ("from_backing", c_int64),
        ("asked_in", c_int64),
        ("written_back", c_int64),
        ("placed", c_int64),
    ]
