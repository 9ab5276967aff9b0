"""Scripts that make pressure: their words, what they do, what is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from swaptools.emulator.runs.patterns import Pattern
from swaptools.emulator.runs.run import Run
from swaptools.emulator.runs.script import parse_script, run_script
from swaptools.emulator.runs.stats import Samples
from swaptools.errors import ScriptError
from tests.cases import every_case

EXAMPLE = Path(__file__).parents[3] / "examples" / "pressure.scenario"
HEAD = "policy fifo\nswapon a zram 4096\ncgroup g\nlimit g max=100\ntask t cgroup=g\n"


def run(text: str) -> Run:
    done = Run(compiled=False)
    for _ in run_script(parse_script(text), done):
        pass
    assert done.machine is not None
    done.machine.check_invariants()
    return done


def pages_of(word: str, nr: int, count: int, seed: int = 3) -> list[int]:
    return list(Pattern(word, nr, count, 1.0, seed).take(10, range(count)))


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("seq", [10, 10, 11, 11, 12, 12]),
        ("loop", [10, 11, 12, 10, 11, 12]),
        ("random", [10, 12, 11, 10, 10, 11]),
        ("zipf", [11, 12, 12, 11, 12, 10]),
    ],
)
def test_a_pattern_is_the_same_everywhere(word: str, wanted: list[int]) -> None:
    assert pages_of(word, 3, 6) == wanted


def test_ranks_have_the_shares_of_zipf() -> None:
    found = Counter(pages_of("zipf", 100, 20_000)).most_common()
    assert len(found) == 100
    first, second = found[0][1], found[1][1]
    assert 1.8 < first / second < 2.2


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "line",
    [
        "touch 0 150 300 seq",
        "touch 0 150 300 loop write",
        "touch 0 150 300 random 5 write length=900",
        "touch 0 150 300 zipf 0.9 5",
        "access 0 150 write length=700",
        "access 20 100",
    ],
)
def test_references_are_made_and_what_they_write_is_there(line: str) -> None:
    done = run(f"{HEAD}write 0 150\n{line}\nread 0 150\nexpect skipped 0\n")
    assert done.task.memcg.record.memory == 100


def test_shared_memory_is_touched_as_well() -> None:
    run(f"{HEAD}shm o 200\ntouch 0 150 300 random 1 write\nread 0 150\n")


@pytest.mark.slow
def test_an_example_is_as_it_says() -> None:
    done = run(EXAMPLE.read_text())
    assert (done.expectations, done.failed) == (4, [])


def test_limits_reclaim_and_flush() -> None:
    done = run(
        HEAD + "write 0 150\nreclaim g 20\nflush\n"
        "limit g max=2M high=max swap=1M zswap=max\n"
    )
    record = done.task.memcg.record
    assert record.memory == 80
    assert (record.memory_max, record.swap_max) == (512, 256)


def test_version_1() -> None:
    done = run(
        "policy lru v1\nswapon a zram 4096\ncgroup g\nlimit g max=100 memsw=200\n"
        "task t cgroup=g\nwrite 0 150\n"
    )
    record = done.task.memcg.record
    assert (record.memory, record.memsw, record.memsw_max) == (100, 153, 200)


def test_what_a_killed_task_would_have_done_is_passed_over() -> None:
    text = HEAD.replace("4096", "50") + (
        "write 0 300\nread 0 10\nexpect oom_kill 1\nfork u\ntask u\nwrite 0 5\n"
        "read 0 5\nshow 0 5\ntask t\ntouch 0 5 9 loop write\ndrop 0 3\nexit\n"
    )
    done = run(text)
    assert done.machine is not None
    assert done.machine.vmstat()["skipped"] == 1 + 1 + 2 + 9 + 1 + 1


@every_case(
    ("text", "reason"),
    [
        ("policy nobody", "no policy 'nobody'"),
        ("cpu 0\npolicy fifo", "too late"),
        ("limit g max=5", "no cgroup"),
        ("limit / max=5", "the root has no limits"),
        ("cgroup g\nlimit g max=x", "invalid size"),
        ("cgroup g\nlimit g most=5", "no option 'most'"),
        ("cgroup g\nlimit g", "no limit; known: max, high, swap, zswap, memsw"),
        ("cgroup g\nlimit g max=5 memsw=5", "no memsw with version 2"),
        ("policy lru v1\ncgroup g\nlimit g high=5", "no high with version 1"),
        ("policy lru v1\ncgroup g\nlimit g swap=5", "no swap with version 1"),
        ("access 0 5 length=9", "a length of what is not written"),
        ("touch 0 5 9 seq length=9", "a length of what is not written"),
        ("cgroup g\nreclaim g 0", "not a page"),
        ("reclaim x 5", "no cgroup"),
        ("touch 0 5 9", "no seq or loop"),
        ("touch 0 5 9 often", "no 'often'; known: seq, loop, random, zipf"),
        ("touch 0 5 9 random", "no seed"),
        ("touch 0 5 9 zipf 1.x 3", "no number"),
        ("touch 0 5 9 zipf 11 3", "not 0 to 10"),
        ("touch 0 5 0 seq", "not 1 to"),
    ],
)
def test_lines_that_make_no_sense(text: str, reason: str) -> None:
    with pytest.raises(ScriptError, match=reason):
        parse_script(text)


@pytest.mark.slow
def test_memory_of_a_script_runs_out() -> None:
    text = "ram 1M\npolicy fifo\nswapon a block 600\ntask t\nwrite 0 512\n"
    shown = run(f"{text}expect allocstall 0\nexpect oom_kill 0\n")
    assert shown.machine is not None
    # 213 pages leave 40 free, beside 3 page tables; from then on, ten leave for ten.
    assert shown.machine.vmstat()["pgsteal_kswapd"] == 300
    killed = run("ram 1M\npolicy fifo\ntask t\nwrite 0 512\nexpect oom_kill 1\n")
    assert killed.machine is not None


def test_less_memory_than_the_kernel_keeps_free_is_refused() -> None:
    with pytest.raises(ScriptError, match="48 pages of memory are to be free"):
        run("ram 128K\npolicy fifo\ntask t\n")


def test_so_it_is_where_the_script_does_nothing() -> None:
    with pytest.raises(ScriptError, match="48 pages of memory are to be free"):
        run("ram 128K\npolicy fifo\n")


def test_a_killed_task_reads_no_page_with_a_fault() -> None:
    text = HEAD.replace("4096", "50") + "write 0 300\nexpect fault 0\n"
    with pytest.raises(ScriptError, match="expected a fault, the task was killed"):
        run(text)


def test_what_is_skipped_does_not_depend_on_who_looks() -> None:
    """Samples divide what a line does into parts; a part is no operation."""
    text = HEAD.replace("4096", "50") + "write 0 3000\nread 0 900\npageout 0 900\n"
    looked_at = Run(compiled=False, samples=Samples())
    for _ in run_script(parse_script(text), looked_at):
        pass
    counts = [each.started().vmstat()["skipped"] for each in (run(text), looked_at)]
    assert counts == [2, 2]
