"""D201 to D210: where an image is written to, and looked for at boot.

Not here: where a swapfile begins on its device (observe/resume.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.config.numbers import kernel_number, systemd_number
from swaptools.config.text import shown
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.requests import Resume, encrypted_swaps, resumes
from swaptools.observe.system import is_same, tag_of
from swaptools.rulebook import Remedy, Severity
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.area import SwapArea
    from swaptools.observe.system import SwapFile, System

_SWAP: Final = frozenset({"swap", "swsuspend"})
#: What an area lies in, and never at its beginning.
_AROUND: Final = {
    "crypto_LUKS": "LUKS; the area is in the device that is opened from it",
    "LVM2_member": "a physical volume of LVM; the area is in a logical volume",
    "linux_raid_member": "a member of an array; the area is in the array",
}
#: Words that keep the kernel from looking, and the values with which they do.
_FORBIDDING: Final = {
    "noresume": (None,),
    "nohibernate": (None,),
    "hibernate": ("no", "noresume"),
}


def _kernels(system: System) -> Iterator[Resume]:
    # Those of command lines.
    yield from (one for one in resumes(system) if one.line is not None)


def _files_on(one: Resume, system: System) -> list[SwapFile]:
    device = one.found.device
    if device is None or device.number is None:
        return []
    return [file for file in system.files.values() if file.device == device.number]


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
    for one in _kernels(system):
        if not one.found.is_missing:
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

    Kernel: kernel/power/swap.c swsusp_check(), mm/swapfile.c swap_type_of().

    *Trips on:* ``system(cmdline="resume=/dev/sda2",``
    ``sda2="crypto_LUKS 1111")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111")``
    """
    for one in _kernels(system):
        device = one.found.device
        if device is None or device.unread or device.type in _SWAP:
            continue
        if device.is_zram or _is_made_anew(one, system):
            continue
        if device.type in _AROUND:
            message = f"{device.path} is {_AROUND[device.type]}"
            yield Remark(f"{shown(one.said)}: {message}", one.place, None, device.path)
        elif device.type is None:
            message = f"{device.path} holds nothing that is known"
            yield Remark(f"{shown(one.said)}: {message}", one.place, None, device.path)


@rule(
    "D203",
    "resume_offset= is not where the area begins",
    Severity.ERROR,
    hint="swapinfo --resume-offset FILE prints the right one",
)
def wrong_offset(system: System) -> Iterator[Remark]:
    """Written at one place and looked for at another, the image is not found.

    A partition has no offset; a file has one that changes when it is made anew.

    Kernel: Documentation/power/swsusp-and-swap-files.rst.

    *Trips on:* ``system(cmdline="resume=/dev/sda1",``
    ``sda1="ext4 1111")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda1 resume_offset=34816",``
    ``sda1="ext4 1111", fstab="/swapfile none swap sw 0 0",``
    ``files={"/swapfile": {"offset_pages": 34816, "last_page": 1048576}})``
    """
    for one in _kernels(system):
        device = one.found.device
        if device is None or device.unread or device.type is None:
            continue
        if device.type in _AROUND or device.is_zram:
            continue
        offset = kernel_number(one.offset or "0")
        why = _misplaced(one, device.type, offset, system)
        if why is None:
            continue
        begins = {file.offset_pages for file in _files_on(one, system)} - {None}
        remedy = None
        if device.type in _SWAP:
            remedy = Remedy("take resume_offset= out")
        elif len(begins) == 1:
            remedy = Remedy(f"write resume_offset={begins.pop()}")
        yield Remark(f"{shown(one.said)}: {why}", one.place, remedy, device.path)


def _misplaced(
    one: Resume, type_: str, offset: int | None, system: System
) -> str | None:
    where = one.found.where
    if type_ in _SWAP:
        if offset:
            return f"{where} is an area of its own, and resume_offset= is {offset}"
        return None
    files = _files_on(one, system)
    begins = {file.offset_pages: file.path for file in files if file.offset_pages}
    at = ", ".join(f"{shown(path)} begins at {n}" for n, path in begins.items())
    if one.offset is None:
        return f"{where} is {type_}, and resume_offset= is missing" + (
            f"; {at}" if at else ""
        )
    if begins and offset not in begins:
        return f"resume_offset= is {offset}, and {at}"
    return None


