"""380 random programs on a kernel with the ghost patch: every answer is the same.

README.md has the format; the first two run by default, the first of each kind with
``make test-slow``, all of them with ``make test-compiled``.
"""

from __future__ import annotations

from collections import Counter

import pytest

from swaptools.emulator.core.engine import can_compile
from swaptools.emulator.store import zram, zswap
from tests.emulator.ghost_programs.comparing import Run, run
from tests.emulator.ghost_programs.driving import Left, recorded_codec
from tests.emulator.ghost_programs.reading import Program, recorded
from tests.emulator.ghost_programs.shrinking import shortest

NR_PROGRAMS = 380
NR_KINDS = 18
EACH = 1


@pytest.fixture(autouse=True)
def recorded_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is compressed to as many bytes as the kernel said."""
    for user in (zswap, zram):
        monkeypatch.setattr(user, "get_codec", recorded_codec)


def disagreement(program: Program, left: Left, done: Run) -> str:
    """Say what a program shows, with the shortest one that shows it."""
    assert done.difference is not None
    kept = shortest(program, left, done.difference)
    lines = [f"program {program.number}, {program.kind}, step {done.difference.step}:"]
    lines += [f"    {operation}" for operation in kept]
    return "\n".join([*lines, f"  {done.difference}"])


def run_all(programs: list[Program], *, compiled: bool) -> tuple[str, list[str]]:
    """Run programs one behind the other; return the sum by kind and what differs."""
    agree: Counter[str] = Counter()
    nr_late = 0
    kinds = Counter(program.kind for program in programs)
    wrong = []
    left = Left()
    for program in programs:
        done = run(program, left, compiled=compiled)
        agree[program.kind] += done.difference is None
        if done.difference:
            wrong.append(disagreement(program, left, done))
        left, nr_late = done.left, nr_late + done.nr_late
    by_kind = ", ".join(f"{kind} {agree[kind]} of {kinds[kind]}" for kind in kinds)
    total = f"{agree.total()} of {kinds.total()} agree"
    return f"{total}: {by_kind}; {nr_late} late sums of cgroups", wrong


@pytest.mark.parametrize(
    "nr_kinds", [2, pytest.param(NR_KINDS, marks=pytest.mark.slow)]
)
def test_one_of_each_kind(nr_kinds: int) -> None:
    """The first programs, of which each kind has one, agree after every step."""
    programs = list(recorded().programs.values())[: EACH * nr_kinds]
    kinds = Counter(program.kind for program in programs)
    assert list(kinds.values()) == [EACH] * nr_kinds
    _, wrong = run_all(programs, compiled=False)
    assert not wrong, "\n".join(wrong)


@pytest.mark.compiled
@pytest.mark.skipif(not can_compile(), reason="needs the fast extra")
def test_all_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """All 380 agree after every step."""
    programs = list(recorded().programs.values())
    assert len(programs) == NR_PROGRAMS
    summary, wrong = run_all(programs, compiled=True)
    with capsys.disabled():
        print(f"\nghost-programs: {summary}")  # noqa: T201, the count is the result
    assert not wrong, "\n".join(wrong)
