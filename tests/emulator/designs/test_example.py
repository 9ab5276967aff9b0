"""The example of a design from outside is found, and keeps every promise."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from swaptools.emulator import Machine
from swaptools.emulator.machine.design import Design
from swaptools.emulator.machine.setup import DiskSetup, Setup
from tests.emulator.designs.promises import SETUPS, keep_promises

EXAMPLE = Path(__file__).parents[3] / "examples" / "ghost-fallback"


@pytest.fixture(scope="module")
def design() -> Design:
    path = EXAMPLE / "ghost_fallback.py"
    spec = importlib.util.spec_from_file_location("ghost_fallback", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.GHOST_FALLBACK
    assert isinstance(found, Design)
    return found


#: A third of them is interpreted, the others are for make test-compiled.
SOME_OR_ALL = [
    pytest.param(name, marks=[] if number % 3 == 0 else pytest.mark.compiled)
    for number, name in enumerate(SETUPS)
]


@pytest.mark.slow
@pytest.mark.parametrize("setup", SOME_OR_ALL)
def test_it_loses_no_page(design: Design, setup: str) -> None:
    keep_promises(design, SETUPS[setup], seed=list(SETUPS).index(setup))


def test_what_the_pool_refuses_goes_to_the_disk(design: Design) -> None:
    """A pool of 16 pages takes 31 of 100, as test_rules.py has it; none stays."""
    machine = Machine(design=design, ram_bytes=320 << 10, compiled=False)
    machine.set_up(Setup(disks=(DiskSetup("disk", 512, 5),), virtual_pages=1024))
    task = machine.task()
    task.write(0, 100, length=2000)
    task.pageout(0, 100)
    assert machine.footprint().stayed_pages == 0
    assert machine.counts()["device_writes"] == 100 - 31


def test_it_is_short() -> None:
    lines = [p.read_text().count("\n") for p in EXAMPLE.iterdir() if p.is_file()]
    assert sum(lines) < 80


@pytest.mark.slow
def test_once_installed_its_name_is_known(tmp_path: Path) -> None:
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    install += ["--no-build-isolation", "--no-index", "--target", str(tmp_path)]
    subprocess.run([*install, str(EXAMPLE)], check=True, capture_output=True)
    program = (
        "from swaptools.emulator import Machine;"
        "from swaptools.emulator.machine.design import design_names;"
        "print(design_names()[-1], Machine(design='ghost-fallback').design.name)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.split() == ["ghost-fallback", "ghost-fallback"]
