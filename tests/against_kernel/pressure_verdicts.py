"""Verdicts of the running kernel on the emulator's policies, by programs drawn by seed.

A verdict comes from two runs of the machine that equal each other in every page after
every batch. Where the emulator differs, the machine is asked three times more.

Not here: the machine's runs (pressure_rig.py), the emulator's
(tests/pressure/emulated.py), what is asserted (test_pressure.py).
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.against_kernel import pressure_rig
from tests.pressure.agreement import (
    Tally,
    agreement,
    counters_said,
    first_difference,
    quieter,
)
from tests.pressure.emulated import emulate
from tests.pressure.programs import BACKENDS, WORKLOADS, Program, draw_program
from tests.pressure.recording import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.against_kernel.pressure_rig import FlushClock
    from tests.against_kernel.rig import SwapLock
    from tests.pressure.recording import Recording

TIMES_MORE: Final = 3
#: Programs that are drawn in place of one of which the machine says different things.
MAX_REJECTED: Final = 12
POLICY: Final = "two_lists"


@dataclass
class Verdicts:
    """What was asked so far, and what came out."""

    scratch: Path
    clock: FlushClock
    lock: SwapLock
    say: Callable[[object], None]
    compiled: bool | None
    keep: Path | None = None
    #: Policies beside the kernel's, on the same runs.
    yardsticks: tuple[str, ...] = ()
    #: No program is begun after so many.
    seconds: float = float("inf")
    tally: Tally = field(default_factory=Tally)
    nr_verdicts: int = 0
    began: float = field(default_factory=time.monotonic)
    #: Programs of which the machine said two things, and how many by where they are
    #: in the table.
    rejected: list[str] = field(default_factory=list)
    nr_rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: By workload, what differs and what the machine said when it was asked again.
    differences: dict[str, list[str]] = field(default_factory=dict)

    def ask(self, nr_verdicts: int, programs: Iterator[tuple[Program, str]]) -> None:
        """Judge programs until there are so many verdicts more."""
        wanted = self.nr_verdicts + nr_verdicts
        while (
            self.nr_verdicts < wanted
            and len(self.rejected) <= max(MAX_REJECTED, wanted // 10)
            and not self.is_late
        ):
            self._judge(*next(programs))
            self.lock.give_way()

    @property
    def is_late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() - self.began > self.seconds

    def _judge(self, program: Program, backend: str) -> None:
        name = f"{program}, {backend}"
        machine, again = (self._run(program, backend) for _ in range(2))
        if machine != again:
            self.rejected.append(f"{name}: {first_difference(machine, again)}")
            self.nr_rejected[program.workload, backend] += 1
            return
        self.nr_verdicts += 1
        machine = quieter(machine, again)
        self._keep(machine)
        ours = emulate(program, backend, compiled=self.compiled)
        self._count(machine, ours, POLICY)
        for policy in self.yardsticks:
            theirs = emulate(program, backend, policy, compiled=self.compiled)
            self._count(machine, theirs, policy)
        if ours == machine:
            self.say(f"{name}: exact; {counters_said(machine, ours)}")
        else:
            self._ask_again(name, machine, ours)

    def _keep(self, machine: Recording) -> None:
        if self.keep:
            program = machine.program
            word = program.workload.replace("+", "-")
            path = self.keep / f"{word}-{program.seed}-{machine.backend}.json"
            path.write_text(dump(machine) + "\n")

    def _ask_again(self, name: str, machine: Recording, ours: Recording) -> None:
        program, backend = machine.program, machine.backend
        more = [self._run(program, backend) for _ in range(TIMES_MORE)]
        text = (
            f"{name}: {first_difference(machine, ours)}; of {TIMES_MORE} more runs "
            f"{sum(run == machine for run in more)} as the first, "
            f"{sum(run == ours for run in more)} as ours"
        )
        self.differences.setdefault(program.workload, []).append(text)
        self.say(text)

    def _run(self, program: Program, backend: str) -> Recording:
        return pressure_rig.run(program, backend, self.scratch, self.clock)

    @property
    def nr_different(self) -> int:
        """How many verdicts were against the emulator."""
        return sum(map(len, self.differences.values()))

    def _count(self, machine: Recording, ours: Recording, policy: str) -> None:
        agrees = agreement(machine, ours)
        self.tally.add(agrees, policy, machine.program.workload, machine.backend)
        self.tally.add(agrees, policy, "all", machine.backend)

    def table(self) -> Iterator[str]:
        """Yield a line for each workload and backend, for docs/pressure.md."""
        policies = (POLICY, *self.yardsticks)
        columns = [f"{policy}: exact | states | slots" for policy in policies]
        yield f"| program | verdicts | rejected | {' | '.join(columns)} |"
        yield "|---|" + "---:|" * (2 + 3 * len(policies))
        for backend, workload in itertools.product(BACKENDS, (*WORKLOADS, "all")):
            _, nr = self.tally.exact(POLICY, workload, backend)
            nr_rejected = sum(
                count
                for (what, where), count in self.nr_rejected.items()
                if where == backend and workload in (what, "all")
            )
            cells = [f"{workload}, {backend}", str(nr), str(nr_rejected)]
            for policy in policies:
                cells += self.tally.cells(policy, workload, backend)
            yield f"| {' | '.join(cells)} |"

    def lines(self) -> Iterator[str]:
        """Yield what there is to say in the end."""
        yield from self.table()
        yield f"{time.monotonic() - self.began:.0f} s"
        yield (
            f"{self.nr_verdicts} verdicts, {self.nr_different} different, "
            f"{len(self.rejected)} programs rejected"
        )
        yield from (f"rejected {each}" for each in self.rejected)


def draw_programs(
    first_seed: int,
    order: int = 0,
    nr_tasks: int = 1,
    area_times: float | None = None,
) -> Iterator[tuple[Program, str]]:
    """Yield every workload with every backend, then again with other seeds."""
    seeds = itertools.count(first_seed)
    for backend, workload in itertools.cycle(itertools.product(BACKENDS, WORKLOADS)):
        program = draw_program(workload, next(seeds), order, nr_tasks, area_times)
        yield program, backend
