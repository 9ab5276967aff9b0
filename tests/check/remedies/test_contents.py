"""What is not swap is never written over: a sentence, and what to do with it."""

from __future__ import annotations

from typing import Any

import pytest

from swaptools.contents import Held, Unclaimed
from swaptools.format.partitions import GPT_SWAP, Partition, PartitionTable
from tests.cases import every_case
from tests.check.remedies.cases import command, finding, sentence

MIB = 1 << 20
#: An area for each way to write: a first header, a new one, a longer file, another
#: file, a shorter one.
WRITTEN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("H101", {"magic": bytes(10)}),
    ("H102", {"page_size": 16384}),
    ("H201", {"version": 2}),
    ("B301", {"badpages": (3,)}),
    ("B304", {"badpages": (7, 7), "kind": "block"}),
    ("I401", {"padding_words": {33: 1}}),
    ("I403", {"label": "0123456789abcdef"}),
    ("S201", {"area_bytes": MIB // 2}),
    ("S203", {"area_bytes": 2 * MIB}),
    ("F701", {"extents": [(0, 0, 4096)]}),
    ("F702", {"area_bytes": 2 * MIB, "extents": [(0, 0, MIB)]}),
    ("F703", {"extents": [(0, 0, MIB, "SHARED")]}),
    ("F706", {"filesystem": "btrfs"}),
    ("G501", {"ghost_flag": True, "area_bytes": 8192}),
    ("G502", {"area_bytes": 4096}),
)
#: The rule that names what lies in place of swap, by its usage.
NAMED = {
    "crypto": "H301",
    "raid": "H302",
    "filesystem": "H303",
    "container": "H304",
    "compressed": "H305",
    "partitions": "H306",
}
#: Kernels that name a duplicate; the same as 6.18 in all else.
KERNELS = {"B304": "7.2"}


@pytest.mark.parametrize(("code", "changes"), WRITTEN)
def test_there_is_a_command_at_all(code: str, changes: dict[str, Any]) -> None:
    """Or the tests below would prove nothing."""
    assert command(code, KERNELS.get(code, "6.18"), **changes) is not None


@every_case(("code", "changes"), WRITTEN)
@every_case(
    ("held", "words"),
    [
        (Held("ext4", "filesystem", label="root"), "(ext4) labelled 'root'"),
        (Held("crypto_LUKS", "crypto"), "cryptsetup(8)"),
        (Held("LVM2_member", "raid"), "logical volume"),
        (Held("linux_raid_member", "raid"), "the array"),
        (Held("qcow2", "container"), "qemu-img convert -O raw /swap"),
        (Held("xz", "compressed"), "xz -dc /swap | swapcheck -"),
        (Held("gpt", "partitions"), "--offset"),
        (Held("ELF", "other"), "it is not swap"),
        (Held("new thing"), "it is not swap"),
    ],
)
def test_another_signature(
    code: str, changes: dict[str, Any], held: Held, words: str
) -> None:
    """Named, with what to do with it."""
    code = NAMED.get(str(held.usage), "H307") if code == "H101" else code
    said = sentence(code, KERNELS.get(code, "6.18"), holds=(held,), **changes)
    assert words in said


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        ("xfs", "make a swapfile in it"),
        ("vfat", "make a swapfile in it"),
        ("squashfs", "never written"),
        ("erofs", "never written"),
        ("iso9660", "never written"),
        ("zfs_member", "pool"),
        ("ntfs", "not known to work"),
        ("VMFS", "not known to work"),
    ],
)
def test_a_swapfile_only_where_one_works(type_: str, words: str) -> None:
    """Nobody is sent to a file system that takes none."""
    held = (Held(type_, "filesystem"),)
    said = sentence("H303", magic=bytes(10), holds=held)
    assert words in said
    assert ("make a swapfile" in said) == (type_ in ("xfs", "vfat"))


@pytest.mark.parametrize(
    ("code", "held", "words"),
    [
        ("H305", Held("gzip", "compressed"), "on the way: gzip -dc | swapcheck -"),
        ("H304", Held("qcow2", "container"), "qemu-img(1)"),
    ],
)
def test_a_stream_has_no_file_to_name(code: str, held: Held, words: str) -> None:
    """What is called ``-`` is none, and ``./-`` another one."""
    said = sentence(code, kind="stream", path="-", magic=bytes(10), holds=(held,))
    assert words in said
    assert "./-" not in said


@pytest.mark.parametrize(("code", "changes"), WRITTEN)
def test_swap_of_its_own_is_no_other(code: str, changes: dict[str, Any]) -> None:
    """The area's own magic is listed as well."""
    held = (Held("swap", "other", offset_bytes=4086),)
    assert command(code, KERNELS.get(code, "6.18"), holds=held, **changes) is not None


@pytest.mark.parametrize(("code", "changes"), WRITTEN)
def test_nobody_looked(code: str, changes: dict[str, Any]) -> None:
    """Then nothing is known of what would be lost."""
    assert "look" in sentence(code, KERNELS.get(code, "6.18"), holds=None, **changes)


@pytest.mark.parametrize(("code", "changes"), WRITTEN)
def test_an_image_that_only_libblkid_sees(code: str, changes: dict[str, Any]) -> None:
    """A machine sleeps there."""
    held = (Held("swsuspend", "other"),)
    said = sentence(code, KERNELS.get(code, "6.18"), holds=held, **changes)
    assert "resume" in said


