"""run and compare do the same: equal counts of any script under a design."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from swaptools.cli.swapemu import main
from swaptools.emulator.machine.design import design_names
from swaptools.emulator.runs.script import Run, parse_script, run_script
from swaptools.script_files import scenario_names
from tests.emulator.runs.random_scripts import NR_PAGES, random_script
from tests.parts import one_in

if TYPE_CHECKING:
    from collections.abc import Iterable

GOLDEN = sorted((Path(__file__).parents[1] / "emulator" / "golden").glob("*.swap"))
SOME_GOLDEN = one_in(4, GOLDEN, lambda path: path.stem)
NAMES = [*scenario_names(), "ghost.swap"]
#: So many random scripts are tried by make test-compiled, the first few by make test.
NR_SCRIPTS = int(os.environ.get("SWAPTOOLS_SCRIPTS", "150"))
FEW_OR_MANY = [
    pytest.param(range(3), id="few"),
    pytest.param(range(3, NR_SCRIPTS), id="many", marks=pytest.mark.compiled),
]


def answer(*args: str, stdin: str | None = None) -> Any:
    result = CliRunner().invoke(main, args, input=stdin, prog_name="swapemu")
    assert result.stdout, result.stderr
    return json.loads(result.stdout)


def counts(design: str, script: str, text: str | None = None) -> list[dict[str, int]]:
    words = ("--interpreted", "--json", "--design", design, script)
    ran = answer("run", *words, stdin=text)
    compared = answer("compare", *words, stdin=text)
    (one,) = compared["designs"]
    assert ran["design"] == one["design"] == design
    assert ran["kernel"] == one["kernel"]
    assert compared["not_judged"] == ran["expectations"]
    return [ran["counts"], one["counts"]]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", one_in(4, NAMES))
def test_scenarios_under_plain(name: str) -> None:
    ran, compared = counts("plain", name)
    assert ran == compared
    assert ran["pages_out"] > 0


@pytest.mark.sampled(5)
@pytest.mark.parametrize("path", SOME_GOLDEN)
def test_golden_scripts_under_plain(path: Path) -> None:
    """Of those whose slots are other ones on 7.2, too."""
    ran, compared = counts("plain", "-", path.read_text())
    assert ran == compared


@pytest.mark.slow
@pytest.mark.parametrize("seeds", FEW_OR_MANY)
def test_random_scripts_under_plain(seeds: Iterable[int]) -> None:
    for seed in seeds:
        ran, compared = counts("plain", "-", random_script(random.Random(seed)))
        assert ran == compared, seed


@pytest.mark.slow
@pytest.mark.parametrize("design", one_in(3, design_names()))
@pytest.mark.parametrize("name", ["tiers"])
def test_scenarios_under_every_design(name: str, design: str) -> None:
    ran, compared = counts(design, name)
    assert ran == compared


@pytest.mark.slow
@pytest.mark.parametrize("seeds", FEW_OR_MANY)
def test_a_machine_without_a_design_and_with_plain_has_the_same_slots(
    seeds: Iterable[int],
) -> None:
    for seed in seeds:
        text = f"kernel 7.2\n{random_script(random.Random(seed))}"
        assert seen(text, None) == seen(text, "plain"), seed


@pytest.mark.sampled(5)
@pytest.mark.parametrize("path", SOME_GOLDEN)
def test_golden_slots_are_those_of_plain_on_6_18(path: Path) -> None:
    run = Run(compiled=False, design="plain-6.18")
    text = path.read_text()
    list(run_script(parse_script(text), run))
    assert run.expectations > 0
    assert seen(text, None) == seen(text, "plain-6.18")


def seen(text: str, design: str | None) -> object:
    """Every slot of every task, and what is counted."""
    run = Run(compiled=False, design=design, judges=False)
    list(run_script(parse_script(text), run))
    machine = run.started()
    return (
        machine.profile.name,
        {name: task.entries(0, NR_PAGES) for name, task in run.tasks.items()},
        machine.vmstat(),
        machine.meminfo(),
        machine.zswap_debugfs(),
        machine.proc_swaps(),
    )
