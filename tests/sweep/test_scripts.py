"""Where values go in a script, and that a cell is what swapemu run makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.runs.run import Run
from swaptools.emulator.runs.script import parse_script, run_script
from swaptools.emulator.runs.stats import Samples
from swaptools.errors import ScriptError
from swaptools.sweep.scripts import ScriptWorkload
from tests.sweep.studies import SCRIPT

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.sweep.cells import Value
    from swaptools.sweep.scripts import ScriptJob


def job(folder: Path, script: str, moments: int = 0, **values: Value) -> ScriptJob:
    path = folder / "x.swap"
    path.write_text(script)
    made = ScriptWorkload(str, moments, with_slots=moments > 0)
    named = {name.replace("__", "."): value for name, value in values.items()}
    return made.job({"script": str(path), **named})


def counts(text: str, design: str) -> dict[str, int]:
    run = Run(compiled=False, design=design, judges=False, samples=Samples())
    for _ in run_script(parse_script(text), run):
        pass
    return run.stats().counts


@pytest.mark.sampled(3)
@pytest.mark.parametrize("design", ["plain-6.18", "vswap", "zram"])
def test_a_cell_counts_what_the_script_with_its_values_counts(
    design: str, tmp_path: Path
) -> None:
    outcome = job(
        tmp_path, SCRIPT, design=design, pages=300, length=900, kernel="6.18"
    ).run(compiled=False)
    filled = SCRIPT.replace("$pages", "300").replace("$length", "900")
    assert outcome.metrics == counts(f"kernel 6.18\n{filled}", design)
    assert (outcome.series, outcome.slots) == ({}, [])


def test_knobs_are_set_behind_the_settings_of_the_script(tmp_path: Path) -> None:
    made = job(
        tmp_path,
        "ram 4M\nzswap on\nswapon a block 4M\nwrite 0 900\npageout 0 900\n",
        zswap__max_pool_percent=1,
    )
    assert made.run(compiled=False).metrics["pool_limit_hit"]
    verbs = [operation.verb for operation in made.script()]
    assert verbs == ["ram", "zswap", "set", "swapon", "write", "pageout"]
    numbers = [each.line.number for each in made.script() if each.verb != "set"]
    assert numbers == [1, 2, 3, 4, 5]


def test_a_name_in_braces_or_in_a_comment(tmp_path: Path) -> None:
    made = job(tmp_path, "# costs $5\nswapon a block ${size}0 # $x\n", size=10)
    assert made.text == "# costs $5\nswapon a block 100 # $x\n"


def test_a_value_that_no_line_can_have_is_told_without_a_number(tmp_path: Path) -> None:
    with pytest.raises(ScriptError) as caught:
        job(tmp_path, "swapon a block 100\n", ram="much")
    assert caught.value.line == 0


def test_moments_are_spread_over_the_run_and_end_with_it(tmp_path: Path) -> None:
    outcome = job(
        tmp_path, SCRIPT, moments=4, design="plain", pages=2000, length=900
    ).run(compiled=False)
    assert outcome.series["pages_touched"] == [0, 1024, 3024, 4050]
    (area,) = outcome.slots
    assert (area["nr_slots"], len(area["used"])) == (2048, 4)
    assert area["used"][0] == "0" * 96
    assert area["used"][2] == "9" * 48 + "1" + "0" * 47
