"""What ghost-mkswap says before it writes is what swapon(2) says afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from swaptools import AreaInUse, CreateRefused, create_ghost, create_real
from tests import disks
from tests.against_kernel import places, rig
from tests.against_kernel.oracle import ask_kernel
from tests.against_kernel.paste import surroundings
from tests.searching import PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Where a fix finds ghost-mkswap: beside this interpreter, and where all else is.

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]

MIB = 1 << 20
#: Whether a new file of each can be swapped on.
FILE_SYSTEMS = {
    "ext4": True,
    "ext4-1k": True,
    "ext4-blocks": True,  # the layout of ext3: no extents, no fallocate
    "ext2": True,
    "ext3": True,
    "xfs": True,
    "xfs-1k": True,
    "xfs-8k": False,
    "btrfs": True,
    "btrfs-zstd": True,
    "btrfs-nodatacow": True,
    "btrfs-mixed": True,
    "btrfs-dup": False,
    "btrfs-raid1": False,
    "tmpfs": False,
    "ramfs": False,
    "overlay": False,
    "ntfs": True,
}


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Call to mount a file system with neighbours on it, or skip."""
    with ExitStack() as stack:

        def enter(name: str) -> Path:
            needed = {"ntfs": "ntfs-3g", "btrfs-raid1": "mkfs.btrfs", "overlay": "sh"}
            if name in needed:
                missing = shutil.which(needed[name]) is None
                reason = f"{needed[name]} is not installed" if missing else None
            else:
                reason = places.why_not(surroundings.system(name))
            if reason is not None:
                pytest.skip(reason)
            scratch = stack.enter_context(surroundings.memory(tmp_path / "scratch"))
            return stack.enter_context(surroundings.mounted(name, scratch))

        yield enter


@pytest.mark.parametrize("name", FILE_SYSTEMS)
def test_a_new_file(name: str, mounted: Callable[[str], Path]) -> None:
    """Refused exactly where swapon(2) refuses; with -f made, spoken of and refused."""
    place = mounted(name)
    names = sorted(os.listdir(place))  # noqa: PTH208
    path = place / "new file"
    if FILE_SYSTEMS[name]:
        result = create_real(path, size_bytes=4 * MIB)
        assert (result.warnings, result.verdict.accepted) == ((), True)
        answer = ask_kernel(path)
        assert answer.accepted, answer
        assert path.stat().st_blocks * 512 >= 4 * MIB
        return
    with pytest.raises(CreateRefused, match="which the kernel refuses; use -f"):
        create_real(path, size_bytes=4 * MIB)
    assert sorted(os.listdir(place)) == names  # noqa: PTH208
    result = create_real(path, size_bytes=4 * MIB, force=True)
    answer = ask_kernel(path)
    assert len(result.warnings) == 1
    assert (answer.errno, answer.message) == (
        result.verdict.errno,
        result.verdict.message,
    )


# --- files that are there ---------------------------------------------------------


def zeros(path: Path) -> None:
    """Written, every byte of them."""
    path.write_bytes(bytes(4 * MIB))


def hole(path: Path) -> None:
    """Nothing but a length."""
    path.touch()
    os.truncate(path, 4 * MIB)


def half_a_hole(path: Path) -> None:
    """The second half is missing."""
    path.write_bytes(bytes(2 * MIB))
    os.truncate(path, 4 * MIB)


def promised(path: Path) -> None:
    """Allocated, not written."""
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 4 * MIB)


def nocow(path: Path) -> None:
    """As chattr +C has it."""
    places._flagged_empty(path, places._NOCOW)
    zeros(path)


def compressed(path: Path) -> None:
    """As chattr +c has it."""
    places._flagged_empty(path, places._COMPRESSED)
    zeros(path)


def reflinked(path: Path) -> None:
    """It shares its storage with a copy."""
    zeros(path)
    places._cloned(path)


def snapshotted(path: Path) -> None:
    """Without copy-on-write, and held by a snapshot."""
    volume = path.parent
    nocow(path)
    os.sync()
    places.run("btrfs", "subvolume", "snapshot", str(volume), f"{volume}.snapshot")


