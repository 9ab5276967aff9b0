"""--color, NO_COLOR and TERM: who wins, for whom."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from swaptools.cli import colours

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def heeded(*words: str) -> bool | None:
    """What a context has of it: None leaves it to the stream."""
    found: list[bool | None] = []

    @click.command()
    @colours.option()
    def command() -> None:
        found.append(click.get_current_context().color)

    command.main(list(words), standalone_mode=False)
    return found[0]


@pytest.mark.parametrize(
    ("words", "variables", "expected"),
    [
        ("", {"TERM": "xterm"}, None),
        ("--color=auto", {"TERM": "xterm"}, None),
        ("", {"TERM": "dumb"}, False),
        ("", {"NO_COLOR": "1"}, False),
        ("--color=auto", {"NO_COLOR": "0"}, False),
        ("", {"NO_COLOR": ""}, None),
        ("--color=never", {}, False),
        ("--color=always", {"NO_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_who_is_asked_last_wins(
    words: str,
    variables: dict[str, str],
    expected: bool | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert heeded(*words.split()) is expected


@pytest.mark.sampled(7)
@pytest.mark.parametrize(
    "words",
    [
        "swapcheck --kernel=6.18 {}",
        "swapcheck --list P",
        "swapcheck --explain P001",
        "swapcheck --kernel list",
        "swapcheck --root {root}",
        "swapinfo {}",
        "swapemu compare --design plain swapoff",
    ],
)
def test_always_is_for_pipes_too(
    words: str, area_file: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/fstab").write_text("/swapfile none swap sw 0 0\n")
    name, *rest = words.format(area_file(), root=tmp_path).split()
    main: click.Command = import_module(f"swaptools.cli.{name}").main
    always = CliRunner().invoke(main, ["--color=always", *rest]).stdout
    assert "\x1b[" in always
    for when in ("auto", "never"):
        plain = CliRunner().invoke(main, [f"--color={when}", *rest]).stdout
        assert plain == click.unstyle(always)


def test_json_has_none(area_file: Callable[..., Path]) -> None:
    main: click.Command = import_module("swaptools.cli.swapcheck").main
    words = ["--color=always", "--json", str(area_file())]
    assert "\x1b" not in CliRunner().invoke(main, words).stdout
