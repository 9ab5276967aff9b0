"""How much a new header claims, where it goes, and what it keeps."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from swaptools.contents import Unclaimed
from swaptools.format.partitions import GPT_SWAP, Partition
from tests.check.remedies.cases import IDENTITY, command, finding, sentence

MIB = 1 << 20
GIB = 1 << 30
#: An area in an image, and one that fills a partition of it.
INSIDE: dict[str, Any] = {"kind": "image", "offset": 65536}
SECOND: dict[str, Any] = {
    "kind": "image",
    "offset": 17 * MIB,
    "area_bytes": 4 * MIB,
}
BEHIND = Unclaimed(MIB, nonzero_bytes=MIB + 5)
PARTITION = Partition(2, GPT_SWAP, None, None, 17 * MIB, 4 * MIB)


class TestSize:
    """As much as is known to be swap, or zeros within known bounds."""

    def test_all_of_a_file(self) -> None:
        """What lies behind the claim is zeros."""
        pasted = command("H201", version=2, area_bytes=2 * MIB + 100)
        assert pasted == f"ghost-mkswap --real -f {IDENTITY} /swap {2 * MIB}"

    def test_of_a_device_what_was_claimed(self) -> None:
        """When something else lies behind."""
        changes: dict[str, Any] = {"version": 2, "kind": "block", "area_bytes": 2 * MIB}
        pasted = command("H201", **changes, unclaimed=BEHIND)
        assert pasted == f"ghost-mkswap --real -f {IDENTITY} /swap {MIB}"

    def test_of_a_file_with_more_behind_nothing(self) -> None:
        """A smaller area would cut the file."""
        said = sentence("H201", version=2, area_bytes=2 * MIB, unclaimed=BEHIND)
        assert str(MIB + 5) in said

    def test_in_an_image_what_was_claimed(self) -> None:
        """Neither grown nor cut: nothing else says where the area ends."""
        pasted = command("H201", version=2, **INSIDE, area_bytes=2 * MIB)
        assert pasted == f"ghost-mkswap --real -f -o 65536 {IDENTITY} /swap {MIB}"

    def test_in_an_image_nothing_beyond_its_end(self) -> None:
        """The header is wrong, and nothing else says it."""
        assert "where the area ends" in sentence("S201", **INSIDE, area_bytes=MIB // 2)

    def test_a_partition_has_an_end(self) -> None:
        """All of it, and no byte more."""
        pasted = command(
            "S203",
            kind="image",
            offset=17 * MIB,
            area_bytes=4 * MIB,
            partition=PARTITION,
        )
        words = f"-o {17 * MIB} {IDENTITY} /swap {4 * MIB}"
        assert pasted == f"ghost-mkswap --real -f {words}"

    def test_longer_in_an_image_means_nothing(self) -> None:
        """What lies behind the header's last page may be anybody's."""
        assert "need not belong to it" in sentence("S203", **INSIDE, area_bytes=2 * MIB)

    def test_two_pages_are_the_least(self) -> None:
        """A header and a slot."""
        assert "SIZE" in sentence("H202", last_page=0)
        pasted = command("H202", last_page=0, area_bytes=8192)
        assert pasted == f"ghost-mkswap --real -f {IDENTITY} /swap 8192"


class TestFirst:
    """Where no header is, and nothing else."""

    NONE: ClassVar[dict[str, Any]] = {"magic": bytes(10)}

    def test_of_a_file(self) -> None:
        """It is read whole again before it is written."""
        pasted = command("H101", **self.NONE)
        assert pasted == f"ghost-mkswap --real -p 4096 /swap {MIB}"

    def test_of_a_sparse_file(self) -> None:
        """truncate(1) gave it a size, and no storage."""
        pasted = command("H101", **self.NONE, extents=[])
        assert pasted is not None
        assert pasted.split(" && ") == [
            f"fallocate -l {MIB} /swap",
            f"ghost-mkswap --real -p 4096 /swap {MIB}",
        ]

    def test_of_a_file_that_is_copied_on_write(self) -> None:
        """A header alone would be refused."""
        pasted = command("H101", **self.NONE, filesystem="btrfs", extents=[(0, 0, MIB)])
        assert pasted == f"ghost-mkswap --real -f -p 4096 /swap {MIB}"

    def test_where_none_helps(self) -> None:
        """Memory, not a disk."""
        assert "memory" in sentence("H101", **self.NONE, filesystem="tmpfs")

    def test_in_a_partition_for_swap(self) -> None:
        """The table says what the place is for."""
        pasted = command("H101", **self.NONE, **SECOND, partition=PARTITION)
        words = f"-o {17 * MIB} -p 4096 /swap {4 * MIB}"
        assert pasted == f"ghost-mkswap --real {words}"

    def test_in_a_partition_of_an_image_that_is_mostly_holes(self) -> None:
        """As fresh images are; the loop device over it has none."""
        sparse = {**SECOND, "partition": PARTITION, "allocated_bytes": 65536}
        pasted = command("H101", **self.NONE, **sparse)
        assert pasted == f"ghost-mkswap --real -o {17 * MIB} -p 4096 /swap {4 * MIB}"

    @pytest.mark.parametrize("partition", [None, PARTITION._replace(type="0x83")])
    def test_in_no_place_for_swap(self, partition: Partition | None) -> None:
        """Somebody's free space."""
        said = sentence("H101", **self.NONE, **SECOND, partition=partition)
        assert "nothing says" in said

    def test_an_empty_file_wants_a_size(self) -> None:
        """Which nobody knows here."""
        assert "SIZE" in sentence("H105", area_bytes=0)

    def test_a_short_file_with_something_in_it(self) -> None:
        """A line of text is not written over."""
        said = sentence("H105", area_bytes=100, unclaimed=Unclaimed(0, nonzero_bytes=0))
        assert "byte 0" in said

    def test_zram_without_a_size(self) -> None:
        """It is set in /sys."""
        said = sentence("H308", kind="block", area_bytes=0, resolved_path="/dev/zram0")
        assert "/sys/block/zram0/disksize" in said


