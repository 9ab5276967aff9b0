"""A partition and a partition table, as values.

Not here: how their bytes are read (gpt.py, mbr.py).
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

#: GPT's type of a Linux swap partition. UAPI: Discoverable Partitions Specification.
GPT_SWAP: Final = "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"
#: MBR's type of one, which Solaris once had as well.
MBR_SWAP: Final = "0x82"

Scheme = Literal["gpt", "dos"]


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


class PartitionTable(NamedTuple):
    """The partitions of an image or a whole disk, by number."""

    scheme: Scheme
    #: The unit its numbers count in.
    sector_bytes: int
    partitions: tuple[Partition, ...]
    #: What is wrong with the table, one sentence each.
    damage: tuple[str, ...] = ()
