"""zswap on this machine: its settings, its counters, its writeback knob.

Not here: zram (zram.py), what the command line asks for (cmdline.py).

Kernel: mm/zswap.c module parameters and zswap_debugfs_init();
mm/memcontrol.c zswap_writeback_show().
"""

from __future__ import annotations

import os
import re

from swaptools.observe.proc import read_meminfo, read_text, unescape
from swaptools.records import NamedTuple

_PARAMETERS = "/sys/module/zswap/parameters"
_DEBUGFS = "/sys/kernel/debug"
_MOUNTINFO = "/proc/self/mountinfo"
_CGROUP = "/proc/self/cgroup"
_FILESYSTEMS = "/proc/filesystems"
_CRYPTO = "/proc/crypto"
_KNOB = "memory.zswap.writeback"


class Zswap(NamedTuple):
    """State of zswap; what this kernel or our privilege does not tell is None."""

    #: Whether it takes pages.
    enabled: bool
    #: As the kernel calls it.
    compressor: str | None
    #: Of memory, what the pool may take.
    max_pool_percent: int | None
    #: Of that, how far the pool has to go down before it takes pages again.
    accept_threshold_percent: int | None
    #: Whether memory pressure writes pages back.
    shrinker_enabled: bool | None
    #: Memory that the pool takes.
    pool_bytes: int | None
    #: The pages that it stands for.
    stored_bytes: int | None
    #: The debugfs counters by their names, which only root may read.
    counters: dict[str, int] | None
    #: Why ``counters`` is None.
    counters_unknown: str | None
    #: Whether pages may be written to swap, as this process sees it, from the
    #: root cgroup down.
    writeback: bool | None
    #: Why ``writeback`` is None.
    writeback_unknown: str | None


def read_zswap() -> Zswap | None:
    """Read the state of zswap; None where the kernel has none."""
    enabled = _flag(f"{_PARAMETERS}/enabled")
    if enabled is None:
        return None
    meminfo = read_meminfo()
    counters, no_counters = _counters()
    writeback, unknown = read_writeback()
    return Zswap(
        enabled=enabled,
        compressor=_word(f"{_PARAMETERS}/compressor"),
        max_pool_percent=_number(f"{_PARAMETERS}/max_pool_percent"),
        accept_threshold_percent=_number(f"{_PARAMETERS}/accept_threshold_percent"),
        shrinker_enabled=_flag(f"{_PARAMETERS}/shrinker_enabled"),
        pool_bytes=meminfo.get("Zswap"),
        stored_bytes=meminfo.get("Zswapped"),
        counters=counters,
        counters_unknown=no_counters,
        writeback=writeback,
        writeback_unknown=unknown,
    )


def read_settings() -> dict[str, str] | None:
    """Read every setting as the kernel writes it; None where it has no zswap."""
    try:
        names = sorted(os.listdir(_PARAMETERS))
    except OSError:
        return None
    found = {name: read_text(f"{_PARAMETERS}/{name}") for name in names}
    return {name: text.strip() for name, text in found.items() if text is not None}


def read_compressors() -> frozenset[str] | None:
    """Read the algorithms that are there now; None where /proc does not say.

    A module that was not loaded yet is not among them.
    """
    text = read_text(_CRYPTO)
    if text is None:
        return None
    return frozenset(re.findall(r"^name\s*:\s*(\S+)$", text, re.MULTILINE))


def read_writeback() -> tuple[bool | None, str | None]:
    """Tell whether zswap may write pages to swap for this process.

    The knob of every cgroup on the way from the root down has to be 1.

    Returns:
        The answer, or None and the reason why it cannot be told.
    """
    roots = _mounted("cgroup2")
    if not roots:
        is_told = read_text(_MOUNTINFO) is not None
        return None, f"not {'available' if is_told else 'known'} here (no cgroup v2)"
    root = roots[0]
    if "memory" not in (read_text(f"{root}/cgroup.controllers") or "").split():
        return None, "not available here (cgroup v1)"
    if read_text(f"{root}/{_KNOB}") is None:
        return None, "not available here (the knob came with Linux 6.8)"
    place = root
    for part in ("", *_own_cgroup()):
        place = f"{place}/{part}"
        if (read_text(f"{place}/{_KNOB}") or "1").strip() == "0":
            return False, None
    return True, None


def _mounted(filesystem: str) -> list[str]:
    # Where a kernel's own file system is mounted.
    found = []
    for line in (read_text(_MOUNTINFO) or "").split("\n"):
        mount, _, source = line.partition(" - ")
        if source.startswith(f"{filesystem} "):
            found.append(unescape(mount.split()[4]))
    return found


def _own_cgroup() -> tuple[str, ...]:
    for line in (read_text(_CGROUP) or "").splitlines():
        if line.startswith("0::/"):
            return tuple(part for part in line[4:].split("/") if part != "..")
    return ()


def _counters() -> tuple[dict[str, int] | None, str | None]:
    # The counters, or why there are none to be read.
    mounted = _mounted("debugfs")
    place = f"{mounted[0] if mounted else _DEBUGFS}/zswap"
    try:
        names = sorted(os.listdir(place))
    except PermissionError:
        return None, "debugfs is for root of the machine"
    except OSError:
        return None, _why_no_counters(bool(mounted))
    found = {name: _number(f"{place}/{name}") for name in names}
    return {name: value for name, value in found.items() if value is not None}, None


def _why_no_counters(is_mounted: bool) -> str:
    if is_mounted:
        return "zswap was not on since boot"
    known = read_text(_FILESYSTEMS)
    if known is not None and "debugfs" not in known.split():
        return "this kernel has no debugfs"
    return "debugfs is not mounted"


def _word(path: str) -> str | None:
    return (read_text(path) or "").strip() or None


def _flag(path: str) -> bool | None:
    text = _word(path)
    return None if text is None else text == "Y"


def _number(path: str) -> int | None:
    text = _word(path)
    return int(text) if text is not None and text.isdigit() else None
