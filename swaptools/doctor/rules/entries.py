"""D101 to D109: entries that name an area, and what they lead to.

Not here: the area itself (areas.py), units (units.py), how an entry is written
(lines.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.config.text import Place, shown
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.requests import (
    IN_CONTAINER,
    Request,
    elsewhere,
    encrypted_swaps,
    heeded,
    is_made_at_boot,
    not_swapped_on,
    requests,
)
from swaptools.observe.system import tag_of
from swaptools.rulebook import Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.observe.system import Device, System

#: Types that libblkid gives an area, with a machine asleep in it or without.
_SWAP: frozenset[str] = frozenset({"swap", "swsuspend"})


_OUTSIDE: Final = "take the entry out; what its host swaps on, a container has as well"


def _lost(system: System) -> Iterator[Request]:
    # Requests by a tag that no device has, and that nothing makes.
    for request in heeded(system):
        is_lost = request.found.is_missing and tag_of(request.name) is not None
        if is_lost and request.is_auto and not is_made_at_boot(request, system):
            yield request


def _unnamed(system: System) -> list[Device]:
    # Areas that are on no zram and that no request leads to.
    named = {request.found.key for request in requests(system)}
    return [
        device
        for device in system.devices
        if device.type == "swap"
        and not device.is_zram
        and not device.path.startswith("/dev/loop")
        and device.path not in named
    ]


def _renamed(lost: list[Request], system: System) -> Device | None:
    # The one area that the one lost request may have meant.
    unnamed = _unnamed(system)
    return unnamed[0] if len(unnamed) == len(lost) == 1 else None


def _is_encrypted_anew(system: System) -> bool:
    # Then it is D302 that says why.
    names = {request.name for request in requests(system)}
    return any(entry.path not in names for entry, _ in encrypted_swaps(system))


@rule(
    "D101",
    "entry names an area that is not there",
    Severity.ERROR,
    hint="name an area that is there (swapinfo and blkid show their UUIDs), or take the"
    " entry out",
)
def names_nothing(system: System) -> Iterator[Remark]:
    """No device has the UUID or label, so nothing is swapped on.

    Quiet where the entry says ``nofail`` or ``noauto``: then it may be missing.

    util-linux: man fstab, swapon.
    systemd: man systemd.swap, the device unit's timeout.

    *Trips on:* ``system(fstab="UUID=1111 none swap sw 0 0")``
    *Quiet on:* ``system(fstab="UUID=1111 none swap sw 0 0",``
    ``sda2="swap 1111")``
    """
    if _is_encrypted_anew(system):
        return
    lost = list(_lost(system))
    if _renamed(lost, system) is not None:
        return
    for request in lost:
        if request.is_nofail:
            continue
        name = shown(request.name)
        message = f"no device has {name}; systemd waits 90 seconds for it at boot"
        yield Remark(message, request.place)


@rule(
    "D102",
    "area has another UUID than its entry says",
    Severity.ERROR,
    hint="write the area's own UUID or label into the entry",
)
def renamed(system: System) -> Iterator[Remark]:
    """mkswap(8) gives a new UUID each time, and no label, unless it is told to.

    util-linux: man mkswap, -U and -L.

    *Trips on:* ``system(fstab="UUID=1111 none swap sw 0 0",``
    ``sda2="swap 2222")``
    *Quiet on:* ``system(fstab="UUID=2222 none swap sw 0 0",``
    ``sda2="swap 2222")``
    """
    if _is_encrypted_anew(system):
        return
    lost = list(_lost(system))
    device = _renamed(lost, system)
    for request in lost if device else []:
        if device is None:
            continue
        own = f"UUID={device.uuid}" if device.uuid else "no UUID"
        label = f" and LABEL={shown(device.label)}" if device.label else ""
        message = (
            f"no device has {shown(request.name)}; {device.path} is swap, has"
            f" {own}{label}, and no entry names it"
        )
        remedy = None
        if device.uuid:
            remedy = Remedy(f"write UUID={device.uuid} in its place")
        yield Remark(message, request.place, remedy, device.path)


@rule(
    "D103",
    "entry names what is no swap area",
    Severity.ERROR,
    hint="name the area; writing a swap header here would destroy what is there",
)
def names_something_else(system: System) -> Iterator[Remark]:
    """A device is there, and something else lies on it, or nothing.

    Kernel: mm/swapfile.c read_swap_header().

    *Trips on:* ``system(fstab="/dev/sda2 none swap sw 0 0",``
    ``sda2="ext4 3333")``
    *Quiet on:* ``system(fstab="/dev/sda2 none swap sw 0 0",``
    ``sda2="swap 2222")``
    """
    for request in heeded(system):
        device = request.found.device
        if device is None or device.unread or device.type in _SWAP:
            continue
        if is_made_at_boot(request, system) or device.is_zram:
            continue
        what = f"holds {device.type}" if device.type else "holds nothing that is known"
        remedy = None
        if device.type is None:
            remedy = Remedy("write a header with mkswap(8), if it is to be swap")
        yield Remark(
            f"{shown(request.name)} is {device.path}, which {what}"
            if request.name != device.path
            else f"{device.path} {what}",
            request.place,
            remedy,
            device.path,
        )


@rule(
    "D104",
    "entry names a path that is not there",
    Severity.ERROR,
    hint="make the swapfile (ghost-mkswap --real FILE SIZE), or take the entry out",
)
def path_missing(system: System) -> Iterator[Remark]:
    """Neither a file nor a device has that name, so nothing is swapped on.

    Quiet where the file may lie on a file system that is not mounted now.

    util-linux: man swapon.

    *Trips on:* ``system(fstab="/swapfile none swap sw 0 0", missing=["/swapfile"])``
    *Quiet on:* ``system(fstab="/swapfile none swap sw 0 0", files=["/swapfile"])``
    """
    unmounted = elsewhere(system)
    for request in heeded(system):
        if not request.found.is_missing or tag_of(request.name) is not None:
            continue
        is_expected = request.is_auto and not request.is_nofail
        if not is_expected or is_made_at_boot(request, system):
            continue
        if request.name.startswith(unmounted):
            continue
        remedy = None
        if request.name.startswith("/dev/"):
            remedy = Remedy("name a device that is there, best by UUID=")
        yield Remark(f"there is no {shown(request.name)}", request.place, remedy)


@rule(
    "D106",
    "area is asked for twice",
    Severity.WARNING,
    hint="keep one of the two",
)
def doubled(system: System) -> Iterator[Remark]:
    r"""The second swapon(2) of an area fails; which of them is second is chance.

    systemd: man systemd.swap; src/fstab-generator/fstab-generator.c add_swap().

    *Trips on:* ``system(fstab="UUID=1111 none swap sw\n/dev/sda2 none swap sw",``
    ``sda2="swap 1111")``
    *Quiet on:* ``system(fstab="UUID=1111 none swap sw\n/dev/sda3 none swap pri=1",``
    ``sda2="swap 1111", sda3="swap 2222")``
    """
    first: dict[str, Request] = {}
    for request in heeded(system):
        if not request.is_auto:
            continue
        other = first.setdefault(request.found.key, request)
        if other is not request:
            yield Remark(_twice(request, other), request.place)
    made = {f"/dev/{zram.name}": zram.place for zram in system.config.zrams}
    for request in heeded(system):
        place = made.get(request.name)
        if place is not None and request.is_auto:
            message = f"{request.name} is swapped on by {place.file} as well"
            yield Remark(message, request.place)


def _twice(request: Request, other: Request) -> str:
    name = shown(request.name)
    if request.name == other.name:
        return f"{name} is named by {_at(other.place)} as well"
    return f"{name} is the same area as {shown(other.name)} of {_at(other.place)}"


def _at(place: Place) -> str:
    return place.file if place.line is None else f"{place.file}:{place.line}"


@rule(
    "D107",
    "entry is passed over",
    Severity.WARNING,
    hint="undo that (systemctl unmask, the kernel command line), or take the entry out",
)
def ignored(system: System) -> Iterator[Remark]:
    """Something keeps systemd from swapping on what is asked for.

    systemd: man systemd-fstab-generator, systemd.unit (masking).

    *Trips on:* ``system(fstab="/swapfile none swap sw 0 0", files=["/swapfile"],``
    ``cmdline="systemd.swap=0")``
    *Quiet on:* ``system(fstab="/swapfile none swap sw 0 0", files=["/swapfile"],``
    ``cmdline="systemd.swap=1")``
    """
    for request in requests(system):
        why = not_swapped_on(request, system) if request.is_auto else None
        if why is not None:
            remedy = Remedy(_OUTSIDE) if why == IN_CONTAINER else None
            yield Remark(f"{shown(request.name)}: {why}", request.place, remedy)


@rule(
    "D109",
    "several devices have the UUID or label of an entry",
    Severity.WARNING,
    hint="give one of them another (swaplabel -U, -L), as after copying a disk",
)
def ambiguous(system: System) -> Iterator[Remark]:
    """Which of them is swapped on is chance: udev has one link for all.

    util-linux: man blkid; libblkid/src/evaluate.c.

    *Trips on:* ``system(fstab="UUID=1111 none swap sw 0 0", sda2="swap 1111",``
    ``sdb2="swap 1111")``
    *Quiet on:* ``system(fstab="UUID=1111 none swap sw 0 0", sda2="swap 1111",``
    ``sdb2="swap 2222")``
    """
    for request in heeded(system):
        tag = tag_of(request.name)
        if tag is None:
            continue
        # What stands on another device may show the same contents.
        paths = [
            device.path
            for device in system.having(*tag)
            if device.mapped_name is None and not device.path.startswith("/dev/loop")
        ]
        if len(paths) > 1:
            message = f"{shown(request.name)}: {', '.join(paths)}"
            yield Remark(message, request.place)
