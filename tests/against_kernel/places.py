"""Areas in every place this machine can mount: the file system matrix.

Each function fills a mounted directory with files and yields what to ask about.
A place is a good header on a file that is peculiar in one way.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from swaptools.format.header import SwapHeader
from tests.against_kernel import rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = os.sysconf("SC_PAGE_SIZE")
PAGES = 64
UUID = uuid.UUID("6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d")
_FICLONE = 0x40049409
_FS_IOC_SETFLAGS = 0x40086602
_NOCOW = 0x800000
_COMPRESSED = 0x4
_IMMUTABLE = 0x10
_APPEND = 0x20


class FileSystem(NamedTuple):
    """How to make and mount one; ``maker`` is None where a word is mounted."""

    name: str
    maker: tuple[str, ...] | None = None
    options: tuple[str, ...] = ()
    size_bytes: int = 128 << 20


FILE_SYSTEMS = (
    FileSystem("ext4", ("mkfs.ext4", "-q", "-b", "4096")),
    FileSystem("ext4-1k", ("mkfs.ext4", "-q", "-b", "1024")),
    FileSystem("ext2", ("mkfs.ext2", "-q")),
    FileSystem("ext3", ("mkfs.ext3", "-q")),
    FileSystem("xfs", ("mkfs.xfs", "-q"), size_bytes=400 << 20),
    FileSystem("xfs-1k", ("mkfs.xfs", "-q", "-b", "size=1k"), size_bytes=400 << 20),
    FileSystem("xfs-8k", ("mkfs.xfs", "-q", "-b", "size=8k"), size_bytes=400 << 20),
    FileSystem("btrfs", ("mkfs.btrfs", "-q")),
    FileSystem("btrfs-dup", ("mkfs.btrfs", "-q", "-d", "dup"), size_bytes=256 << 20),
    FileSystem("btrfs-mixed", ("mkfs.btrfs", "-q", "--mixed")),
    FileSystem("btrfs-zstd", ("mkfs.btrfs", "-q"), ("-o", "compress-force=zstd")),
    FileSystem("btrfs-nodatacow", ("mkfs.btrfs", "-q"), ("-o", "nodatacow")),
    FileSystem("tmpfs", None, ("-t", "tmpfs")),
    FileSystem("ramfs", None, ("-t", "ramfs")),
)


def why_not(system: FileSystem) -> str | None:
    """Say why this file system cannot be had here, or None."""
    if system.maker and shutil.which(system.maker[0]) is None:
        return f"{system.maker[0]} is not installed"
    kind = system.name.partition("-")[0]
    known = Path("/proc/filesystems").read_text().split()
    return None if kind in known else f"this kernel has no {kind}"


@contextmanager
def mounted(system: FileSystem, scratch: Path) -> Iterator[Path]:
    """Make and mount one, empty."""
    target = scratch / f"mnt-{system.name}"
    if system.maker is None:
        with rig.mounted(system.name, target, *system.options):
            yield target
        return
    image = scratch / f"{system.name}.img"
    with image.open("wb") as file:
        file.truncate(system.size_bytes)
    subprocess.run([*system.maker, str(image)], check=True, capture_output=True)
    with rig.loop_device(image) as device, rig.mounted(device, target, *system.options):
        yield target


# --- one peculiar file each ---------------------------------------------------


def written(path: Path, pages: int = PAGES, last_page: int | None = None) -> Path:
    """Write a good area, every page of it."""
    last = pages - 1 if last_page is None else last_page
    header = SwapHeader.new(page_size=PAGE, last_page=last, uuid=UUID)
    path.write_bytes(header.build() + os.urandom(PAGE) * (pages - 1))
    path.chmod(0o600)
    return path


def allocated(path: Path) -> Path:
    """Have the file system promise the space, and write the header only."""
    _header_only(path)
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, PAGES * PAGE)
    return path


def sparse(path: Path) -> Path:
    """Leave a hole behind the header."""
    _header_only(path)
    os.truncate(path, PAGES * PAGE)
    return path


def hole_behind(path: Path) -> Path:
    """Leave a hole behind the header's last page."""
    written(path)
    os.truncate(path, (PAGES + 8) * PAGE)
    return path


