"""One boot for verdicts: every target there is, and all that is asked of them.

Not here: what targets are (targets.py), what is asked (headers.py).
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.against_kernels import targets
from tests.against_kernels.guest import Guest, OrderFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.against_kernels.guest import Disk
    from tests.against_kernels.packages import Kernel
    from tests.against_kernels.targets import System, Target

#: The first disk of a guest that is not the rig's own.
FIRST_DISK = 3


class Town(NamedTuple):
    """What is made once on this machine, for every kernel."""

    scratch: Path
    systems: tuple[System, ...]
    devices: tuple[Disk, ...]


class Court(NamedTuple):
    """A kernel that is up, and what it can be asked about."""

    guest: Guest
    targets: tuple[Target, ...]
    #: What this kernel or machine has not, and why.
    skipped: tuple[str, ...]
    #: Where files of this machine lie; part of their paths.
    scratch: Path


@contextmanager
def town() -> Iterator[Town]:
    """Fill file systems; needs root, for loop devices and mounts."""
    with tempfile.TemporaryDirectory() as scratch:
        where = Path(scratch)
        systems = tuple(targets.make_systems(where))
        yield Town(where, systems, tuple(targets.make_devices(where)))


@contextmanager
def court(kernel: Kernel, where: Town) -> Iterator[Court]:
    """Have a kernel up with all targets that it can have."""
    disks = [*(system.disk for system in where.systems), *where.devices]
    with Guest(kernel, disks) as guest:
        found: list[Target] = []
        skipped: list[str] = []
        for number, system in enumerate(where.systems, FIRST_DISK):
            try:
                found += targets.mount(guest, system, number)
            except OrderFailed as why:
                skipped.append(f"{system.name}: {str(why).rpartition(': ')[2]}")
            else:
                if system.name == "ext4":
                    found += targets.sized_files(guest, system.mount_point)
        first = FIRST_DISK + len(where.systems)
        found += targets.device_targets(where.devices, first)
        found += targets.small_loops(guest) + targets.memory_files(guest)
        yield Court(guest, tuple(found), tuple(skipped), where.scratch)
