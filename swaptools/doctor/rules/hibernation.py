"""D201, D202, D205 to D207, D211: the area that a machine sleeps in.

Not here: where a file begins (offsets.py), who looks for it at boot (initramfs.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.config.numbers import kernel_number
from swaptools.config.text import shown
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.requests import encrypted_swaps
from swaptools.doctor.resumes import (
    AREA_TYPES,
    AROUND,
    Resume,
    files_on,
    of_command_lines,
    resumes,
)
from swaptools.observe.system import is_same, tag_of
from swaptools.rulebook import Remedy, Severity
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.area import SwapArea
    from swaptools.observe.system import SwapFile, System

_ANOTHER_PLACE: Final = (
    "resume from a partition, or a swapfile on a file system with blocks of a page"
)


@rule(
    "D201",
    "resume= names a device that is not there",
    Severity.ERROR,
    hint="name the area that the image is written to, or take the word out",
)
def names_nothing(system: System) -> Iterator[Remark]:
    """No image is found at boot, and what was not saved is lost.

    Many an initramfs waits for the device first, some of them for ever.

    Kernel: kernel/power/hibernate.c software_resume().
    systemd: man systemd-hibernate-resume-generator.

    *Trips on:* ``system(cmdline="resume=UUID=1111")``
    *Quiet on:* ``system(cmdline="resume=UUID=1111", sda2="swap 1111")``
    """
    for one in of_command_lines(system):
        if not one.found.is_missing or one.is_path_of_file:
            continue
        file = _file_of_uuid(one, system)
        if file is None:
            yield Remark(f"no device has {shown(one.said)}", one.place)
            continue
        uuid = file.filesystem_uuid
        named = f" (UUID={uuid})" if uuid else ""
        yield Remark(
            f"{shown(one.said)} is the UUID of {shown(file.path)} itself",
            one.place,
            Remedy(f"name the file system that the file lies on{named}"),
            file.path,
        )


def _file_of_uuid(one: Resume, system: System) -> SwapFile | None:
    tag = tag_of(one.name)
    for file in system.files.values():
        header = file.area.header if file.area else None
        if header and tag and is_same(tag[0], header.uuid_text, tag[1]):
            return file
    return None


@rule(
    "D202",
    "resume= names a device without an area",
    Severity.ERROR,
    hint="name the area's device, or with resume_offset= the one that its file lies on",
)
def names_no_area(system: System) -> Iterator[Remark]:
    """An image is found by the swap header in front of it.

    A swapfile is named by the device of its file system and resume_offset=: no file
    system is mounted when the image is looked for.

    Kernel: kernel/power/swap.c swsusp_check(), mm/swapfile.c swap_type_of().
    Kernel: Documentation/power/swsusp-and-swap-files.rst.

    *Trips on:* ``system(cmdline="resume=/dev/sda2",``
    ``sda2="crypto_LUKS 1111")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111")``
    """
    yield from _named_files(system)
    for one in of_command_lines(system):
        device = one.found.device
        if device is None or device.unread or device.type in AREA_TYPES:
            continue
        if device.is_zram or _is_made_anew(one, system):
            continue
        if device.type in AROUND:
            message = f"{device.path} is {AROUND[device.type]}"
            yield Remark(f"{shown(one.said)}: {message}", one.place, None, device.path)
        elif device.type is None:
            message = f"{device.path} holds nothing that is known"
            yield Remark(f"{shown(one.said)}: {message}", one.place, None, device.path)


def _named_files(system: System) -> Iterator[Remark]:
    is_overridden = any(of_command_lines(system))
    for one in resumes(system):
        if not one.is_path_of_file or (one.line is None and is_overridden):
            continue
        message = f"{shown(one.said)}: it takes a device, and this is a path to a file"
        yield Remark(message, one.place, _by_device(one, system), one.name)


def _by_device(one: Resume, system: System) -> Remedy:
    file = one.found.file
    if file is not None and file.misaligned:
        return Remedy(f"{_ANOTHER_PLACE}: {shown(file.path)} {file.misaligned}")
    number = file.device if file else None
    devices = [one.path for one in system.devices if number and one.number == number]
    name = devices[0] if devices else None
    if file is not None and file.filesystem_uuid:
        name = f"UUID={file.filesystem_uuid}"
    if name is None or file is None or file.offset_pages is None:
        return Remedy(
            "name the device of its file system, with the resume_offset= that"
            " swapinfo --resume-offset FILE prints"
        )
    return Remedy(f"write resume={name} resume_offset={file.offset_pages}")


def _is_made_anew(one: Resume, system: System) -> bool:
    mapped = one.found.device.mapped_name if one.found.device else None
    return any(
        one.name == entry.path or mapped == entry.name
        for entry, _ in encrypted_swaps(system)
    )


@rule(
    "D205",
    "image would be lost at the next boot",
    Severity.ERROR,
    hint="resume from an area with a key that stays (LUKS, without swap in crypttab)",
)
def made_anew(system: System) -> Iterator[Remark]:
    """An area that gets a new key, or a new header, at each boot keeps no image.

    systemd: man crypttab, swap.
    cryptsetup: man crypttab of Debian, swap.

    *Trips on:* ``system(cmdline="resume=/dev/mapper/cs",``
    ``crypttab="cs /dev/sda2 /dev/urandom swap")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111",``
    ``crypttab="cs /dev/sda3 /dev/urandom swap")``
    """
    for one in resumes(system):
        if not _is_made_anew(one, system):
            continue
        for entry, place in encrypted_swaps(system):
            if entry.path in (one.name, *(_names(one))):
                what = "a new key" if entry.has_new_key else "a new header"
                message = (
                    f"{shown(one.said)}: {place.file}:{place.line} gives it {what} at"
                    " each boot"
                )
                yield Remark(message, one.place, None, entry.path)


def _names(one: Resume) -> tuple[str, ...]:
    return one.found.device.names if one.found.device else ()


@rule(
    "D206",
    "area that can hold no image",
    Severity.ERROR,
    hint="resume from an area on a disk; swapinfo shows what could hold an image",
)
def no_storage(system: System) -> Iterator[Remark]:
    """An area on zram is memory, and a ghost has no storage: no image would stay.

    Neither is one found in a file that begins between two pages of its device, as on
    a file system with blocks of 1 KiB.

    Kernel: kernel/power/swap.c, mm/swapfile.c swap_type_of(); systemd skips the first
    two.
    systemd: src/shared/hibernate-util.c.

    *Trips on:* ``system(cmdline="resume=/dev/zram0")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111")``
    """
    for one in resumes(system):
        where = one.found.where
        if one.name.startswith("/dev/zram") or where.startswith("/dev/zram"):
            yield Remark(
                f"{shown(one.said)}: zram is in memory", one.place, None, where
            )
            continue
        files = files_on(one, system)
        areas = [one.found.area, *(file.area for file in files)]
        for file in files if all(file.misaligned for file in files) else ():
            message = f"{shown(one.said)}: {shown(file.path)} {file.misaligned}"
            yield Remark(message, one.place, Remedy(_ANOTHER_PLACE), file.path)
        for area in filter(None, areas):
            if area.is_ghost and _is_meant(one, area, system):
                message = f"{shown(one.said)}: {shown(area.path)} is a ghost"
                yield Remark(message, one.place, None, area.path)


def _is_meant(one: Resume, area: SwapArea, system: System) -> bool:
    if one.found.area is area:
        return True
    file = system.files.get(area.path)
    offset = kernel_number(one.offset or "")
    return file is not None and offset is not None and offset == file.offset_pages


@rule(
    "D207",
    "area is smaller than an image may be",
    Severity.NOTE,
    hint="make it larger, or /sys/power/image_size smaller",
)
def too_small(system: System) -> Iterator[Remark]:
    """The kernel aims for an image of two fifths of memory, unless told otherwise.

    It compresses what it writes, so that less may do; with more it always does. Many
    installers write resume= for areas that nobody hibernates into. Where the kernel
    cannot hibernate, nothing is said of it.

    Kernel: kernel/power/snapshot.c hibernate_image_size_init(), kernel/power/swap.c
    enough_swap().

    *Trips on:* ``system(cmdline="resume=/dev/sda2", ram_gib=64,``
    ``sda2="swap 1111 8G")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", ram_gib=16,``
    ``sda2="swap 1111 8G")``
    """
    if system.running is not None and system.running.no_hibernation is not None:
        return
    aim = system.running.image_size_bytes if system.running else None
    if aim is None and system.ram_bytes is not None:
        aim = system.ram_bytes * 2 // 5
    if not aim:
        return
    for one in of_command_lines(system):
        areas = [one.found.area, *(file.area for file in files_on(one, system))]
        for area in filter(None, areas):
            header = area.header
            if header is None or area.is_ghost or not _is_meant(one, area, system):
                continue
            if header.usable_bytes < aim:
                message = (
                    f"{shown(area.path)} has {format_size(header.usable_bytes)}, and"
                    f" the kernel aims for {format_size(aim)}"
                )
                yield Remark(message, one.place, None, area.path)


@rule(
    "D211",
    "this kernel cannot hibernate",
    Severity.NOTE,
    hint="leave it, or take resume= out: it does nothing with this kernel",
    is_about_kernel=True,
)
def cannot_hibernate(system: System) -> Iterator[Remark]:
    """An area to resume from is named, and no image will be written or looked for.

    A kernel lacks hibernation by its configuration, ``nohibernate`` or lockdown, which
    Secure Boot turns on in many distributions.

    Kernel: kernel/power/hibernate.c hibernation_available().

    *Trips on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111",``
    ``hibernates=False)``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111",``
    ``hibernates=True)``
    """
    why = system.running.no_hibernation if system.running else None
    for one in resumes(system) if why else ():
        yield Remark(f"what resume= names is not used: {why}", one.place)
