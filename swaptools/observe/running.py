"""What the kernel says of this boot, below /proc and /sys of a tree.

Not here: the files of the next boot (config/), block devices (blocks.py).

Kernel: /proc/swaps, /proc/sys/vm, /sys/power, /sys/module/zswap.
systemd: src/basic/virt.c detect_container().
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from swaptools.config.boot import CommandLine
from swaptools.config.cmdline import parse_cmdline
from swaptools.config.text import Place
from swaptools.observe.proc import parse_swaps, unescape
from swaptools.observe.system import Running

if TYPE_CHECKING:
    from swaptools.observe.proc import SwapRow
    from swaptools.observe.tree import Tree

_CONTAINER: Final = ("/run/systemd/container", "/.dockerenv", "/run/.containerenv")
_SYSCTLS: Final = ("swappiness", "overcommit_memory", "overcommit_ratio")
#: What override_cache_bits() makes of processors that say less.
_CACHE_BITS: Final = 44


def is_container(tree: Tree) -> bool:
    """Tell whether systemd would take itself to be in a container."""
    if any(tree.stat(path) is not None for path in _CONTAINER):
        return True
    environment = tree.text("/proc/1/environ") or ""
    return any(word.startswith("container=") for word in environment.split("\0"))


def memory_bytes(tree: Tree) -> int | None:
    """Return MemTotal."""
    text = tree.text("/proc/meminfo") or ""
    match = re.search(r"^MemTotal:\s+(\d{1,15}) kB$", text, re.MULTILINE | re.ASCII)
    return int(match[1]) * 1024 if match else None


def read_running(tree: Tree) -> Running:
    """Read what the kernel says; where /proc/swaps is missing, the tree knows."""
    cmdline = tree.text("/proc/cmdline")
    place = Place("/proc/cmdline", 1)
    return Running(
        command_line=None
        if cmdline is None
        else CommandLine(place, parse_cmdline(cmdline)),
        swaps=_swaps(tree),
        mounts=_mounts(tree),
        zswap=_zswap(tree),
        compressors=_compressors(tree),
        sysctls={
            f"vm.{name}": value
            for name in _SYSCTLS
            if (value := tree.word(f"/proc/sys/vm/{name}")) is not None
        },
        image_size_bytes=_size(tree.word("/sys/power/image_size")),
        can_hibernate=_can_hibernate(tree),
        lockdown=_lockdown(tree),
        has_sysfs=tree.stat("/sys/module") is not None,
        max_area_bytes=_max_area_bytes(tree),
    )


def _swaps(tree: Tree) -> tuple[SwapRow, ...] | None:
    text = tree.text("/proc/swaps")
    if text is not None:
        return parse_swaps(text)
    if tree.text("/proc/meminfo") is not None:
        return ()  # a kernel without swap
    is_there = tree.stat("/proc/self") is not None
    reason = "hidden by a /proc with subset=pid" if is_there else "/proc is not mounted"
    tree.miss("/proc/swaps", reason)
    return None


def _mounts(tree: Tree) -> frozenset[str]:
    found = {"/"}
    for line in (tree.text("/proc/self/mountinfo") or "").split("\n"):
        words = line.split(" ")
        if len(words) > 4:
            found.add(unescape(words[4]))
    return frozenset(found)


def _zswap(tree: Tree) -> dict[str, str] | None:
    paths = tree.list("/sys/module/zswap/parameters")
    found = {os.path.basename(path): tree.word(path) for path in paths}
    return {name: value for name, value in found.items() if value} or None


def _compressors(tree: Tree) -> frozenset[str] | None:
    text = tree.text("/proc/crypto")
    if text is None:
        return None
    return frozenset(re.findall(r"^name\s*:\s*(\S+)$", text, re.MULTILINE))


def _size(text: str | None) -> int | None:
    is_size = text is not None and text.isdecimal() and len(text) < 20
    return int(text) if text is not None and is_size else None


def _can_hibernate(tree: Tree) -> bool | None:
    state = tree.text("/sys/power/state")
    return None if state is None else "disk" in state.split()


def _lockdown(tree: Tree) -> str | None:
    # Kernel: security/lockdown/lockdown.c lockdown_read().
    text = tree.text("/sys/kernel/security/lockdown") or ""
    match = re.search(r"\[(integrity|confidentiality)\]", text)
    return match[1] if match else None


def _max_area_bytes(tree: Tree) -> int | None:
    # Against L1TF no entry of a page table may look like memory. Kernel:
    # arch/x86/mm/init.c arch_max_swapfile_size(), arch/x86/kernel/cpu/bugs.c
    # override_cache_bits(), which makes it 44 bits at least.
    state = tree.word("/sys/devices/system/cpu/vulnerabilities/l1tf") or ""
    text = (tree.text("/proc/cpuinfo") or "")[:10_000]
    match = re.search(r"address sizes\s*:\s*(\d{1,2}) bits physical", text, re.ASCII)
    if not state.startswith("Mitigation") or match is None:
        return None
    return 1 << max(int(match[1]), _CACHE_BITS) - 1
