"""Disks and file systems that areas lie on in a guest.

Not here: the peculiar files of a file system (tests/against_kernel/places.py).
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.against_kernels.guest import Disk, blank_disk
from tests.against_kernels.packages import NotToBeHad
from tests.against_kernels.programs import AREA_DISK_BYTES, AREA_DISKS, FILE_DISK_BYTES

if TYPE_CHECKING:
    from pathlib import Path


def program_disks(scratch: Path) -> list[Disk]:
    """Make the disks that programs.py names."""
    files = blank_disk(scratch / "files", FILE_DISK_BYTES)
    if shutil.which("mkfs.ext4") is None:
        raise NotToBeHad("mkfs.ext4 is not installed")
    subprocess.run(
        ["mkfs.ext4", "-q", "-b", "4096", str(files.path)],
        check=True,
        capture_output=True,
    )
    areas = [
        blank_disk(scratch / f"area{number}", AREA_DISK_BYTES)
        for number in range(len(AREA_DISKS))
    ]
    return [files, *areas]
