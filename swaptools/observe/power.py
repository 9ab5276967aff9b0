"""Hibernation as this machine is set up for it: /sys/power and the command line.

Not here: where an area begins (resume.py), and whether it agrees (../resume.py).

Kernel: kernel/power/hibernate.c resume_show(), resume_offset_show(),
resume_offset_setup(), hibernate_setup().
"""

from __future__ import annotations

import os

from swaptools.config.cmdline import Parameter
from swaptools.observe.cmdline import read_cmdline
from swaptools.observe.names import NamedDevice, find_device
from swaptools.observe.proc import read_text
from swaptools.records import NamedTuple

_POWER = "/sys/power"
#: The words that keep a kernel from looking for an image, with their values.
_FORBIDDING = frozenset(
    {
        Parameter("noresume", None),
        Parameter("nohibernate", None),
        Parameter("hibernate", "noresume"),
        Parameter("hibernate", "no"),
    }
)


class Hibernation(NamedTuple):
    """Where the kernel will look for an image; None where it does not say."""

    #: Whether the kernel can hibernate at all; None without /sys.
    is_possible: bool | None = None
    #: Device number of /sys/power/resume; 0 when none is set.
    resume_device: int | None = None
    #: /sys/power/resume_offset, in pages.
    resume_offset_pages: int | None = None
    #: ``resume=`` and ``resume_offset=`` of the kernel command line, as written.
    cmdline_resume: str | None = None
    cmdline_offset: str | None = None
    #: What ``cmdline_resume`` leads to.
    cmdline_device: NamedDevice | None = None
    #: The word of the command line that forbids it: ``noresume``.
    forbidden_by: str | None = None


def read_hibernation() -> Hibernation:
    """Read what the kernel and its command line say."""
    state = read_text(f"{_POWER}/state")
    device = (read_text(f"{_POWER}/resume") or "").strip()
    major, _, minor = device.partition(":")
    offset = (read_text(f"{_POWER}/resume_offset") or "").strip()
    words = read_cmdline()
    last = dict(words)  # a word that comes again counts the last time
    resume = last.get("resume")
    forbidding = [word for word in words if word in _FORBIDDING]
    return Hibernation(
        is_possible=None if state is None else "disk" in state.split(),
        resume_device=os.makedev(int(major), int(minor)) if minor else None,
        resume_offset_pages=int(offset) if offset.isdigit() else None,
        cmdline_resume=resume,
        cmdline_offset=last.get("resume_offset"),
        cmdline_device=find_device(resume) if resume else None,
        forbidden_by="=".join(filter(None, forbidding[-1])) if forbidding else None,
    )
