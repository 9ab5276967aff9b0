"""The emulator gives what the running kernel gave, in runs that were recorded.

``python -m pytest -m kernel tests/against_kernel/test_pressure.py --pressure-keep DIR``
makes such files, on Linux 6.18.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.parts import one_in
from tests.pressure.again import GOLDEN
from tests.pressure.agreement import first_difference
from tests.pressure.emulated import emulate
from tests.pressure.programs import WORKLOADS
from tests.pressure.recording import dump, load

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize("path", one_in(10, GOLDEN, lambda path: path.stem))
def test_same_as_machine(path: Path) -> None:
    """Every page is in the same place after every batch."""
    machine = load(path.read_text())
    ours = emulate(machine.program, machine.backend)
    assert ours == machine, first_difference(machine, ours)


@pytest.mark.slow
def test_every_workload_is_there() -> None:
    """One recording at least of each, and one of a task that is killed."""
    recordings = [load(path.read_text()) for path in GOLDEN]
    assert {each.program.workload for each in recordings} == set(WORKLOADS)
    assert any(each.snapshots[-1].is_killed for each in recordings)


@pytest.mark.sampled(5)
@pytest.mark.parametrize("path", one_in(5, GOLDEN, lambda path: path.stem))
def test_dump_is_load_backwards(path: Path) -> None:
    text = path.read_text()
    assert dump(load(text)) + "\n" == text
