"""The resume offset of an area, and whether this machine is set up for it. Pure.

Not here: finding the first byte (observe/resume.py), the machine's settings
(observe/power.py).

Kernel: Documentation/power/swsusp-and-swap-files.rst.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from uuid import UUID

from swaptools.area import AreaKind
from swaptools.config.numbers import kernel_number, systemd_number
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.area import SwapArea
    from swaptools.observe.power import Hibernation
    from swaptools.observe.resume import FirstByte

_CMDLINE: Final = "on the kernel command line"


class ResumeOffset(NamedTuple):
    """What ``resume=`` and ``resume_offset=`` should say; the JSON keys."""

    #: As it was given, or what UUID= and the like lead to.
    path: str
    #: In pages of the running kernel, from the start of the device; 0 for a
    #: device; None with a reason.
    offset_pages: int | None
    #: major:minor, as /sys/power/resume has it.
    device: str | None
    #: Its name in /dev; None where it has none.
    device_path: str | None
    #: Why the area cannot be resumed from.
    reason: str | None
    #: What does not agree with it, one sentence each.
    disagreements: tuple[str, ...] = ()


def resume_offset(
    area: SwapArea, first: FirstByte, machine: Hibernation, page_size: int
) -> ResumeOffset:
    """Work out the offset of an area.

    Args:
        area: With its header, if it has one.
        first: Where its first byte lies.
        machine: What the kernel and its command line say now.
        page_size: The running kernel's, the unit of the offset.
    """
    device = None
    if first.device is not None:
        device = f"{os.major(first.device)}:{os.minor(first.device)}"
    reason = _refusal(area) or first.reason or first.misalignment(page_size)
    if reason is not None or first.physical_bytes is None:
        return ResumeOffset(area.path, None, device, first.device_path, reason)
    offset_pages = first.physical_bytes // page_size
    return ResumeOffset(
        area.path,
        offset_pages,
        device,
        first.device_path,
        None,
        tuple(_disagreements(area, offset_pages, first, machine)),
    )


def _refusal(area: SwapArea) -> str | None:
    if area.header is None:
        return area.reason
    if area.is_ghost:
        return "a ghost has no storage for an image"
    return None


def _disagreements(
    area: SwapArea, offset_pages: int, first: FirstByte, machine: Hibernation
) -> Iterator[str]:
    if machine.forbidden_by is not None:
        yield f"{machine.forbidden_by} {_CMDLINE}: no image is looked for at boot"
    if machine.resume_device and machine.resume_device != first.device:
        yield "/sys/power/resume names another device"
    told = machine.resume_offset_pages
    if told is not None and told != offset_pages:
        yield f"/sys/power/resume_offset is {told}"
    yield from _about_device(area, first, machine)
    yield from _about_offset(offset_pages, machine)


def _about_device(
    area: SwapArea, first: FirstByte, machine: Hibernation
) -> Iterator[str]:
    name, named = machine.cmdline_resume, machine.cmdline_device
    if not name or named is None:
        return
    uuid = _uuid_in(name)
    own = area.header.uuid if area.header else None
    is_device = area.kind == AreaKind.BLOCK
    right = own if is_device else first.filesystem_uuid
    if uuid is not None and uuid == right:
        return
    where = first.device_path or f"UUID={right}"
    if uuid is not None and uuid == own:
        yield f"resume={name} {_CMDLINE} is the swapfile's own, not that of {where}"
    elif named.number is None and not (named.is_unknown and uuid and right):
        yield f"resume={name} {_CMDLINE} {named.reason}"
    elif named.number != first.device:
        yield f"resume={name} {_CMDLINE} is not {where}, where the area lies"


def _about_offset(offset_pages: int, machine: Hibernation) -> Iterator[str]:
    text = machine.cmdline_offset
    if text is None:
        if machine.cmdline_resume and offset_pages:
            yield f"resume= {_CMDLINE} comes without resume_offset={offset_pages}"
        return
    kernel, systemd = kernel_number(text), systemd_number(text)
    if kernel != systemd or kernel is None:
        yield (
            f"resume_offset={text} {_CMDLINE} is no plain number:"
            f" the kernel reads {_said(kernel)}, systemd {_said(systemd)}"
        )
    elif kernel != offset_pages:
        yield f"resume_offset= {_CMDLINE} is {kernel}"


def _said(number: int | None) -> str:
    return "nothing" if number is None else str(number)


def _uuid_in(name: str) -> UUID | None:
    tag, _, value = name.partition("=")
    try:
        return UUID(value.strip("\"'")) if tag == "UUID" else None
    except ValueError:
        return None