FILES = (zeros, hole, half_a_hole, promised, nocow, compressed, reflinked, snapshotted)


@pytest.mark.parametrize("name", ["ext4", "ext4-blocks", "xfs", "btrfs", "btrfs-zstd"])
def test_files_that_are_there(name: str, mounted: Callable[[str], Path]) -> None:
    """A header in place, the kernel's answer beforehand, and the fix that is named."""
    place = mounted(name)
    cured = 0
    for prepare in FILES:
        if prepare is snapshotted and not name.startswith("btrfs"):
            continue
        directory = place / prepare.__name__
        if prepare is snapshotted:
            places.run("btrfs", "subvolume", "create", str(directory))
        else:
            directory.mkdir()
        path = directory / "a file"
        try:
            prepare(path)
        except OSError:
            continue  # no such thing here
        path.chmod(0o600)
        said = create_real(path, label="kept")
        answer = ask_kernel(path)
        where = f"{name} {prepare.__name__}: {said.warnings} {answer}"
        assert answer.accepted == said.verdict.accepted, where
        assert answer.accepted == (said.warnings == ()), where
        if answer.accepted:
            continue
        fix = said.warnings[0].partition("fix with: ")[2]
        environment = {**os.environ, "PATH": PATH}
        subprocess.run(
            ["sh", "-c", fix], check=True, capture_output=True, env=environment
        )
        assert ask_kernel(path).accepted, where
        assert path.stat().st_mode & 0o7777 == 0o600
        cured += 1
    assert cured >= 2


@pytest.mark.parametrize(
    "mark", [("chattr", "+c"), ("chattr", "+m"), ("btrfs", "property", "set")]
)
def test_a_directory_that_compresses(
    mark: tuple[str, ...], mounted: Callable[[str], Path]
) -> None:
    """What a new file inherits is cleared first."""
    place = mounted("btrfs") / "directory"
    place.mkdir()
    if mark[0] == "btrfs":
        places.run(*mark, str(place), "compression", "zstd")
    else:
        places.run(*mark, str(place))
    path = place / "area"
    for force in (False, True):
        create_real(path, size_bytes=(4 + 4 * force) * MIB, force=force)
        assert ask_kernel(path).accepted


@pytest.mark.parametrize("name", ["ext4", "xfs", "btrfs", "ext4-blocks"])
def test_longer_and_shorter(name: str, mounted: Callable[[str], Path]) -> None:
    path = mounted(name) / "area"
    create_real(path, size_bytes=8 * MIB)
    for size_bytes in (2 * MIB, 16 * MIB, 4 * MIB):
        create_real(path, size_bytes=size_bytes, force=True)
        assert path.stat().st_size == size_bytes
        assert size_bytes <= path.stat().st_blocks * 512 <= size_bytes + MIB
        with rig.swapped_on(path):
            pass


