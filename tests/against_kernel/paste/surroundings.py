"""Where situations are put, and what lies around them and has to stay.

A subject is one area in its place; outside() is a digest of every byte that is not
its own: other files of the file system, what lies before and behind in an image.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import stat
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests import disks
from tests.against_kernel import places, rig
from tests.disks import GPT_LINUX as LINUX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.against_kernel.paste.situations import Situation

_MIB = 1 << 20
_numbers = itertools.count()
#: Names that a shell could take for something else.
_NAMES = ("it's", "a b", "$(touch harm)", "-f", "a\nb", "plain", "caf\udce9", "é")


@dataclass(frozen=True)
class Subject:
    """One area, and everything around it."""

    #: As it is given to swapcheck, in this directory.
    path: str
    directory: Path
    offset: int
    outside: Callable[[], str]

    @property
    def file(self) -> Path:
        """The file or device itself."""
        return self.directory / self.path


@contextmanager
def memory(target: Path) -> Iterator[Path]:
    """Mount memory; a loop device over it may be given back a little later."""
    target.mkdir()
    places.run("mount", "-t", "tmpfs", "tmpfs", str(target))
    try:
        yield target
    finally:
        places.run("umount", "--lazy", str(target))


# --- files on a file system ------------------------------------------------------


def system(name: str) -> places.FileSystem:
    """Look a file system up, the project's or one of the pastes' own."""
    found = {known.name: known for known in (*places.FILE_SYSTEMS, *_MORE)}
    return found[name]


_MORE = (
    places.FileSystem(
        "ext4-blocks",
        ("mkfs.ext4", "-q", "-O", "^extent,^has_journal,^64bit"),
        size_bytes=64 << 20,
    ),
)


@contextmanager
def mounted(name: str, scratch: Path) -> Iterator[Path]:
    """Mount one with neighbours on it; the directory to put subjects into."""
    with ExitStack() as stack:
        if name == "overlay":
            root = stack.enter_context(_overlay(scratch))
        elif name == "btrfs-raid1":
            root = stack.enter_context(_btrfs_raid1(scratch))
        elif name == "ntfs":
            root = stack.enter_context(_ntfs(scratch))
        else:
            root = stack.enter_context(places.mounted(system(name), scratch))
        (root / "neighbour").write_bytes(os.urandom(_MIB))
        (root / "swap").write_bytes(b"a name that a careless command would hit\n")
        (root / "harm.not").touch()
        yield root


@contextmanager
def _overlay(scratch: Path) -> Iterator[Path]:
    names = ("below", "above", "work")
    below, above, work = (scratch / f"overlay-{name}" for name in names)
    for directory in (below, above, work):
        directory.mkdir()
    options = f"lowerdir={below},upperdir={above},workdir={work}"
    target = scratch / "overlay"
    with rig.mounted("overlay", target, "-t", "overlay", "-o", options) as root:
        yield root


@contextmanager
def _btrfs_raid1(scratch: Path) -> Iterator[Path]:
    with ExitStack() as stack:
        devices = []
        for name in ("first", "second"):
            image = scratch / name
            image.touch()
            os.truncate(image, 160 << 20)
            devices.append(str(stack.enter_context(rig.loop_device(image))))
        places.run("mkfs.btrfs", "-q", "-d", "raid1", "-m", "raid1", *devices)
        places.run("btrfs", "device", "scan", *devices)
        target = scratch / "mnt-raid1"
        yield stack.enter_context(rig.mounted(devices[0], target))


@contextmanager
def _ntfs(scratch: Path) -> Iterator[Path]:
    image = scratch / "ntfs.img"
    image.touch()
    os.truncate(image, 64 << 20)
    places.run("mkfs.ntfs", "-q", "-F", "-Q", str(image))
    target = scratch / "mnt-ntfs"
    target.mkdir()
    with rig.loop_device(image) as device:
        places.run("ntfs-3g", str(device), str(target))
        try:
            yield target
        finally:
            places.run("umount", str(target))


@contextmanager
def file_in(root: Path, situation: Situation) -> Iterator[Subject]:
    """Make a situation's file among its neighbours, in a directory of its own."""
    number = next(_numbers)
    directory = root / f"subject {number}"
    directory.mkdir()
    name = _NAMES[number % len(_NAMES)]
    try:
        place = directory / "plain"
        situation.make(place)
        try:
            place.rename(directory / name)
        except OSError:
            name = "plain"  # a file system that knows no such names
        yield Subject(name, directory, 0, lambda: digest(root, directory / name))
    finally:
        _remove(directory)


