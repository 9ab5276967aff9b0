"""D105 and D108: how an entry is written.

Not here: what it names (entries.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.config.config import FSTAB
from swaptools.config.text import Place, shown
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.requests import requests
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.observe.system import System

#: What a name may begin with that is no path.
_TAGS: Final = ("UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "ID=")
#: Kernel: include/linux/swap.h SWAP_FLAG_PRIO_MASK.
_MAX_PRIORITY: Final = 32767


@rule(
    "D105",
    "line is swap to a reader and to no program",
    Severity.WARNING,
    hint="six fields are: area, none, swap, options, 0, 0",
)
def passed_over(system: System) -> Iterator[Remark]:
    """The third field has to be ``swap``; a line of less than three is passed over.

    The first is a whole path, or begins with UUID=, LABEL=, PARTUUID=, PARTLABEL= or
    ID=, in capitals.

    util-linux: man fstab; libmount/src/tab_parse.c, libmount/src/utils.c
    mnt_valid_tagname().

    *Trips on:* ``system(fstab="/swapfile swap defaults 0 0")``
    *Quiet on:* ``system(fstab="/swapfile swap swap defaults 0 0",``
    ``files=["/swapfile"])``
    """
    for number, text in system.config.fstab.passed_over:
        if {"swap", "sw"} & set(text.split()):
            words = len(text.split())
            message = f"{shown(text)!r} has {words} fields, and takes three at least"
            yield Remark(message, Place(FSTAB, number))
    for entry in system.config.fstab.entries:
        if entry.is_meant_as_swap:
            type_ = shown(entry.type)
            message = f"the type of {shown(entry.source)} is {type_!r}, not 'swap'"
            yield Remark(message, Place(FSTAB, entry.line))
        if entry.is_swap and not entry.source.startswith(("/", *_TAGS)):
            message = f"{shown(entry.source)} is neither a path nor a tag like UUID="
            yield Remark(message, Place(FSTAB, entry.line))


@rule(
    "D108",
    "priority that swapon(8) does not take",
    Severity.WARNING,
    hint="pri= is a number from 0 to 32767",
)
def odd_priority(system: System) -> Iterator[Remark]:
    """A number above 32767 is cut to that; what is no number, or negative, is ignored.

    util-linux: man swapon, --priority.
    Kernel: include/linux/swap.h SWAP_FLAG_PRIO_MASK.

    *Trips on:* ``system(fstab="/dev/sda2 none swap pri=high 0 0",``
    ``sda2="swap 1111")``
    *Quiet on:* ``system(fstab="/dev/sda2 none swap pri=10 0 0",``
    ``sda2="swap 1111")``
    """
    for request in requests(system):
        text = request.options.value("pri")
        if text is None:
            continue
        priority = request.priority
        if priority is None or not -1 <= priority <= _MAX_PRIORITY:
            yield Remark(f"{shown(request.name)} has pri={shown(text)}", request.place)
