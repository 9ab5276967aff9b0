"""The options of swapinfo that ask the running machine: --who, --map, --watch.

Not here: what each of them prints (who.py, swapmap.py).
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from swaptools.cli import columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.cli.output import TableStyle

_WORDS: Final = tuple(columns.WHO)


class Live(NamedTuple):
    """What was asked of the running machine."""

    who: str | None
    #: Empty for all areas.
    map_area: str | None
    watch_seconds: float | None
    pid: int | None
    plot_path: str | None

    @property
    def is_asked(self) -> bool:
        """Whether any of it was."""
        return any(value is not None for value in self)


def options() -> Callable[[Any], Any]:
    """Return the options; their values are the fields of a Live."""
    made = [
        click.option(
            "--who",
            is_flag=False,
            flag_value="process",
            type=click.Choice(_WORDS),
            help="Print who has the swap in use (default: process).",
        ),
        click.option(
            "--map",
            "map_area",
            is_flag=False,
            flag_value="",
            metavar="[AREA]",
            help="Print which slots are held, of one active area or of all (root).",
        ),
        click.option(
            "--pid", type=click.IntRange(min=1), help="The process of --who=mapping."
        ),
        click.option(
            "--plot",
            "plot_path",
            type=click.Path(dir_okay=False),
            metavar="FILE",
            help="Draw the map to FILE (.svg or .png), too.",
        ),
        click.option(
            "--watch",
            "watch_seconds",
            type=click.FloatRange(min=0.1),
            metavar="SECONDS",
            help="Print --who or --map again and again, until Ctrl-C.",
        ),
    ]

    def add(command: Any) -> Any:
        for option in reversed(made):
            command = option(command)
        return command

    return add


def check(live: Live, *, about_files: bool) -> None:
    """Refuse what makes no sense together.

    Raises:
        click.UsageError: With the reason.
    """
    from swaptools.cli.figures import is_name

    if about_files:
        raise click.UsageError("--who and --map are about the running machine, no FILE")
    if live.who is not None and live.map_area is not None:
        raise click.UsageError("--who and --map exclude each other")
    if live.plot_path is not None and live.map_area is None:
        raise click.UsageError("--plot needs --map")
    if live.plot_path is not None and not is_name(live.plot_path):
        raise click.UsageError(f"{live.plot_path}: neither .svg nor .png")
    if live.watch_seconds is not None and live.who is None and live.map_area is None:
        raise click.UsageError("--watch needs --who or --map")
    if (live.who == "mapping") != (live.pid is not None):
        raise click.UsageError("--who=mapping and --pid go together")


def run(
    live: Live,
    chosen: str | None,
    unit: str | None,
    *,
    style: TableStyle,
    headings: bool,
    as_json: bool,
) -> int:
    """Print what was asked for, once or until Ctrl-C; return the exit status."""
    if live.map_area is not None and (chosen or unit):
        raise click.UsageError("--map has no columns and no units")
    while True:
        if live.map_area is not None:
            from swaptools.cli import swapmap

            code = swapmap.show(
                live.map_area, as_json=as_json, plot_path=live.plot_path
            )
        else:
            code = _show_who(live, chosen, unit, style, headings, as_json)
        if live.watch_seconds is None:
            return code
        sys.stdout.flush()
        time.sleep(live.watch_seconds)
        if sys.stdout.isatty():
            click.clear()


def _show_who(
    live: Live,
    chosen: str | None,
    unit: str | None,
    style: TableStyle,
    headings: bool,
    as_json: bool,
) -> int:
    from swaptools.cli import who

    word = live.who or _WORDS[0]
    try:
        shown = columns.WHO[word].choose(chosen, unit)
    except ValueError as exc:
        raise click.UsageError(str(exc)) from exc
    look = who.Look(shown, style, headings, as_json)
    if word == "mapping":
        return who.show_mappings(live.pid or 0, look)
    return who.show_cgroups(look) if word == "cgroup" else who.show_processes(look)
