"""A partition and a partition table, as values, and what can be wrong with any.

Not here: how their bytes are read (gpt.py, mbr.py), which of them a disk has
(partition_table.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

#: GPT's type of a Linux swap partition. UAPI: Discoverable Partitions Specification.
GPT_SWAP: Final = "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"
#: MBR's type of one, which Solaris once had as well.
MBR_SWAP: Final = "0x82"
#: MBR's types of a partition that holds others.
MBR_EXTENDED: Final = frozenset({"0x05", "0x0f", "0x85"})
#: Partitions have numbers up to this. Kernel: include/linux/genhd.h DISK_MAX_PARTS.
MAX_PARTITION: Final = 255
#: Sentences about one table, for a table that is nothing but faults.
_MAX_SENTENCES: Final = 16

Scheme = Literal["gpt", "dos"]
#: Give (offset, length) in bytes, get what is there, fewer bytes behind the end.
Read = Callable[[int, int], bytes]


class Partition(NamedTuple):
    """One entry of a partition table."""

    #: As the kernel numbers it: from 1, logical ones of an MBR from 5.
    number: int
    #: GPT: the type's GUID in lower case; MBR: the type byte as ``0x82``.
    type: str
    #: GPT's name, None when empty, and in an MBR.
    name: str | None
    #: As PARTUUID= has it: GPT's GUID, or ``12345678-05`` in an MBR; None when nil.
    uuid: str | None
    #: First byte, from the start of the disk.
    start_bytes: int
    size_bytes: int

    @property
    def end_bytes(self) -> int:
        """First byte behind the partition."""
        return self.start_bytes + self.size_bytes

    @property
    def is_swap(self) -> bool:
        """Whether its type is that of Linux swap."""
        return self.type in (GPT_SWAP, MBR_SWAP)

    @property
    def is_extended(self) -> bool:
        """Whether it only holds others, the logical ones of an MBR."""
        return self.type in MBR_EXTENDED


class PartitionTable(NamedTuple):
    """The partitions of an image or a whole disk, by number."""

    scheme: Scheme
    #: The unit its numbers count in.
    sector_bytes: int
    partitions: tuple[Partition, ...]
    #: What is wrong with the table, one sentence each.
    damage: tuple[str, ...] = ()
    #: First byte behind what partitions may take; None for all of the disk.
    end_bytes: int | None = None

    @property
    def words(self) -> str:
        """What it is, for people, and where swap is in it."""
        swap = [one for one in self.partitions if one.is_swap]
        if not swap:
            return f"a partition table ({self.scheme}) without a partition for swap"
        where = ", ".join(
            f"{one.number} (offset {one.start_bytes})" for one in swap[:8]
        )
        plural = "s" if len(swap) > 1 else ""
        return f"a partition table ({self.scheme}), swap in partition{plural} {where}"

    def numbered(self, number: int) -> Partition | None:
        """Return the partition with this number, None when there is none."""
        return next((one for one in self.partitions if one.number == number), None)

    def beginning_at(self, offset_bytes: int) -> Partition | None:
        """Return the partition that begins there; an extended one holds no area."""
        found = [
            one
            for one in self.partitions
            if one.start_bytes == offset_bytes and not one.is_extended
        ]
        found.sort(key=lambda one: (not one.is_swap, one.size_bytes))
        return found[0] if found else None

    def room_behind(self, offset_bytes: int, size_bytes: int) -> int:
        """Return where an area that begins at an offset has to end.

        With the partition it lies in, before the next one, or before the backup of
        the table.

        Args:
            offset_bytes: From the start of the disk.
            size_bytes: Of the disk.
        """
        ends = [size_bytes]
        if self.end_bytes is not None and offset_bytes < self.end_bytes:
            ends.append(self.end_bytes)
        for one in self.partitions:
            if one.start_bytes > offset_bytes:
                ends.append(one.start_bytes)
            elif one.end_bytes > offset_bytes:
                ends.append(one.end_bytes)
        return min(ends)


def bounded(sentences: Iterable[str]) -> tuple[str, ...]:
    """Keep the first sentences of many, and say that there are more."""
    kept = tuple(islice(sentences, _MAX_SENTENCES + 1))
    if len(kept) <= _MAX_SENTENCES:
        return kept
    return (*kept[:_MAX_SENTENCES], "and more")


def misplaced(
    partitions: Iterable[Partition], first_bytes: int, size_bytes: int
) -> Iterator[str]:
    """Yield a sentence for each partition that lies where none can.

    Args:
        partitions: In any order.
        first_bytes: Where the first one may begin, behind the table.
        size_bytes: Of the disk or image.
    """
    nested = False
    previous: Partition | None = None
    for one in sorted(partitions, key=lambda part: (part.start_bytes, part.number)):
        if one.start_bytes < first_bytes:
            yield f"partition {one.number} begins within the table"
        if one.end_bytes > size_bytes:
            yield (
                f"partition {one.number} ends at byte {one.end_bytes},"
                f" the end is at {size_bytes}"
            )
        if one.is_extended:
            nested = True
            continue
        if previous is not None and one.start_bytes < previous.end_bytes:
            yield f"partitions {previous.number} and {one.number} overlap"
        if previous is None or one.end_bytes > previous.end_bytes:
            previous = one
    if nested:
        yield from _misnested(tuple(partitions))


def _misnested(partitions: tuple[Partition, ...]) -> Iterator[str]:
    # Logical partitions belong in an extended one, primary ones do not.
    outer = [one for one in partitions if one.is_extended]
    for one in partitions:
        if one.is_extended:
            continue
        inside = any(
            one.start_bytes >= each.start_bytes and one.end_bytes <= each.end_bytes
            for each in outer
        )
        touches = any(
            one.start_bytes < each.end_bytes and each.start_bytes < one.end_bytes
            for each in outer
        )
        if one.number > 4 and not inside:
            yield f"partition {one.number} leaves its extended partition"
        elif one.number <= 4 and touches:
            yield f"partition {one.number} overlaps an extended partition"
