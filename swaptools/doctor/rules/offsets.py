"""D203 and D204: resume_offset=, where a swapfile begins on its device.

Not here: finding that out (observe/resume.py), the device (hibernation.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.config.numbers import kernel_number, systemd_number
from swaptools.config.text import shown
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.resumes import (
    AREA_TYPES,
    AROUND,
    Resume,
    files_on,
    of_command_lines,
)
from swaptools.rulebook import Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.observe.system import System


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
    for one in of_command_lines(system):
        device = one.found.device
        if device is None or device.unread or device.type is None:
            continue
        if device.type in AROUND or device.is_zram:
            continue
        offset = kernel_number(one.offset or "0")
        why = _misplaced(one, device.type, offset, system)
        if why is None:
            continue
        begins = {file.offset_pages for file in files_on(one, system)} - {None}
        remedy = None
        if device.type in AREA_TYPES:
            remedy = Remedy("take resume_offset= out")
        elif len(begins) == 1:
            remedy = Remedy(f"write resume_offset={begins.pop()}")
        yield Remark(f"{shown(one.said)}: {why}", one.place, remedy, device.path)


def _misplaced(
    one: Resume, type_: str, offset: int | None, system: System
) -> str | None:
    where = one.found.where
    if type_ in AREA_TYPES:
        if offset:
            return f"{where} is an area of its own, and resume_offset= is {offset}"
        return None
    files = files_on(one, system)
    if files and all(file.misaligned for file in files):
        return None  # none has an offset that would do: D206
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
