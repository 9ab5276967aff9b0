"""Swap to be recorded with: what is on already, or a zram device of our own.

Not here: the cgroup that is swapped from (limit.py).

Kernel: Documentation/admin-guide/blockdev/zram.rst.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from swaptools.errors import RecordError
from swaptools.record.kernel_files import set_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTROL: Final = Path("/sys/class/zram-control")
_SWAPS: Final = Path("/proc/swaps")
_TRIES: Final = 20


@contextmanager
def some_swap(size_bytes: int) -> Iterator[str]:
    """Have swap, and yield a sentence on what it is.

    Args:
        size_bytes: Of a zram device, where nothing is on.

    Raises:
        RecordError: There is none, and none can be made.
    """
    active = _SWAPS.read_text().splitlines()[1:]
    if active:
        names = ", ".join(line.split()[0] for line in active)
        yield f"swap is what is on: {names}"
        return
    try:
        number = (_CONTROL / "hot_add").read_text().strip()
    except OSError as exc:
        reason = "no swap is on, and this kernel has no zram (or modprobe zram is due)"
        raise RecordError(reason, 125) from exc
    device = f"/dev/zram{number}"
    try:
        set_file(Path(f"/sys/block/zram{number}/disksize"), str(size_bytes))
        _run("mkswap", device)
        _run("swapon", "--priority", "32767", device)
        yield f"swap is {device}, {size_bytes >> 20} MiB of zram"
    finally:
        _put_away(number, device)


def _put_away(number: str, device: str) -> None:
    if any(line.startswith(f"{device} ") for line in _SWAPS.read_text().splitlines()):
        subprocess.run(["swapoff", device], check=False)
    for _ in range(_TRIES):  # udev may look at it for a moment
        with contextlib.suppress(OSError):
            Path(f"/sys/block/zram{number}/reset").write_text("1")
            (_CONTROL / "hot_remove").write_text(number)
            return
        time.sleep(0.1)


def _run(*words: str) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as exc:
        raise RecordError(f"{words[0]}: {exc.strerror}", 125) from exc
    if done.returncode:
        raise RecordError(f"{words[0]}: {done.stderr.strip()[-200:]}", 125)
