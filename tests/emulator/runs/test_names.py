"""Names are looked up before the first line runs."""

from __future__ import annotations

import pytest

from swaptools.emulator.machine.machine import Machine
from swaptools.emulator.runs.names import COUNTERS, Names
from swaptools.emulator.runs.script import parse_script
from swaptools.errors import ScriptError
from tests.cases import every_case


@every_case(
    ("text", "reason"),
    [
        ("swapon a block 9\nswapon a file 9", "swapon: a is on"),
        ("swapoff a", "swapoff: no area 'a'"),
        ("swapon a block 9\nswapoff a\nswapoff a", "swapoff: no area 'a'"),
        ("swapon a block 9\nswapoff a\nexpect a 0", "expect: no counter or area 'a'"),
        ("virtual 9\nvirtual 9", "virtual: virtual is on"),
        ("write 0 1\nvirtual 9", "virtual: too late: tasks have begun"),
        ("swapon a block 9\ntransfer a b 1", "transfer: no area 'b'"),
        ("swapon a block 9\ntransfer a a 1", "transfer: from an area to itself"),
        ("swapon a block 9\nset a.mem_limit 1M", "set: no zram area 'a'"),
        ("swapon a block 9\nshow zram a", "show: no zram area 'a'"),
        ("cpus 2\ncpu 2", "cpu: no CPU 2 of 2"),
        ("cpu 0\ncpus 2", "cpus: too late: the machine has started"),
        ("swapon a block 9\nram 1G", "ram: too late"),
        ("kernel five", "kernel: no kernel 'five'"),
        ("cgroup a/b", "cgroup: no cgroup 'a'"),
        ("cgroup a\ncgroup /a/", "cgroup: cgroup '/a/' exists"),
        ("cgroup /", "cgroup: cgroup '/' exists"),
        ("set a/memory.zswap.max 1M", "set: no cgroup 'a'"),
        ("set zswap.colour red", "set: no knob 'zswap.colour'; known: zswap.enabled"),
        ("set zswap.max_pool_percent 101", "set: '101' is not 0 to 100"),
        ("set zswap.compressor rar", "set: no compressor 'rar'"),
        ("show cgroup a", "show: no cgroup 'a'"),
        ("tiers +SSD:10", "tiers: no tier starts at -1"),
        ("tiers +SSD:-1\nmax /a HDD 0", "max: 'HDD 0': not a tier with max or 0"),
        ("max / SSD 0", "max: the root cgroup has no limits"),
        ("fork main", "fork: there is a task 'main'"),
        ("fork a\nfork a", "fork: there is a task 'a'"),
        ("fork a\ntask a cgroup=/", "task: 'a' has its cgroup"),
        ("shm x", "shm: no object 'x'"),
        ("shm x 5\nshm x 5", "shm: there is an object 'x'"),
        ("unlink x", "unlink: no object 'x'"),
        ("shm x 5\nunlink x\nwrite 0 1", "write: object 'x' is gone"),
        ("shm x 5\nwrite 0 1\nunlink x\nexit\nshm x", "shm: object 'x' is gone"),
        ("shm x 5\nwrite 3 3", "write: no pages 3 to 5: the last is 4"),
        ("shm x 5\nwrite 0 2 order=1", "write: order 1 in shared memory"),
        ("write 268435455 2", "write: no pages 268435455 to 268435456"),
        ("read 0 16777216 step=17", "read: no pages 0 to 285212655"),
        ("expect nothing 1", "expect: no counter or area 'nothing'"),
    ],
)
def test_a_name_that_is_not_there_or_is(text: str, reason: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script(text)
    number = text.count("\n") + 1
    assert str(caught.value).startswith(f"line {number}: {reason}")


@pytest.mark.parametrize(
    "text",
    [
        "zswap on\nram 1G\nkernel 6.12\ncpus 2",
        "cgroup a\ncgroup a/b\nset a/b/memory.zswap.max max\nshow cgroup /a/b",
        "task t cgroup=/new/group\nshow cgroup new",
        "tiers +SSD:5 +HDD:-1\nmax /new SSD 0\nset new/memory.zswap.writeback 0",
        "write 0 1\nexit\nfork a",
        "shm x 5\nread 0 1\nunlink x\nwrite 4 1\nfork a\nexit\ntask a\nshm x\nread 4 1",
        "swapon z zram 9\nset z.mem_limit 1M\nshow zram z\nexpect z 0",
        "virtual 9\nswapon d block 9\nexpect virtual 0\nshow zram virtual",
        "swapon a block 9\nswapoff a\nswapon a file 9",
    ],
)
def test_what_may_be_named(text: str) -> None:
    assert parse_script(text).operations


def test_a_script_can_be_read_a_line_at_a_time() -> None:
    names = Names()
    parse_script("swapon a block 9", names)
    assert parse_script("swapoff a", names).operations
    with pytest.raises(ScriptError):
        parse_script("swapoff a", names)


def test_counters_are_those_of_a_machine() -> None:
    machine = Machine(policy="fifo", compiled=False)
    counted = machine.vmstat() | machine.meminfo() | machine.zswap_debugfs()
    assert counted.keys() == COUNTERS


@pytest.mark.parametrize("name", ["pswpout", "SwapFree", "stored_pages"])
def test_an_area_hides_no_counter(name: str) -> None:
    with pytest.raises(ScriptError, match="what a counter is called"):
        parse_script(f"swapon {name} block 64\nexpect {name} 0")
