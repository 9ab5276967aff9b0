"""Scripts by path, from standard input, or from the package, and running them.

What is no script is refused before much of it is in memory: a disk, a log file of
gigabytes, a program.

Not here: what a line may ask for (emulator/runs/grammar.py), what is printed of a run
(swapemu.py, comparison.py).
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from swaptools.cli import output
from swaptools.cli.progress import ProgressLine, take_away
from swaptools.errors import ScriptError, SelectionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.runs.looks import Shown
    from swaptools.emulator.runs.script import Run, Script

#: Pages that take long enough to say how far it is.
_LONG_PAGES: Final = 2000
#: Fewer pages, some seconds of work, are done sooner than compiled code is loaded.
WORTH_COMPILING_PAGES: Final = 1 << 18
INTERPRETED_HELP: Final = (
    "Do not compile, even if the fast extra is installed and SCRIPT touches "
    f"{WORTH_COMPILING_PAGES} pages or more; shorter ones never are."
)
_SUFFIX: Final = ".scenario"
_CHUNK_BYTES: Final = 1 << 16
#: Some hundred thousand operations, or expectations of many runs.
_MAX_SCRIPT_BYTES: Final = 8 << 20
_MAX_LINE_BYTES: Final = 1 << 20


def designs_of(names: Iterable[str]) -> list[Design]:
    """Return designs by name; ends with a usage error when there is none of a name."""
    from swaptools.emulator.machine.design import find_design

    try:
        return [find_design(name) for name in names]
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc


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
    """Return the text of a file, or of a scenario; a file comes first.

    Exits with a message when there is none, or when it is no script.
    """
    try:
        path = Path(name)
        folder = files("swaptools.emulator.runs.scenarios")
        if path.name == name and not path.exists():
            for scenario in (folder / name, folder / f"{name}{_SUFFIX}"):
                if scenario.is_file():
                    return scenario.read_text(encoding="utf-8")
        with click.open_file(name, "rb") as file:
            return b"".join(_chunks(file)).decode("utf-8-sig")
    except UnicodeDecodeError:
        output.fail("not a text file", name, output.EXIT_USAGE)
    except ValueError as exc:
        output.fail(str(exc), name, output.EXIT_USAGE)
    except OSError as exc:
        output.fail(exc.strerror or str(exc), name, output.EXIT_USAGE)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    # The parts of a file, until one of them shows that it is no script.
    total_bytes = line_bytes = lines = 0
    while chunk := file.read(_CHUNK_BYTES):
        if b"\0" in chunk:
            raise ValueError("not a text file")
        total_bytes += len(chunk)
        if total_bytes > _MAX_SCRIPT_BYTES:
            raise ValueError(f"longer than {_MAX_SCRIPT_BYTES} bytes")
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            lines += 1
            if line_bytes + len(line) > _MAX_LINE_BYTES:
                raise ScriptError(f"longer than {_MAX_LINE_BYTES} bytes", lines)
            line_bytes = 0
        line_bytes += len(rest)
        if line_bytes > _MAX_LINE_BYTES:
            raise ScriptError(f"longer than {_MAX_LINE_BYTES} bytes", lines + 1)
        yield chunk


def scenario_names() -> list[str]:
    """Return the names of the scenarios that compare every design."""
    found = _package_files()
    return sorted(name.removesuffix(_SUFFIX) for name in found if _SUFFIX in name)


def package_scripts() -> list[str]:
    """Return what may be named in place of a file: scenarios, and other scripts."""
    return sorted(name.removesuffix(_SUFFIX) for name in _package_files())


def _package_files() -> list[str]:
    found = files("swaptools.emulator.runs.scenarios").iterdir()
    return [entry.name for entry in found if entry.name.endswith((_SUFFIX, ".swap"))]
