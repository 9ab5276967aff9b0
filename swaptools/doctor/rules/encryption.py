"""D301 to D304: encrypted swap, and what crypttab(5) does to a device.

Not here: an image in such an area (hibernation.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.backing import InodeFlags
from swaptools.config.text import shown
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.requests import encrypted_swaps, requests
from swaptools.observe.system import tag_of
from swaptools.rulebook import Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.observe.system import System

#: Tags that are read from what lies on a device, not from a partition table.
_CONTENTS: Final = frozenset({"uuid", "label"})
_SWAP: Final = frozenset({"swap", "swsuspend"})


@rule(
    "D301",
    "encrypted swap overwrites the UUID it is found by",
    Severity.ERROR,
    hint="name the device by PARTUUID= or below /dev/disk/by-id, or keep its first"
    " sectors with offset=",
)
def destroys_its_name(system: System) -> Iterator[Remark]:
    """Plain encryption has no header: what the UUID is read from is written over.

    So the first boot works, and the next one finds no device. A partition's PARTUUID
    stays, and so does what lies before an ``offset=``.

    systemd: man crypttab, swap, plain and offset=.
    cryptsetup: man crypttab of Debian.

    *Trips on:* ``system(crypttab="cs UUID=1111 /dev/urandom swap")``
    *Quiet on:* ``system(crypttab="cs PARTUUID=1111 /dev/urandom swap")``
    """
    for entry, place in encrypted_swaps(system):
        tag = tag_of(entry.source)
        if tag is None or tag[0] not in _CONTENTS:
            continue
        if entry.is_luks or entry.spares_beginning:
            continue
        device = system.find(entry.source).device
        remedy = None
        if device is not None and device.partuuid:
            remedy = Remedy(f"name it PARTUUID={device.partuuid}")
        elif system.find(entry.source).is_missing:
            message = f"{shown(entry.source)} of {entry.name} is on no device any more"
            yield Remark(message, place)
            continue
        message = f"{shown(entry.source)} of {entry.name} is gone after one boot"
        yield Remark(message, place, remedy)


@rule(
    "D302",
    "entry names an encrypted area by a UUID that changes",
    Severity.ERROR,
    hint="name it by its path below /dev/mapper",
)
def named_by_uuid(system: System) -> Iterator[Remark]:
    """mkswap(8) runs on it at every boot, with a new UUID and no label.

    systemd: man crypttab, swap.

    *Trips on:* ``system(fstab="UUID=1111 none swap sw 0 0",``
    ``crypttab="cs /dev/sda2 /dev/urandom swap", sda2="nothing")``
    *Quiet on:* ``system(fstab="/dev/mapper/cs none swap sw 0 0",``
    ``crypttab="cs /dev/sda2 /dev/urandom swap", sda2="nothing")``
    """
    names = {request.name for request in requests(system)}
    unnamed = [e for e, _ in encrypted_swaps(system) if e.path not in names]
    mapped = {entry.name: entry for entry, _ in encrypted_swaps(system)}
    for request in requests(system):
        tag = tag_of(request.name)
        if tag is None or tag[0] not in _CONTENTS:
            continue
        device = request.found.device
        entry = mapped.get(device.mapped_name or "") if device else None
        if entry is None and request.found.is_missing and unnamed:
            entry = unnamed[0]
        if entry is not None:
            message = f"{shown(request.name)}: {entry.path} is made anew at each boot"
            yield Remark(message, request.place, Remedy(f"name it {entry.path}"))


@rule(
    "D303",
    "encrypted swap over something else",
    Severity.ERROR,
    hint="name the right device, or wipefs(8) what is there if nobody misses it",
)
def over_something_else(system: System) -> Iterator[Remark]:
    """What lies on the device is destroyed at boot, or swap stays off to spare it.

    systemd: man crypttab, swap.
    cryptsetup: man crypttab of Debian, precheck=.

    *Trips on:* ``system(crypttab="cs /dev/sda2 /dev/urandom swap", sda2="ext4 1111")``
    *Quiet on:* ``system(crypttab="cs /dev/sda2 /dev/urandom swap", sda2="swap 1111")``
    """
    for entry, place in encrypted_swaps(system):
        device = system.find(entry.source).device
        if device is None or entry.is_luks or entry.spares_beginning:
            continue
        if device.type is not None and device.type not in _SWAP:
            message = f"{device.path} of {entry.name} holds {device.type}"
            yield Remark(message, place, None, device.path)


@rule(
    "D304",
    "pages of an encrypted swapfile are not encrypted",
    Severity.ERROR,
    hint="use a swapfile in a directory that is not encrypted, or dm-crypt below it",
)
def written_in_clear(system: System) -> Iterator[Remark]:
    """Swap writes to the blocks, below fscrypt: kernels refuse such a file, or leak.

    Kernel: mm/swapfile.c SYSCALL_DEFINE2(swapon), IS_ENCRYPTED();
    fs/iomap/swapfile.c iomap_swapfile_add_extent().

    *Trips on:* ``system(fstab="/swapfile none swap sw 0 0",``
    ``files={"/swapfile": {"inode_flags": "ENCRYPTED"}})``
    *Quiet on:* ``system(fstab="/swapfile none swap sw 0 0", files=["/swapfile"])``
    """
    for request in requests(system):
        area = request.found.area
        if area is None or area.backing is None:
            continue
        if area.backing.has_flag(InodeFlags.ENCRYPTED):
            where = request.found.where
            message = f"{shown(where)} is encrypted by its file system"
            yield Remark(message, request.place, None, where)
