"""The resume offset of an area, and whether this machine is set up for it. Pure.

Not here: finding the first byte (observe/resume.py), the machine's settings
(observe/power.py).

Kernel: Documentation/power/swsusp-and-swap-files.rst.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.observe.power import Hibernation
    from swaptools.observe.resume import FirstByte


class ResumeOffset(NamedTuple):
    """What ``resume=`` and ``resume_offset=`` should say; the JSON keys."""

    path: str
    #: In pages of the running kernel, from the start of the device; 0 for a
    #: device; None with a reason.
    offset_pages: int | None
    #: major:minor, as /sys/power/resume has it.
    device: str | None
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
    reason = _refusal(area) or first.reason
    if reason is None and (first.physical_bytes or 0) % page_size:
        reason = f"does not begin at a page of {page_size} bytes on its device"
    if reason is not None or first.physical_bytes is None:
        return ResumeOffset(area.path, None, device, first.device_path, reason)
    offset_pages = first.physical_bytes // page_size
    return ResumeOffset(
        area.path,
        offset_pages,
        device,
        first.device_path,
        None,
        tuple(_disagreements(offset_pages, first.device, machine)),
    )


def _refusal(area: SwapArea) -> str | None:
    if area.header is None:
        return area.reason
    if area.is_ghost:
        return "a ghost has no storage for an image"
    return None


def _disagreements(
    offset_pages: int, device: int | None, machine: Hibernation
) -> list[str]:
    found = []
    if machine.resume_device and machine.resume_device != device:
        found.append("/sys/power/resume names another device")
    for name, told in (
        ("/sys/power/resume_offset", machine.resume_offset_pages),
        ("resume_offset= on the kernel command line", machine.cmdline_offset_pages),
    ):
        if told is not None and told != offset_pages:
            found.append(f"{name} is {told}")
    return found
