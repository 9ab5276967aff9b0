from __future__ import annotations

import pytest

from swaptools.contents import AMBIVALENT, Held, foremost

LUKS = Held("crypto_LUKS", "crypto")
EXT4 = Held("ext4", "filesystem", offset_bytes=1080)
DOS = Held("dos", "partitions", offset_bytes=510)
PMBR = Held("PMBR", "partitions", offset_bytes=510)
GPT = Held("gpt", "partitions", offset_bytes=512)
SWAP = Held("swap", "other", offset_bytes=4086)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (LUKS, "LUKS encryption (crypto_LUKS)"),
        (EXT4, "a file system (ext4)"),
        (DOS, "a partition table (dos)"),
        (Held("LVM2_member", "raid"), "a physical volume of LVM (LVM2_member)"),
        (Held("DDF_raid_member", "raid"), "a member of an array (DDF_raid_member)"),
        (Held("qcow2", "container"), "a disk image of a virtual machine (qcow2)"),
        (Held("xz", "compressed"), "compressed data (xz)"),
        (Held("ELF"), "a program (ELF)"),
        (Held("ubi", "other"), "data (ubi)"),
    ],
)
def test_what_is_held_is_said_in_words(held: Held, words: str) -> None:
    assert held.words == words


@pytest.mark.parametrize(
    ("holds", "believed", "expected"),
    [
        ((), None, None),
        ((SWAP,), "swap", None),
        ((SWAP, EXT4), AMBIVALENT, EXT4),
        ((DOS, EXT4), "ext4", EXT4),
        ((DOS, EXT4), None, EXT4),
        ((DOS, EXT4), "dos", DOS),
        ((LUKS, EXT4), "ext4", EXT4),
        ((LUKS, EXT4), AMBIVALENT, LUKS),
        ((DOS,), "dos", DOS),
        ((PMBR, GPT), None, GPT),
        ((PMBR, GPT), "PMBR", GPT),
        ((PMBR,), "PMBR", PMBR),
        ((PMBR,), None, PMBR),
    ],
)
def test_one_of_several_describes_an_area(
    holds: tuple[Held, ...], believed: str | None, expected: Held | None
) -> None:
    assert foremost(holds, believed) == expected
