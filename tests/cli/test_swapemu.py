"""swapemu as a person sees it."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from swaptools.cli.swapemu import main

SCRIPT = """\
swapon fast block 1024 prio=10
swapon slow block 4096 prio=5 rotational
write 0 2000
pageout 0 2000
show 0 2000
"""


def invoke(*args: str, stdin: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, args, input=stdin, prog_name="swapemu")
    return result.exit_code, result.stdout, result.stderr


def test_run() -> None:
    """The session of the man page."""
    code, out, err = invoke("run", "--interpreted", "-", stdin=SCRIPT)
    assert (code, out, err) == (0, "0:1-1023, 1:1-977\n", "")


def test_json() -> None:
    code, out, _ = invoke("run", "--interpreted", "--json", "-", stdin=SCRIPT)
    value = json.loads(out)
    assert code == 0
    assert value["kernel"] == "6.18"
    assert value["operations"] == 5
    assert value["shown"] == [{"line": 5, "value": "0:1-1023, 1:1-977"}]
    assert value["vmstat"]["pswpout"] == 2000


def test_wrong_expectation() -> None:
    text = SCRIPT + "expect fast 3\n"
    code, _, err = invoke("run", "--interpreted", "-", stdin=text)
    assert code == 1
    assert err == "swapemu: -: line 6: expected fast 3, have 1023\n"


def test_operation_that_is_none() -> None:
    code, _, err = invoke("run", "--interpreted", "-", stdin="write 0 1\nfly\x1b[31m\n")
    assert code == 2
    assert "line 2: no operation 'fly\\x1b[31m'" in err
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing.swap", "No such file or directory"), (".", "Is a directory")],
)
def test_unreadable_script(name: str, reason: str) -> None:
    code, _, err = invoke("run", name)
    assert (code, err) == (2, f"swapemu: {name}: {reason}\n")


def test_script_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.swap"
    path.write_bytes(b"\xff\xfe")
    code, _, err = invoke("run", str(path))
    assert (code, err) == (2, f"swapemu: {path}: not a text file\n")


def test_scenario_that_comes_with_the_package() -> None:
    code, out, _ = invoke("run", "--interpreted", "ghost.swap")
    assert code == 0
    assert "ghost\t\t67108860\t8" in out


def test_demo_fits_on_a_screen() -> None:
    code, out, _ = invoke("demo")
    assert code == 0
    assert len(out.splitlines()) <= 24
    assert "DIFFERENT" not in out
    assert out.count("equal") == 3
    assert "ghost\t\t67108860\t8\t\t-1" in out
    assert "was refused" in out


def test_every_option_is_in_the_man_page() -> None:
    page = Path(__file__).parents[2].joinpath("man/swapemu.1").read_text()
    text = page.replace("\\-", "-")
    commands = [main, *main.commands.values()]
    options = [
        name
        for command in commands
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
    ]
    assert options
    assert [name for name in (*options, "--help") if name not in text] == []
    assert all(f"swapemu {name}" in text for name in main.commands)
