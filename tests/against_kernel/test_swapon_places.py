"""Every file system this machine can mount, and every odd state of a file on it."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from swaptools.observe import mounts
from tests.against_kernel import places, rig
from tests.against_kernel.comparison import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]

#: What a file system answers to an attribute or call that it does not know.
_NOT_HERE = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL}
_BTRFS_ONLY = {"nocow_snapshotted"}


@contextmanager
def _unless_not_here() -> Iterator[None]:
    # Leaves out what this file system does not know.
    try:
        yield
    except OSError as exc:
        if exc.errno not in _NOT_HERE:
            raise


@pytest.mark.parametrize("system", places.FILE_SYSTEMS, ids=lambda system: system.name)
def test_file_system(
    system: places.FileSystem, tmp_path: Path, say: Callable[[object], None]
) -> None:
    """The verdict is the kernel's for each file and each state that can be had."""
    reason = places.why_not(system)
    if reason is not None:
        pytest.skip(reason)
    tally = Tally(system.name)
    with places.mounted(system, tmp_path) as directory:
        for make in places.FILES:
            if make.__name__ in _BTRFS_ONLY and not system.name.startswith("btrfs"):
                continue
            with _unless_not_here():
                tally.ask(make(directory / make.__name__), make.__name__)
        for enter in places.STATES:
            with _unless_not_here(), enter(directory / enter.__name__) as path:
                tally.ask(path, enter.__name__)
    say(tally)
    assert not tally.disagreements, "\n".join(tally.disagreements)
    assert tally.asked >= 16


