"""What this machine says of itself: active swap, memory, mounts.

Not here: looking into an area (files.py), what compresses pages (zswap.py).

Kernel: mm/swapfile.c swap_show(), fs/proc/meminfo.c.
"""

from __future__ import annotations

import os
import re

from swaptools.errors import AreaError
from swaptools.records import NamedTuple

_SWAPS = "/proc/swaps"
_MEMINFO = "/proc/meminfo"
_SYSFS = "/sys/module"
_DEVICES = "/sys/dev/block"
_MOUNTINFO = "/proc/self/mountinfo"
_DELETED = "\\040(deleted)"
_VMSTAT = "/proc/vmstat"
_SWAPPED_OUT = r"^(?:pswpout|zswpout|swpout_zero) (\d+)$"
_OCTAL = r"\\([0-7]{3})"
_MAX_DIGITS = 20


class SwapRow(NamedTuple):
    """One line of /proc/swaps."""

    #: The path with the kernel's octal escapes undone; not a path for every type.
    name: str
    #: ``partition``, ``file``, ``ghost``, or what a later kernel says.
    type: str
    size_bytes: int
    used_bytes: int
    priority: int
    #: The file was unlinked, so that its name leads nowhere.
    is_deleted: bool = False


class Behind(NamedTuple):
    """The part of a file that an active loop device, or a partition of one, is over."""

    #: st_dev and st_ino of the file.
    inode: tuple[int, int]
    begin_bytes: int = 0
    #: Behind the last byte; None for the end of the file.
    end_bytes: int | None = None


class ActiveSwaps(NamedTuple):
    """The active areas, and what to recognise them by under any other name."""

    rows: tuple[SwapRow, ...]
    #: (st_dev, st_ino) of swapfiles.
    inodes: frozenset[tuple[int, int]]
    #: st_rdev of active block devices.
    devices: frozenset[int]
    #: Parts of files behind active loop devices.
    behind: tuple[Behind, ...] = ()
    #: Why nothing is known of any area; None when /proc/swaps could be read.
    unknown: str | None = None

    def has(self, status: os.stat_result) -> bool | None:
        """Tell whether the file or device with this stat is swapped on.

        Returns:
            None when that cannot be told.
        """
        if self.unknown is not None:
            return None
        if (status.st_dev, status.st_ino) in self.inodes:
            return True
        return bool(status.st_rdev) and status.st_rdev in self.devices

    def is_behind(
        self,
        status: os.stat_result,
        begin_bytes: int = 0,
        end_bytes: int | None = None,
    ) -> bool:
        """Tell whether a loop device over a part of this file is swapped on.

        The kernel does not know, and would take the file, too.

        Args:
            status: The file's.
            begin_bytes: Where the part begins.
            end_bytes: Behind its last byte; None for the end of the file.
        """
        return any(
            found.inode == (status.st_dev, status.st_ino)
            and (end_bytes is None or found.begin_bytes < end_bytes)
            and (found.end_bytes is None or begin_bytes < found.end_bytes)
            for found in self.behind
        )


def parse_swaps(text: str) -> tuple[SwapRow, ...]:
    r"""Parse the text of /proc/swaps.

    >>> parse_swaps("Filename\n/my\\040swap   file   1020   4   -2\n")[0].name
    '/my swap'
    """
    # Only what the kernel escapes can separate: a name may well hold a form feed
    # or a no-break blank, at which splitlines() and split() would cut.
    rows = []
    for line in text.split("\n")[1:]:
        words = [word for word in line.replace("\t", " ").split(" ") if word]
        if len(words) < 5:
            continue
        name, type_, size_kib, used_kib, priority = words[0], *words[-4:]
        if not all(map(_is_number, words[-3:])):
            continue  # not the kernel's
        rows.append(
            SwapRow(
                name=unescape(name.removesuffix(_DELETED)),
                type=type_,
                size_bytes=int(size_kib) * 1024,
                used_bytes=int(used_kib) * 1024,
                priority=int(priority),
                is_deleted=name.endswith(_DELETED),
            )
        )
    return tuple(rows)


def _is_number(word: str) -> bool:
    digits = word.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_DIGITS


def read_swaps() -> tuple[SwapRow, ...]:
    """Read the active areas; none where the kernel has no swap.

    Raises:
        AreaError: It cannot be told which areas are active.
    """
    try:
        with open(_SWAPS, encoding="utf-8", errors="surrogateescape") as file:
            return parse_swaps(file.read())
    except FileNotFoundError as exc:
        if kernel_has_swap() is False:
            return ()
        there = os.path.isdir("/proc/self")
        reason = (
            "hidden by a /proc with subset=pid" if there else "/proc is not mounted"
        )
        raise AreaError(_SWAPS, reason, exc.errno) from exc
    except OSError as exc:
        raise AreaError.from_os_error(_SWAPS, exc) from exc


