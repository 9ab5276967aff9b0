"""The records of compressed memory: pools, their classes, zspages.

Not here: what happens to them (zsmalloc.py), which objects there are: who keeps one
remembers the zspage it is in.

Kernel: mm/zsmalloc.c struct zs_pool, size_class, zspage.
Same: what is known of a pool, a class, a zspage.
Changed: numbers instead of pointers; 0 is no pool and no zspage.
Left out: the pages themselves, handles, locks.
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_int64, c_uint8, c_uint16
from typing import Final

#: Classes that a pool has room for: sizes go in steps of a 256th of a page.
#: Kernel: mm/zsmalloc.c ZS_SIZE_CLASSES, CLASS_BITS.
ZS_SIZE_CLASSES: Final = 256
#: Groups of zspages by use: 0 is empty, 1 to 10 tenths, 11 is full. Where there are
#: quarters, 1 is almost empty and 2 almost full.
#: Kernel: mm/zsmalloc.c enum fullness_group.
ZS_INUSE_RATIO_0: Final = 0
ZS_INUSE_RATIO_100: Final = 11
NR_FULLNESS_GROUPS: Final = 12


class ZsPoolRecord(Structure):
    """One pool. Kernel: struct zs_pool."""

    #: Pages that its zspages hold. Kernel: pool->pages_allocated.
    nr_pages: int
    nr_objects: int
    nr_zspages: int
    #: Its classes; 0 where there is no pool.
    nr_classes: int
    #: Of the compressor whose pages are in it.
    codec: int
    #: The first of a list is no emptier than one that comes. Kernel: insert_zspage().
    fuller_first: int
    _fields_ = [
        ("nr_pages", c_int64),
        ("nr_objects", c_int64),
        ("nr_zspages", c_int64),
        ("nr_classes", c_int32),
        ("codec", c_uint8),
        ("fuller_first", c_uint8),
    ]


class ZsClass(Structure):
    """One size of object in one pool. Kernel: struct size_class."""

    #: The zspage that the next object goes to; 0 when that would be a new one.
    fullest: int
    #: In which group that is, or 0.
    highest: int
    pages_per_zspage: int
    objs_per_zspage: int
    #: Where its groups by number of objects begin (``zs_groups``).
    groups: int
    _fields_ = [
        ("fullest", c_int32),
        ("groups", c_int32),
        ("objs_per_zspage", c_uint16),
        ("pages_per_zspage", c_uint8),
        ("highest", c_uint8),
    ]


class Zspage(Structure):
    """Pages cut into objects of one size. Kernel: struct zspage."""

    #: Neighbours on the list of its group; the next free one, when it is free.
    prev: int
    next: int
    #: Number of its class among those of all pools.
    size_class: int
    #: Objects in it.
    inuse: int
    #: Its group.
    fullness: int
    _fields_ = [
        ("prev", c_int32),
        ("next", c_int32),
        ("size_class", c_int32),
        ("inuse", c_uint16),
        ("fullness", c_uint8),
    ]
