"""What the running kernel did, as scripts: G1 to G15."""

from __future__ import annotations

from pathlib import Path

import pytest

from swaptools.emulator.runs.script import Run, parse_script, run_script
from tests.emulator.looking import LOOKS

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.swap"))


@pytest.mark.sampled(5)
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
@pytest.mark.parametrize("every", LOOKS)
def test_golden(path: Path, every: int) -> None:
    """Every page gets the slot that Linux 6.18 gave it."""
    run = Run(compiled=False)
    for done, _ in enumerate(run_script(parse_script(path.read_text()), run)):
        if done % every == 0:
            run.started().check_invariants()
    run.started().check_invariants()
    assert run.expectations > 0


def test_all_vectors_are_there() -> None:
    """No vector is forgotten."""
    numbers = {int(path.stem[1:3]) for path in GOLDEN if path.stem[1].isdigit()}
    assert numbers == set(range(1, 16))
