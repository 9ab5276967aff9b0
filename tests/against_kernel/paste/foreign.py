"""Files that are no swap, or not all of it: every byte of them is somebody's.

Not here: areas (situations.py).
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.against_kernel import places
from tests.against_kernel.paste.situations import AREA_BYTES, PAGE, Situation, headed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _text(path: Path) -> None:
    line = b"The magic is SWAPSPACE2, at the end of the first page.\n"
    text = (line * 2000)[: PAGE - 10] + b"SWAPSPACE2"
    path.write_bytes(text + line * 2000)


def _qcow2(path: Path) -> None:
    path.write_bytes(b"QFI\xfb\0\0\0\3" + bytes(PAGE) + os.urandom(AREA_BYTES))


def _made_by(*command: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        if shutil.which(command[0]) is None:
            raise NotImplementedError(command[0])
        path.touch(0o600)
        os.truncate(path, 16 << 20)
        subprocess.run(
            [*command, str(path)], check=True, capture_output=True, input=b""
        )

    return make


def _over_swap(make: Callable[[Path], object]) -> Callable[[Path], object]:
    # The page of swap that was there before has its magic still.
    def both(path: Path) -> None:
        make(path)
        with path.open("r+b") as file:
            file.seek(PAGE - 10)
            file.write(b"SWAPSPACE2")

    return both


def _luks(path: Path) -> None:
    path.write_bytes(b"LUKS\xba\xbe\0\2" + os.urandom(AREA_BYTES))


def _gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(os.urandom(AREA_BYTES)))


def _random(path: Path) -> None:
    path.write_bytes(os.urandom(AREA_BYTES))


def _late_byte(path: Path) -> None:
    path.write_bytes(bytes(AREA_BYTES) + b"x".ljust(512, b"\0"))


def _suspended(path: Path) -> None:
    places.written(path)
    with path.open("r+b") as file:
        file.seek(PAGE - 20)
        file.write(b"SWAPSPACE2S1SUSPEND\0")


def _neighbour_without_table(path: Path) -> None:
    places.written(path)
    with path.open("ab") as file:
        file.write(bytes(AREA_BYTES) + os.urandom(AREA_BYTES))


def _boot_loader(path: Path) -> None:
    headed(version=2, patches=((0, b"\xeb\x3c\x90" + os.urandom(500)),))(path)


_EXT4 = _made_by("mkfs.ext4", "-q", "-F", "-b", "1024")
_GPT = _made_by("sgdisk", "-n", "1:2048:+4M", "-n", "2:0:+4M", "-t", "2:8200")

#: Files in which every byte, or every byte from one on, is somebody's.
FOREIGN: tuple[Situation, ...] = tuple(
    Situation(f"foreign-{name}", make, foreign_from=start)
    for name, make, start in (
        ("text", _text, 0),
        ("qcow2", _qcow2, 0),
        ("ext4", _EXT4, 0),
        ("ext4-over-swap", _over_swap(_EXT4), 0),
        ("xfs-like", _made_by("mkfs.vfat"), 0),
        ("gpt", _GPT, 0),
        ("gpt-over-swap", _over_swap(_GPT), 0),
        ("luks", _luks, 0),
        ("gzip", _gzip, 0),
        ("random", _random, 0),
        ("late-byte", _late_byte, 0),
        ("hibernation", _suspended, 0),
        ("boot-loader", _boot_loader, 0),
        ("neighbour", _neighbour_without_table, AREA_BYTES),
    )
)
