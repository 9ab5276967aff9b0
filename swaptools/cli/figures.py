"""A figure that is written to a file: matplotlib, the same bytes every time.

Not here: what is drawn (plot.py, map_plot.py).
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from swaptools.errors import MissingExtra, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def check_place(path: str | None) -> None:
    """Look whether a figure has a place, before anything is looked at for it.

    Raises:
        click.UsageError: The name does not say what kind of picture it is, or there is
            no such directory.
    """
    if path is None:
        return
    if not path.endswith((".svg", ".png")):
        raise click.UsageError(f"{named(path)}: neither .svg nor .png")
    directory = Path(path).parent
    if not directory.is_dir():
        reason = errno.ENOTDIR if directory.exists() else errno.ENOENT
        raise click.UsageError(f"{named(path)}: {os.strerror(reason)}")


def check(path: str | None) -> None:
    """Look whether a figure can be drawn, before what takes long.

    Raises:
        click.UsageError: The name does not say what kind of picture it is, or there is
            no such directory.
        MissingExtra: matplotlib is not installed.
    """
    check_place(path)
    if path is not None and find_spec("matplotlib") is None:
        raise MissingExtra("--plot", "plot")


def title_of(path: str) -> str:
    """Return a path as the title of a figure, which takes no command of TeX."""
    shown = path.encode("ascii", "backslashreplace").decode().replace("$", r"\$")
    return fill(shown, 90)


@contextmanager
def saved(path: str) -> Iterator[Callable[[float, float], Any]]:
    """Hand out a maker of one figure, by its size in inches, and write it at the end.

    Raises:
        MissingExtra: matplotlib is not installed.
        OSError: The file cannot be written.
    """
    try:
        figures: Any = import_module("matplotlib.figure")
        rc_context: Any = import_module("matplotlib").rc_context
    except ImportError as exc:
        raise MissingExtra("--plot", "plot") from exc
    made: list[Any] = []

    def new_figure(width: float, height: float) -> Any:
        made.append(figures.Figure((width, height), layout="constrained"))
        return made[-1]

    # The same bytes every time, and text that can be searched.
    with rc_context({"svg.hashsalt": "swaptools", "svg.fonttype": "none"}):
        yield new_figure
        metadata = {"Date": None} if path.endswith(".svg") else {}
        try:
            for figure in made:
                figure.savefig(path, dpi=120, metadata=metadata)
        except OSError as exc:
            raise OSError(exc.errno, exc.strerror or str(exc), path) from exc