@rule(
    "D204",
    "resume_offset= is no plain number",
    Severity.ERROR,
    hint="write it in decimal digits alone, as swapinfo --resume-offset FILE prints it",
)
def odd_offset(system: System) -> Iterator[Remark]:
    """The kernel reads the digits it begins with; systemd all of it, hex as well.

    filefrag(8) prints two dots behind it, which are no part of it.

    Kernel: kernel/power/hibernate.c resume_offset_setup().
    systemd: src/basic/parse-util.c safe_atou64().

    *Trips on:* ``system(cmdline="resume=/dev/sda1 resume_offset=34816..",``
    ``sda1="ext4 1111")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda1 resume_offset=34816",``
    ``sda1="ext4 1111")``
    """
    for line in system.command_lines():
        text = line.last("resume_offset")
        if text is None:
            continue
        kernel, systemd = kernel_number(text), systemd_number(text)
        if kernel is not None and kernel == systemd:
            continue
        read = [
            "nothing" if number is None else str(number) for number in (kernel, systemd)
        ]
        said = f"the kernel reads {read[0]}, systemd {read[1]}"
        place = line.place_of("resume_offset")
        yield Remark(f"resume_offset={shown(text)}: {said}", place)


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

    Kernel: kernel/power/swap.c; systemd skips both.
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
        areas = [one.found.area, *(file.area for file in _files_on(one, system))]
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
    installers write resume= for areas that nobody hibernates into.

    Kernel: kernel/power/snapshot.c hibernate_image_size_init(), kernel/power/swap.c
    enough_swap().

    *Trips on:* ``system(cmdline="resume=/dev/sda2", ram_gib=64,``
    ``sda2="swap 1111 8G")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", ram_gib=16,``
    ``sda2="swap 1111 8G")``
    """
    aim = system.running.image_size_bytes if system.running else None
    if aim is None and system.ram_bytes is not None:
        aim = system.ram_bytes * 2 // 5
    if not aim:
        return
    for one in _kernels(system):
        areas = [one.found.area, *(file.area for file in _files_on(one, system))]
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
    "D208",
    "resume= beside a word that forbids it",
    Severity.WARNING,
    hint="take one of the two out",
)
def forbidden(system: System) -> Iterator[Remark]:
    """With noresume no image is looked for; one that is there is lost with swapon(8).

    Kernel: kernel/power/hibernate.c noresume_setup(), hibernate_setup(),
    nohibernate_setup().

    *Trips on:* ``system(cmdline="resume=/dev/sda2 noresume",``
    ``sda2="swap 1111")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111")``
    """
    for one in _kernels(system):
        for word in one.line.words if one.line else ():
            if word.value in _FORBIDDING.get(word.name, ()):
                said = word.name if word.value is None else f"{word.name}={word.value}"
                yield Remark(f"{said} beside {shown(one.said)}", one.place)


@rule(
    "D209",
    "initramfs does not look for an image",
    Severity.WARNING,
    hint="add it, and make the initramfs anew",
)
def not_in_initramfs(system: System) -> Iterator[Remark]:
    """resume= is understood by a part of the initramfs, which is left out.

    mkinitcpio: the hook resume, or systemd, which does the same.
    dracut: modules.d/95resume.

    *Trips on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111",``
    ``mkinitcpio="HOOKS=(base udev block filesystems)")``
    *Quiet on:* ``system(cmdline="resume=/dev/sda2", sda2="swap 1111",``
    ``mkinitcpio="HOOKS=(base udev block resume filesystems)")``
    """
    asked = list(_kernels(system))
    hooks, omitted = system.config.hooks, system.config.omitted
    if not asked:
        return
    if hooks is not None and not {"resume", "systemd"} & set(hooks.value.split()):
        message = f"HOOKS has neither resume nor systemd, for {shown(asked[0].said)}"
        remedy = Remedy(
            "put resume behind udev and what else makes the device, and run"
            " mkinitcpio -P"
        )
        yield Remark(message, hooks.place, remedy)
    if omitted is not None and "resume" in omitted.value.split():
        message = f"omit_dracutmodules has resume, for {shown(asked[0].said)}"
        yield Remark(message, omitted.place)


@rule(
    "D210",
    "initramfs waits for an area that is not there",
    Severity.WARNING,
    hint="write the UUID of the area, or RESUME=none, and run update-initramfs -u",
)
def waits(system: System) -> Iterator[Remark]:
    """Each boot waits half a minute for the device, and goes on then.

    initramfs-tools: scripts/local, man initramfs.conf, RESUME.

    *Trips on:* ``system(resume="UUID=1111")``
    *Quiet on:* ``system(resume="UUID=1111", sda2="swap 1111")``
    """
    for one in resumes(system):
        if one.line is None and one.found.is_missing:
            yield Remark(f"no device has {shown(one.said)}", one.place)
