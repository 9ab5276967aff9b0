"""What the files of a control group show.

Not here: what can be written to them (knobs.py, limits.py), what is counted
(core/page_counter.py, rstat.py).

Kernel: mm/memcontrol.c, mm/memcontrol-v1.c, 6.18.
Same: names, values and units.
Changed: a file of several lines is shown as several, behind its name and a dot.
Left out: files that have nothing to do with anonymous memory and swap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.core.pressure_structs import (
    LRU_ACTIVE,
    LRU_INACTIVE,
    NR_LRUS,
)

if TYPE_CHECKING:
    from swaptools.emulator.core.compressed import MemCg
    from swaptools.emulator.machine.machine import Machine
    from swaptools.emulator.machine.state import State
    from swaptools.emulator.store.memcg import MemCgroup

    Files = dict[str, int | str]

#: Lines of memory.events and memory.swap.events, and what counts them.
_EVENTS: Final = {
    "memory.events.high": "high_events",
    "memory.events.max": "max_events",
    "memory.events.oom": "oom_events",
    "memory.events.oom_kill": "oom_kills",
    "memory.swap.events.max": "swap_max_events",
    "memory.swap.events.fail": "swap_fail_events",
}
#: Lines of memory.stat that a LruVec counts.
_STAT: Final = (
    *("pgscan", "pgsteal", "pgrefill", "pgactivate", "pgdeactivate"),
    *("workingset_refault_anon", "workingset_activate_anon"),
    "workingset_restore_anon",
)


def cgroup_files(machine: Machine, path: str) -> Files:
    """Return what the files of a cgroup show.

    Raises:
        IllegalOperation: There is no such cgroup.
    """
    memcg, page_size = machine.cgroups[path], machine.page_size
    files: Files = {}
    if machine.state.totals.has_policy:
        is_first = machine.state.slots.pressure[0].memcg_version == 1
        look = _first_version if is_first else _second_version
        files = look(memcg.record, memcg, page_size) | _stat(machine.state, memcg)
    limit_pages = memcg.zswap_max_pages
    return files | {
        "memory.zswap.current": memcg.zswap_bytes,
        "memory.zswap.max": _max(-1 if limit_pages is None else limit_pages, page_size),
        "memory.zswap.writeback": int(memcg.zswap_writeback),
    }


def _max(pages: int, page_size: int) -> int | str:
    return "max" if pages < 0 else pages * page_size


def _second_version(record: MemCg, memcg: MemCgroup, page_size: int) -> Files:
    files: Files = {
        "memory.current": record.memory * page_size,
        "memory.peak": record.watermark * page_size,
        "memory.high": _max(record.memory_high, page_size),
        "memory.max": _max(record.memory_max, page_size),
        "memory.swap.current": record.swap * page_size,
        "memory.swap.max": _max(record.swap_max, page_size),
    }
    return files | {name: memcg.total(counter) for name, counter in _EVENTS.items()}


def _first_version(record: MemCg, _memcg: MemCgroup, page_size: int) -> Files:
    return {
        "memory.usage_in_bytes": record.memory * page_size,
        "memory.max_usage_in_bytes": record.watermark * page_size,
        "memory.limit_in_bytes": _max(record.memory_max, page_size),
        "memory.failcnt": record.failcnt,
        "memory.memsw.usage_in_bytes": record.memsw * page_size,
        "memory.memsw.limit_in_bytes": _max(record.memsw_max, page_size),
    }


# As it is, not as it was flushed last.
def _stat(state: State, memcg: MemCgroup) -> Files:
    s = state.slots
    groups = [below.number for below in memcg.and_below()]
    lists = {"inactive_anon": LRU_INACTIVE, "active_anon": LRU_ACTIVE}
    found: Files = {
        f"memory.stat.{name}": state.page_size
        * sum(s.lrus[number * NR_LRUS + which].nr for number in groups)
        for name, which in lists.items()
    }
    return found | {
        f"memory.stat.{name}": sum(getattr(s.lruvecs[n], name) for n in groups)
        for name in _STAT
    }