@pytest.mark.parametrize("system", places.FILE_SYSTEMS, ids=lambda system: system.name)
def test_a_file_names_its_file_system_and_device(
    system: places.FileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a line in the mount table the same is found as with it."""
    reason = places.why_not(system)
    if reason is not None:
        pytest.skip(reason)
    with places.mounted(system, tmp_path) as directory:
        path = places.written(directory / "area")
        with path.open("rb") as file:
            listed = mounts.Mounts().of_descriptor(file.fileno())
            monkeypatch.setattr(mounts, "_mount_id", lambda _descriptor: None)
            unlisted = mounts.Mounts().of_descriptor(file.fileno())
    assert listed is not None
    assert unlisted is not None
    assert unlisted.filesystem == listed.filesystem
    assert unlisted.device_name == listed.device_name


def test_overlay(tmp_path: Path) -> None:
    """Overlayfs has no page cache, whatever lies below."""
    below, above, work = (tmp_path / name for name in ("below", "above", "work"))
    for directory in (below, above, work):
        directory.mkdir()
    places.written(below / "area")
    tally = Tally("overlay")
    options = f"lowerdir={below},upperdir={above},workdir={work}"
    with rig.mounted(
        "overlay", tmp_path / "all", "-t", "overlay", "-o", options
    ) as top:
        tally.ask(top / "area", "below")
        tally.ask(places.written(top / "new"), "above")
    assert not tally.disagreements, "\n".join(tally.disagreements)
    assert tally.accepted == 0


@pytest.mark.parametrize("pages", [1, 2, 3, 9, 10, 11])
@pytest.mark.parametrize("rest", [-1, 0, 1, 4095])
def test_sizes_around_page_bounds(pages: int, rest: int, tmp_path: Path) -> None:
    """A byte more or less than the header claims, on a file and on a device."""
    tally = Tally("sizes")
    for last_page in range(max(pages - 2, 1), pages + 2):
        path = places.written(tmp_path / "area", pages, last_page=last_page)
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, pages * places.PAGE + max(rest, 0))
            os.truncate(path, pages * places.PAGE + rest)
        tally.ask(path, f"last_page {last_page}")
        path.unlink()
    assert not tally.disagreements, "\n".join(tally.disagreements)


def test_btrfs_on_two_devices(tmp_path: Path) -> None:
    """A file within a chunk is fine, one that spans both devices is not."""
    system = next(known for known in places.FILE_SYSTEMS if known.name == "btrfs")
    reason = places.why_not(system)
    if reason is not None:
        pytest.skip(reason)
    tally = Tally("btrfs on two devices")
    with ExitStack() as stack:
        devices = []
        for name in ("first", "second"):
            image = tmp_path / name
            image.touch()
            os.truncate(image, 256 << 20)
            devices.append(stack.enter_context(rig.loop_device(image)))
        places.run(
            "mkfs.btrfs", "-q", "-d", "single", "-m", "raid1", *map(str, devices)
        )
        mount = stack.enter_context(rig.mounted(devices[0], tmp_path / "mnt"))
        tally.ask(places.nocow(mount / "small"), "small")
        large = places.nocow_allocated(mount / "large")
        with large.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, 150 << 20)
        tally.ask(large, "large")
        places.run(
            "btrfs", "balance", "start", "-dconvert=raid1,soft,limit=1", str(mount)
        )
        tally.ask(mount / "small", "small, half converted")
        tally.ask(large, "large, half converted")
    assert not tally.disagreements, "\n".join(tally.disagreements)
    said = {(message or "").rpartition(": ")[2] for _, message in tally.answers}
    assert {"", "swapfile must be on one device"} <= said


def test_character_device() -> None:
    """What has no page cache is refused without a word."""
    tally = Tally("character devices")
    tally.ask("/dev/zero", "zero")
    tally.ask("/dev/null", "null")
    assert not tally.disagreements, "\n".join(tally.disagreements)
    assert tally.accepted == 0


class TestDevices:
    """Block devices: who holds them, how they are cut, what is written there."""

    def _image(self, tmp_path: Path, pages: int = places.PAGES) -> Path:
        return places.written(tmp_path / "image", pages)

    @pytest.mark.parametrize(
        "options", [(), ("--read-only",), ("--sector-size", "4096")], ids=str
    )
    def test_loop(self, tmp_path: Path, options: tuple[str, ...]) -> None:
        """A read-only device is taken as well: nobody asks until the first write."""
        tally = Tally("loop")
        with rig.loop_device(self._image(tmp_path), *options) as device:
            tally.ask(device, str(options))
        assert not tally.disagreements, "\n".join(tally.disagreements)
        assert tally.accepted == 1

    def test_one_page(self, tmp_path: Path) -> None:
        """No ghost on a kernel that does not know them."""
        tally = Tally("one page")
        image = places.one_page(tmp_path / "image")
        with rig.loop_device(image) as device:
            tally.ask(device, "one page")
        assert not tally.disagreements, "\n".join(tally.disagreements)

    def test_mounted(self, tmp_path: Path) -> None:
        """A mounted device is held, and so is one that is swapped on."""
        tally = Tally("held")
        image = tmp_path / "fs"
        image.touch()
        os.truncate(image, 16 << 20)
        places.run("mkfs.ext4", "-q", str(image))
        with rig.loop_device(image) as device:
            with rig.mounted(device, tmp_path / "mnt"):
                tally.ask(device, "mounted")
            tally.ask(device, "not mounted any more")
        with (
            rig.loop_device(self._image(tmp_path)) as device,
            rig.swapped_on(device),
        ):
            tally.ask(device, "active")
        assert not tally.disagreements, "\n".join(tally.disagreements)
        assert [errno_ for errno_, _ in tally.answers] == ["EBUSY", "EINVAL"]

    def test_file_behind_an_active_loop_device(self, tmp_path: Path) -> None:
        """The kernel takes the file a second time, and we say what that means."""
        image = self._image(tmp_path)
        tally = Tally("behind")
        with rig.loop_device(image) as device, rig.swapped_on(device):
            tally.ask(image, "the file")
        assert not tally.disagreements, "\n".join(tally.disagreements)
        assert tally.accepted == 1

    def test_node_on_a_nodev_mount(self, tmp_path: Path) -> None:
        """A device file is worth nothing where the mount says so."""
        tally = Tally("nodev")
        with (
            rig.loop_device(self._image(tmp_path)) as device,
            rig.mounted("tmpfs", tmp_path / "t", "-t", "tmpfs", "-o", "nodev") as mount,
        ):
            node = mount / "node"
            os.mknod(node, 0o060600, device.stat().st_rdev)
            with pytest.raises(OSError, match="Permission denied"):
                tally.ask(node, "nodev")
            assert rig.swapon_errno(node) == errno.EACCES
