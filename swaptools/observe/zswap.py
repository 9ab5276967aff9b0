"""What compresses pages on this machine: zswap, its writeback knob, zram.

Kernel: mm/zswap.c module parameters and zswap_debugfs_init();
mm/memcontrol.c zswap_writeback_show(); drivers/block/zram/zram_drv.c mm_stat_show().
"""

from __future__ import annotations

import os
from typing import NamedTuple

from swaptools.observe.proc import read_meminfo, read_text, unescape

_PARAMETERS = "/sys/module/zswap/parameters"
_DEBUGFS = "/sys/kernel/debug/zswap"
_MOUNTINFO = "/proc/self/mountinfo"
_CGROUP = "/proc/self/cgroup"
_BLOCK = "/sys/block"
_KNOB = "memory.zswap.writeback"


class Zswap(NamedTuple):
    """State of zswap; what this kernel or our privilege does not tell is None."""

    enabled: bool
    compressor: str | None
    max_pool_percent: int | None
    accept_threshold_percent: int | None
    shrinker_enabled: bool | None
    #: Memory that the pool takes, and the pages it stands for, in bytes.
    pool_bytes: int | None
    stored_bytes: int | None
    #: The debugfs counters by their names, which only root may read.
    counters: dict[str, int] | None
    #: Whether pages may be written to swap, as this process sees it, from the
    #: root cgroup down.
    writeback: bool | None
    #: Why ``writeback`` is None.
    writeback_unknown: str | None


class Zram(NamedTuple):
    """A zram device that is set up; sizes in bytes."""

    name: str
    disksize_bytes: int
    compressor: str | None
    orig_data_bytes: int
    compr_data_bytes: int
    mem_used_bytes: int
    #: Device that takes pages written back, None without one.
    backing_dev: str | None


def read_zswap() -> Zswap | None:
    """Read the state of zswap; None where the kernel has none."""
    enabled = _flag(f"{_PARAMETERS}/enabled")
    if enabled is None:
        return None
    meminfo = read_meminfo()
    writeback, unknown = read_writeback()
    return Zswap(
        enabled=enabled,
        compressor=_word(f"{_PARAMETERS}/compressor"),
        max_pool_percent=_number(f"{_PARAMETERS}/max_pool_percent"),
        accept_threshold_percent=_number(f"{_PARAMETERS}/accept_threshold_percent"),
        shrinker_enabled=_flag(f"{_PARAMETERS}/shrinker_enabled"),
        pool_bytes=meminfo.get("Zswap"),
        stored_bytes=meminfo.get("Zswapped"),
        counters=_counters(),
        writeback=writeback,
        writeback_unknown=unknown,
    )


def read_writeback() -> tuple[bool | None, str | None]:
    """Tell whether zswap may write pages to swap for this process.

    The knob of every cgroup on the way from the root down has to be 1.

    Returns:
        The answer, or None and the reason why it cannot be told.
    """
    root = _cgroup2_root()
    if root is None:
        return None, "not available here (cgroup v1)"
    if read_text(f"{root}/{_KNOB}") is None:
        return None, "not available here (the knob came with Linux 6.8)"
    place = root
    for part in ("", *_own_cgroup()):
        place = f"{place}/{part}"
        if (read_text(f"{place}/{_KNOB}") or "1").strip() == "0":
            return False, None
    return True, None


def read_zrams() -> tuple[Zram, ...]:
    """Read the zram devices that have a size."""
    found = []
    for name in _listed(_BLOCK):
        if not name.startswith("zram"):
            continue
        device = f"{_BLOCK}/{name}"
        disksize_bytes = _number(f"{device}/disksize")
        statistics = read_text(f"{device}/mm_stat") or ""
        numbers = [int(word) for word in statistics.split()]
        if not disksize_bytes or len(numbers) < 3:
            continue
        backing = _word(f"{device}/backing_dev")
        found.append(
            Zram(
                name=f"/dev/{name}",
                disksize_bytes=disksize_bytes,
                compressor=_chosen(read_text(f"{device}/comp_algorithm")),
                orig_data_bytes=numbers[0],
                compr_data_bytes=numbers[1],
                mem_used_bytes=numbers[2],
                backing_dev=None if backing == "none" else backing,
            )
        )
    return tuple(found)


def _cgroup2_root() -> str | None:
    # Where cgroup v2 is mounted, if it has the memory controller at all.
    for line in (read_text(_MOUNTINFO) or "").splitlines():
        mount, _, source = line.partition(" - ")
        if source.startswith("cgroup2 "):
            root = unescape(mount.split()[4])
            controllers = (read_text(f"{root}/cgroup.controllers") or "").split()
            return root if "memory" in controllers else None
    return None


def _own_cgroup() -> tuple[str, ...]:
    for line in (read_text(_CGROUP) or "").splitlines():
        if line.startswith("0::/"):
            return tuple(part for part in line[4:].split("/") if part != "..")
    return ()


def _counters() -> dict[str, int] | None:
    names = _listed(_DEBUGFS)
    if not names:
        return None
    found = {name: _number(f"{_DEBUGFS}/{name}") for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _listed(place: str) -> list[str]:
    try:
        return sorted(os.listdir(place))
    except OSError:
        return []


def _chosen(text: str | None) -> str | None:
    # "[lzo-rle] lzo lz4": the one in brackets.
    _, _, rest = (text or "").partition("[")
    return rest.partition("]")[0] or None


def _word(path: str) -> str | None:
    return (read_text(path) or "").strip() or None


def _flag(path: str) -> bool | None:
    text = _word(path)
    return None if text is None else text == "Y"


def _number(path: str) -> int | None:
    text = _word(path)
    return int(text) if text is not None and text.isdigit() else None
