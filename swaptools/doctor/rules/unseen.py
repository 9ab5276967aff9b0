"""D901: what could not be looked at, so that nothing is guessed in silence."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from swaptools.config.text import Place
from swaptools.doctor.registry import Remark, rule
from swaptools.doctor.requests import heeded
from swaptools.doctor.resumes import resumes
from swaptools.observe.system import tag_of
from swaptools.rulebook import Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.observe.system import System

#: What is looked at for UUIDs and labels.
_DEVICES: Final = ("/dev/", "/sys/class/block")


@rule(
    "D901",
    "something could not be looked at",
    Severity.NOTE,
    hint="the rest was judged without it",
)
def not_seen(system: System) -> Iterator[Remark]:
    """A file, a device or /proc: what it would have said is taken to be in order.

    A device counts where a UUID or label is looked for that none of the others has.

    Kernel: fs/proc/root.c, subset=pid.

    *Trips on:* ``system(unseen=[("/etc/crypttab", "Permission denied")])``
    *Quiet on:* ``system()``
    """
    searched = _searched(system)
    for path, reason in system.unseen:
        is_device = path.startswith(_DEVICES) and path not in searched
        if is_device and not _is_searched_for(system):
            continue
        yield Remark(reason, Place(path), _ask_again(reason), path)


def _ask_again(reason: str) -> Remedy:
    without = "the rest was judged without it"
    if "/proc" in reason:
        return Remedy(f"ask again with the whole of /proc mounted; {without}")
    if reason == os.strerror(errno.EACCES):
        return Remedy(f"ask again as root; {without}")
    return Remedy(without)


def _searched(system: System) -> set[str]:
    names = {request.name for request in heeded(system)}
    return names | {one.name for one in resumes(system)}


def _is_searched_for(system: System) -> bool:
    # A tag that no device was found for, and that another may have.
    found = [one.found for one in heeded(system)]
    found += [one.found for one in resumes(system)]
    return any(tag_of(one.name) and one.device is None for one in found)
