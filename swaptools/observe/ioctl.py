"""Numbers of ioctl(2) requests, which are put together differently by machine.

Kernel: include/uapi/asm-generic/ioctl.h _IOC(); arch/{alpha,mips,powerpc,sparc}
have directions of three bits, with other values.
"""

from __future__ import annotations

import os
from typing import Final

#: A C long, which is the pointer's size on Linux.
LONG_BYTES: Final = 8 if os.sysconf("SC_LONG_BIT") == 64 else 4

_OTHER_MACHINES: Final = ("alpha", "mips", "ppc", "sparc")


def _directions(machine: str) -> tuple[int, int]:
    # The bits that say "the kernel writes to us" and "we write to the kernel".
    if machine.startswith(_OTHER_MACHINES):
        return 2 << 29, 4 << 29
    return 2 << 30, 1 << 30


def _no_direction(machine: str) -> int:
    # The bits that say "nothing is handed over".
    return 1 << 29 if machine.startswith(_OTHER_MACHINES) else 0


_READ, _WRITE = _directions(os.uname().machine)


def io(letter: int, number: int) -> int:
    """Return the number of a request without a size in it. Kernel: _IO().

    >>> hex(io(0x12, 104) & 0x1FFFFFFF)
    '0x1268'
    """
    return _no_direction(os.uname().machine) | letter << 8 | number


def ior(letter: int, number: int, size_bytes: int) -> int:
    """Return the number of a request that reads. Kernel: _IOR().

    >>> hex(ior(ord("f"), 1, 8) & 0x1FFFFFFF)
    '0x86601'
    """
    return _READ | size_bytes << 16 | letter << 8 | number


def iow(letter: int, number: int, size_bytes: int) -> int:
    """Return the number of a request that writes. Kernel: _IOW()."""
    return _WRITE | size_bytes << 16 | letter << 8 | number


def iowr(letter: int, number: int, size_bytes: int) -> int:
    """Return the number of a request that does both. Kernel: _IOWR()."""
    return ior(letter, number, size_bytes) | iow(letter, number, size_bytes)
