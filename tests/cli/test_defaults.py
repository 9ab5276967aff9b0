"""What --help shows as a default can be given, and means the same."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from tests.test_docs import COMMANDS, command
from tests.traces.samples import LACKEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCRIPT = "swapon disk block 64\nwrite 0 20\npageout 0 20\n"
#: What follows the options of a command as it is tried. One that is missing here has
#: no default that is a value.
TRIED = {
    "ghost-mkswap": "-n --uuid-seed one {new} 1M",
    "swapcheck": "{new}",
    "swapinfo": "",
    "swapemu": "backings",
    "swapemu compare": "{script}",
    "swapemu overhead": "",
    "swapemu record": "-- /no/such/program",
    "swapemu replay": "--ram 50% {trace}",
    "swapemu report": "{counts}",
    "swapemu resolution": "",
    "swapemu trace convert": "{trace} -",
    "swapemu trace show": "{trace}",
}
#: What these look at may be missing: they know their options, and that is all.
DEPENDS = ("swapinfo", "swapcheck", "swapemu record")


def all_commands() -> Iterator[tuple[str, click.Command]]:
    def below(words: str, one: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield words, one
        if isinstance(one, click.Group):
            for word, each in one.commands.items():
                yield from below(f"{words} {word}", each)

    for name in COMMANDS:
        yield from below(name, command(name))


def values(text: str) -> list[str]:
    """What is shown as a default and is a value: a word. More words explain."""
    shown = re.findall(r"\(default: ([^;)]*)", text) + re.findall(
        r"(\w+), the default", text
    )
    return [word for part in shown for word in part.split(", ") if " " not in word]


def shown_values() -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        (words, option.opts[-1], tuple(shown))
        for words, one in all_commands()
        for option in one.params
        if isinstance(option, click.Option) and (shown := values(option.help or ""))
    ]


def test_values_are_words() -> None:
    assert values("Runs (default: 5, 20); may be (default: beside it).") == ["5", "20"]
    assert values("When (auto, the default).") == ["auto"]
    assert values("Where (default: report.html; text: there).") == ["report.html"]
    assert len(shown_values()) > 20


@pytest.mark.sampled(12)
@pytest.mark.parametrize(("words", "option", "shown"), shown_values())
def test_a_default_that_is_shown_can_be_given(
    words: str,
    option: str,
    shown: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing changes by saying what holds anyway."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script").write_text(SCRIPT)
    (tmp_path / "trace").write_bytes(LACKEY)
    (tmp_path / "counts").write_text(run(["swapemu", "overhead", "--json"]).stdout)
    names = {name: name for name in ("script", "trace", "counts", "new")}
    rest = TRIED[words].format(**names).split()
    without, given = (
        run([*words.split(), *more, *rest])
        for more in ([], [f"{option}={value}" for value in shown])
    )
    needs = given.stderr.endswith("Error: --samples needs --estimate\n")
    assert needs or "Usage:" not in given.stderr
    if words not in DEPENDS:
        assert (given.exit_code, given.stderr) == (0, without.stderr)
        assert given.stdout == without.stdout


def run(words: list[str]) -> Any:
    name, *rest = words
    return CliRunner().invoke(command(name), rest, prog_name=name)


def test_an_option_that_has_a_default_shows_that_one() -> None:
    """No other than click knows."""
    told = 0
    for words, one in all_commands():
        for option in one.params:
            shown = values(getattr(option, "help", None) or "")
            default = getattr(option, "default", None)
            if shown and isinstance(default, (str, int, float)):
                ctx = click.Context(one)
                assert option.type_cast_value(ctx, shown[0]) == default, words
                told += 1
    assert told > 8


def test_no_description_shows_a_default() -> None:
    """It would have to say of which argument."""
    assert [words for words, one in all_commands() if values(one.help or "")] == []


@pytest.mark.parametrize("words", ["compare", "overhead", "replay"])
def test_all_designs_stand_for_themselves(words: str) -> None:
    """Not for one of that name beside others."""
    file = [] if words == "overhead" else [os.devnull]
    result = run(["swapemu", words, "--design", "all", "--design", "plain", *file])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "Error: Invalid value for '--design': all of them, or some by name"
    )
