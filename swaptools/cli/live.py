"""The options of swapinfo that ask the running machine: --who, --map, --estimate.

Not here: what each of them prints (who.py, swapmap.py, estimate.py).
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

import click

from swaptools.cli import columns, completing, params
from swaptools.errors import AreaError
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.cli.choosing import Asked

_WORDS: Final = tuple(columns.WHO)
_SAMPLES: Final = 4096
#: A year; a sleep of three hundred of them is refused by the clock.
_MAX_WAIT_SECONDS: Final = 366 * 86400


class Live(NamedTuple):
    """What was asked of the running machine."""

    who: str | None
    #: Empty for all areas.
    map_area: str | None
    estimate: bool
    pid: int | None
    cgroup: str | None
    samples: int | None
    pool_percent: int | None
    size_bytes: int | None
    plot_path: str | None
    probe: bool
    settle: bool
    watch_seconds: float | None

    @property
    def is_asked(self) -> bool:
        """Whether any of it was."""
        return any(value is not None and value is not False for value in self)


def _area_names() -> list[str]:
    from swaptools.observe.proc import read_swaps

    try:
        return [row.name for row in read_swaps()]
    except AreaError:
        return []


_OPTIONS: Final = (
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
        shell_complete=completing.one_of(_area_names),
        help="Print which slots are held, of one active area or of all (root).",
    ),
    click.option(
        "--estimate",
        is_flag=True,
        help="Print what memory of --pid or --cgroup would compress to.",
    ),
    click.option(
        "--pid",
        type=click.IntRange(min=1),
        shell_complete=completing.processes,
        help="The process of --who=mapping and --estimate.",
    ),
    click.option(
        "--cgroup",
        metavar="PATH",
        shell_complete=completing.cgroups,
        help="The cgroup of --estimate.",
    ),
    click.option(
        "--samples",
        type=click.IntRange(min=1),
        metavar="N",
        help=f"Pages that --estimate reads (default: {_SAMPLES}).",
    ),
    click.option(
        "--pool",
        "pool_percent",
        type=click.IntRange(0, 100),
        metavar="PERCENT",
        help="Memory for zswap's pool in --estimate (default: its setting).",
    ),
    click.option(
        "--size",
        "size_bytes",
        type=params.SIZE,
        metavar="SIZE",
        help="Of a zram device and a ghost in --estimate (default: that of RAM).",
    ),
    click.option(
        "--plot",
        "plot_path",
        type=params.PathType(dir_okay=False),
        metavar="FILE",
        help="Draw the map to FILE (.svg or .png), too.",
    ),
    click.option(
        "--probe",
        is_flag=True,
        help="Page out a page of our own to learn where --map goes on.",
    ),
    click.option(
        "--settle",
        is_flag=True,
        help="Page out as many as there are holes, to learn the order, too.",
    ),
    click.option(
        "--watch",
        "watch_seconds",
        type=params.FiniteType(min=0.1, max=_MAX_WAIT_SECONDS),
        metavar="SECONDS",
        help="Print --who or --map again and again, until Ctrl-C.",
    ),
)


def options() -> Callable[[Any], Any]:
    """Return the options; their values are the fields of a Live."""

    def add(command: Any) -> Any:
        for option in reversed(_OPTIONS):
            command = option(command)
        return command

    return add


def check(live: Live, *, about_files: bool) -> None:
    """Refuse what makes no sense together.

    Raises:
        click.UsageError: With the reason.
    """
    from swaptools.cli.figures import check_place

    asked = [
        name
        for name, is_asked in (
            ("--who=mapping", live.who == "mapping"),
            ("--who", live.who not in (None, "mapping")),
            ("--map", live.map_area is not None),
            ("--estimate", live.estimate),
        )
        if is_asked
    ]
    if about_files:
        raise click.UsageError("the running machine is asked, or a FILE")
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked)} exclude each other")
    for option, value, wanted in (
        ("--plot", live.plot_path, ["--map"]),
        ("--probe", live.probe or None, ["--map"]),
        ("--settle", live.settle or None, ["--map"]),
        ("--watch", live.watch_seconds, ["--who", "--who=mapping", "--map"]),
        ("--cgroup", live.cgroup, ["--estimate"]),
        ("--samples", live.samples, ["--estimate"]),
        ("--pool", live.pool_percent, ["--estimate"]),
        ("--size", live.size_bytes, ["--estimate"]),
        ("--pid", live.pid, ["--who=mapping", "--estimate"]),
    ):
        if value is not None and not set(asked) & set(wanted):
            raise click.UsageError(f"{option} needs {' or '.join(wanted)}")
    if live.probe and live.settle:
        raise click.UsageError("--settle learns what --probe does; one of them")
    check_place(live.plot_path)
    if live.who == "mapping" and live.pid is None:
        raise click.UsageError("--who=mapping needs --pid")
    if live.estimate and (live.pid is None) == (live.cgroup is None):
        raise click.UsageError("--estimate needs one of --pid and --cgroup")


def run(live: Live, asked: Asked) -> int:
    """Print what was asked for, once or until Ctrl-C; return the exit status."""
    has_columns = asked.names is not None or asked.is_all or asked.unit is not None
    if live.who is None and has_columns:
        raise click.UsageError("--map and --estimate have no columns and no units")
    if live.estimate:
        return _estimate(live, as_json=asked.as_json)
    show = _show_map if live.map_area is not None else _show_who
    while True:
        code = show(live, asked)
        has_ended = live.pid is not None and code != 0
        if live.watch_seconds is None or has_ended:
            return code
        sys.stdout.flush()
        time.sleep(live.watch_seconds)
        if sys.stdout.isatty():
            click.clear()


def _estimate(live: Live, *, as_json: bool) -> int:
    from swaptools.cli import estimate

    return estimate.show(
        live.pid,
        live.cgroup,
        samples=live.samples or _SAMPLES,
        pool_percent=live.pool_percent,
        size_bytes=live.size_bytes,
        as_json=as_json,
    )


def _show_map(live: Live, asked: Asked) -> int:
    from swaptools.cli import swapmap

    return swapmap.show(
        live.map_area or "",
        as_json=asked.as_json,
        plot_path=live.plot_path,
        learning="settle" if live.settle else "probe" if live.probe else None,
    )


def _show_who(live: Live, asked: Asked) -> int:
    from swaptools.cli import who

    word = live.who or _WORDS[0]
    look = asked.look(columns.WHO[word])
    if word == "mapping":
        return who.show_mappings(live.pid or 0, look)
    return who.show_cgroups(look) if word == "cgroup" else who.show_processes(look)
