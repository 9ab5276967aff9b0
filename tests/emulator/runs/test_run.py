"""A script at work: parts of lines, contents of pages, what is watched."""

from __future__ import annotations

import random

import pytest

from swaptools.emulator.runs.script import Run, parse_script, run_script
from swaptools.errors import InvariantBroken, ScriptError
from tests.emulator.runs.random_scripts import NR_PAGES, random_script
from tests.parts import one_in


def state(run: Run) -> object:
    machine = run.started()
    entries = {name: task.entries(0, NR_PAGES) for name, task in run.tasks.items()}
    shared = [
        mapping.entries(0, mapping.shm.nr_pages)
        for task in machine.tasks
        for mapping in task.mappings
    ]
    counted = machine.vmstat() | machine.meminfo() | machine.zswap_debugfs()
    return entries, shared, counted, machine.proc_swaps()


def done(text: str, **settings: int) -> Run:
    run = Run(compiled=False, judges=False, **settings)  # type: ignore[arg-type]
    for _ in run_script(parse_script(text), run):
        pass
    return run


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", one_in(3, range(12)))
def test_a_line_is_one_operation_in_however_many_parts(seed: int) -> None:
    """Every page is in the same slot, and every counter the same."""
    text = random_script(random.Random(seed))
    whole, parted = done(text, part_pages=1 << 20), done(text, part_pages=512)
    assert state(whole) == state(parted)
    assert whole.touched == parted.touched == parse_script(text).nr_pages
    parted.started().check_invariants()


def test_progress_is_told_after_each_part() -> None:
    run = Run(compiled=False, part_pages=512)
    told: list[int] = []
    run.watch = told.append
    text = "swapon a block 4096\nwrite 100 1000\npageout 100 1000\ndrop 0 9 step=2"
    for _ in run_script(parse_script(text), run):
        pass
    assert told[:3] == [412, 924, 1000]
    assert told[3:6] == [1412, 1924, 2000]
    assert told[-1] == 2009


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "text",
    [
        "write 0 3 text=words\npageout 0 3\nfork b\ntask b\nread 0 3\nwrite 1 1\n"
        "read 0 3\ntask main\nread 0 3",
        "write 0 20 length=9 step=2\npageout 0 40\nread 0 40\ndrop 0 9\nread 0 40",
        "shm x 9\nwrite 0 5 text=x\nfork b\npageout 0 9\ntask b\nshm x\nread 0 9\n"
        "drop 1 3 step=2\nread 0 9\nexit\nshm x\nread 0 9",
    ],
)
def test_what_is_read_is_what_was_written(text: str) -> None:
    for zswap in ("on", "off"):
        done(f"zswap {zswap}\nswapon a block 4096\n{text}")


def test_a_page_of_something_else_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    script = parse_script(
        "swapon a block 64\nwrite 0 9 length=7\npageout 0 9\nread 0 9"
    )
    run = Run(compiled=False)
    steps = run_script(script, run)
    for _ in range(3):
        next(steps)
    run.contents.write(run.key, range(4, 5), 8)
    with pytest.raises(ScriptError, match="page 4 is not what was") as caught:
        next(steps)
    assert isinstance(caught.value.__cause__, InvariantBroken)


def test_pages_that_a_backing_lost_are_no_mistake_of_ours() -> None:
    run = done("swapon a zero 64\nwrite 0 9 length=7\npageout 0 9\nread 0 9")
    assert len(run.started().losses) == 9


def test_what_is_not_judged_does_the_same_to_the_machine() -> None:
    text = "swapon a block 64\nwrite 0 9\npageout 0 9\nexpect fault 3\nexpect a 1"
    run = done(text)
    assert run.expectations == 2
    assert run.started().vmstat()["pswpin"] == 1
    with pytest.raises(ScriptError, match="line 4: expected a fault"):
        list(run_script(parse_script(text), Run(compiled=False)))


@pytest.mark.parametrize("step", ["", " step=2"])
def test_a_kernel_that_dies_ends_the_run_at_that_line(step: str) -> None:
    text = "swapon g ghost-block 64\nzswap on\nwrite 0 9\npageout 0 9\n"
    run = Run(compiled=False)
    steps = run_script(parse_script(f"{text}drop 0 3{step}\nread 0 1"), run)
    with pytest.raises(ScriptError, match="line 5: drop: NULL pointer dereference"):
        list(steps)


def test_a_switch_of_zswap_leaves_the_share_of_its_pool_alone() -> None:
    text = "zswap on max_pool_percent=30\nset zswap.max_pool_percent 50\nzswap off"
    zswap = done(text).started().zswap
    assert (zswap.enabled, zswap.max_pool_percent) == (False, 50)
    zswap = done("zswap on max_pool_percent=30\nram 64M\nwrite 0 1").started().zswap
    assert (zswap.enabled, zswap.max_pool_percent) == (True, 30)


def test_a_machine_begins_as_its_settings_say() -> None:
    run = Run(compiled=False, settings={"kernel": "7.2", "zswap": True})
    list(run_script(parse_script("swapon a block 64"), run))
    assert run.started().zswap.enabled
    assert run.started().profile.name == "7.2"
