"""What a whole system has and says about swap: values, and names looked up in them.

Everything that could not be looked at is None, and ``unseen`` says why.

Not here: finding it out (survey.py), what to think of it (doctor/).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from swaptools.config.config import Config
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from swaptools.area import SwapArea
    from swaptools.config.boot import CommandLine
    from swaptools.observe.proc import SwapRow
    from swaptools.observe.tree import Unseen

_TAGS: Final = {
    "UUID": "uuid",
    "LABEL": "label",
    "PARTUUID": "partuuid",
    "PARTLABEL": "partlabel",
}
_BY: Final = re.compile(r"/dev/disk/by-(uuid|label|partuuid|partlabel)/([^/]+)")
#: Kernel: block/early-lookup.c devt_from_partuuid().
_COUNTED: Final = "/PARTNROFF="
_NUMBER: Final = re.compile(r"(\d{1,9}:\d{1,9})(?::\d+)?", re.ASCII)


class Device(NamedTuple):
    """A block device, or a partition of an image that will be one."""

    path: str
    #: major:minor; None in an image.
    number: str | None = None
    #: As libblkid names what is there: ``swap``, ``ext4``, ``crypto_LUKS``; None for
    #: nothing that it knows.
    type: str | None = None
    uuid: str | None = None
    label: str | None = None
    partuuid: str | None = None
    partlabel: str | None = None
    size_bytes: int | None = None
    #: When it is swap and could be read.
    area: SwapArea | None = None
    #: Why nothing is known of what is there; None when it is known.
    unread: str | None = None
    #: Below /dev/mapper.
    mapped_name: str | None = None
    #: Of the device mapper: ``CRYPT-PLAIN-...``.
    mapping: str | None = None
    #: Whether it takes discards.
    has_discard: bool | None = None

    @property
    def is_zram(self) -> bool:
        """Whether it is memory."""
        return self.path.startswith("/dev/zram")

    @property
    def names(self) -> tuple[str, ...]:
        """Paths that always lead to it."""
        mapped = self.mapped_name
        return (self.path, f"/dev/mapper/{mapped}") if mapped else (self.path,)


class SwapFile(NamedTuple):
    """A regular file that something names as swap."""

    path: str
    #: None where it is missing or cannot be read, and ``reason`` says why.
    area: SwapArea | None = None
    reason: str | None = None
    is_missing: bool = False
    #: A node of a device that lies outside of /dev.
    is_block: bool = False
    #: st_dev and st_ino.
    inode: tuple[int, int] | None = None
    #: Where it begins on its device, for resume_offset=; None where nobody looked, or
    #: it cannot be told.
    offset_pages: int | None = None
    #: Why no image can be found where it begins; None where one can, or nobody looked.
    misaligned: str | None = None
    #: Number of the file system's device, and its UUID.
    device: str | None = None
    filesystem_uuid: str | None = None


class Found(NamedTuple):
    """What a name leads to."""

    name: str
    device: Device | None = None
    file: SwapFile | None = None
    #: Nothing has that name; otherwise, without device and file, nobody can tell.
    is_missing: bool = False

    @property
    def area(self) -> SwapArea | None:
        """The area it leads to, when it could be read."""
        if self.device is not None:
            return self.device.area
        return self.file.area if self.file else None

    @property
    def key(self) -> str:
        """The same text for all names of one area."""
        if self.device is not None:
            return self.device.path
        if self.file is not None and self.file.inode is not None:
            return "inode {}:{}".format(*self.file.inode)
        return self.name

    @property
    def where(self) -> str:
        """The path it leads to, or the name again."""
        if self.device is not None:
            return self.device.path
        return self.file.path if self.file else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the kernel says of this boot."""

    command_line: CommandLine | None = None
    #: None when it is not told, and ``System.unseen`` says why.
    swaps: tuple[SwapRow, ...] | None = ()
    #: Mount points that there are.
    mounts: frozenset[str] = frozenset({"/"})
    #: zswap's settings as the kernel writes them; None where it has none.
    zswap: Mapping[str, str] | None = None
    #: Algorithms that there are now; None when it is not told.
    compressors: frozenset[str] | None = None
    #: Settings below /proc/sys/vm that matter, as written.
    sysctls: Mapping[str, str] = field(default_factory=dict)
    #: /sys/power/image_size.
    image_size_bytes: int | None = None
    #: Whether it can hibernate; None without /sys.
    can_hibernate: bool | None = None
    #: How the kernel is locked down: ``integrity``; None for not at all, or not told.
    lockdown: str | None = None
    #: /sys is mounted, so that what is not there is not in the kernel.
    has_sysfs: bool = True
    #: Swap behind this byte of an area is never used; None where all is.
    max_area_bytes: int | None = None

    @property
    def no_hibernation(self) -> str | None:
        """Why it cannot hibernate; None where it can, or that is not told."""
        if self.can_hibernate is not False:
            return None
        if self.lockdown is not None:
            return f"the kernel is locked down ({self.lockdown})"
        return "/sys/power/state has no disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A system, the running one or one that lies below a directory."""

    #: The directory; None for the running system.
    root: str | None = None
    #: What its files say about swap.
    config: Config = field(default_factory=Config)
    #: None for a system that does not run.
    running: Running | None = None
    #: What it says of its kernel and memory is the host's.
    is_container: bool = False
    #: The kernel's release, None where it cannot be told.
    kernel: str | None = None
    #: In bytes.
    page_size: int = 4096
    #: Memory; None where it cannot be told.
    ram_bytes: int | None = None
    #: Disks, partitions and what is made of them, with their tags.
    devices: tuple[Device, ...] = ()
    #: All devices are known that there will be.
    knows_devices: bool = False
    #: Paths below /dev that lead somewhere.
    links: Mapping[str, str] = field(default_factory=dict)
    #: Swapfiles that are spoken of, by their paths.
    files: Mapping[str, SwapFile] = field(default_factory=dict)
    #: What could not be looked at, and why.
    unseen: tuple[Unseen, ...] = ()
    #: Names of the crypto modules of a kernel that does not run, built in or not; None
    #: where there is no list of them.
    modules: frozenset[str] | None = None

    def command_lines(self) -> Iterator[CommandLine]:
        """Yield those of the next boot, by their files, and the running one.

        In a container that is its host's.
        """
        yield from self.config.command_lines
        if self.running is None or self.is_container:
            return
        if self.running.command_line is not None:
            yield self.running.command_line

    def find(self, name: str) -> Found:
        """Look up ``UUID=...``, a path, or a number as resume= takes it."""
        tag = tag_of(name)
        if name in self.links and tag is not None and not self.having(*tag):
            return self._by_device_path(name)  # udev knows of more than we do
        if tag is not None and _COUNTED in tag[1]:
            return Found(name)  # some partitions behind, or before, one that is named
        if tag is not None:
            return self._by(name, *tag)
        if match := _NUMBER.fullmatch(name):
            return self._by(name, "number", match[1])
        if not name.startswith("/"):
            return Found(name)
        if name.startswith("/dev/"):
            return self._by_device_path(name)
        file = self.files.get(name)
        if file is None:
            return Found(name)
        return Found(name, file=file, is_missing=file.is_missing)

    def _by(self, name: str, attribute: str, value: str) -> Found:
        devices = self.having(attribute, value)
        if devices:
            return Found(name, devices[0])
        return Found(name, is_missing=self.knows_devices)

    def having(self, attribute: str, value: str) -> list[Device]:
        """Return the devices with this value of a tag."""
        return [
            device
            for device in self.devices
            if is_same(attribute, getattr(device, attribute), value)
        ]

    def _by_device_path(self, name: str) -> Found:
        path = self.links.get(name)
        for device in self.devices:
            if name in device.names or path in device.names:
                return Found(name, device)
        is_gone = self.running is not None and path is None
        return Found(name, is_missing=is_gone)


def tag_of(name: str) -> tuple[str, str] | None:
    r"""Take a tag apart, also as udev's link has it.

    >>> tag_of("/dev/disk/by-label/a\\x20b"), tag_of("/dev/sda")
    (('label', 'a b'), None)
    """
    tag, equals, value = name.partition("=")
    if equals and tag in _TAGS:
        return _TAGS[tag], value.strip("\"'")
    match = _BY.fullmatch(name)
    if match is None:
        return None
    raw = match[2].encode("utf-8", "surrogateescape")
    undone = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]), raw)
    return match[1], undone.decode("utf-8", "surrogateescape")


def is_same(attribute: str, value: str | None, other: str) -> bool:
    """Compare two values of a tag; a UUID is a number, however it is written."""
    if value is None:
        return False
    if attribute.endswith("uuid"):
        return value.lower() == other.lower()
    return value == other
