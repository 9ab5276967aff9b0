"""swapemu trace: what a trace holds, and traces of others in our own format.

Not here: what is printed of one (trace_text.py, trace_json.py), the formats (traces/).
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final

import click

from swaptools.cli import completing, output, params
from swaptools.cli.trace_files import opened, replaced, with_bar
from swaptools.cli.wrapping import say
from swaptools.errors import SwapToolsError
from swaptools.references import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from swaptools.traces.formats import Trace

#: Less is no sample: one page in a hundred thousand.
_LEAST_RATE: Final = 1e-5


class RateType(params.ParamType[float]):
    """A share of the pages: 0.1, or 10%."""

    name = "rate"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse, or fail with the reason."""
        if isinstance(value, float):
            return value
        number, percent, rest = str(value).partition("%")
        try:
            rate = float(number) / (100 if percent else 1)
        except ValueError:
            rate = 0.0
        if rest or not _LEAST_RATE <= rate <= 1:
            self.fail(f"{value!r} is no share from 0.001% to 100%", param, ctx)
        return rate


def reading_options() -> Callable[[Any], Any]:
    """Return --format, --skip-broken and --seed, of all that read a trace."""
    by_name = click.option(
        "--format",
        "format_name",
        metavar="FORMAT",
        shell_complete=completing.one_of(completing.trace_formats),
        help="What it is in (default: known by its first bytes).",
    )
    skips = click.option(
        "--skip-broken",
        is_flag=True,
        help="Pass broken records over, and say how many there were.",
    )
    seed = click.option(
        "--seed",
        type=click.IntRange(min=0),
        default=0,
        metavar="N",
        help="Of what masim and damo leave to chance (default: 0).",
    )
    return lambda command: by_name(skips(seed(command)))


@click.group()
def trace() -> None:
    """Look into traces of references to pages, or convert them."""


@trace.command()
@reading_options()
@click.option(
    "--sample",
    "rate",
    type=RateType(),
    metavar="RATE",
    help="Look at so many of the pages only, as in 10%, and say how far off it may be.",
)
@click.option(
    "--memory",
    "memories",
    type=params.SIZE,
    multiple=True,
    metavar="SIZE",
    help="Give the miss ratio of this memory, too; may be given again.",
)
@params.json_option()
@click.option(
    "--plot",
    "plot_path",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Draw working sets and the miss ratio, as .svg or .png.",
)
@click.argument(
    "file",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    shell_complete=completing.trace,
)
def show(
    *,
    file: str,
    format_name: str | None,
    skip_broken: bool,
    seed: int,
    rate: float | None,
    memories: tuple[int, ...],
    as_json: bool,
    plot_path: str | None,
) -> None:
    """Print what a trace holds, and what it needs of memory.

    FILE is a trace, compressed or not, - for standard input, or one that comes with
    the package: compiler, scan or server. It is read once,
    in the memory that its pages need, and never held.
    """
    from swaptools.cli import figures, trace_json, trace_text
    from swaptools.working_set.measure import Measuring

    try:
        figures.check(plot_path)
        with opened(file, format_name, skip_broken=skip_broken, seed=seed) as found:
            measuring = Measuring(found.about, rate=rate)
            for batch in with_bar(found, "reading"):
                measuring.add(batch)
            measured = measuring.result()
            if as_json:
                output.print_json(trace_json.of(found, measured, rate, memories))
            else:
                for line in trace_text.lines(found, measured, rate, memories):
                    say(line)
            if plot_path is not None:
                _draw(found, measured, plot_path)
            _tell_broken(found)
    except SwapToolsError as exc:
        output.fail(str(exc), code=output.EXIT_USAGE)


def _draw(found: Trace, measured: Any, path: str) -> None:
    from swaptools.cli.trace_plot import draw

    draw(found.source.path, found.about, measured, path)


def _tell_broken(found: Trace) -> None:
    if found.source.broken:
        output.error(f"{found.source.broken:,} broken records", found.source.path)


@trace.command()
@reading_options()
@click.option(
    "--k",
    "least_pages",
    type=click.IntRange(1, 1 << 14),
    default=1,
    metavar="PAGES",
    help="Drop what no memory of PAGES or more would notice (default: 1).",
)
@click.argument(
    "file",
    metavar="IN",
    type=click.Path(allow_dash=True),
    shell_complete=completing.trace,
)
@click.argument("target", metavar="OUT", type=click.Path(allow_dash=True))
def convert(
    *,
    file: str,
    target: str,
    format_name: str | None,
    skip_broken: bool,
    seed: int,
    least_pages: int,
) -> None:
    """Write what IN holds to OUT, in the format of swap-trace(5).

    IN is a trace in any format, or - for standard input; OUT is a file, which is
    there whole or not at all, or - for standard output.
    """
    try:
        with opened(file, format_name, skip_broken=skip_broken, seed=seed) as found:
            if least_pages > 1 and found.about.order is Order.FAULTS:
                raise click.UsageError("--k: what only missed cannot be reduced")
            with replaced(target) as stream:
                count = _write(found, stream, least_pages)
            if target != "-":
                click.echo(f"{output.escape(target)}: {count:,} references")
            _tell_broken(found)
    except SwapToolsError as exc:
        output.fail(str(exc), code=output.EXIT_USAGE)


def _write(found: Trace, stream: IO[bytes], least_pages: int) -> int:
    # Returns how many references were written.
    from swaptools.traces.compact_write import TraceWriter
    from swaptools.traces.gather import Gatherer
    from swaptools.traces.reduce import reduced

    about, path = found.about, found.source.path
    named = about.source or (None if path == "-" else path)
    least = max(about.least_pages, least_pages)
    writer = TraceWriter(stream, about._replace(source=named, least_pages=least))
    gatherer = Gatherer(writer)
    batches = with_bar(found, "converting")
    for batch in batches if least_pages == 1 else reduced(batches, least_pages):
        gatherer.add(batch)
    gatherer.flush()
    for task, name in found.source.task_names.items():
        writer.name_task(task, name)
    if found.source.lengths:
        writer.add_lengths(found.source.lengths)
    writer.finish()
    return writer.references
