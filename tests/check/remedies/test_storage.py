"""Storage: holes filled where there is room, files made anew where that ends well."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from swaptools.contents import Unclaimed
from tests.check.remedies.cases import IDENTITY, command, finding, sentence

MIB = 1 << 20
#: ghost-mkswap puts a new file in the place of one that cannot be swapped on.
ANEW = f"ghost-mkswap --real -f {IDENTITY} /swap {MIB}"
COW: dict[str, Any] = {"filesystem": "btrfs", "extents": [(0, 0, MIB)]}


class TestRoom:
    """No command that fills the file system up and fails."""

    HOLE: ClassVar[dict[str, Any]] = {
        "extents": [(0, 0, 4096)],
        "allocated_bytes": 4096,
    }

    @pytest.mark.parametrize(
        ("code", "changes"),
        [
            ("F701", HOLE),
            ("I406", {**HOLE, "filesystem": "newfs"}),
            ("F703", {"extents": [(0, 0, MIB, "SHARED")]}),
        ],
    )
    def test_how_much_is_missing(self, code: str, changes: dict[str, Any]) -> None:
        """In bytes, besides what the file system takes for itself."""
        said = sentence(code, **changes, free_bytes=500_000)
        assert "bytes are missing, 500000 are free" in said
        missing = int(said.split(" bytes are missing")[0].rsplit(" ", 1)[1])
        assert 500_000 < missing < 900_000
        assert command(code, **changes, free_bytes=2 * MIB) is not None

    def test_holes_that_only_the_blocks_tell(self) -> None:
        """NTFS says that all of a file is data, and counts fewer blocks."""
        told: dict[str, Any] = {
            "extents": [(0, 0, MIB)],
            "allocated_bytes": 4096,
            "filesystem": "fuseblk",
            "can_fallocate": False,
        }
        said = sentence("I406", **told, free_bytes=500_000)
        assert "bytes are missing" in said
        pasted = command("I406", **told)
        assert pasted is not None
        assert pasted.startswith("dd if=/swap of=/swap ")
        pasted = command("H201", version=2, **told)
        assert pasted is not None
        assert pasted.startswith("dd if=/swap of=/swap ")
        assert "ghost-mkswap" in pasted

    def test_what_is_not_known_is_not_there(self) -> None:
        """A library's user who did not look."""
        assert "not known" in sentence("F701", **self.HOLE, free_bytes=None)

    def test_what_is_freed_does_not_count(self) -> None:
        """A snapshot, a copy or a journal may hold the blocks of a removed file."""
        assert "missing" in sentence("F706", **COW, free_bytes=MIB)
        assert command("F706", **COW, free_bytes=2 * MIB) == ANEW

    def test_a_shorter_area_instead(self) -> None:
        """The header can claim what is there."""
        found = finding("S201", area_bytes=MIB // 2, free_bytes=1000)
        assert found.hint_command == (
            f"ghost-mkswap --real -f {IDENTITY} /swap {MIB // 2}"
        )
        assert "bytes are missing" in found.hint


class TestAnew:
    """A file made anew has no holes, nothing shared, packed or copied on write."""

    @pytest.mark.parametrize(
        ("code", "changes"),
        [
            ("F703", {"extents": [(0, 0, MIB, "SHARED")]}),
            ("F704", {"extents": [(0, 0, MIB, "DATA_INLINE")]}),
            ("F706", COW),
            ("F707", {**COW, "inode_flags": "COMPRESSED"}),
        ],
    )
    def test_commands(self, code: str, changes: dict[str, Any]) -> None:
        """In one step; attributes go only while a file is empty."""
        assert command(code, **changes) == ANEW

    def test_nothing_but_swap_is_removed(self) -> None:
        """What lies behind the last page would go, too."""
        rest = Unclaimed(MIB, nonzero_bytes=MIB + 7)
        said = sentence("F706", **COW, area_bytes=2 * MIB, unclaimed=rest)
        assert str(MIB + 7) in said

    @pytest.mark.parametrize(
        "changes",
        [{"device_count": 2}, {"data_profiles": {"single", "raid1"}}],
    )
    def test_where_btrfs_would_put_it_is_not_known(
        self, changes: dict[str, Any]
    ) -> None:
        """Several devices, or several profiles."""
        sentence("F706", **COW, **changes)

    def test_several_faults_at_once(self) -> None:
        """A hole in a file that is copied on write: to fill it is not enough."""
        half: dict[str, Any] = {"filesystem": "btrfs", "extents": [(0, 0, 4096)]}
        assert command("F701", **half) == ANEW


class TestElsewhere:
    """What no command makes swap: another place, and what a detour costs."""

    @pytest.mark.parametrize(
        ("profile", "kept"),
        [
            ("raid1", "mirrors (raid1)"),
            ("raid10", "mirrors and stripes"),
            ("raid5", "parity"),
            ("dup", "second copies"),
        ],
    )
    def test_copies(self, profile: str, kept: str) -> None:
        """A partition first, and what the balance gives up."""
        changes: dict[str, Any] = {"filesystem": "btrfs", "inode_flags": "NOCOW"}
        said = sentence("F708", **changes, data_profiles={profile})
        assert said.index("partition") < said.index("balance") < said.index(kept)
        # A file that is made anew is kept as often: no remedy for copy-on-write.
        assert kept in sentence("F706", **COW, data_profiles={profile})

    @pytest.mark.parametrize(
        ("code", "changes", "words"),
        [
            ("F711", {"filesystem": "tmpfs"}, "in memory"),
            ("F711", {"filesystem": "overlay"}, "overlayfs"),
            ("F712", {"filesystem": "zfs"}, "may deadlock"),
            ("F710", {"filesystem": "xfs", "block_bytes": 8192}, "may deadlock"),
        ],
    )
    def test_sentences(self, code: str, changes: dict[str, Any], words: str) -> None:
        """Each with its reason."""
        assert words in sentence(code, **changes)

    @pytest.mark.parametrize("filesystem", ["btrfs", "zfs"])
    @pytest.mark.parametrize("kernel", ["4.18", "4.18.0-553.el8_10", "4.20"])
    def test_no_kernel_is_sent_to_a_btrfs_that_it_cannot_swap_on(
        self, kernel: str, filesystem: str
    ) -> None:
        """Before 5.0, or of a maker who leaves it out."""
        said = sentence("F712", kernel, filesystem=filesystem)
        assert "a file on ext4 or XFS;" in said

    def test_a_kernel_without_btrfs_is_not_sent_there(self) -> None:
        """Its rules are those of a kernel that has it."""
        kernels = ("5.14.0-570.el9", "5.14.0")
        said = [sentence("F712", kernel, filesystem="zfs") for kernel in kernels]
        assert ["btrfs" in words for words in said] == [False, True]


class TestEnd:
    """A hole behind the last page: cut off, or allocated, or neither."""

    BEHIND: ClassVar[dict[str, Any]] = {"area_bytes": 2 * MIB, "extents": [(0, 0, MIB)]}

    def test_zeros_are_cut(self) -> None:
        """No slot needs them."""
        assert command("F702", **self.BEHIND) == f"truncate -c -s {MIB} /swap"

    def test_what_is_not_zero_stays(self) -> None:
        """The hole is filled around it."""
        rest = Unclaimed(MIB, nonzero_bytes=MIB + 7)
        pasted = command("F702", **self.BEHIND, unclaimed=rest)
        assert pasted == f"fallocate -l {2 * MIB} /swap"
        sentence("F702", **self.BEHIND, unclaimed=rest, free_bytes=1000)

    def test_what_a_kernel_would_use_is_only_cut(self) -> None:
        """4.18 uses more slots than it has room for: storage there is no help."""
        longer = {**self.BEHIND, "extents": [(0, 0, 2 * MIB)], "filesystem": "xfs"}
        pasted = command("F718", "4.18", **longer)
        assert pasted == f"truncate -c -s {MIB} /swap"
        rest = Unclaimed(MIB, nonzero_bytes=MIB + 7)
        assert str(MIB + 7) in sentence("F718", "4.18", **longer, unclaimed=rest)
