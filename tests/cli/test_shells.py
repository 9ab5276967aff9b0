"""Tab in the shells that people use, on a terminal, and what a list says of a name."""

from __future__ import annotations

import time
from importlib import import_module
from typing import TYPE_CHECKING

import click
import pytest

from swaptools.cli.shells import MOST_LETTERS, brief
from tests.cli.shell_rig import SHELLS, Shell
from tests.test_docs import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=SHELLS)
def shell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    home = tmp_path_factory.mktemp("home")
    (home / "an image.img").touch()
    (home / "maps").mkdir()
    (home / "maps" / "one.json").touch()
    try:
        found = Shell(request.param, home)
    except LookupError as exc:
        pytest.skip(str(exc))
    yield found
    found.close()


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("swapinfo -o PATH,PARTL\t", "<swapinfo><-o><PATH,PARTLABEL>"),
        ("swapinfo --output=LAB\t", "<swapinfo><--output=LABEL>"),
        ("swapinfo --who=ma\t", "<swapinfo><--who=mapping>"),
        ("swapinfo an\t", "<swapinfo><an image.img>"),
        ("swapemu run --from=maps/o\t", "<swapemu><run><--from=maps/one.json>"),
        ("swapemu res\t", "<swapemu><resolution>"),
        ("swapcheck PARTU\t", "<swapcheck><PARTUUID=>"),
        ("ghost-mkswap -p 16\t", "<ghost-mkswap><-p><16384>"),
    ],
)
def test_a_word_is_completed(typed: str, words: str, shell: Shell) -> None:
    assert words in shell.enter(typed, words)


@pytest.mark.sampled(3)
def test_ctrl_c_ends_it_without_a_word(shell: Shell) -> None:
    """While the interpreter starts, while it imports, and while it looks."""
    begin = len(shell.seen)
    for number, wait_s in enumerate((0.01, 0.04, 0.08, 0.15)):
        shell.type("swapemu run --design \t")
        time.sleep(wait_s)
        shell.type("\x03")
        shell.type("\x15\r")  # bash may lose the key that comes next
        shell.enter(f"printf al; echo ive{number}", f"alive{number}")
    assert "Traceback" not in shell.seen[begin:]
    assert "Error" not in shell.seen[begin:]


def test_a_list_says_what_each_is(shell: Shell, request: pytest.FixtureRequest) -> None:
    if "bash" in request.node.name:
        pytest.skip("bash has names only")
    text = "Tell in one screen what a ghost takes and refuses"
    assert text in shell.type("swapemu \t\t", text)
    shell.type("\x03")
    shell.enter("\x15printf al; echo ive", "alive")


def descriptions(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield f"{path} {name}", below.help or ""
            yield from descriptions(below, f"{path} {name}")
    for param in command.params:
        if isinstance(param, click.Option):
            yield f"{path} {param.opts[-1]}", param.help or ""


@pytest.mark.parametrize("name", COMMANDS)
def test_no_description_is_cut_in_the_middle(name: str) -> None:
    """Of help that is too long for a list there is a beginning that says something."""
    main = import_module(f"swaptools.cli.{name.replace('-', '_')}").main
    found = dict(descriptions(main, name))
    assert found
    for what, text in found.items():
        told = brief(text)
        rest = " ".join(text.split()).removeprefix(told)
        assert len(told) <= MOST_LETTERS, what
        assert told.count(" ") >= 2 or told == text.rstrip("."), what
        assert told.count("(") == told.count(")"), what
        assert rest[:2] in ("", ".", ". ", "; ", ": ", ", ", " ("), what


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Print nothing.", "Print nothing"),
        ("Print all. Then exit.", "Print all. Then exit"),
        (f"Print all. Then {'x' * 60}.", "Print all"),
        (f"Print all (a, b. c), {'x' * 60}", "Print all"),
        (f"Print all, {'x' * 60}", "Print all"),
        (f"Print one: {'x' * 60}", "Print one"),
        ("x" * 60, "x" * 60),
    ],
)
def test_a_description_ends_where_a_clause_does(text: str, told: str) -> None:
    assert brief(text) == told
