"""The file system that a guest starts from: our program, and modules to load.

Kernel: Documentation/driver-api/early-userspace/buffer-format.rst ("newc").
"""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.against_kernels.packages import NotToBeHad

if TYPE_CHECKING:
    from collections.abc import Iterator

GUEST_SOURCES = Path(__file__).parent / "guest"
_DIRECTORIES = ("dev", "proc", "sys", "cgroup", "tmp", "modules")


def compile_guest(target: Path) -> None:
    """Make process 1, a static program.

    Raises:
        NotToBeHad: No compiler, or no library to link with.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NotToBeHad("no C compiler is installed")
    sources = sorted(map(str, GUEST_SOURCES.glob("*.c")))
    options = ("-static", "-O1", "-Wall", "-Wextra", "-D_GNU_SOURCE")
    made = subprocess.run(
        [compiler, *options, "-o", str(target), *sources],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise NotToBeHad(f"the guest program does not compile: {made.stderr}")


def write_initramfs(target: Path, program: Path, modules: Path) -> None:
    """Write an archive with ``program`` as /init and the files of ``modules``."""
    with target.open("wb") as file:
        for name, mode, data in _members(program, modules):
            file.write(_member(name, mode, data))
        file.write(_member("TRAILER!!!", 0, b""))


def _members(program: Path, modules: Path) -> Iterator[tuple[str, int, bytes]]:
    for name in _DIRECTORIES:
        yield name, stat.S_IFDIR | 0o755, b""
    yield "init", stat.S_IFREG | 0o755, program.read_bytes()
    for path in sorted(modules.iterdir()):
        yield f"modules/{path.name}", stat.S_IFREG | 0o644, path.read_bytes()


def _member(name: str, mode: int, data: bytes) -> bytes:
    # Thirteen numbers of eight hexadecimal digits; names and data padded to four.
    named = name.encode() + b"\0"
    numbers = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(named), 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + named
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
