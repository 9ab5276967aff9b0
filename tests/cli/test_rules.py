"""swapcheck --list and --explain: which rules, how they look, and the page of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from swaptools import check, doctor
from swaptools.cli import swapcheck
from swaptools.cli.swapcheck import main

PAGE = Path(__file__).parents[2] / "docs" / "swapcheck.md"
CODES = [rule.code for rule in (*check.all_rules(), *doctor.all_rules())]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="swapcheck")


def rules(*words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)["rules"]


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (["--list", "S20"], "S201 S202 S203 S204 S205 S206 S207"),
        (["--list=p001,D901"], "P001 D901"),
        (["--list", "--select", "P"], "P001 P002 P003 P004"),
        (["--list", "P", "--ignore", "P003"], "P001 P002 P004"),
    ],
)
def test_a_list_of_some(words: list[str], listed: str) -> None:
    lines = run(*words).stdout.splitlines()
    assert [line.split()[0] for line in lines] == listed.split()
    assert [rule["code"] for rule in rules(*words)] == listed.split()


@pytest.mark.parametrize("words", [["--list", "Q"], ["--explain", "S,Q"]])
def test_a_code_that_is_none(words: list[str]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no rule 'Q'; --list shows them all" in result.stderr


def test_list_or_explain() -> None:
    result = run("--list", "--explain", "S201")
    assert result.exit_code == 2
    assert "--list and --explain exclude each other" in result.stderr


def test_json_has_the_text_of_both() -> None:
    assert [rule["code"] for rule in rules("--list")] == CODES
    assert rules("--explain", "H201") == [
        {
            "code": "H201",
            "severity": "error",
            "title": "unknown header version",
            "why": "Only version 1 exists, in either byte order.",
            "sources": ["Kernel: mm/swapfile.c read_swap_header()."],
        }
    ]


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_what_is_explained_fits(width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swaptools.cli.rules.terminal_width", lambda: int(width))
    monkeypatch.setattr("swaptools.cli.wrapping.terminal_width", lambda: int(width))
    assert max(map(len, run("--list").stdout.splitlines())) <= int(width)
    lines = run("--explain", "D").stdout.splitlines()
    assert all(len(line) <= int(width) for line in lines if " (" in line)
    prose = [line for line in lines if not re.match(r"\w\d{3} ", line)]
    words = [line for line in prose if " " in line.strip()]
    assert max(map(len, words)) <= min(int(width), 88)
    # What goes on in a second line stands below its first word.
    assert [line[0] for line in prose if line and line[0] in "* "].count(" ") > 0


def test_the_page_of_rules_says_the_same() -> None:
    """One text: the docstrings'."""
    told = " ".join(run("--explain", ",".join(CODES)).stdout.split())
    for section in PAGE.read_text().split("\n### ")[1:]:
        head, _, more = section.partition("\n```\n")[0].partition("\n")
        assert " ".join(more.split()) in told, head


@pytest.mark.parametrize("option", ["--select", "--ignore", "--explain"])
@pytest.mark.parametrize("value", ["", ",", ",,"])
def test_a_list_that_names_no_rule_is_not_all_of_them(option: str, value: str) -> None:
    """As of a variable that was not set."""
    result = CliRunner().invoke(main, [option, value, "/dev/null"])
    assert result.exit_code == 2
    assert f"{value!r} names no rule; --list shows them all" in result.stderr


def test_no_kernel_is_said_to_be_read_only() -> None:
    """It is what was read, and not tried."""
    result = CliRunner().invoke(main, ["--kernel", "list", "--json"])
    known = {one["name"]: one for one in json.loads(result.stdout)["kernels"]}
    assert known["4.18"]["title"] == "Linux 4.18"
    assert known["4.18"]["confirmed_by"] is None
    offered = swapcheck._kernel_names()
    assert (offered["4.18"], offered["6.18"]) == (
        "Linux 4.18, not tried",
        "Linux 6.18",
    )