def _remove(directory: Path) -> None:
    # Subvolumes that a situation made go with btrfs's own command.
    for child in directory.iterdir():
        if child.is_dir() and shutil.which("btrfs"):
            subprocess.run(
                ["btrfs", "subvolume", "delete", str(child)],
                check=False,
                capture_output=True,
            )
    shutil.rmtree(directory)


def digest(root: Path, own: Path) -> str:
    """Hash names and contents of everything below ``root`` but one file."""
    total = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.name == own.name:  # another mount of the directory shows it, too
            continue
        total.update(os.fsencode(path) + b"\0")
        if stat.S_ISREG(path.lstat().st_mode):
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


# --- parts of an image, devices ------------------------------------------------


@contextmanager
def in_image(scratch: Path, situation: Situation) -> Iterator[Subject]:
    """Put an area between neighbours, with no table that says so."""
    data = _data(scratch, situation)
    number = next(_numbers)
    image = scratch / f"image {number}"
    behind = os.urandom(_MIB) if situation.name != "shorter" else b""
    image.write_bytes(os.urandom(_MIB) + data + behind)
    yield Subject(
        image.name,
        scratch,
        _MIB,
        lambda: _around(image, _MIB, len(data)) + digest(scratch, image),
    )
    image.unlink()


def _data(scratch: Path, situation: Situation) -> bytes:
    path = scratch / "content"
    situation.make(path)
    data = path.read_bytes()
    path.unlink()
    return data


def _around(image: Path, start: int, length: int) -> str:
    data = image.read_bytes()
    rest = data[:start] + data[start + length :]
    return hashlib.sha256(rest).hexdigest()


@contextmanager
def in_partition(scratch: Path, situation: Situation) -> Iterator[Subject]:
    """Put an area into the second of three partitions; it ends with it."""
    data = _data(scratch, situation)
    data += bytes(-len(data) % _MIB)
    number = next(_numbers)
    first, after = 2 * _MIB // 512, (2 * _MIB + len(data)) // 512
    size_bytes = 4 * _MIB + len(data)
    pieces = {_MIB: os.urandom(_MIB) + data + os.urandom(_MIB)}
    lengths = ((_MIB // 512, first), (first, after), (after, after + _MIB // 512))
    if number % 2:
        parts = tuple(
            disks.Part(start, end - start, disks.GPT_SWAP if start == first else LINUX)
            for start, end in lengths
        )
        pieces |= disks.gpt_pieces(parts, size_bytes // 512)
    else:
        entries = (
            disks.mbr_entry(0x82 if start == first else 0x83, start, end - start)
            for start, end in lengths
        )
        pieces[0] = disks.mbr_sector(*entries)
    image = disks.write(scratch / f"disk {number}", size_bytes, pieces)
    yield Subject(
        image.name,
        scratch,
        2 * _MIB,
        lambda: _around(image, 2 * _MIB, len(data)) + digest(scratch, image),
    )
    image.unlink()


@contextmanager
def on_device(scratch: Path, situation: Situation) -> Iterator[Subject]:
    """Put an area on a loop device over the middle of a file with neighbours."""
    data = _data(scratch, situation)
    image = scratch / f"backing {next(_numbers)}"
    image.write_bytes(os.urandom(_MIB) + data + os.urandom(_MIB))
    window = ("--offset", str(_MIB), "--sizelimit", str(len(data)))
    with rig.loop_device(image, *window) as device:

        def outside() -> str:
            _flush(device)
            return _around(image, _MIB, len(data)) + digest(scratch, image)

        yield Subject(str(device), scratch, 0, outside)
    image.unlink()


def _flush(device: Path) -> None:
    descriptor = os.open(device, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
