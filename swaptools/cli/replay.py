"""swapemu replay: a trace under designs, in a memory that is too small for it.

Not here: passes over the trace (replay_passes.py), what is printed (replay_text.py,
replay_plot.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from swaptools.cli import completing, output, params
from swaptools.cli.scripts import designs_of, designs_option, usable_designs
from swaptools.cli.trace import reading_options
from swaptools.errors import SelectionError, SwapToolsError

if TYPE_CHECKING:
    from swaptools.cli.replay_inputs import Options
    from swaptools.cli.replay_passes import Result

_MOST_PERCENT: Final = 1000
#: And the number of a signal: the status of a command that it stopped.
_OF_SIGNAL: Final = 128


class Ram(NamedTuple):
    """A memory: bytes, or a share of what a trace needs."""

    size_bytes: int
    percent: float | None = None


class RamType(params.ParamType[Ram]):
    """A size, or a percentage of the footprint: 64M, or 50%."""

    name = "ram"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Ram:
        """Parse, or fail with the reason."""
        if isinstance(value, Ram):
            return value
        text = str(value)
        if not text.endswith("%"):
            return Ram(params.SIZE.convert(text, param, ctx))
        try:
            percent = float(text[:-1])
        except ValueError:
            percent = 0.0
        if not 0 < percent <= _MOST_PERCENT:
            self.fail(f"{value!r} is no share from 0% to {_MOST_PERCENT}%", param, ctx)
        return Ram(0, percent)


@click.command()
@click.option(
    "--ram",
    type=RamType(),
    metavar="SIZE|PERCENT%",
    help="The memory of all tasks, or a share of the pages that they use.",
)
@designs_option("A design to replay it under")
@click.option(
    "--policy",
    metavar="NAME",
    default="two_lists",
    shell_complete=completing.one_of(completing.known_policies),
    help="Who leaves memory (default: two_lists).",
)
@click.option(
    "--zswap/--no-zswap",
    default=True,
    help="Whether zswap is on, where the design asks (default: it is).",
)
@click.option(
    "--area",
    "area_bytes",
    type=params.SIZE,
    metavar="SIZE",
    help="Of the disk to swap to, and of what a design advertises besides "
    "(default: twice what the pages take).",
)
@click.option(
    "--kernel", metavar="RELEASE", help="The kernel (default: that of each design)."
)
@click.option(
    "--lengths",
    metavar="fixed:N|table:FILE|trace",
    default="fixed:2048",
    help="What pages compress to (default: fixed:2048, in bytes).",
)
@click.option(
    "--machine",
    "script",
    metavar="SCRIPT",
    shell_complete=completing.script,
    help="Begin with the machine that SCRIPT leaves, with its areas and settings.",
)
@click.option("--all-pages", is_flag=True, help="Take pages of code and files, too.")
@click.option(
    "--bound",
    is_flag=True,
    help="Tell as well what no policy could be better than (opt); two more passes.",
)
@click.option(
    "--every",
    type=click.IntRange(1, 1 << 62),
    metavar="N",
    help="Look after each N references (default: at most 128 times).",
)
@click.option(
    "--flush",
    "flush_every",
    type=click.IntRange(1, 1 << 40),
    default=64,
    metavar="N",
    help="Flush the kernel's statistics after each N references (default: 64).",
)
@click.option("--interpreted", is_flag=True, help="Do not compile, however long.")
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Keep there what is done when stopped (Ctrl-C); the same command goes on.",
)
@params.json_option()
@click.option("--csv", "as_csv", is_flag=True, help="Print what was seen over time.")
@click.option(
    "--plot",
    "plot_path",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Draw misses, slots, pools and metadata over time (.svg or .png).",
)
@reading_options()
@click.argument(
    "trace",
    metavar="TRACE",
    type=click.Path(allow_dash=True),
    shell_complete=completing.trace,
)
def replay(
    *,
    trace: str,
    ram: Ram | None,
    names: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    plot_path: str | None,
    **options: Any,
) -> None:
    """Replay a trace in a memory that is too small for it.

    TRACE is replayed in a memory of --ram, under one design after another.

    TRACE is in any format that swapemu trace show reads, or one of those that come
    with the package: compiler, scan, server. A page is made by its first
    reference; who leaves when there is no memory decides --policy. A trace of faults
    says that itself: what it has is what missed.
    """
    from swaptools.cli import figures, replay_text
    from swaptools.cli.replay_checkpoint import Stopped
    from swaptools.cli.replay_inputs import Options
    from swaptools.cli.replay_passes import replayed

    if as_json and as_csv:
        raise click.UsageError("--json and --csv: one of them")
    designs = designs_of(names) if names else usable_designs()
    _check_names(options["policy"], options["kernel"])
    asked = Options(
        path=trace,
        ram_bytes=ram.size_bytes if ram and ram.percent is None else None,
        ram_percent=ram.percent if ram else None,
        **options,
    )
    try:
        figures.check(plot_path)
        result = replayed(asked, designs)
        if plot_path is not None:
            _draw(result, plot_path)
        if as_json:
            output.print_json(replay_text.as_json(result))
        elif as_csv:
            replay_text.print_csv(result)
        else:
            replay_text.print_text(result)
        if asked.checkpoint is not None:
            _remove(asked.checkpoint)
    except SwapToolsError as exc:
        output.fail(str(exc), code=output.EXIT_USAGE)
    except Stopped as exc:
        output.error("kept; the same command goes on from there", asked.checkpoint)
        output.finish(_OF_SIGNAL + exc.number)
    _end(asked, result.kept.failed)


def _check_names(policy: str, kernel: str | None) -> None:
    from swaptools.emulator.pressure.policy import find_policy
    from swaptools.kernel.releases import find_kernel

    try:
        find_policy(policy)
        if kernel is not None:
            find_kernel(kernel)
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc


def _draw(result: Result, path: str) -> None:
    from swaptools.cli.replay_plot import draw

    draw(result, path)


def _end(asked: Options, failed: dict[str, str]) -> None:
    for design, reason in failed.items():
        output.error(f"{reason} (design {design})", asked.path)
    if failed:
        output.finish(output.EXIT_FAILED)


def _remove(path: str) -> None:
    from pathlib import Path  # for who replays: --help and Tab do without

    Path(path).unlink(missing_ok=True)
