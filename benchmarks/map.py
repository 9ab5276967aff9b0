"""Claim: swapinfo --map of 10 GiB in 200 processes takes under 5 s and 100 MiB.

As root, on the running kernel, under its swap lock: a scratch zram device is swapped
on, and processes page pages of one repeated word out to it, which zram keeps in its
table alone. Beside it, swapinfo --who, and what smem(8) does: the sums of every
process's smaps, with no slot known. Everything is put back.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.against_kernel import rig
from tests.against_kernel.holders import Holder
from tests.against_kernel.zram_rig import zram_area

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCESSES = 200
SWAP_BYTES = int(os.environ.get("SWAP_GIB", "10")) << 30
ALLOWED_SECONDS, ALLOWED_BYTES = 5.0, 100 << 20
PAGE_SIZE = mmap.PAGESIZE
MADV_PAGEOUT = 21

SMAPS = """
import os
total = 0
for name in os.listdir("/proc"):
    if name.isdecimal():
        try:
            with open(f"/proc/{name}/smaps", "rb") as file:
                total += sum(int(l.split()[1]) for l in file if l.startswith(b"Swap:"))
        except OSError:
            pass
print(total, "KiB")
"""


class Taken(NamedTuple):
    """What a run took."""

    seconds: float
    peak_bytes: int


def page_out(number: int) -> mmap.mmap:
    """Fill memory with one word, and have it paged out."""
    length = SWAP_BYTES // PROCESSES
    memory = mmap.mmap(-1, length, mmap.MAP_PRIVATE)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    ctypes.memset(start, number % 255 + 1, length)
    memory.madvise(MADV_PAGEOUT)
    return memory


def measure(command: list[str]) -> Taken:
    """Run a command once; its output goes to a file that is thrown away."""
    with open("/dev/null", "wb") as nowhere:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        return Taken(time.perf_counter() - start, usage.ru_maxrss * 1024)


@contextmanager
def machine() -> Iterator[None]:
    """Have the swap in use for a while."""
    with ExitStack() as undo:
        undo.enter_context(rig.swap_lock())
        reason = rig.why_not()
        if reason is not None:
            print(f"not measured: {reason}")
            sys.exit()
        undo.enter_context(zram_area("lzo-rle", SWAP_BYTES // PAGE_SIZE * 21 // 20))
        children: list[Holder] = []
        # Before the area goes: nothing has to be read back.
        undo.callback(lambda: [child.end() for child in children])
        for number in range(PROCESSES):
            children.append(Holder(lambda number=number: page_out(number)))
        yield


def main() -> int:
    """Measure, print, and tell whether the claim holds."""
    program = str(Path(sys.executable).parent / "swapinfo")
    commands = {
        "swapinfo --map --json": [program, "--map", "--json"],
        "swapinfo --map": [program, "--map"],
        "swapinfo --who": [program, "--who"],
        "smaps of all, summed": [sys.executable, "-c", SMAPS],
        "cat smaps of all": ["sh", "-c", "cat /proc/[0-9]*/smaps"],
    }
    with machine():
        used = Path("/proc/swaps").read_text().splitlines()[1].split()[3]
        print(f"{PROCESSES} processes, {int(used) / 2**20:.2f} GiB of swap in use")
        taken = {name: measure(command) for name, command in commands.items()}
    for name, one in taken.items():
        print(f"{name:22} {one.seconds:6.2f} s {one.peak_bytes / 2**20:6.1f} MiB")
    ours = taken["swapinfo --map --json"]
    return ours.seconds > ALLOWED_SECONDS or ours.peak_bytes > ALLOWED_BYTES


if __name__ == "__main__":
    sys.exit(main())
