"""The example of a policy from outside is found, and runs as ours do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from swaptools.emulator.core.engine import can_compile

EXAMPLE = Path(__file__).parents[3] / "examples" / "clock-policy"

#: Pages 0 to 2 are accessed, and then those that were not leave first.
PROGRAM = """
import sys
from swaptools.emulator import Machine
from swaptools.emulator.pressure.policy import policy_names
machine = Machine(policy="clock", compiled=sys.argv[1] == "compiled")
machine.swapon_pages(512)
machine.cgroups.create("/a").record.memory_max = 3 + 6
task = machine.task("one", "/a")
task.each("write", range(7))   # each was accessed by being made: page 0 leaves
task.each("read", range(1, 3))
task.each("write", range(7, 9))
machine.check_invariants()
there = [entry == "present" for entry in task.entries(0, 9)]
print(policy_names()[-1], *("in" if is_there else "out" for is_there in there))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clock")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    install += ["--no-build-isolation", "--no-index", "--target", str(path)]
    subprocess.run([*install, str(EXAMPLE)], check=True, capture_output=True)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    "engine",
    [
        "interpreted",
        pytest.param(
            "compiled",
            marks=(
                pytest.mark.long,
                pytest.mark.skipif(not can_compile(), reason="needs the fast extra"),
            ),
        ),
    ],
)
def test_once_installed_it_is_known_and_runs(installed: Path, engine: str) -> None:
    """Interpreted and compiled alike, its own functions included."""
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, engine],
        env=os.environ | {"PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )
    expected = "clock out in in out out in in in in"
    assert found.stdout.split() == expected.split()


def test_it_is_short() -> None:
    lines = [p.read_text().count("\n") for p in EXAMPLE.iterdir() if p.is_file()]
    assert sum(lines) < 60
