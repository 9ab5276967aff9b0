"""The text form of a run, and what it says of mistakes."""

from __future__ import annotations

import re

import pytest

from swaptools.emulator.runs import format_runs, parse_runs
from swaptools.emulator.script import Run, parse_script, run_script
from swaptools.errors import ScriptError

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


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("fly 1 2", 1, "no operation 'fly'"),
        (AREA + "\n# x\nwrite 0", 4, "no page count"),
        (AREA + "write x 1", 2, "'x' is no number"),
        (AREA + "write 0 1 colour=red", 2, "no option 'colour=red'"),
        (AREA + "write 0 1 order=x", 2, "invalid literal"),
        (AREA + "kernel 6.12", 2, "too late"),
        ("kernel moon\n" + AREA, 2, "no kernel 'moon'"),
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
