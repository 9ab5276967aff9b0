"""Every refusal leaves the target's bytes, inode, mode and times as they were."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.create import CreateRequest, create
from swaptools.errors import AreaError, AreaInUse, CreateRefused
from swaptools.observe import proc
from tests.builders import header_page, suspend_tail
from tests.create.witness import untouched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REAL_1M: dict[str, Any] = {"is_ghost": False, "size_bytes": 1 << 20}
GHOST_1G: dict[str, Any] = {"size_bytes": 1 << 30}


def refused(
    path: Path, sentence: str, *also: Path, error: type[Exception], **wishes: Any
) -> None:
    """Ask, with and without a dry run; nothing may change either time."""
    for dry_run in (True, False):
        with untouched(path, *also), pytest.raises(error, match=sentence):
            create(CreateRequest(path=str(path), dry_run=dry_run, **wishes))


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("wishes", [GHOST_1G, REAL_1M], ids=["ghost", "real"])
class TestAlways:
    """What -f does not override."""

    def test_an_active_swapfile(
        self,
        force: bool,
        wishes: dict[str, Any],
        area_file: Callable[..., Path],
        swaps: Callable[..., None],
    ) -> None:
        area = area_file(file_bytes=1 << 20)
        swaps(f"{area} file\t\t1020\t\t0\t\t-2")
        refused(area, "is swapped on", error=AreaInUse, force=force, **wishes)

    def test_an_active_swapfile_under_another_name(
        self,
        force: bool,
        wishes: dict[str, Any],
        area_file: Callable[..., Path],
        swaps: Callable[..., None],
        tmp_path: Path,
    ) -> None:
        area = area_file(file_bytes=1 << 20)
        swaps(f"{area} file\t\t1020\t\t0\t\t-2")
        hard, soft = tmp_path / "hard", tmp_path / "soft"
        os.link(area, hard)
        soft.symlink_to(area)
        for name in (hard, soft):
            refused(name, "is swapped on", area, error=AreaInUse, force=force, **wishes)

    def test_an_active_device_under_another_node(
        self,
        force: bool,
        wishes: dict[str, Any],
        area_file: Callable[..., Path],
        swaps: Callable[..., None],
        as_device: Callable[..., None],
    ) -> None:
        node, twin = area_file("sda1", file_bytes=1 << 20), area_file("twin")
        as_device(node)
        as_device(twin)
        swaps(f"{node} partition\t1020\t\t0\t\t-2")
        refused(twin, "is swapped on", error=AreaInUse, force=force, **wishes)

    def test_a_mounted_device(
        self,
        force: bool,
        wishes: dict[str, Any],
        area_file: Callable[..., Path],
        swaps: Callable[..., None],
        as_device: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        swaps()
        node = area_file("sdb1", file_bytes=1 << 20)
        as_device(node, number=os.makedev(8, 17))
        mounts = tmp_path / "mountinfo"
        mounts.write_text("40 1 8:17 / /mnt/data rw - ext4 /dev/sdb1 rw\n")
        monkeypatch.setattr(proc, "_MOUNTINFO", mounts)
        refused(node, "is mounted on /mnt/data", error=AreaInUse, force=force, **wishes)

    def test_a_directory(
        self, force: bool, wishes: dict[str, Any], tmp_path: Path
    ) -> None:
        place = tmp_path / "directory"
        place.mkdir()
        refused(place, "Is a directory", error=CreateRefused, force=force, **wishes)

    def test_a_fifo(self, force: bool, wishes: dict[str, Any], tmp_path: Path) -> None:
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        refused(fifo, "Is a fifo$", error=CreateRefused, force=force, **wishes)

    def test_a_character_device(
        self,
        force: bool,
        wishes: dict[str, Any],
        area_file: Callable[..., Path],
        as_device: Callable[..., None],
    ) -> None:
        node = area_file()
        as_device(node, kind=stat.S_IFCHR)
        refused(node, "character device", error=CreateRefused, force=force, **wishes)

    def test_a_dangling_symlink(
        self, force: bool, wishes: dict[str, Any], tmp_path: Path
    ) -> None:
        link = tmp_path / "link"
        link.symlink_to(tmp_path / "nothing")
        refused(link, "link to nothing", error=CreateRefused, force=force, **wishes)

    def test_a_symlink_to_itself(
        self, force: bool, wishes: dict[str, Any], tmp_path: Path
    ) -> None:
        link = tmp_path / "link"
        link.symlink_to(link)
        refused(link, "link to itself", error=CreateRefused, force=force, **wishes)

    def test_a_path_through_a_file(
        self, force: bool, wishes: dict[str, Any], area_file: Callable[..., Path]
    ) -> None:
        area = area_file()
        with untouched(area), pytest.raises(AreaError, match="Not a directory"):
            create(CreateRequest(path=f"{area}/below", force=force, **wishes))

    def test_a_path_through_nothing(
        self, force: bool, wishes: dict[str, Any], tmp_path: Path
    ) -> None:
        missing = tmp_path / "missing" / "below"
        with pytest.raises(AreaError, match="No such file or directory"):
            create(CreateRequest(path=str(missing), force=force, **wishes))

    @pytest.mark.parametrize("size_bytes", [0, 1, 4096, 8191])
    def test_under_two_pages(
        self,
        force: bool,
        wishes: dict[str, Any],
        size_bytes: int,
        area_file: Callable[..., Path],
    ) -> None:
        changed = wishes | {"size_bytes": size_bytes, "page_size": 4096}
        refused(
            area_file(),
            "less than 2 pages of 4096",
            error=CreateRefused,
            force=force,
            **changed,
        )

    def test_over_two_to_the_32_pages(
        self, force: bool, wishes: dict[str, Any], area_file: Callable[..., Path]
    ) -> None:
        changed = wishes | {"size_bytes": (1 << 44) + 4096, "page_size": 4096}
        refused(
            area_file(),
            "more than a header can count",
            error=CreateRefused,
            force=force,
            **changed,
        )

    @pytest.mark.parametrize("page_size", [1024, 3000, 524288])
    def test_an_impossible_page_size(
        self,
        force: bool,
        wishes: dict[str, Any],
        page_size: int,
        area_file: Callable[..., Path],
    ) -> None:
        refused(
            area_file(),
            "is not a power of two from 2048 to 262144",
            error=CreateRefused,
            force=force,
            page_size=page_size,
            **wishes,
        )

    def test_a_label_that_does_not_fit(
        self, force: bool, wishes: dict[str, Any], area_file: Callable[..., Path]
    ) -> None:
        refused(
            area_file(),
            "label of 16 bytes does not fit",
            error=CreateRefused,
            force=force,
            label="sixteen letters.",
            **wishes,
        )


@pytest.mark.parametrize("force", [False, True])
def test_a_one_page_block_device_never_becomes_a_ghost(
    force: bool,
    area_file: Callable[..., Path],
    as_device: Callable[..., None],
    swaps: Callable[..., None],
) -> None:
    swaps()
    node = area_file()
    as_device(node)
    refused(
        node,
        "is a one-page block device",
        error=CreateRefused,
        force=force,
        page_size=4096,
        **GHOST_1G,
    )


@pytest.mark.parametrize("force", [False, True])
def test_a_larger_block_device_never_becomes_a_ghost_either(
    force: bool,
    area_file: Callable[..., Path],
    as_device: Callable[..., None],
    swaps: Callable[..., None],
) -> None:
    swaps()
    node = area_file(file_bytes=1 << 20)
    as_device(node)
    refused(
        node, "a ghost is a regular file", error=CreateRefused, force=force, **GHOST_1G
    )


@pytest.mark.parametrize("force", [False, True])
def test_an_area_larger_than_its_device_is_refused(
    force: bool,
    area_file: Callable[..., Path],
    as_device: Callable[..., None],
    swaps: Callable[..., None],
) -> None:
    swaps()
    node = area_file(file_bytes=1 << 20)
    as_device(node)
    refused(
        node,
        "an area of 1052672 bytes does not fit, 1048576 are there",
        error=CreateRefused,
        force=force,
        is_ghost=False,
        size_bytes=(1 << 20) + 4096,
        page_size=4096,
    )


@pytest.mark.parametrize("force", [False, True])
def test_an_area_that_does_not_fit_behind_its_offset_is_refused(
    force: bool, area_file: Callable[..., Path]
) -> None:
    image = area_file(file_bytes=1 << 20)
    refused(
        image,
        "an area of 1044480 bytes does not fit, 1040384 are there",
        error=CreateRefused,
        force=force,
        is_ghost=False,
        size_bytes=(1 << 20) - 4096,
        offset=8192,
        page_size=4096,
    )


def test_an_offset_behind_the_end_of_the_image_is_refused(
    area_file: Callable[..., Path],
) -> None:
    refused(
        area_file(),
        "offset 8192 is behind the end",
        error=AreaError,
        offset=8192,
        **REAL_1M,
    )


def test_an_offset_into_nothing_is_refused(tmp_path: Path) -> None:
    refused(
        tmp_path / "new",
        "an offset needs an existing file or device",
        error=CreateRefused,
        offset=4096,
        **REAL_1M,
    )


@pytest.mark.parametrize("wishes", [{"badpages": (3,)}, {"check": True}])
@pytest.mark.parametrize("is_ghost", [False, True])
def test_bad_pages_in_a_file_are_refused(
    wishes: dict[str, Any], is_ghost: bool, area_file: Callable[..., Path]
) -> None:
    refused(
        area_file(),
        "bad pages are for block devices",
        error=CreateRefused,
        is_ghost=is_ghost,
        size_bytes=1 << 20,
        force=True,
        **wishes,
    )


def test_a_new_real_area_without_a_size_is_refused(tmp_path: Path) -> None:
    refused(
        tmp_path / "new",
        "a new file needs a SIZE",
        error=CreateRefused,
        is_ghost=False,
    )


#: The second header of LUKS2, at 16 KiB.
LUKS_COPY = b"SKUL\xba\xbe\0\2".ljust(4096, b"\0")
ISO9660 = b"\x01CD001\x01".ljust(2048, b"\0") + b"\xffCD001\x01"
TUXONICE = bytes.fromhex("edc302e99856e50c")

#: What lies there, and the sentence that keeps it.
CONTENT: list[tuple[str, bytes, str]] = [
    (
        "a larger swap area",
        header_page(last_page=255) + bytes(255 * 4096),
        "holds a swap area of 1048576 bytes labelled 'sample'",
    ),
    (
        "an area without a label",
        header_page(label=b"", last_page=1) + bytes(4096),
        "holds a swap area of 8192 bytes;",
    ),
    (
        "a version 0 area",
        bytes([254]) + bytes(4085) + b"SWAP-SPACE" + bytes(4096),
        "holds a swap area of 32768 bytes",
    ),
    (
        "a suspend image",
        header_page(patches=(suspend_tail(),)) + bytes(1 << 20),
        "a hibernation image \\(S1SUSPEND\\)",
    ),
    (
        "a suspend image of one page",
        header_page(patches=(suspend_tail(sig=b"ULSUSPEND\0"),)),
        "a hibernation image \\(ULSUSPEND\\)",
    ),
    (
        "TuxOnIce before a good header",
        header_page(patches=((0, TUXONICE),)),
        "a hibernation image \\(TuxOnIce\\)",
    ),
    ("a larger file of zeros", bytes(8192), "holds a file of 8192 bytes"),
    ("an empty file", b"", "holds a file of 0 bytes"),
    ("a page of zeros", bytes(4096), "holds a file of 4096 bytes"),
    ("text", b"precious", "holds a file of 8 bytes"),
]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [case[1:] for case in CONTENT],
    ids=[case[0] for case in CONTENT],
)
def test_without_force_a_ghost_replaces_nothing_but_a_ghost(
    content: bytes, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "there"
    path.write_bytes(content)
    refused(path, f"{sentence}.*use -f", error=CreateRefused, **GHOST_1G)


REAL_CONTENT: list[tuple[str, int, bytes, str]] = [
    (
        "an area that blkid takes for encrypted",
        0,
        header_page(last_page=255) + bytes(12288) + LUKS_COPY,
        r"holds a swap area of 1048576 bytes labelled 'sample', and LUKS encryption"
        r" \(crypto_LUKS\)",
    ),
    (
        "an area that blkid does not choose",
        0,
        header_page(last_page=255) + bytes(28672) + ISO9660,
        r"labelled 'sample', and a file system \(iso9660\)",
    ),
    ("a ghost", 0, header_page(), "holds a swap area of 4194304 bytes"),
    ("ext4", 1080, b"\x53\xef", r"holds a file system \(ext[24]\)"),
    ("a partition table", 510, b"\x55\xaa", r"holds a partition table \(dos\)"),
    ("LUKS", 0, b"LUKS\xba\xbe", "holds LUKS encryption"),
    ("btrfs", 65600, b"_BHRfS_M", r"holds a file system \(btrfs\)"),
    ("a byte at the end", (1 << 20) - 1, b"x", "holds data at byte 1048575"),
    ("a byte in the middle", 500_000, b"\1", "holds data at byte 500000"),
    (
        "an older, larger header",
        65526,
        b"SWAPSPACE2",
        "holds a swap area of 65536 bytes",
    ),
    (
        "a suspend image",
        4086,
        b"S1SUSPEND\0",
        "a hibernation image",
    ),
]


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("offset", "content", "sentence"),
    [case[1:] for case in REAL_CONTENT],
    ids=[case[0] for case in REAL_CONTENT],
)
@pytest.mark.parametrize("at", [0, 81920])
def test_without_force_a_real_area_replaces_nothing_but_zeros(
    at: int, offset: int, content: bytes, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "there"
    with path.open("wb") as file:
        file.truncate(at + (1 << 20))
        file.seek(at + offset)
        file.write(content)
    sentence = sentence.replace("byte 1048575", f"byte {at + 1048575}")
    sentence = sentence.replace("byte 500000", f"byte {at + 500000}")
    refused(
        path,
        f"{sentence}.*use -f",
        error=CreateRefused,
        offset=at,
        page_size=4096,
        **REAL_1M,
    )


def test_without_force_a_real_area_does_not_outgrow_a_file(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_bytes(bytes(1 << 19))
    refused(
        path, "an area of 1048576 bytes does not fit", error=CreateRefused, **REAL_1M
    )


@pytest.mark.parametrize("place", ["beginning", "end"])
def test_a_device_is_looked_at_at_both_ends(
    place: str,
    tmp_path: Path,
    as_device: Callable[..., None],
    swaps: Callable[..., None],
) -> None:
    """A disk takes hours to read; superblocks lie near its ends."""
    swaps()
    node = tmp_path / "sdc"
    with node.open("wb") as file:
        file.truncate(8 << 20)
        file.seek(300_000 if place == "beginning" else (8 << 20) - 300_000)
        file.write(b"?")
    as_device(node)
    refused(node, "holds data at byte", error=CreateRefused, is_ghost=False)
