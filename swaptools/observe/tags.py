"""UUID=, LABEL=, PARTUUID= and PARTLABEL= in place of a path, as fstab(5) has them.

udev is asked first: by the names it makes, and by what it noted of each device, since
two devices with one UUID have one name only. Where it does not run every device in
/proc/partitions is looked into.

util-linux: lib/canonicalize.c, libblkid/src/evaluate.c blkid_evaluate_tag().
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from swaptools.errors import AreaError
from swaptools.observe.devices import partition_beginning_at
from swaptools.observe.files import open_for_reading
from swaptools.observe.partitions import read_table
from swaptools.observe.proc import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator


_LINKS: Final = "/dev/disk/by-"
_DATABASE: Final = "/run/udev/data"
_PARTITIONS: Final = "/proc/partitions"
_SYSFS: Final = "/sys/dev/block"
_DEV: Final = "/dev"
#: The property under which udev notes each.
_PROPERTIES: Final = {
    "UUID": "ID_FS_UUID_ENC",
    "LABEL": "ID_FS_LABEL_ENC",
    "PARTUUID": "ID_PART_ENTRY_UUID",
    "PARTLABEL": "ID_PART_ENTRY_NAME",
}
TAGS: Final = tuple(_PROPERTIES)
#: A path to a device that is meant by another name: its UUID is not its own.
_MULTIPATH: Final = "E:DM_MULTIPATH_DEVICE_PATH=1"
#: What udev leaves as it is in a name, besides letters, digits and UTF-8.
_PLAIN: Final = "#+-.:=@_"


def resolve(name: str) -> str:
    """Return the path that a tag stands for; what is no tag is a path already.

    Args:
        name: ``UUID=...`` and so on, the value perhaps in quotes, or a path. A file
            of such a name is ``./UUID=...``.

    Raises:
        AreaError: No device has it, or several have.
    """
    tag, equals, value = name.partition("=")
    if not equals or tag not in _PROPERTIES:
        return name
    value = _unquoted(value)
    found = {*_by_link(tag, value), *_by_udev(tag, value)}
    unreadable: list[str] = []
    if not found:
        found = set(_by_looking(tag, value, unreadable))
    if len(found) == 1:
        return found.pop()
    if found:
        names = ", ".join(sorted(found))
        raise AreaError(name, f"several devices have it: {names}")
    missed = f"; {len(unreadable)} could not be read" if unreadable else ""
    raise AreaError(name, f"no device has it{missed}")


def linked_tags() -> dict[str, str]:
    """Return the tags that udev made names of, and the device of each.

    A label that would have to be quoted is left out.
    """
    found: dict[str, str] = {}
    for tag in TAGS:
        folder = f"{_LINKS}{tag.lower()}"
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        plain = (name for name in names if "\\" not in name)
        found |= {
            f"{tag}={name}": os.path.realpath(f"{folder}/{name}") for name in plain
        }
    return found


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        return value[1:-1]
    return value


def _encoded(value: str) -> str:
    r"""Write a value as udev does in names: ``a b`` is ``a\x20b``."""
    return "".join(map(_encoded_char, value))


def _encoded_char(char: str) -> str:
    is_stray = "\udc80" <= char <= "\udcff"  # a byte that is no UTF-8
    if char.isalnum() or char in _PLAIN or (char > "\x7f" and not is_stray):
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))


def _is_same(tag: str, value: str, other: str | None) -> bool:
    if other is None:
        return False
    # A UUID is a number, whichever letters it is written with.
    return value == other or (tag.endswith("UUID") and value.lower() == other.lower())


def _by_link(tag: str, value: str) -> Iterator[str]:
    folder = f"{_LINKS}{tag.lower()}"
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        if _is_same(tag, _encoded(value), name):
            yield os.path.realpath(f"{folder}/{name}")


def _by_udev(tag: str, value: str) -> Iterator[str]:
    try:
        names = os.listdir(_DATABASE)
    except OSError:
        return
    property_ = f"E:{_PROPERTIES[tag]}="
    for name in names:
        # b8:1 is what it noted of the block device with this number.
        if not name.startswith("b"):
            continue
        lines = (read_text(f"{_DATABASE}/{name}") or "").splitlines()
        noted = (
            line.removeprefix(property_) for line in lines if line.startswith(property_)
        )
        is_it = any(_is_same(tag, _encoded(value), one) for one in noted)
        if is_it and _MULTIPATH not in lines:
            node = os.path.realpath(f"{_SYSFS}/{name[1:]}")
            yield f"{_DEV}/{os.path.basename(node).replace('!', '/')}"


def _by_looking(tag: str, value: str, unreadable: list[str]) -> Iterator[str]:
    for name in _all_devices():
        path = f"{_DEV}/{name}"
        try:
            with open_for_reading(path) as file:
                size_bytes = file.seek(0, os.SEEK_END)
                if tag.startswith("PART"):
                    yield from _parts(file.fileno(), size_bytes, tag, value)
                elif _is_same(tag, value, _of(tag, file.fileno(), size_bytes)):
                    yield path
        except OSError:
            unreadable.append(path)


def _all_devices() -> Iterator[str]:
    # Two lines of heading, then major, minor, blocks and name.
    for line in (read_text(_PARTITIONS) or "").splitlines()[2:]:
        words = line.split()
        if len(words) == 4:
            yield words[3]


def _of(tag: str, descriptor: int, size_bytes: int) -> str | None:
    # Of what libblkid believes is there; of two signatures it believes neither.
    from swaptools.observe.contents import find_contents

    found = find_contents(descriptor, 0, size_bytes)
    for held in found.holds:
        if held.type == found.believed:
            return held.uuid if tag == "UUID" else held.label
    return None


def _parts(descriptor: int, size_bytes: int, tag: str, value: str) -> Iterator[str]:
    status = os.fstat(descriptor)
    table = read_table(descriptor, status, size_bytes)
    for one in table.partitions if table else ():
        if not _is_same(tag, value, one.uuid if tag == "PARTUUID" else one.name):
            continue
        node = partition_beginning_at(status.st_rdev, one.start_bytes)
        if node is not None:
            yield f"{_DEV}/{node[0]}"
