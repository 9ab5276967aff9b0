"""Hibernation as this machine is set up for it: /sys/power and the command line.

Kernel: kernel/power/hibernate.c resume_show(), resume_offset_show().
"""

from __future__ import annotations

import os
from typing import NamedTuple

from swaptools.observe.proc import read_text

_POWER = "/sys/power"
_CMDLINE = "/proc/cmdline"


class Hibernation(NamedTuple):
    """Where the kernel will look for an image; None where it does not say."""

    #: Whether the kernel can hibernate at all.
    is_possible: bool
    #: Device number of /sys/power/resume; 0 when none is set.
    resume_device: int | None
    #: /sys/power/resume_offset, in pages.
    resume_offset_pages: int | None
    #: ``resume=`` and ``resume_offset=`` of the kernel command line.
    cmdline_resume: str | None
    cmdline_offset_pages: int | None


def read_hibernation() -> Hibernation:
    """Read what the kernel and its command line say."""
    device = (read_text(f"{_POWER}/resume") or "").strip()
    major, _, minor = device.partition(":")
    offset = (read_text(f"{_POWER}/resume_offset") or "").strip()
    words = dict(
        word.partition("=")[::2] for word in (read_text(_CMDLINE) or "").split()
    )
    cmdline_offset = words.get("resume_offset", "")
    return Hibernation(
        is_possible="disk" in (read_text(f"{_POWER}/state") or "").split(),
        resume_device=os.makedev(int(major), int(minor)) if minor else None,
        resume_offset_pages=int(offset) if offset.isdigit() else None,
        cmdline_resume=words.get("resume"),
        cmdline_offset_pages=int(cmdline_offset) if cmdline_offset.isdigit() else None,
    )
