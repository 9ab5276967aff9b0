"""The text form of a run, and what it says of mistakes."""

from __future__ import annotations

import re

import pytest

from swaptools.emulator.runs.entries import format_runs, parse_runs
from swaptools.emulator.runs.script import Run, parse_script, run_script
from swaptools.errors import ScriptError
from tests.cases import every_case

AREA = "swapon a block 1024\n"


def shows(text: str) -> list[str]:
    run = Run(compiled=False)
    return [found.text for _, found in run_script(parse_script(text), run) if found]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("1-3", [(0, 1), (0, 2), (0, 3)]),
        ("9-7", [(0, 9), (0, 8), (0, 7)]),
        ("1-2, 1-2", [(0, 1), (0, 2), (0, 1), (0, 2)]),
        ("1-2, 5, 4-3, present, none*2", [(0, 1), (0, 2), (0, 5), (0, 4), (0, 3)]),
    ],
)
def test_runs_both_ways(text: str, entries: list[tuple[int, int]]) -> None:
    parsed = parse_runs(text)
    assert parsed[: len(entries)] == entries
    assert parse_runs(format_runs(parsed)) == parsed
    assert parse_runs(format_runs(parsed, with_types=True)) == parsed


def test_shows() -> None:
    assert shows(AREA + "write 0 3\npageout 0 2\nshow 0 4") == ["1-2, present, none"]
    two = AREA + "swapon b block 1024\nwrite 0 2\npageout 0 2\nshow 0 2"
    assert shows(two) == ["0:1-2"]
    assert "partition\t4092" in shows(AREA + "show swaps")[0]
    assert "pswpout 2" in shows(AREA + "write 0 2\npageout 0 2\nshow vmstat")[0]


def test_tasks_and_cpus() -> None:
    text = (
        "cpus 2\nzswap on\n" + AREA + "write 0 2\npageout 0 1\ncpu 1\npageout 1 1\n"
        "expect 0 2: 1 512\nfork child\ntask child\ndrop 0 2\nexpect a 2\nexit\n"
        "task main\nexit\ntask other\nwrite 0 1 text=x\npageout 0 1\nread 0 1\n"
        "swapoff a\nexpect 0 1: present\nexpect zswpin 1\n"
    )
    assert shows(text) == []


@every_case(
    ("text", "line", "reason"),
    [
        ("fly 1 2", 1, "no operation 'fly'"),
        (AREA + "\n# x\nwrite 0", 4, "no page count"),
        (AREA + "write x 1", 2, "'x' is no number"),
        (AREA + "write 0 1 colour=red", 2, "no option 'colour'; known: order"),
        (AREA + "write 0 1 order=x", 2, "order 'x' is no number"),
        (AREA + "kernel 6.12", 2, "too late"),
        ("kernel moon\n" + AREA, 1, "no kernel 'moon'"),
        ("swapon a tape 100", 1, "no backing 'tape'"),
        ("swapon a block 12Q", 1, "invalid size"),
        (AREA + AREA, 2, "a is on"),
        (AREA + "swapoff b", 2, "no area 'b'"),
        (
            AREA + "write 0 2\npageout 0 2\nexpect 0 2: 1 3",
            4,
            "expected 1, 3, have 1-2",
        ),
        (AREA + "write 0 2\nexpect a 1", 3, "expected a 1, have 0"),
        (AREA + "expect b 1", 2, "no counter or area 'b'"),
        (AREA + "expect 0 1: 1..2", 2, "not a run"),
        (AREA + "expect fault 0", 2, "expected a fault"),
        (AREA + "zswap maybe", 2, "not on or off"),
        (AREA + "show moon", 2, "no 'moon'"),
        (AREA + "cpu 3", 2, "no CPU 3"),
        (AREA + "fork a\nfork a", 3, "there is a task"),
    ],
)
def test_mistakes_have_a_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(ScriptError, match=reason) as caught:
        shows(text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("write 0 1000000000000", "page count '1000000000000' is not 1 to 16777216"),
        ("write 0 1e12", "page count '1e12' is no number"),
        ("write 0 -1", "page count '-1' is no number"),
        ("write 0 ٣", "page count '٣' is no number"),
        ("write 0 ²", "page count '²' is no number"),
        (f"write 0 {'9' * 5000}", "page count '999"),
        ("read 0 16777217", "page count '16777217' is not 1 to 16777216"),
        ("pageout 0 0", "page count '0' is not 1 to 16777216"),
        ("drop 0 99999999999", "is not 1 to 16777216"),
        ("show 0 99999999999", "is not 1 to 16777216"),
        ("expect 0 99999999999: 1", "page count '99999999999' is not 1 to"),
        ("shm x 99999999999", "page count '99999999999' is not 1 to"),
        ("cpus 100000000", "number of CPUs '100000000' is not 1 to 8192"),
        ("cpus 0", "number of CPUs '0' is not 1 to 8192"),
        ("swapon b block 17T", "size '17T' is more than 4294967296 pages"),
        ("swapon b block 4294967297", "size '4294967297' is not 0 to 4294967296"),
        ("swapon b block 99999999999999999999E", "is too large"),
        ("x" * 100000, "no operation 'xxx"),
    ],
)
def test_what_no_machine_could_be_is_refused_before_the_first_line_runs(
    line: str, reason: str
) -> None:
    with pytest.raises(ScriptError, match=re.escape(reason)) as caught:
        parse_script(f"{AREA}\n{line}")
    assert caught.value.line == 3
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("expect 0 1: none*999999999999", "999999999999 entries for 1 pages"),
        ("expect 0 1: 0-999999999999", "1000000000000 entries for 1 pages"),
        ("expect 0 1: none*9999999999999999999999", "is not a run of slots"),
        ("expect 0 2: none", "expected none, have none*2"),
        ("expect 0 1: none*2", "expected none*2, have none"),
        ("write 0 1 order=99", "order '99' is not 0 to 9"),
        ("write 0 1 length=5000", "length '5000' is not 0 to 4096"),
        ("swapon b block 9 prio=99999", "prio '99999' is not 0 to 32767"),
        ("swapon b block 9 bad=3,x", "bad 'x' is no number"),
        ("write 268435456 1", "no pages 268435456"),
    ],
)
def test_what_is_out_of_range_is_refused(line: str, reason: str) -> None:
    with pytest.raises(ScriptError, match=re.escape(reason)):
        shows(f"{AREA}\n{line}")


