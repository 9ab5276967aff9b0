"""A device by the names that people give it: fstab(5)'s tags, a path, its number.

udev's links are what is looked at: reading the superblocks of all disks would take
root, and is not for us to do.

systemd: src/shared/fstab-util.c fstab_node_to_udev_node(),
src/shared/device-nodes.c encode_devnode_name().
Kernel: block/early-lookup.c early_lookup_bdev().
"""

from __future__ import annotations

import os
import re
import stat
from typing import Final

from swaptools.records import NamedTuple

_BY: Final = "/dev/disk/by-"
_TAGS: Final = ("UUID", "LABEL", "PARTUUID", "PARTLABEL")
#: What udev leaves as it is in the name of a link, besides ASCII letters and digits
#: and all that is no ASCII.
_PLAIN: Final = "#+-.:=@_"
#: The kernel reads a third number and makes nothing of it. devt_from_devnum().
_NUMBER: Final = r"(\d+):(\d+)(?::\d+)?"
#: The kernel's own form of a number. include/linux/kdev_t.h new_decode_dev().
_HEX: Final = r"[0-9a-fA-F]{3,8}"


class NamedDevice(NamedTuple):
    """A device that a name leads to, or why it leads to none."""

    #: As in st_rdev.
    number: int | None
    #: Goes on after the name: ``names no device here``.
    reason: str | None = None
    #: There is nowhere to look a tag up.
    is_unknown: bool = False


def find_device(name: str) -> NamedDevice:
    """Look up ``/dev/sda2``, ``8:2``, ``UUID=...`` and the like.

    >>> find_device("8:2") == find_device("802") == NamedDevice(os.makedev(8, 2))
    True
    """
    if match := re.fullmatch(_NUMBER, name):
        return NamedDevice(os.makedev(int(match[1]), int(match[2])))
    if re.fullmatch(_HEX, name):
        packed = int(name, 16)
        major, minor = packed >> 8 & 0xFFF, packed & 0xFF | packed >> 12 & 0xFFF00
        return NamedDevice(os.makedev(major, minor))
    name = name.removeprefix("swap:").removeprefix("file:")  # as uswsusp has them
    tag, equals, value = name.partition("=")
    if equals and tag in _TAGS:
        return _by_tag(tag, value.strip("\"'"))
    return _by_path(name)


def _by_tag(tag: str, value: str) -> NamedDevice:
    directory = f"{_BY}{tag.lower()}"
    if not os.path.isdir(directory):
        reason = f"cannot be looked up: there is no {directory}"
        return NamedDevice(None, reason, is_unknown=True)
    link = "".join(
        char
        if not char.isascii() or char.isalnum() or char in _PLAIN
        else "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))
        for char in value
    )
    found = _by_path(f"{directory}/{link}")
    return _by_path(f"{directory}/{link.lower()}") if found.reason else found


def _by_path(path: str) -> NamedDevice:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return NamedDevice(None, "names no device here")
    if not stat.S_ISBLK(status.st_mode):
        return NamedDevice(None, "is no block device")
    return NamedDevice(status.st_rdev)