def test_a_file_that_fills_its_file_system_is_cut_in_place(
    mounted: Callable[[str], Path],
) -> None:
    place = mounted("ext4")
    path = place / "area"
    space = os.statvfs(place)
    size_bytes = space.f_bavail * space.f_frsize * 9 // 10
    create_real(path, size_bytes=size_bytes)
    inode = path.stat().st_ino
    create_real(path, size_bytes=size_bytes // 2, force=True)
    assert path.stat().st_ino == inode
    assert path.stat().st_blocks * 512 < size_bytes // 2 + MIB
    assert ask_kernel(path).accepted
    create_real(path, size_bytes=size_bytes // 2 + 8 * MIB, force=True)
    assert ask_kernel(path).accepted


# --- loop devices over it ---------------------------------------------------------


def ext4(path: Path, size_bytes: int = 16 * MIB) -> Path:
    path.touch()
    os.truncate(path, size_bytes)
    places.run("mkfs.ext4", "-q", "-F", str(path))
    return path


def refused(path: Path, sentence: str) -> None:
    """With and without -f, ghost and ordinary; not a byte is changed."""
    before = path.read_bytes()
    for make in (create_real, create_ghost):
        for force in (False, True):
            with pytest.raises(AreaInUse, match=sentence):
                make(path, size_bytes=MIB, force=force)
    assert path.read_bytes() == before


def test_an_image_behind_a_mounted_loop_device(tmp_path: Path) -> None:
    image = ext4(tmp_path / "image")
    with (
        rig.loop_device(image) as device,
        rig.mounted(device, tmp_path / "m") as place,
    ):
        refused(image, f"is behind {device}, which is mounted on {place}")
        (tmp_path / "hard").hardlink_to(image)
        image.unlink()  # its name is all that the kernel prints
        refused(tmp_path / "hard", f"is behind {device}, which is mounted on {place}")
    create_real(tmp_path / "hard", force=True)


def test_an_image_behind_a_loop_device_over_a_loop_device(tmp_path: Path) -> None:
    image = ext4(tmp_path / "image")
    with (
        rig.loop_device(image) as below,
        rig.loop_device(below) as device,
        rig.mounted(device, tmp_path / "m"),
    ):
        for path in (image, below):
            refused(path, f"is behind {device}, which is mounted")


def test_an_image_whose_partition_is_in_use(tmp_path: Path) -> None:
    """One mounted, one swapped on: the whole image is let alone, as the device is."""
    sectors = 64 * MIB // 512
    parts = (disks.Part(2048, 65536), disks.Part(2048 + 65536, 32768))
    image = disks.write(
        tmp_path / "image", sectors * 512, disks.gpt_pieces(parts, sectors)
    )
    create_real(image, partition=2)
    with rig.loop_device(image, "--partscan") as device:
        first, second = Path(f"{device}p1"), Path(f"{device}p2")
        if not second.exists():  # a kernel that reads no tables itself
            places.run("partx", "--add", str(device))
        places.run("mkfs.ext4", "-q", "-F", str(first))
        for path in (image, device):
            create_real(path, partition=2, force=True)
        with rig.mounted(first, tmp_path / "m"):
            refused(image, f"is behind {device}, which is mounted on")
            with pytest.raises(AreaInUse, match=r"is behind|is held by somebody"):
                create_real(device, partition=2, force=True)
            create_real(second, force=True)
        with rig.swapped_on(second):
            refused(image, "which is swapped on|is swapped on")
            for partition in (1, 2):
                with pytest.raises(AreaInUse, match="is swapped on"):
                    create_real(image, partition=partition, force=True)
        create_real(image, partition=2, force=True)


def test_an_image_that_another_mount_namespace_has_mounted(tmp_path: Path) -> None:
    """No mount table of ours has it; the device is held."""
    image = ext4(tmp_path / "image")
    with rig.loop_device(image) as device:
        with _mounted_elsewhere(device, tmp_path / "m"):
            assert str(device) not in Path("/proc/self/mountinfo").read_text()
            refused(image, f"is behind {device}, which is held by somebody")
        create_real(image, force=True)


@contextmanager
def _mounted_elsewhere(device: Path, target: Path) -> Iterator[None]:
    target.mkdir()
    unshare = ("unshare", "--mount", "--propagation", "private")
    script = 'mount "$0" "$1" && echo mounted && read -r _'
    with subprocess.Popen(
        [*unshare, "sh", "-c", script, str(device), str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "mounted\n"
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(30)


def test_an_image_whose_loop_device_somebody_holds(tmp_path: Path) -> None:
    """As device mapper, md and mkfs do; nothing is mounted at all."""
    image = ext4(tmp_path / "image")
    with rig.loop_device(image) as device:
        holder = os.open(device, os.O_RDONLY | os.O_EXCL)
        try:
            refused(image, f"is behind {device}, which is held by somebody")
        finally:
            os.close(holder)


def test_an_idle_loop_device_is_no_obstacle(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(4 * MIB))
    with rig.loop_device(image) as device:
        create_real(image)
        with rig.swapped_on(device):
            pass