@pytest.mark.parametrize(
    "text",
    [
        "kernel 6.18\nkernel 7.2",
        "cpus 2\ncpus 2",
        "ram 16M\nkernel 6.18\nram 32M",
        "policy lru\nram 16M\npolicy lru",
    ],
)
def test_what_the_machine_is_is_said_once(text: str) -> None:
    with pytest.raises(ScriptError, match="said before") as caught:
        parse_script(text)
    assert caught.value.line == text.count("\n") + 1


def test_the_largest_area_takes_no_memory() -> None:
    assert shows("swapon a block 16T\nwrite 0 3\npageout 0 3\nshow 0 3") == ["1-3"]


def test_knobs_and_counters() -> None:
    text = (
        "kernel ghost-rfc mended\nram 64M\nzswap on\nswapon g ghost 4096 prio=9\n"
        "swapon z zram 1024 prio=1\ncgroup a\ncgroup a/b\nset a/memory.zswap.max 8192\n"
        "set a/b/memory.zswap.writeback 0\ntask t cgroup=a/b\n"
        "set zswap.max_pool_percent 50\nset zswap.accept_threshold_percent 80\n"
        "set zswap.compressor deflate\nset zswap.shrinker_enabled Y\n"
        "set vm.overcommit_memory 2\nset vm.drop_caches 2\nset z.mem_limit 5000\n"
        "write 0 8 length=2048\npageout 0 8\nexpect stored_pages 4\nexpect Zswap 32\n"
        "expect reject_reclaim_fail 0\nset zswap.enabled N\nshow cgroup /a\n"
        "show cgroup a/b\nshow zram z\n"
    )
    above, here, zram = shows(text)
    assert above.splitlines() == [
        "memory.zswap.current 8192",
        "memory.zswap.max 8192",
        "memory.zswap.writeback 1",
    ]
    assert "memory.zswap.max max\nmemory.zswap.writeback 0" in here
    assert "mem_limit 8192" in zram


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("set zswap.zpool x", "no knob 'zswap.zpool'; known: zswap.enabled"),
        ("set zswap.enabled maybe", "'maybe' is not Y or N"),
        ("set zswap.max_pool_percent 101", "'101' is not 0 to 100"),
        ("set zswap.compressor rar", "no compressor 'rar'"),
        ("set nowhere/memory.zswap.max 1M", "no cgroup 'nowhere'"),
        ("set /memory.zswap.max 1M", "no knob '/memory.zswap.max'"),
        ("set a.mem_limit 1M", "no zram area 'a'"),
        ("cgroup x/y", "no cgroup 'x'"),
        ("show zram a", "no zram area 'a'"),
        ("task main\nwrite 0 1\ntask main cgroup=/", "has its cgroup"),
        ("ram 1G", "ram: too late"),
    ],
)
def test_knobs_refused(line: str, reason: str) -> None:
    with pytest.raises(ScriptError, match=re.escape(reason)):
        shows(AREA + line)
