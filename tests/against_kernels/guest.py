"""A booted kernel: QEMU, its disks, and orders to the program that runs there.

Orders go to a first disk and answers come from a second one, since a serial line
is slow; the serial line says when.

Not here: what can be ordered (guest/), where kernels come from (packages.py).
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from tests.against_kernels.initramfs import compile_guest, write_initramfs
from tests.against_kernels.packages import Kernel, NotToBeHad, cache_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

QEMU = "qemu-system-x86_64"
MEMORY_BYTES = 1 << 30
BOOT_SECONDS = 300
JOB_SECONDS = 900
# DAMON's statistics, which 6.17 began to take, clear accessed bits at random.
_COMMAND_LINE = (
    "console=ttyS0 loglevel=1 panic=-1 oops=panic mitigations=off nokaslr"
    " printk.devkmsg=on log_buf_len=4M random.trust_cpu=on no_timer_check"
    " damon_stat.enabled=0"
)


class GuestDied(Exception):
    """The kernel stopped, or took too long; says the last lines of its console."""


class Disk(NamedTuple):
    """A disk of a guest, by its number from 3 on."""

    path: Path
    sector_bytes: int = 512
    format: str = "raw"
    #: What the guest writes is gone when it ends.
    is_kept: bool = True


@dataclass(frozen=True)
class Reply:
    """What the guest said to one order."""

    order: str
    lines: tuple[str, ...]

    @property
    def log(self) -> tuple[str, ...]:
        """Lines of the kernel log."""
        return tuple(line[2:] for line in self.lines if line.startswith("| "))

    def value(self, key: str) -> str | None:
        """What stands behind a word at the beginning of a line."""
        for line in self.lines:
            if line.startswith(f"{key} "):
                return line[len(key) + 1 :]
        return None


class OrderFailed(Exception):
    """The guest could not do what it was told; the rig is wrong, not the kernel."""


def why_not() -> str | None:
    """Say why this machine cannot boot guests, or None when it can."""
    for tool in (QEMU, "gcc", "setpriv"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    return None


def blank_disk(path: Path, size_bytes: int, sector_bytes: int = 512) -> Disk:
    """Make an empty disk that takes no room."""
    path.touch()
    os.truncate(path, size_bytes)
    return Disk(path, sector_bytes)


class Guest:
    """One boot of one kernel."""

    def __init__(
        self,
        kernel: Kernel,
        disks: Sequence[Disk] = (),
        *,
        memory_bytes: int = MEMORY_BYTES,
        cpus: int = 1,
    ) -> None:
        """Boot; the guest's ``/disk/3`` is the first of ``disks``, and so on."""
        self.kernel = kernel
        self._undo = ExitStack()
        scratch = Path(self._undo.enter_context(tempfile.TemporaryDirectory()))
        self._undo.enter_context(_one_at_a_time())
        self._jobs = blank_disk(scratch / "jobs", 64 << 20).path
        self._answers = blank_disk(scratch / "answers", 128 << 20).path
        self._console = scratch / "console"
        program, archive = scratch / "init", scratch / "initramfs"
        compile_guest(program)
        write_initramfs(archive, program, kernel.modules)
        all_disks = (Disk(self._jobs), Disk(self._answers), *disks)
        command = _command(
            kernel, archive, self._console, all_disks, memory_bytes, cpus
        )
        self._qemu = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._undo.callback(self._stop)
        try:
            self._expect("ready", BOOT_SECONDS)
            self.machine = self.ask(["machine"])[0]
        except BaseException:
            self._undo.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    @property
    def release(self) -> str:
        """As uname(2) says it."""
        return self.machine.value("release") or ""

    @property
    def ram_bytes(self) -> int:
        """MemTotal of the guest."""
        return int(self.machine.value("memory") or 0)

    def has(self, what: str) -> bool:
        """Whether the kernel has ``zswap``, ``zram``, ``loop`` or ``folios``."""
        return self.machine.value(what) == "1"

    def load(self, *purposes: str) -> None:
        """Load modules by purpose, and look at the machine anew."""
        self.ask([f"load {purpose}" for purpose in purposes])
        self.machine = self.ask(["machine"])[0]

    def filesystems(self) -> set[str]:
        """What it can mount a disk as."""
        words = [line.split() for line in self.machine.lines]
        return {name for key, name in words if key == "filesystem"}

    def ask(self, orders: Iterable[str], seconds: float = JOB_SECONDS) -> list[Reply]:
        """Have orders done, one after another.

        Raises:
            GuestDied: The kernel did not come back.
            OrderFailed: An order that could not be done.
        """
        listed = list(orders)
        job = "".join(f"{order}\n" for order in listed).encode()
        with self._jobs.open("r+b") as file:
            file.write(job)
        assert self._qemu.stdin is not None
        try:
            self._qemu.stdin.write(b"go %d\n" % len(job))
        except BrokenPipeError:
            raise GuestDied(self._last_words()) from None
        length = int(self._expect("done", seconds))
        with self._answers.open("rb") as file:
            text = file.read(length).decode(errors="surrogateescape")
        return _replies(listed, text)

    def _expect(self, word: str, seconds: float) -> str:
        # Wait for a line that begins with a word; return the rest of it.
        assert self._qemu.stdout is not None
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self._qemu.stdout], [], [], seconds)[0]:
                raise GuestDied(f"no answer in {seconds} s; {self._last_words()}")
            byte = os.read(self._qemu.stdout.fileno(), 1)
            if not byte:
                raise GuestDied(self._last_words())
            line += byte
        first, _, rest = line.decode().strip().partition(" ")
        if first != word:
            raise GuestDied(f"{first!r} instead of {word!r}")
        return rest

    def _last_words(self) -> str:
        lines = self._console.read_text(errors="replace").splitlines()
        told = [line for line in lines if "panic" in line or "BUG" in line]
        return " / ".join([*told[:3], *lines[-3:]])

    def _stop(self) -> None:
        self._qemu.kill()
        self._qemu.wait()
        for pipe in (self._qemu.stdin, self._qemu.stdout):
            if pipe is not None:
                pipe.close()


