"""Programs stay the same, and what came of them is read as it was written."""

from __future__ import annotations

import dataclasses
from array import array

import pytest

from tests.pressure.agreement import counters_said, quieter
from tests.pressure.programs import (
    DROP,
    PAGEOUT,
    READ,
    WORKLOADS,
    WRITE,
    batch_of,
    draw_program,
    operations,
)
from tests.pressure.recording import (
    COUNTERS,
    NONE,
    PRESENT,
    Recording,
    Snapshot,
    dump,
    entries_of,
    load,
)


@pytest.mark.sampled(6)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_programs_stay_the_same(workload: str) -> None:
    """The same seed draws the same program; another one draws another."""
    assert draw_program(workload, 2) == draw_program(workload, 2)
    assert draw_program(workload, 2) != draw_program(workload, 3)


def test_program_of_a_seed() -> None:
    """On every Python: recordings hold no programs."""
    program = draw_program("zipf", 2)
    assert (program.limit_pages, program.nr_pages) == (1348, 2696)
    assert program.nr_operations == 8460
    assert sum(sum(batch) for batch in program.batches) == 12_357_374


def test_operations_are_what_was_packed() -> None:
    each = [(WRITE, 5, 1), (READ, 0, 1), (PAGEOUT, 70_000, 400), (DROP, 3, 2)]
    assert list(operations(batch_of(each))) == each


def test_entries_of_pagemap() -> None:
    """Bits of Documentation/admin-guide/mm/pagemap.rst."""
    words = [0, 1 << 63 | 77, 1 << 62 | 9 << 5 | 1, 1 << 61]
    assert entries_of(words) == array("i", [NONE, PRESENT, 9, NONE])


def counted(first: int) -> dict[str, int]:
    return {name: first + 7 * n for n, name in enumerate(COUNTERS)}


@pytest.mark.slow
def test_recording_comes_back() -> None:
    """Whatever page went where, slots of more than a byte included."""
    program = dataclasses.replace(draw_program("random", 2))
    nr = program.nr_pages
    first = array("i", [NONE, PRESENT, 3] + [PRESENT] * (nr - 3))
    second = array("i", [PRESENT, 65_535, NONE] + [PRESENT, 256] * ((nr - 3) // 2))
    second.extend([NONE] * (nr - len(second)))
    recording = Recording(
        program=program,
        backend="zram",
        snapshots=(
            Snapshot(
                entries=first, usage_pages=7, nr_out=1, nr_in=0, counters=counted(1)
            ),
            Snapshot(
                entries=second,
                usage_pages=9,
                nr_out=8,
                nr_in=1,
                is_killed=True,
                counters=counted(0),
            ),
        ),
    )
    back = load(dump(recording))
    assert back == recording
    assert back.snapshots == recording.snapshots
    assert back.program == program


@pytest.mark.slow
def test_another_program_is_refused() -> None:
    """A recording of a program that is drawn otherwise now."""
    program = dataclasses.replace(draw_program("random", 2), limit_pages=1234)
    entries = array("i", [NONE]) * program.nr_pages
    recording = Recording(
        program=program, backend="zram", snapshots=(Snapshot(entries=entries),)
    )
    with pytest.raises(ValueError, match="1234 was recorded"):
        load(dump(recording))


def test_the_quieter_of_two() -> None:
    """What others do meanwhile only adds to a counter."""
    entries = array("i", [PRESENT])
    one, other = (
        Recording(
            program=draw_program("random", 2),
            backend="zram",
            snapshots=(Snapshot(entries=entries, counters=counted(n)),),
        )
        for n in (5, 3)
    )
    assert quieter(one, other).snapshots[0].counters == counted(3)
    assert counters_said(quieter(one, other), other) == "counters too"
    assert "pgactivate 1 of 1 batches by -2" in counters_said(one, other)
