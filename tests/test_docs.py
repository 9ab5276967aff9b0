"""Commands, man pages, README and completions tell the same story."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.shell_completion import get_completion_class
from click.testing import CliRunner

from swaptools.cli.shells import register

ROOT = Path(__file__).parents[1]


def entry_points() -> dict[str, str]:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    scripts: dict[str, str] = project["scripts"]
    return scripts


COMMANDS = sorted(entry_points())
SHELLS = {"bash": "bash/{}", "zsh": "zsh/_{}", "fish": "fish/{}.fish"}


def command(name: str) -> click.Command:
    found = import_module(f"swaptools.cli.{name.replace('-', '_')}").main
    assert isinstance(found, click.Command)
    return found


def options(name: str) -> set[str]:
    """Every spelling of every option, --help included, groups' commands too."""
    found: set[str] = set()

    def walk(one: click.Command) -> None:
        context = click.Context(one, info_name=name, **one.context_settings)
        for parameter in one.get_params(context):
            if isinstance(parameter, click.Option) and not parameter.hidden:
                found.update(parameter.opts, parameter.secondary_opts)
        if isinstance(one, click.Group):
            for below in one.commands.values():
                walk(below)

    walk(command(name))
    return found


def man_page(name: str) -> str:
    pages = [*(ROOT / "man").glob(f"{name}.[0-9]")]
    assert len(pages) == 1, f"man page of {name}"
    return pages[0].read_text()


def plain(roff: str) -> str:
    r"""Roff without what it does to hyphens and fonts: ``\-`` is ``-``."""
    text = roff.replace("\\-", "-").replace("\\(hy", "-")
    return re.sub(r"\\f[BIRP]|\\f\(..|\\&", "", text)


def section(roff: str, title: str) -> str:
    found = re.search(rf"^\.SH {title}\n(.*?)(?=^\.SH |\Z)", roff, re.S | re.M)
    assert found is not None, title
    return found[1]


#: An option at the start of a line, or after a blank, comma or bracket.
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]*|-[A-Za-z])(?![\w-])")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_is_in_the_options_section_of_its_page(name: str) -> None:
    written = set(OPTION.findall(plain(section(man_page(name), "OPTIONS"))))
    assert options(name) - written == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_that_heads_a_paragraph_exists(name: str) -> None:
    """Other programs' options may be spoken of, but none heads an entry."""
    heads = re.findall(
        r"^\.T[PQ][^\n]*\n([^\n]+)$", section(man_page(name), "OPTIONS"), re.M
    )
    headed: set[str] = set()
    for head in heads:
        words = re.sub(r"^\.[BIR]+ ", "", plain(head)).replace('"', "")
        if words.lstrip().startswith("-"):
            headed |= set(OPTION.findall(words))
    assert headed
    assert headed - options(name) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_has_the_usual_sections_in_order(name: str) -> None:
    titles = re.findall(r"^\.SH (.+)$", man_page(name), re.M)
    usual = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"]
    assert [title.strip('"') for title in titles if title.strip('"') in usual] == usual


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_names_each_command(name: str) -> None:
    assert name in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", COMMANDS)
def test_the_completion_that_is_shipped_is_what_the_command_writes(
    name: str, shell: str
) -> None:
    register()
    made = get_completion_class(shell)
    assert made is not None
    variable = f"_{name.replace('-', '_').upper()}_COMPLETE"
    source = made(command(name), {}, name, variable).source_template % {
        "complete_func": f"_{name.replace('-', '_')}_completion",
        "complete_var": variable,
        "prog_name": name,
    }
    shipped = ROOT / "completions" / SHELLS[shell].format(name)
    assert shipped.read_text().strip() == source.strip()


def test_no_completion_is_left_over() -> None:
    shipped = {
        path.relative_to(ROOT / "completions").as_posix()
        for path in (ROOT / "completions").glob("*/*")
    }
    assert shipped == {
        place.format(name) for place in SHELLS.values() for name in COMMANDS
    }


def test_the_task_of_ansible_makes_a_ghost_once(tmp_path: Path) -> None:
    """On a machine without one, and again on the same machine."""
    tasks = (ROOT / "examples" / "ansible.yml").read_text()
    words = re.findall(r"^ {6}- (.+)$", tasks, re.M)
    assert words[0] == "ghost-mkswap"
    path = str(tmp_path / "ghost.swap")
    given = {"/var/ghost.swap": path, words[-1]: "64G"}
    argv = ["-f", *(given.get(word, word) for word in words[1:])]  # on tmpfs, too
    runs = [CliRunner().invoke(command("ghost-mkswap"), argv) for _ in range(2)]
    assert [run.exit_code for run in runs] == [0, 0], runs[0].stderr
    assert [json.loads(run.stdout)["changed"] for run in runs] == [True, False]


def test_help_cuts_no_sentence_about_a_command() -> None:
    """At 80 columns, where click ends what is too long with dots."""
    group = command("swapemu")
    assert isinstance(group, click.Group)
    listed = CliRunner().invoke(group, ["--help"], terminal_width=80).stdout
    assert "..." not in listed.partition("Commands:")[2]
    assert all(name in listed for name in group.commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_describes_every_option(name: str) -> None:
    silent = [
        parameter.name
        for parameter in command(name).params
        if isinstance(parameter, click.Option)
        and not parameter.hidden
        and not parameter.help
    ]
    assert silent == []