def _command(
    kernel: Kernel,
    archive: Path,
    console: Path,
    disks: Sequence[Disk],
    memory_bytes: int,
    cpus: int,
) -> list[str]:
    # Nothing is left of a guest when this process is killed.
    words = ["setpriv", "--pdeathsig", "KILL", "nice"]
    words += [QEMU, "-machine", "q35", "-accel", "tcg", "-nodefaults"]
    words += ["-no-reboot", "-display", "none", "-smp", str(cpus)]
    words += ["-m", str(memory_bytes >> 20)]
    words += ["-kernel", str(kernel.image), "-initrd", str(archive)]
    words += ["-append", f"{_COMMAND_LINE} swaptools.disks={len(disks)}"]
    words += ["-chardev", f"file,id=console,path={console}"]
    words += ["-serial", "chardev:console"]
    words += ["-chardev", "stdio,id=bell,signal=off", "-serial", "chardev:bell"]
    words += ["-device", "nvme,id=nvme,serial=swaptools"]
    for number, disk in enumerate(disks, 1):
        drive = f"file={disk.path},format={disk.format},if=none,id=disk{number}"
        drive += "" if disk.is_kept else ",snapshot=on"
        words += ["-drive", f"{drive},discard=unmap,file.locking=off"]
        words += [
            "-device",
            f"nvme-ns,bus=nvme,drive=disk{number},nsid={number}"
            f",logical_block_size={disk.sector_bytes}"
            f",physical_block_size={disk.sector_bytes}",
        ]
    return words


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    # Guests are slow, and there is one of them on a machine.
    path = cache_directory() / "qemu.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _replies(orders: list[str], text: str) -> list[Reply]:
    parts = text.split("\n> ")
    if text.startswith("> "):
        parts[0] = parts[0][2:]
    replies = []
    for part in parts:
        number, *lines = part.rstrip("\n").split("\n")
        reply = Reply(orders[int(number)], tuple(lines))
        for line in lines:
            if line.startswith("! "):
                raise OrderFailed(f"{reply.order}: {line[2:]}")
        replies.append(reply)
    return replies


__all__ = ["Disk", "Guest", "GuestDied", "Kernel", "NotToBeHad", "Reply", "blank_disk"]
