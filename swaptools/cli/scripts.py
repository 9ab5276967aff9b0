"""Scripts and scenarios by path, from standard input, or from the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from swaptools.cli import output

_SUFFIX = ".scenario"


def read_script(name: str) -> str:
    """Return the text of a file, or of a scenario; a file comes first.

    Exits with a message when there is none, or when it is no text.
    """
    try:
        path = Path(name)
        folder = files("swaptools.emulator.scenarios")
        if not path.exists() and path.name == name:
            for scenario in (folder / name, folder / f"{name}{_SUFFIX}"):
                if scenario.is_file():
                    return scenario.read_text(encoding="utf-8")
        with click.open_file(name, encoding="utf-8") as file:
            return str(file.read())
    except UnicodeDecodeError:
        output.fail("not a text file", name, output.EXIT_USAGE)
    except OSError as exc:
        output.fail(exc.strerror or str(exc), name, output.EXIT_USAGE)


def scenario_names() -> list[str]:
    """Return the names of the scenarios that compare every design."""
    found = (entry.name for entry in files("swaptools.emulator.scenarios").iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in found if _SUFFIX in name)