def test_who_wipes_an_image() -> None:
    """swapon(8) does, and so does systemd, although swapon(2) refuses."""
    for magic in (b"S1SUSPEND\0", b"ULSUSPEND\0", b"LINHIB0001"):
        said = sentence("H104", magic=magic)
        assert "swapon(8)" in said
        assert "systemd" in said
        assert "lost" in said


def test_an_image_under_a_header_of_another_page_size() -> None:
    """One of them sleeps, whichever kernel is asked."""
    suspended: dict[str, Any] = {"page_size": 16384, "magic": b"S1SUSPEND\0"}
    assert "resume" in sentence("H104", **suspended)


@pytest.mark.parametrize(
    ("code", "changes"),
    [(code, changes) for code, changes in WRITTEN if code != "S201"],
)
def test_bytes_that_no_header_claims(code: str, changes: dict[str, Any]) -> None:
    """A text file, another file system's data, a partition that no table shows."""
    rest = Unclaimed(0, nonzero_bytes=777_777)
    found = finding(code, KERNELS.get(code, "6.18"), unclaimed=rest, **changes)
    if code in ("B304", "F701", "G502", "F702"):  # these stay within what is claimed
        return
    assert found.hint_command is None
    assert "777777" in found.hint


def test_a_part_too_long_to_be_read() -> None:
    """Zeros at its ends prove nothing; a file is read by ghost-mkswap itself."""
    rest = Unclaimed(0, is_whole=False)
    none: dict[str, Any] = {
        "magic": bytes(10),
        "unclaimed": rest,
        "area_bytes": 1 << 40,
    }
    assert "too long" in sentence("H101", kind="block", **none)
    pasted = command("H101", **none)
    assert pasted == f"ghost-mkswap --real -p 4096 /swap {1 << 40}"
    assert "too long" in sentence("S203", area_bytes=1 << 30, unclaimed=rest)


def test_a_first_header_is_never_forced() -> None:
    """ghost-mkswap looks again before it writes."""
    for kind in ("file", "block"):
        pasted = command("H101", magic=bytes(10), kind=kind)
        assert pasted is not None
        assert " -f" not in pasted


class TestHardlyAHeader:
    """A page that has the magic by chance: a text that quotes it, an old boot page."""

    def test_text_around_the_magic(self) -> None:
        """Padding that no program writes."""
        said = sentence("H201", version=0x6C6C6548, padding_words={3: 1})
        assert "hardly is" in said

    def test_a_boot_loader(self) -> None:
        """A new header takes the first 1024 bytes along."""
        said = sentence("H201", version=2, bootbits=b"\xeb\x3c\x90syslinux")
        assert "1024" in said

    def test_a_bitmap_of_more_than_there_is(self) -> None:
        """Every bit set is no bitmap of this area."""
        assert "more than is there" in sentence("H103", magic=b"SWAP-SPACE")


def test_a_table_around_the_area_is_not_what_it_holds() -> None:
    """The area is a partition, and what lies in it only looks like a table."""
    partition = Partition(2, GPT_SWAP, None, None, 17 * MIB, MIB)
    said = sentence(
        "H306",
        magic=bytes(10),
        kind="image",
        offset=17 * MIB,
        holds=(Held("dos", "partitions", offset_bytes=510),),
        partition=partition,
        table=PartitionTable("gpt", 512, (partition,)),
    )
    assert "17825792" not in said


def test_two_signatures_leave_it_to_people() -> None:
    """Which one is a leftover cannot be told from here."""
    holds = (Held("swap", "other"), Held("xfs", "filesystem"))
    said = sentence("H309", holds=holds, believed="xfs")
    assert "wipefs(8)" in said


class TestPartitions:
    """A disk or image is never written over; its partition for swap is named."""

    SWAP = Partition(2, GPT_SWAP, None, None, 17 * MIB, 20 * MIB)
    DATA = Partition(1, "0fc63daf-8483-4772-8e79-3d69d8477de4", None, None, MIB, MIB)

    def _said(self, *partitions: Partition) -> str:
        return sentence(
            "H306",
            magic=bytes(10),
            holds=(Held("gpt", "partitions"),),
            table=PartitionTable("gpt", 512, partitions),
        )

    def test_one_for_swap(self) -> None:
        """With its offset."""
        assert "number 2 (--offset 17825792)" in self._said(self.DATA, self.SWAP)

    def test_none_for_swap(self) -> None:
        """None is taken away from others."""
        assert "none of them for swap" in self._said(self.DATA)


@pytest.mark.parametrize(
    ("code", "changes"),
    [(code, changes) for code, changes in WRITTEN if code != "H101"],
)
def test_a_damaged_table(code: str, changes: dict[str, Any]) -> None:
    """Where a partition ends may be where another begins."""
    damage = ["partitions 1 and 2 overlap"]
    said = sentence(code, KERNELS.get(code, "6.18"), damage=damage, **changes)
    assert "table first" in said


def test_a_path_within_a_sentence_is_quoted() -> None:
    """People paste parts of sentences, too."""
    none: dict[str, Any] = {"magic": bytes(10), "path": "a b"}
    for held in (Held("qcow2", "container"), Held("xz", "compressed")):
        code = {"container": "H304", "compressed": "H305"}[str(held.usage)]
        assert "'a b'" in sentence(code, holds=(held,), **none)