def hole_first(path: Path) -> Path:
    """Nothing at all: a hole where the header should be."""
    path.touch(0o600)
    os.truncate(path, PAGES * PAGE)
    return path


def delayed(path: Path) -> Path:
    """Written a moment ago, in pieces, on no disk yet."""
    written(path, pages=PAGES // 2, last_page=PAGES - 1)
    with path.open("ab") as file:
        file.write(os.urandom(PAGES // 2 * PAGE))
    return path


def longer(path: Path) -> Path:
    """A file with more pages than its header claims."""
    return written(path, pages=PAGES + 8, last_page=PAGES - 1)


def tail_cut(path: Path) -> Path:
    """One byte is missing from the last page."""
    written(path)
    os.truncate(path, PAGES * PAGE - 1)
    return path


def tail_more(path: Path) -> Path:
    """Half a page behind the last one."""
    written(path)
    with path.open("ab") as file:
        file.write(bytes(PAGE // 2))
    return path


def two_pages(path: Path) -> Path:
    """The smallest area there is."""
    return written(path, pages=2)


def one_page(path: Path) -> Path:
    """A header that claims more, and nothing else."""
    return written(path, pages=1, last_page=PAGES - 1)


def interleaved(path: Path) -> Path:
    """Blocks of two files in turn, so that no run of storage is long."""
    other = path.with_suffix(".other")
    header = SwapHeader.new(page_size=PAGE, last_page=PAGES - 1).build()
    data = header + os.urandom(PAGE) * (PAGES - 1)
    with path.open("wb", buffering=0) as mine, other.open("wb", buffering=0) as theirs:
        for at in range(0, len(data), 1024):
            mine.write(data[at : at + 1024])
            os.fsync(mine.fileno())
            theirs.write(bytes(1024))
            os.fsync(theirs.fileno())
    path.chmod(0o600)
    return path


def nocow(path: Path) -> Path:
    """Without copy-on-write, as chattr +C has it."""
    return written(_flagged_empty(path, _NOCOW))


def nocow_allocated(path: Path) -> Path:
    """Without copy-on-write, space promised: what btrfs wants."""
    return allocated(_flagged_empty(path, _NOCOW))


def nocow_sparse(path: Path) -> Path:
    """Without copy-on-write, with a hole."""
    return sparse(_flagged_empty(path, _NOCOW))


def compressed(path: Path) -> Path:
    """Marked for compression, as chattr +c has it."""
    return written(_flagged_empty(path, _COMPRESSED))


def reflinked(path: Path) -> Path:
    """Shares its extents with a copy."""
    return _cloned(written(path))


def nocow_reflinked(path: Path) -> Path:
    """Without copy-on-write, but shared with a copy."""
    source = nocow(path)
    copy = _flagged_empty(path.with_suffix(".copy"), _NOCOW)
    return _cloned(source, copy)


def nocow_snapshotted(path: Path) -> Path:
    """Without copy-on-write, but kept by a snapshot of its subvolume."""
    volume = path.with_suffix(".volume")
    run("btrfs", "subvolume", "create", str(volume))
    area = nocow(volume / path.name)
    os.sync()
    run("btrfs", "subvolume", "snapshot", str(volume), str(path.with_suffix(".snap")))
    return area


def symlink(path: Path) -> Path:
    """A symbolic link, with a name that needs escaping."""
    target = written(path.with_name(path.name + " a\tb\\c\n"))
    path.symlink_to(target)
    return path


def executable(path: Path) -> Path:
    """May be executed, but nothing runs it."""
    written(path).chmod(0o700)
    return path


FILES: tuple[Callable[[Path], Path], ...] = (
    written,
    allocated,
    sparse,
    hole_behind,
    hole_first,
    delayed,
    longer,
    tail_cut,
    tail_more,
    two_pages,
    one_page,
    interleaved,
    nocow,
    nocow_allocated,
    nocow_sparse,
    compressed,
    reflinked,
    nocow_reflinked,
    nocow_snapshotted,
    symlink,
    executable,
)


# --- a state that has to be undone --------------------------------------------


@contextmanager
def immutable(path: Path) -> Iterator[Path]:
    """As chattr +i has it."""
    with _flag_set(written(path), _IMMUTABLE):
        yield path


@contextmanager
def append_only(path: Path) -> Iterator[Path]:
    """As chattr +a has it."""
    with _flag_set(written(path), _APPEND):
        yield path


@contextmanager
def active_hard_link(path: Path) -> Iterator[Path]:
    """Another name of an area that is swapped on."""
    active = path.with_suffix(".active")
    with suppress(OSError):  # only btrfs knows the flag, and needs it
        _flagged_empty(active, _NOCOW)
    allocated(active)
    path.hardlink_to(active)
    with rig.swapped_on(active):
        yield path


@contextmanager
def unlinked(path: Path) -> Iterator[Path]:
    """The name is gone, a descriptor is left."""
    with written(path).open("rb") as file:
        path.unlink()
        yield Path(f"/proc/self/fd/{file.fileno()}")


@contextmanager
def running(path: Path) -> Iterator[Path]:
    """A program that a process runs, with no header in it."""
    shutil.copy("/bin/sleep", path)
    with subprocess.Popen([str(path), "60"]) as process:
        try:
            yield path
        finally:
            process.kill()


@contextmanager
def readonly_bind(path: Path) -> Iterator[Path]:
    """A read-only mount of a file system that can be written elsewhere."""
    written(path)
    view = path.parent / "view"
    with rig.mounted(path.parent, view, "--bind"):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(view)], check=True)
        yield view / path.name


@contextmanager
def readonly_filesystem(path: Path) -> Iterator[Path]:
    """The file system itself is read-only for a while."""
    written(path)
    target = path.parent
    subprocess.run(["mount", "-o", "remount,ro", str(target)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(target)], check=True)


@contextmanager
def readonly_snapshot(path: Path) -> Iterator[Path]:
    """In a read-only snapshot of a btrfs that can be written."""
    nocow(path)  # where nothing is copied on write there are no snapshots
    volume, kept = path.with_suffix(".volume"), path.with_suffix(".kept")
    run("btrfs", "subvolume", "create", str(volume))
    nocow(volume / path.name)
    os.sync()
    run("btrfs", "subvolume", "snapshot", "-r", str(volume), str(kept))
    yield kept / path.name


STATES = (
    immutable,
    append_only,
    active_hard_link,
    unlinked,
    running,
    readonly_bind,
    readonly_filesystem,
    readonly_snapshot,
)


def _header_only(path: Path) -> None:
    header = SwapHeader.new(page_size=PAGE, last_page=PAGES - 1, uuid=UUID)
    path.write_bytes(header.build())
    path.chmod(0o600)


def _flagged_empty(path: Path, flags: int) -> Path:
    path.touch(0o600)
    _set_flags(path, flags)
    return path


def _set_flags(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        old = bytearray(8)
        fcntl.ioctl(descriptor, 0x80086601, old)
        extent_format = struct.unpack_from("=I", old)[0] & 0x80000
        fcntl.ioctl(
            descriptor, _FS_IOC_SETFLAGS, struct.pack("=Q", extent_format | flags)
        )
    finally:
        os.close(descriptor)


@contextmanager
def _flag_set(path: Path, flag: int) -> Iterator[None]:
    _set_flags(path, flag)
    try:
        yield
    finally:
        _set_flags(path, 0)


def _cloned(source: Path, copy: Path | None = None) -> Path:
    copy = copy or source.with_suffix(".copy")
    copy.touch()
    with source.open("rb") as old, copy.open("r+b") as new:
        fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
    return source


def run(*command: str) -> None:
    """Run a program that has to succeed."""
    subprocess.run(command, check=True, capture_output=True)
