"""What is said of what lies there in place of swap, or beside it."""

from __future__ import annotations

from typing import Any

import pytest

from swaptools.check import check_area
from swaptools.contents import AMBIVALENT, Held
from swaptools.format.partitions import GPT_SWAP, Partition, PartitionTable
from tests.check.samples import swap_area

NONE: dict[str, Any] = {"magic": bytes(10)}
LUKS = Held("crypto_LUKS", "crypto", uuid="1234", magic=b"LUKS\xba\xbe")
BTRFS = Held("btrfs", "filesystem", label="data", offset_bytes=65600)
SWAP = Held("swap", "other", offset_bytes=4086)
GPT = Held("gpt", "partitions", offset_bytes=512)
TABLE = PartitionTable(
    "gpt", 512, (Partition(2, GPT_SWAP, None, None, 17 << 20, 20 << 20),)
)


def said(**changes: Any) -> list[tuple[str, str]]:
    """Code and message of each finding about what lies there."""
    report = check_area(swap_area(**changes), "6.18", 4096)
    return [(f.code, f.message) for f in report.findings if f.code[0] == "H"]


@pytest.mark.parametrize(
    ("held", "code", "message"),
    [
        (LUKS, "H301", "LUKS encryption (crypto_LUKS) at byte 0, UUID 1234"),
        (
            Held("LVM2_member", "raid", offset_bytes=536),
            "H302",
            "a physical volume of LVM (LVM2_member) at byte 536",
        ),
        (
            Held("linux_raid_member", "raid", "host:0", offset_bytes=4096),
            "H302",
            "a member of a RAID array (linux_raid_member) at byte 4096, label 'host:0'",
        ),
        (BTRFS, "H303", "a file system (btrfs) at byte 65600, label 'data'"),
        (
            Held("vdi", "container", offset_bytes=64),
            "H304",
            "a disk image of a virtual machine (vdi) at byte 64",
        ),
        (Held("zstd", "compressed"), "H305", "compressed data (zstd) at byte 0"),
        (GPT, "H306", "a partition table (gpt) at byte 512"),
        (Held("ubi", "other"), "H307", "data (ubi) at byte 0"),
    ],
)
def test_what_lies_in_place_of_swap_has_one_finding(
    held: Held, code: str, message: str
) -> None:
    """And nothing is said of a signature that is missing."""
    assert said(**NONE, holds=(held,)) == [(code, message)]


def test_nothing_has_a_name() -> None:
    assert said(**NONE) == [("H101", "no SWAPSPACE2 at byte 4086")]


def test_the_partitions_for_swap_are_named() -> None:
    words = "a partition table (gpt), swap in partition 2 (offset 17825792)"
    assert said(**NONE, holds=(GPT,), table=TABLE) == [("H306", words)]
    assert said(**NONE, holds=(), table=TABLE) == [("H306", words)]


def test_what_lies_in_a_disk_besides_its_table_comes_first() -> None:
    """An array of whole disks that once had partitions."""
    found = said(**NONE, holds=(GPT, LUKS), table=TABLE)
    assert [code for code, _ in found] == ["H301"]


def test_a_partition_is_not_the_table_it_stands_in() -> None:
    """Empty as it is."""
    found = said(
        **NONE,
        kind="image",
        offset=17 << 20,
        partition=TABLE.partitions[0],
        table=TABLE,
    )
    assert [code for code, _ in found] == ["H101"]


@pytest.mark.parametrize(
    ("believed", "words"),
    [
        ("swap", "blkid, and so udev and UUID=, takes the area for swap"),
        ("btrfs", "blkid, and so udev and UUID=, takes the area for btrfs"),
        (
            AMBIVALENT,
            "blkid will not choose, and so nothing finds it by UUID= or LABEL=",
        ),
        (None, "what blkid takes the area for is not known"),
    ],
)
def test_a_second_signature_says_which_one_is_believed(
    believed: str | None, words: str
) -> None:
    assert said(holds=(SWAP, BTRFS), believed=believed) == [
        ("H309", f"a file system (btrfs) at byte 65600, label 'data'; {words}")
    ]


def test_copies_of_one_signature_are_one_finding() -> None:
    copy = GPT._replace(offset_bytes=1 << 20)
    assert len(said(holds=(SWAP, GPT, copy), believed="swap")) == 1


def test_what_another_kernel_reads_is_no_foreign_thing() -> None:
    """A header for larger pages, over which something else lies."""
    found = said(page_size=16384, holds=(BTRFS,))
    assert [code for code, _ in found] == ["H102"]


def test_a_device_without_a_size_is_not_short() -> None:
    zram = {"kind": "block", "path": "/dev/zram0", "area_bytes": 0}
    assert said(**zram) == [("H308", "zram0 has 0 bytes")]


def test_damage_is_said_of_every_area_of_the_disk() -> None:
    table = TABLE._replace(damage=("one thing", "another"))
    place: dict[str, Any] = {"kind": "image", "offset": 17 << 20, "table": table}
    assert said(**place, partition=TABLE.partitions[0]) == [
        ("H310", "one thing"),
        ("H310", "another"),
    ]
