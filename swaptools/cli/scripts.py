"""Scripts by path, from standard input, or from the package, and running them.

Not here: reading files (script_files.py), what a line may ask for
(emulator/runs/grammar.py), what is printed of a run (swapemu.py, comparison.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from swaptools.cli import completing, output
from swaptools.cli.progress import ProgressLine, take_away
from swaptools.compile_cache import WORTH_COMPILING_PAGES
from swaptools.errors import ScriptError, SelectionError
from swaptools.script_files import read_script_file, read_script_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.runs.looks import Shown
    from swaptools.emulator.runs.script import Run, Script

#: Pages that take long enough to say how far it is.
_LONG_PAGES: Final = 2000
INTERPRETED_HELP: Final = (
    "Do not compile, even if the fast extra is installed and SCRIPT touches "
    f"{WORTH_COMPILING_PAGES} pages or more; shorter ones never are."
)


def designs_of(names: Iterable[str]) -> list[Design]:
    """Return designs by name; ends with a usage error when there is none of a name."""
    from swaptools.emulator.machine.design import find_design

    try:
        return [find_design(name) for name in names]
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc


def all_or_named(
    _ctx: click.Context, _param: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the names that are given; none of them for ``all``, the default.

    Raises:
        click.BadParameter: ``all``, and others besides.
    """
    if set(names) > {completing.ALL}:
        raise click.BadParameter("all of them, or some by name")
    return () if completing.ALL in names else names


def designs_option(text: str) -> Callable[[Any], Any]:
    """Return the option that names designs, which become the argument ``names``."""
    return click.option(
        "--design",
        "names",
        multiple=True,
        metavar="NAME",
        callback=all_or_named,
        shell_complete=completing.all_or(completing.known_designs),
        help=f"{text}; may be given again (default: all).",
    )


def usable_designs() -> list[Design]:
    """Return all designs that are installed; says which cannot be used, and why."""
    from swaptools.emulator.machine.design import design_names, find_design

    found = []
    for name in design_names():
        try:
            found.append(find_design(name))
        except SelectionError as exc:
            output.error(str(exc))
    return found


def parsed(text: str, name: str, design: Design | None = None) -> Script:
    """Read and check a script for a machine; exits with a message for its line."""
    from swaptools.emulator.machine.design import NO_DESIGN
    from swaptools.emulator.runs.names import Names
    from swaptools.emulator.runs.script import parse_script

    try:
        return parse_script(text, Names(design=design or NO_DESIGN))
    except ScriptError as exc:
        output.fail(str(exc), name, output.EXIT_USAGE)


def compiles(script: Script, *, interpreted: bool) -> bool | None:
    """Return the engine for a script: False interprets, None compiles if it can."""
    is_short = script.nr_pages < WORTH_COMPILING_PAGES
    return False if interpreted or is_short else None


def steps(
    script: Script, run: Run, label: str, *, quiet: bool = False
) -> Iterator[Shown]:
    """Do a script, yielding what it shows, with progress on a terminal meanwhile.

    Raises:
        ScriptError: A line that cannot be done, or an expectation that does not hold.
    """
    from swaptools.emulator.runs.script import run_script

    if not quiet and script.nr_pages >= _LONG_PAGES:
        progress = ProgressLine(label)
        run.watch = lambda touched: progress(touched, script.nr_pages)
    try:
        for _, found in run_script(script, run):
            if found is not None:
                yield found
    finally:
        take_away()


def read_script(name: str) -> str:
    """Return the text of a file, of a scenario, or of standard input for ``-``.

    Exits with a message when there is none, or when it is no script.
    """
    try:
        if name == "-":
            with click.open_file(name, "rb") as stdin:
                return read_script_text(stdin)
        return read_script_file(name)
    except ValueError as exc:
        output.fail(str(exc), name, output.EXIT_USAGE)
    except OSError as exc:
        output.fail(exc.strerror or str(exc), name, output.EXIT_USAGE)