def kernel_has_swap() -> bool | None:
    """Tell whether the kernel was built with swap; None where /proc does not say.

    Kernel: mm/swapfile.c procswaps_init(); /proc/meminfo is always there.
    """
    if os.path.exists(_SWAPS):
        return True
    return False if os.path.exists(_MEMINFO) else None


def has_sysfs() -> bool:
    """Tell whether /sys is mounted; without, no setting of the kernel is known."""
    return os.path.isdir(_SYSFS)


def active_swaps() -> ActiveSwaps:
    """Read the active areas and find out which inodes and devices they are."""
    try:
        rows, unknown = read_swaps(), None
    except AreaError as exc:
        rows, unknown = (), str(exc)
    inodes = set()
    devices = set()
    behind = []
    for row in rows:
        # A name that ends so may be real as well.
        name = f"{row.name} (deleted)" if row.is_deleted else row.name
        status = _stat(name)
        if status is None:
            continue
        if not status.st_rdev:
            inodes.add((status.st_dev, status.st_ino))
            continue
        devices.add(status.st_rdev)
        backing = loop_backing_file(status.st_rdev)
        file = _stat(backing) if backing else None
        if file is not None:
            behind.append(_behind(status.st_rdev, (file.st_dev, file.st_ino)))
    return ActiveSwaps(
        rows,
        frozenset(inodes),
        frozenset(devices),
        tuple(behind),
        unknown,
    )


def loop_backing_file(device: int) -> str | None:
    """Return the file behind a loop device, or behind a partition of one.

    Kernel: drivers/block/loop.c loop_attr_backing_file_show().
    """
    node = f"{_DEVICES}/{os.major(device)}:{os.minor(device)}"
    for place in (node, f"{node}/.."):
        text = read_text(f"{place}/loop/backing_file")
        if text is not None:
            return text.rstrip("\n")
    return None


def _behind(device: int, inode: tuple[int, int]) -> Behind:
    # A loop device can be over a part of a file, and have partitions itself. Kernel:
    # block/genhd.c part_size_show(), block/partitions/core.c part_start_show(), in
    # sectors of 512 bytes; drivers/block/loop.c loop_attr_offset_show().
    node = f"{_DEVICES}/{os.major(device)}:{os.minor(device)}"
    size = read_number(f"{node}/size")
    start = read_number(f"{node}/start")
    disk = node if start is None else f"{node}/.."
    offset = read_number(f"{disk}/loop/offset")
    if size is None or offset is None:
        return Behind(inode)
    begin_bytes = offset + 512 * (start or 0)
    return Behind(inode, begin_bytes, begin_bytes + 512 * size)


def mount_point(device: int) -> str | None:
    """Return where a block device is mounted, None when it is not."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in (read_text(_MOUNTINFO) or "").split("\n"):
        words = line.split()
        if len(words) > 4 and words[2] == number:
            return unescape(words[4])
    return None


def memory_bytes() -> int | None:
    """Return this machine's RAM in bytes, as MemTotal has it."""
    told = read_meminfo().get("MemTotal")
    if told is not None:
        return told
    # Without /proc the C library asks sysinfo(2), which counts the same pages.
    pages = os.sysconf("SC_PHYS_PAGES")
    return pages * page_size_bytes() if pages > 0 else None


def page_size_bytes() -> int:
    """Return the page size of the running kernel."""
    return os.sysconf("SC_PAGE_SIZE")


def read_meminfo() -> dict[str, int]:
    """Return the fields of /proc/meminfo that are sizes, in bytes."""
    found = {}
    for line in (read_text(_MEMINFO) or "").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return found


def swapped_out_pages() -> int:
    """Return the pages swapped out since boot, by anybody and to anywhere."""
    found = re.findall(_SWAPPED_OUT, read_text(_VMSTAT) or "", re.MULTILINE)
    return sum(map(int, found))


def unescape(name: str) -> str:
    """Undo the octal escapes of a name in /proc."""
    if "\\" not in name:
        return name
    return re.sub(_OCTAL, lambda match: chr(int(match[1], 8)), name)


def read_number(path: str) -> int | None:
    """Return the number in a file of one, None where there is none."""
    text = (read_text(path) or "").strip()
    return int(text) if text.isdecimal() else None


def read_text(path: str) -> str | None:
    """Return what a file says, None where there is none or it may not be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return None


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None
