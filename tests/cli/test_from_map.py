"""swapemu run --from: a script that starts where a slot map is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from swaptools.cli.swapemu import main
from tests.swapmap.test_document import document, sample

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = "write 0 3\npageout 0 3\nshow 0 3\n"


def shown(result: Result) -> Any:
    """The JSON, behind what is said on standard error."""
    assert result.exit_code == 0
    return json.loads(result.stdout)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "go.swap").write_text(SCRIPT)
    return tmp_path


def invoke(words: list[str]) -> Result:
    return CliRunner().invoke(main, words, prog_name="swapemu")


def run(place: Path, value: object, *words: str) -> Result:
    """Write a map, and run the script from it."""
    path = place / "map.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    arguments = ["run", "--interpreted", "--from", str(path), *words]
    return invoke([*arguments, str(place / "go.swap")])


def test_pages_get_the_slots_that_come_next(place: Path) -> None:
    result = run(place, document(sample()))
    assert (result.exit_code, result.stdout) == (0, "10-12\n")
    assert result.stderr == ""


def test_what_is_assumed_is_said(place: Path) -> None:
    value = document(sample())
    value["hint"] = value["areas"][0]["learned"] = None
    result = run(place, value)
    assert (result.exit_code, result.stdout) == (0, "9-11\n")
    assert result.stderr.splitlines() == [
        "assumed: the hint is behind the cluster with the longest free tail",
        "assumed: clusters are tried in the order of their numbers",
        "assumed: 2 slots in use that no page table shows are free",
    ]
    told = shown(run(place, value, "--json"))
    assert len(told["assumed"]) == 3
    assert told["kernel"] == "6.18"


def test_a_script_may_name_another_kernel(place: Path) -> None:
    (place / "go.swap").write_text(f"kernel 7.2\n{SCRIPT}")
    told = shown(run(place, document(sample()), "--json"))
    assert told["kernel"] == "7.2"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"kernel": "\\ud800', "not JSON"),
        ("9" * 10_000, "not JSON"),
        ({}, "not a slot map: the map: page_size: missing, or of another kind"),
    ],
)
def test_what_is_no_map_is_refused(place: Path, value: object, reason: str) -> None:
    result = run(place, value)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"swapemu: {place}/map.json: {reason}\n"


def test_a_map_that_is_not_there_is_said(place: Path) -> None:
    words = ["run", "--from", str(place / "none"), str(place / "go.swap")]
    result = invoke(words)
    assert result.exit_code == 2
    assert result.stderr.endswith("none: No such file or directory\n")


def test_a_state_that_no_machine_can_be_in_ends_the_run(place: Path) -> None:
    value = document(sample())
    value["kernel"] = "6.12"
    result = run(place, value)
    assert result.exit_code == 1
    assert "hands out slots ahead" in result.stderr