class TestBadPages:
    """What a list can be true of is kept; on a device it can be measured."""

    def test_distinct_and_inside(self) -> None:
        """Sorted, once each."""
        pasted = command(
            "B303", kind="block", badpages=(9, 7, 7, 0, 256), last_page=255
        )
        assert pasted is not None
        assert "--bad-pages 7,9 " in pasted

    @pytest.mark.parametrize(
        "badpages", [(0,), tuple(range(1, 256)), tuple(range(0, 130))]
    )
    def test_measured_anew(self, badpages: tuple[int, ...]) -> None:
        """Nothing is left of it, or too much to be typed."""
        codes = {True: "B307", False: "B303"}
        code = codes[len(badpages) == 255]
        found = finding(code, kind="block", badpages=badpages, last_page=255)
        assert found.hint_command is not None
        assert " --check " in found.hint_command
        assert found.hint_loses == "the old list of bad pages"

    def test_a_count_that_is_too_high(self) -> None:
        """Its entries cannot be believed."""
        found = finding("B302", kind="block", nr_badpages=638)
        assert found.hint_command is not None
        assert " --check " in found.hint_command

    @pytest.mark.parametrize("kind", ["file", "image"])
    def test_none_on_a_file(self, kind: str) -> None:
        """The list goes, and that is said."""
        code = {"file": "B301", "image": "B303"}[kind]
        changes: dict[str, Any] = {"offset": 4096} if kind == "image" else {}
        found = finding(code, kind=kind, badpages=(0,), area_bytes=MIB, **changes)
        assert found.hint_command is not None
        assert "bad" not in found.hint_command
        assert found.hint_loses == "the list of bad pages"


class TestGhosts:
    """Header-only areas stay what they are."""

    def test_a_new_header(self) -> None:
        """As large as it claimed to be."""
        pasted = command("H201", "ghost-rfc", version=2, area_bytes=4096)
        assert pasted == f"ghost-mkswap -f {IDENTITY} /swap {MIB}"

    def test_on_a_kernel_without_ghosts(self) -> None:
        """The sentence says that it stays refused."""
        found = finding("H201", version=2, area_bytes=4096)
        assert found.hint_command == f"ghost-mkswap -f {IDENTITY} /swap {MIB}"
        assert "refuses it still" in found.hint

    def test_marked(self) -> None:
        """Never forced: a healthy ghost needs no force."""
        pasted = command("G502", "ghost-rfc", area_bytes=4096)
        assert pasted == f"ghost-mkswap {IDENTITY} /swap {MIB}"

    @pytest.mark.parametrize("code", ["M602", "M603"])
    def test_claims_less(self, code: str) -> None:
        """Four times the memory, in whole pages."""
        pasted = command(
            code,
            "ghost-rfc-6.12",
            area_bytes=4096,
            last_page=1 << 28,
            ram_bytes=3 * GIB + 5,
        )
        assert pasted == f"ghost-mkswap {IDENTITY} /swap {12 * GIB}"

    def test_a_real_area_keeps_its_size(self) -> None:
        """To claim less would waste what it takes."""
        said = sentence("M602", "6.12", last_page=1 << 24, ram_bytes=GIB)
        assert "anew" in said

    def test_grown_by_accident(self) -> None:
        """A kernel with ghosts wants one page, others the pages it claims."""
        grown: dict[str, Any] = {"ghost_flag": True, "area_bytes": 2 * MIB}
        assert command("G501", "ghost-rfc", **grown) == "truncate -c -s 4096 /swap"
        pasted = command("G501", **grown)
        assert pasted == f"ghost-mkswap --real -f {IDENTITY} /swap {2 * MIB}"


def test_another_page_size_is_given_up() -> None:
    """Which the sentence says."""
    found = finding("H102", page_size=16384)
    assert found.hint_command is not None
    assert "16384 bytes will refuse it" in found.hint
