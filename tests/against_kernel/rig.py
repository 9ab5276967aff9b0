"""The only way tests touch the running kernel's swap: one lock, everything undone.

Swap is one per machine, so every test that swaps something on holds the lock.
Each helper is a context manager that restores what it changed, also after a
failure.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK = Path("/run/lock/swaptools.lock")
SWAP_FLAG_PREFER = 0x8000
#: For so long the lock is kept between two things that could be done apart, and then
#: it is free for as long as somebody who waits for it takes to wake up.
LONG_SECONDS, _WAKE_SECONDS = 60, 0.5

_libc = ctypes.CDLL(None, use_errno=True)


def why_not() -> str | None:
    """Say why this machine cannot run kernel tests, or None when it can."""
    if os.geteuid() != 0:
        return "needs root"
    if not Path("/proc/swaps").exists():
        return "this kernel has no swap"
    ctypes.set_errno(0)
    _libc.swapoff(b"/")
    if ctypes.get_errno() == 1:
        return "swapoff(2) is not permitted here"
    if Path("/proc/swaps").read_text().count("\n") > 1:
        return "other swap areas are active"
    return None


class SwapLock:
    """The machine's swap, held."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._since = time.monotonic()

    def give_way(self) -> None:
        """Let others have it who wait, if it was held for long; have it again then.

        The caller has left nothing on.
        """
        if time.monotonic() - self._since > LONG_SECONDS:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            time.sleep(_WAKE_SECONDS)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            self._since = time.monotonic()


@contextmanager
def swap_lock() -> Iterator[SwapLock]:
    """Hold the machine's swap for ourselves; waits for another holder."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield SwapLock(lock.fileno())


def swapon_errno(path: Path | str, flags: int = 0) -> int:
    """Call swapon(2); return 0 or the error number."""
    ctypes.set_errno(0)
    return 0 if _libc.swapon(os.fsencode(path), flags) == 0 else ctypes.get_errno()


def swapoff_errno(path: Path | str) -> int:
    """Call swapoff(2); return 0 or the error number."""
    ctypes.set_errno(0)
    return 0 if _libc.swapoff(os.fsencode(path)) == 0 else ctypes.get_errno()


@contextmanager
def swapped_on(path: Path | str, flags: int = 0) -> Iterator[None]:
    """Have an area active for a while; OSError when the kernel refuses it."""
    error = swapon_errno(path, flags)
    if error:
        raise OSError(error, os.strerror(error), str(path))
    try:
        yield
    finally:
        error = swapoff_errno(path)
        if error:
            raise OSError(error, f"swapoff: {os.strerror(error)}", str(path))


@contextmanager
def setting(path: Path | str, value: str) -> Iterator[None]:
    """Write a kernel setting and put the old value back."""
    knob = Path(path)
    old = knob.read_text().strip()
    if "[" in old:  # a choice: "always [madvise] never"
        old = old[old.index("[") + 1 : old.index("]")]
    knob.write_text(value)
    try:
        yield
    finally:
        knob.write_text(old)


@contextmanager
def loop_device(path: Path | str, *options: str) -> Iterator[Path]:
    """Attach a file to a free loop device."""
    made = subprocess.run(
        ["losetup", "--find", "--show", *options, str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    device = Path(made.stdout.strip())
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", str(device)], check=True)


@contextmanager
def mounted(source: Path | str, target: Path, *options: str) -> Iterator[Path]:
    """Mount ``source`` (a device, or a word such as tmpfs) on ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", *options, str(source), str(target)], check=True)
    try:
        yield target
    finally:
        subprocess.run(["umount", str(target)], check=True)


def kernel_log(marker: str) -> None:
    """Write a marker to the kernel log; a fresh open each, since ten is the limit."""
    with open("/dev/kmsg", "w") as log:
        log.write(f"{marker}\n")
