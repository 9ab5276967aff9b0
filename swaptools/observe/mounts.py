"""The mount that a file is on: type, options, device; and the file's path there.

Where the table has no line for it (a chroot whose root is no mount point, no
/proc), the file system itself is asked.

Not here: what is mounted where, for people (proc.py), magic numbers (statfs.py).

Kernel: fs/proc_namespace.c show_mountinfo(); fs/proc/fd.c seq_show().
"""

from __future__ import annotations

import os

from swaptools.observe.devices import is_readonly_by_name
from swaptools.observe.proc import unescape
from swaptools.records import NamedTuple

_MOUNTINFO = "/proc/self/mountinfo"
_EXT4_SYSFS = "/sys/fs/ext4"
_MNT_ID = b"\nmnt_id:"
#: Of a file; its locks come last.
_FDINFO_BYTES = 4096
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


class Mount(NamedTuple):
    """One line of mountinfo."""

    #: ``ext4``, ``btrfs``, ``fuse`` for all of its kinds; ext2 and ext3 are ext4
    #: where its driver serves them.
    filesystem: str
    #: What was mounted, as the mounter called it: ``/dev/vda1``, ``tmpfs``; None
    #: where nothing tells.
    source: str | None
    #: Kernel name of the device, None where there is none: ``vda1``.
    device_name: str | None
    #: Options of this mount, and of the file system whichever way it is mounted.
    options: frozenset[str]
    super_options: frozenset[str]
    #: The directory it is on; None where nothing tells.
    mount_point: str | None = None


class Mounts:
    """The mounts of this process, read once and again when one is unknown."""

    def __init__(self) -> None:
        self._by_id: dict[int, Mount] = {}
        self._readonly: dict[str, bool] = {}
        self._mount_points: set[str | None] = set()
        #: By the name of a directory and the st_dev of files in it: their mount, and
        #: what their paths begin with.
        self._directories: dict[tuple[str, int], tuple[Mount, str]] = {}

    def of_descriptor(self, descriptor: int) -> Mount | None:
        """Return the mount of an open file; None where nothing tells it."""
        mount_id = _mount_id(descriptor)
        if mount_id is None:
            return _unlisted(descriptor)
        if mount_id not in self._by_id:
            self._by_id |= _read_mounts()
            self._mount_points = {one.mount_point for one in self._by_id.values()}
        mount = self._by_id.get(mount_id) or _unlisted(descriptor)
        if mount is not None:
            self._by_id[mount_id] = mount
        return mount

    def place_of(
        self, name: str, descriptor: int, status: os.stat_result
    ) -> tuple[Mount | None, str]:
        """Return the mount of an open file, and its path as the kernel prints it.

        The kernel is asked once a directory: what lies in it under its own name is on
        the same mount, unless it is a mount point itself.

        Args:
            name: By which it was opened.
            descriptor: Of it.
            status: Its stat.
        """
        base = name.rpartition("/")[2]
        key = name.removesuffix(base), status.st_dev
        is_own_name = _is_own_name(name, status)
        known = self._directories.get(key) if is_own_name else None
        if known is not None and known[1] + base not in self._mount_points:
            return known[0], known[1] + base
        mount, path = self.of_descriptor(descriptor), resolved_path(name, descriptor)
        if is_own_name and self._is_usual(mount, path, base) and mount is not None:
            self._directories[key] = mount, path.removesuffix(base)
        return mount, path

    def _is_usual(self, mount: Mount | None, path: str, base: str) -> bool:
        # Of another mount namespace nobody knows here what is mounted in a directory.
        is_listed = mount is not None and mount.mount_point is not None
        return (
            is_listed and path.endswith(f"/{base}") and path not in self._mount_points
        )

    def is_on_readonly_device(self, mount: Mount) -> bool:
        """Tell whether the device of a mount refuses every write; each asked once."""
        name = mount.device_name
        if name is None:
            return False
        if name not in self._readonly:
            self._readonly[name] = is_readonly_by_name(name)
        return self._readonly[name]


def resolved_path(name: str, descriptor: int) -> str:
    """Return what the kernel prints for an open file. Kernel: fs/d_path.c d_path()."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return os.path.realpath(name)


def parse_mountinfo(text: str) -> dict[int, Mount]:
    """Parse the text of /proc/self/mountinfo; the key is the mount's number.

    >>> parse_mountinfo("7 1 8:1 / /a ro - ext4 /dev/vda rw")[7].filesystem
    'ext4'
    """
    mounts = {}
    for line in text.splitlines():
        left, separator, right = line.partition(" - ")
        words, about = left.split(" "), right.split(" ")
        if not separator or len(words) < 6 or len(about) < 3:
            continue
        device_name = _device_name(about[1])
        mounts[int(words[0])] = Mount(
            filesystem=_driver(about[0], device_name),
            source=about[1],
            device_name=device_name,
            mount_point=unescape(words[4]),
            options=frozenset(words[5].split(",")),
            super_options=frozenset(about[2].split(",")),
        )
    return mounts


def _is_own_name(name: str, status: os.stat_result) -> bool:
    # No symbolic link leads there, and nobody has put another file in its place.
    try:
        return os.path.samestat(os.lstat(name), status)
    except OSError:
        return False


def _read_mounts() -> dict[int, Mount]:
    try:
        with open(_MOUNTINFO, encoding="utf-8", errors="surrogateescape") as file:
            return parse_mountinfo(file.read())
    except OSError:
        return {}


def _unlisted(descriptor: int) -> Mount | None:
    # Imported where it is needed: ctypes is slow to start.
    from swaptools.observe.statfs import filesystem_magic, filesystem_name

    magic = filesystem_magic(descriptor)
    if magic is None:
        return None
    filesystem = filesystem_name(magic)
    device = os.fstat(descriptor).st_dev
    device_name = _name_of_device(device)
    has_sysfs = os.path.isdir(os.path.dirname(_EXT4_SYSFS))
    if filesystem == "ext4" and device_name and has_sysfs:
        filesystem = _driver("ext2", device_name)
    elif filesystem == "fuse" and os.major(device):
        filesystem = "fuseblk"
    source = f"/dev/{device_name}" if device_name else None
    if filesystem == "btrfs":
        from swaptools.observe.btrfs import device_path  # for who is on btrfs

        source = device_path(descriptor)
        device_name = _device_name(source or "")
    # Whether the file system is read-only, or this mount, is one flag here.
    is_readonly = os.fstatvfs(descriptor).f_flag & os.ST_RDONLY
    options = frozenset({"ro"} if is_readonly else {"rw"})
    return Mount(filesystem, source, device_name, options, frozenset())


def _name_of_device(device: int) -> str | None:
    node = f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"
    try:
        return os.path.basename(os.readlink(node))
    except OSError:
        return None


def _device_name(source: str) -> str | None:
    if not source.startswith("/dev/"):
        return None
    return os.path.basename(os.path.realpath(source))


def _driver(filesystem: str, device_name: str | None) -> str:
    filesystem = filesystem.partition(".")[0]  # fuse.sshfs
    if filesystem in ("ext2", "ext3") and device_name:
        return "ext4" if os.path.exists(f"{_EXT4_SYSFS}/{device_name}") else filesystem
    return filesystem


def _mount_id(descriptor: int) -> int | None:
    try:
        file = os.open(f"/proc/self/fdinfo/{descriptor}", _FLAGS)
    except OSError:
        return None
    try:
        text = os.read(file, _FDINFO_BYTES)
    except OSError:
        return None
    finally:
        os.close(file)
    number = text.partition(_MNT_ID)[2].partition(b"\n")[0].strip()
    return int(number) if number.isdigit() else None
