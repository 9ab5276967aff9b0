"""What a change would destroy that is no swap; then there is a sentence, no command.

Signatures come first, since they say what it is; then a header that hardly is one;
then bytes that no header claims.

Not here: what keeps a change from being made at all (obstacles.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.area import AreaKind
from swaptools.check.remedies.commands import path_of, word
from swaptools.check.remedies.obstacles import READ_ONLY_KINDS
from swaptools.contents import foremost
from swaptools.rulebook import Remedy

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.area import SwapArea
    from swaptools.check.case import Case
    from swaptools.contents import Held
    from swaptools.format.header import SwapHeader
    from swaptools.format.partitions import PartitionTable

#: Bytes of our ghost flag at the end of the padding.
_FLAG_BYTES: Final = 4


def not_swap(case: Case) -> Remedy | None:
    """Say what is there that a new header, or a new file, would destroy."""
    area = case.area
    if any(found.is_suspend for found in area.signatures):
        return resume_first(case)
    if area.holds is None:
        return Remedy("look what else it holds before anything is written")
    foreign = foremost(area.holds, area.believed)
    if foreign is not None:
        return _instead(case, foreign)
    if any(held.type == "swsuspend" for held in area.holds):
        return resume_first(case)
    if area.table is not None and area.table.damage:
        return Remedy(
            "mend the partition table first: where the area ends is not certain (H310)"
        )
    return _not_a_header(case.area, case.header)


def not_ours(case: Case) -> Remedy | None:
    """Say why even attributes are not for us to change: nothing says it is swap."""
    found = not_swap(case)
    if found is None and case.header is None:
        found = unclaimed(case)
    return found


def instead(case: Case) -> Remedy:
    """Say what to do with what is there in place of swap."""
    table = case.area.own_table
    return not_swap(case) or (_partition(table) if table else Remedy("look what it is"))


def which_is_meant(_case: Case) -> Remedy:
    """Say how to find out which of two signatures is a leftover."""
    return Remedy(
        "find out which of the two is in use; the other is a leftover, and wipefs(8)"
        " with --offset and --backup takes one away and keeps a copy of it"
    )


def resume_first(_case: Case) -> Remedy:
    """Say who may want the image, and who wipes it unasked."""
    return Remedy(
        "resume the machine that sleeps there, with the image's own kernel and"
        " resume=; swapon(8), and so systemd at boot, rewrites the signature unasked,"
        " and a new header does as well: the image, and what was unsaved, is lost then"
    )


def _not_a_header(area: SwapArea, header: SwapHeader | None) -> Remedy | None:
    if header is None:
        return None
    if header.version == 0:
        if header.size_bytes > (area.area_bytes or 0):
            return Remedy(f"look what it is: {_UNLIKELY}, it claims more than is there")
        return None
    if any(header.bootbits):
        return Remedy(
            "look what the first 1024 bytes are: a boot loader's would be lost with a"
            " new header"
        )
    if header.version != 1 and any(header.padding[:-_FLAG_BYTES]):
        return Remedy(f"look what it is: {_UNLIKELY}, its padding is not zero")
    return None


_UNLIKELY: Final = "the page has swap's magic and hardly is a header"


def unclaimed(case: Case) -> Remedy | None:
    """Say what lies where no header claims the area; None when it is all zeros."""
    found = case.area.unclaimed
    if found is None:
        return Remedy("look what lies there before anything is written")
    if found.nonzero_bytes is not None:
        return Remedy(
            f"look what it is: byte {found.nonzero_bytes} is not zero, and no swap"
            " header claims it; a header over it would lose it"
        )
    if not found.is_whole:
        return Remedy(
            f"look what it holds from byte {found.begin_bytes} on: no header claims it,"
            " its ends are zeros, and it is too long to be read here; ghost-mkswap"
            " --real makes it swap"
        )
    return None


# --- what to do with what is there -----------------------------------------------


def _instead(case: Case, held: Held) -> Remedy:
    if held.is_table and case.area.own_table is not None:
        return _partition(case.area.own_table)
    name = f"{held.words} labelled {held.label!r}" if held.label else held.words
    words = _BY_TYPE.get(held.type) or _BY_USAGE.get(held.usage or "")
    if words is None:
        words = "it is not swap; take another place for it"
    return Remedy(f"it holds {name}: {words(case) if callable(words) else words}")


def _partition(table: PartitionTable) -> Remedy:
    found = [one for one in table.partitions if one.is_swap]
    if not found:
        return Remedy(
            "it is divided into partitions, none of them for swap; make one of that"
            " type, or take another place"
        )
    names = ", ".join(
        f"number {one.number} (--offset {one.start_bytes})" for one in found
    )
    return Remedy(f"it is divided into partitions; for swap is {names}")


def _convert(case: Case) -> str:
    if case.area.kind == AreaKind.STREAM:
        return "a container of an image; have qemu-img(1) make the image itself of it"
    return (
        "a container of an image; qemu-img convert -O raw"
        f" {word(path_of(case))} NEW makes the image itself"
    )


def _unpack(program: str) -> Callable[[Case], str]:
    def words(case: Case) -> str:
        if case.area.kind == AreaKind.STREAM:
            return f"unpack it on the way: {program} -dc | swapcheck -"
        return f"unpack it: {program} -dc {word(path_of(case))} | swapcheck -"

    return words


_MADE_ONCE: Final = "it is made once and never written; take another place for swap"
#: What libblkid calls file systems that a kernel swaps to a file on.
_WITH_SWAPFILES: Final = (
    *("btrfs", "exfat", "ext2", "ext3", "ext4", "ext4dev", "f2fs", "jfs", "vfat"),
    "xfs",
)
_BY_TYPE: Final[dict[str, str | Callable[[Case], str]]] = {
    **dict.fromkeys(_WITH_SWAPFILES, "make a swapfile in it, or take another place"),
    **dict.fromkeys(READ_ONLY_KINDS, _MADE_ONCE),
    "zfs_member": "it belongs to a pool; take another place",
    "crypto_LUKS": "open it with cryptsetup(8) and use the mapping, not what is below",
    "BitLocker": "open it with cryptsetup(8) and use the mapping, not what is below",
    "LVM2_member": "use a logical volume, not what is below",
    "LVM1_member": "use a logical volume, not what is below",
    "bcache": "use the bcache device, not what is below",
    "xz": _unpack("xz"),
    "gzip": _unpack("gzip"),
    "zstd": _unpack("zstd"),
    "bzip2": _unpack("bzip2"),
}
_BY_USAGE: Final[dict[str, str | Callable[[Case], str]]] = {
    "filesystem": "swapfiles are not known to work in it; take another place",
    "raid": "use the array, not a member of it",
    "crypto": "open it and use the mapping, not what is below",
    "container": _convert,
    "compressed": "unpack it, and look at what comes out",
    "partitions": "it is divided into partitions; --offset says where one begins",
}
