"""What else lies in an area, as libblkid names it: values, no I/O.

Not here: partitions (format/partitions.py), swap's own magics (format/signature.py),
how it was found out (observe/).
"""

from __future__ import annotations

from typing import Final

from swaptools.records import NamedTuple, TypedDict

#: What ``SwapArea.believed`` says where libblkid's safe probe refuses to choose.
AMBIVALENT: Final = "ambivalent"
#: The types that libblkid gives swap's own magics.
SWAP_TYPES: Final = frozenset({"swap", "swsuspend"})


class Unclaimed(NamedTuple):
    """What lies in the part of an area that no header claims.

    That is all of an area without a header, and of one with a header what lies
    behind its last page; behind its first page when it is a ghost's.
    """

    #: Where that part begins, in bytes from the start of the area.
    begin_bytes: int
    #: The first byte found there that is not zero; None for none.
    nonzero_bytes: int | None = None
    #: All of it was read; a long one is not.
    is_whole: bool = True

    @property
    def is_blank(self) -> bool:
        """Whether it is known to be zeros, every byte of it."""
        return self.is_whole and self.nonzero_bytes is None


#: What people call some types, and what they call the others by their usage.
_NOUNS: Final = {
    "crypto_LUKS": "LUKS encryption",
    "BitLocker": "BitLocker encryption",
    "LVM2_member": "a physical volume of LVM",
    "linux_raid_member": "a member of a RAID array",
    "ELF": "a program",
}
_NOUNS_OF_USAGE: Final = {
    "filesystem": "a file system",
    "raid": "a member of an array",
    "crypto": "encryption",
    "partitions": "a partition table",
    "container": "a disk image of a virtual machine",
    "compressed": "compressed data",
}


class HeldDict(TypedDict):
    """Something that lies in an area, as JSON has it."""

    #: libblkid's TYPE or PTTYPE, ``ext4`` or ``crypto_LUKS``; for what it does not
    #: know, such as ``qcow2``, a name of the same kind.
    type: str
    #: ``filesystem``, ``raid``, ``crypto``, ``other``, ``partitions``, ``container`` or
    #: ``compressed``; null where it is not told.
    usage: str | None
    #: Null for none.
    label: str | None
    #: As the format writes it, not always 36 characters; null for none.
    uuid: str | None
    #: Of its magic, from the start of the area.
    offset_bytes: int


class Held(NamedTuple):
    """One signature in an area, swap's own as well."""

    #: libblkid's TYPE or PTTYPE: ``ext4``, ``crypto_LUKS``, ``LVM2_member``,
    #: ``linux_raid_member``, ``swap``, ``swsuspend``, ``gpt``, ``dos``; for what
    #: it does not know ``qcow2``, ``vmdk``, ``vdi``, ``vhdx``, ``xz``, ``zstd``,
    #: ``gzip``, ``bzip2``, ``ELF``.
    type: str
    #: ``filesystem``, ``raid``, ``crypto``, ``other``, ``partitions``,
    #: ``container``, ``compressed``.
    usage: str | None = None
    label: str | None = None
    #: As the format writes it, not always 36 characters.
    uuid: str | None = None
    #: Of its magic, in bytes from the start of the area.
    offset_bytes: int = 0
    #: The bytes of the magic; empty where the format has none.
    magic: bytes = b""

    def to_dict(self) -> HeldDict:
        """Return it as JSON has it, without its magic."""
        return {
            "type": self.type,
            "usage": self.usage,
            "label": self.label,
            "uuid": self.uuid,
            "offset_bytes": self.offset_bytes,
        }

    @property
    def is_swap(self) -> bool:
        """Whether it is swap's own: an area, or a hibernation image in one."""
        return self.type in SWAP_TYPES

    @property
    def is_table(self) -> bool:
        """Whether it is a partition table, which lies beside what it divides."""
        return self.usage == "partitions"

    @property
    def is_guard(self) -> bool:
        """Whether it only says that a GPT comes behind it."""
        return self.type == "PMBR"

    @property
    def words(self) -> str:
        """What it is, for people, with libblkid's word for it.

        >>> Held("crypto_LUKS", "crypto").words
        'LUKS encryption (crypto_LUKS)'
        >>> Held("ext4", "filesystem").words
        'a file system (ext4)'
        """
        noun = _NOUNS.get(self.type) or _NOUNS_OF_USAGE.get(self.usage or "", "data")
        return f"{noun} ({self.type})"


class Contents(NamedTuple):
    """What was found in an area."""

    #: By place, swap's own as well.
    holds: tuple[Held, ...]
    #: As ``SwapArea.believed`` has it.
    believed: str | None
    #: What could not be asked, as a sentence; None when all was.
    unseen: str | None


def foremost(holds: tuple[Held, ...], believed: str | None) -> Held | None:
    """Pick what an area without a swap header is best described by.

    Args:
        holds: All that lies there.
        believed: What libblkid takes it for.

    Returns:
        What is believed, else the first that is neither swap's own nor a partition
        table, else a partition table; None when nothing else lies there. What guards
        a GPT comes last: libblkid believes it where the end of the disk is not seen.
    """
    others = [held for held in holds if not held.is_swap]
    others.sort(key=lambda held: (held.is_guard, held.type != believed, held.is_table))
    return others[0] if others else None
