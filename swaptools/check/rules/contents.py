"""Family H, second part: what lies there in place of swap, or beside it.

Named as libblkid names it, by kind: what to do differs by kind. The mapping, the
array or the partition that is meant can be swap; what is below it never is.

Not here: the header page itself (header.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.check.registry import rule
from swaptools.check.remedies import contents, headers
from swaptools.contents import AMBIVALENT, foremost
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case
    from swaptools.contents import Held

#: Usages that have a rule of their own.
_NAMED = ("crypto", "raid", "filesystem", "container", "compressed", "partitions")


@rule(
    "H301",
    "encrypted data",
    Severity.ERROR,
    hint=contents.instead,
    refused_by=("no_signature",),
    needs_header=False,
)
def encryption(case: Case) -> Iterator[str]:
    """Swap is in the mapping that cryptsetup(8) opens, not in what it is made of.

    Kernel: mm/swapfile.c read_swap_header(); util-linux: libblkid/src/superblocks.

    *Trips on:* ``swap_area(magic=bytes(10), holds=[("crypto_LUKS", "crypto")])``
    *Quiet on:* ``swap_area(magic=bytes(10))``
    """
    yield from _in_place_of_swap(case, "crypto")


@rule(
    "H302",
    "part of LVM or of an array",
    Severity.ERROR,
    hint=contents.instead,
    refused_by=("no_signature",),
    needs_header=False,
)
def member(case: Case) -> Iterator[str]:
    """Swap is in the logical volume or the array, not in what they are made of.

    Kernel: mm/swapfile.c read_swap_header(); util-linux: libblkid/src/superblocks.

    *Trips on:* ``swap_area(magic=bytes(10), holds=[("LVM2_member", "raid")])``
    *Quiet on:* ``swap_area(magic=bytes(10))``
    """
    yield from _in_place_of_swap(case, "raid")


@rule(
    "H303",
    "file system",
    Severity.ERROR,
    hint=contents.instead,
    refused_by=("no_signature",),
    needs_header=False,
)
def filesystem(case: Case) -> Iterator[str]:
    """It can have a swapfile in it, and is none.

    Kernel: mm/swapfile.c read_swap_header(); util-linux: libblkid/src/superblocks.

    *Trips on:* ``swap_area(magic=bytes(10), holds=[("ext4", "filesystem")])``
    *Quiet on:* ``swap_area(magic=bytes(10))``
    """
    yield from _in_place_of_swap(case, "filesystem")


@rule(
    "H304",
    "disk image of a virtual machine",
    Severity.ERROR,
    hint=contents.instead,
    refused_by=("no_signature",),
    needs_header=False,
)
def container(case: Case) -> Iterator[str]:
    """The disk is within, its blocks in another order, with what belongs to them.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(magic=bytes(10), holds=[("qcow2", "container")])``
    *Quiet on:* ``swap_area(magic=bytes(10))``
    """
    yield from _in_place_of_swap(case, "container")


@rule(
    "H305",
    "compressed data",
    Severity.ERROR,
    hint=contents.instead,
    refused_by=("no_signature",),
    needs_header=False,
)
def compressed(case: Case) -> Iterator[str]:
    """What it is shows when it is unpacked.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``swap_area(magic=bytes(10), holds=[("xz", "compressed")])``
    *Quiet on:* ``swap_area(magic=bytes(10))``
    """
    yield from _in_place_of_swap(case, "compressed")


@rule(
    "H306",
    "divided into partitions",
    Severity.ERROR,
    hint=contents.instead,
    refused_by=("no_signature",),
    needs_header=False,
)
def divided(case: Case) -> Iterator[str]:
    """A header over the whole would write over the table and what lies in it.

    Kernel: mm/swapfile.c read_swap_header(), block/partitions/core.c.

    *Trips on:* ``swap_area(magic=bytes(10), holds=[("gpt", "partitions")])``
    *Quiet on:* ``swap_area(magic=bytes(10))``
    """
    table, held = case.area.own_table, _named_instead(case)
    if case.area.signatures or (held is not None and not held.is_table):
        return
    if table is not None:
        yield table.words
    elif held is not None:
        yield _described(held)


@rule(
    "H307",
    "something else",
    Severity.ERROR,
    hint=contents.instead,
    refused_by=("no_signature",),
    needs_header=False,
)
def something_else(case: Case) -> Iterator[str]:
    """It has a name, and it is not swap.

    Kernel: mm/swapfile.c read_swap_header(); util-linux: libblkid/src/superblocks.

    *Trips on:* ``swap_area(magic=bytes(10), holds=[("ELF",)])``
    *Quiet on:* ``swap_area(magic=bytes(10))``
    """
    held = _named_instead(case)
    if held is not None and held.usage not in _NAMED:
        yield _described(held)


@rule(
    "H308",
    "device without a size",
    Severity.ERROR,
    hint=headers.too_short,
    refused_by=("no_signature",),
    needs_header=False,
)
def without_size(case: Case) -> Iterator[str]:
    """A zram device before its disksize is set, a loop device over nothing.

    Kernel: drivers/block/zram/zram_drv.c disksize_store(); mm/swapfile.c
    read_swap_header().

    *Trips on:* ``swap_area(kind="block", path="/dev/zram0", area_bytes=0)``
    *Quiet on:* ``swap_area(kind="block", path="/dev/zram0")``
    """
    if case.is_block and case.area.area_bytes == 0:
        name = case.area.path.rpartition("/")[2]
        yield f"{name} has 0 bytes"


@rule(
    "H309",
    "signature of something else besides",
    Severity.WARNING,
    hint=contents.which_is_meant,
)
def besides(case: Case) -> Iterator[str]:
    """Left from before, or swap's is; the kernel does not mind, user space does.

    What has two names has none to blkid(8), and so to udev, systemd and ``UUID=``;
    or it has the other one, and gets mounted.

    util-linux: libblkid/src/probe.c blkid_do_safeprobe().

    *Trips on:* ``swap_area(holds=[("swap", "other"), ("btrfs", "filesystem")],``
    ``believed="ambivalent")``
    *Quiet on:* ``swap_area(holds=[("swap", "other")], believed="swap")``
    """
    seen: dict[str, Held] = {}
    for held in case.area.holds or ():
        if not held.is_swap:
            seen.setdefault(held.type, held)
    for held in seen.values():
        yield f"{_described(held)}; {_belief(case.area.believed)}"


@rule(
    "H310",
    "partition table is damaged",
    Severity.WARNING,
    hint="gdisk(8) and sfdisk(8) show and mend tables; nothing here writes to one",
    needs_header=False,
)
def damaged_table(case: Case) -> Iterator[str]:
    """Where a partition begins and ends may not be what it was made to be.

    Kernel: block/partitions/efi.c find_valid_gpt(), block/partitions/msdos.c
    parse_extended().

    *Trips on:* ``swap_area(damage=["partitions 1 and 2 overlap"])``
    *Quiet on:* ``swap_area(damage=[])``
    """
    if case.area.table is not None:
        yield from case.area.table.damage


def _in_place_of_swap(case: Case, usage: str) -> Iterator[str]:
    held = _named_instead(case)
    if held is not None and held.usage == usage:
        yield _described(held)


def _named_instead(case: Case) -> Held | None:
    # What is there; None where any magic of swap's own lies, whoever reads it.
    if case.area.signatures:
        return None
    return foremost(case.area.holds or (), case.area.believed)


def _described(held: Held) -> str:
    uuid = f", UUID {held.uuid}" if held.uuid else ""
    label = f", label {held.label!r}" if held.label else ""
    return f"{held.words} at byte {held.offset_bytes}{label}{uuid}"


def _belief(believed: str | None) -> str:
    if believed is None:
        return "what blkid takes the area for is not known"
    if believed == AMBIVALENT:
        return "blkid will not choose, and so nothing finds it by UUID= or LABEL="
    return f"blkid, and so udev and UUID=, takes the area for {believed}"
