"""swapemu report: what was counted, as a page, a mail or flat rows.

Not here: what is told, and how it looks (report/).
"""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import click

from swaptools import __version__
from swaptools.cli import output
from swaptools.errors import MissingExtra, SelectionError, StudyError

if TYPE_CHECKING:
    from swaptools.report.seen import Wishes
    from swaptools.report.values import Report, Section


@click.command()
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Where to write it (default: report.html; text and CSV: standard output).",
)
@click.option("--text", "as_text", is_flag=True, help="Text of 72 columns, for a mail.")
@click.option("--csv", "as_csv", is_flag=True, help="Flat rows, with commas.")
@click.option(
    "--over",
    metavar="AXIS",
    help="Draw over this axis (default: the longest one of numbers).",
)
@click.option(
    "--lines",
    metavar="AXIS",
    help="Draw a line for each value of this axis (default: design).",
)
@click.option(
    "--against",
    metavar="DESIGN",
    help="Tell differences from this design (default: the first).",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Tell this count; may be given again (default: the telling ones that vary).",
)
@click.option(
    "--break-even",
    is_flag=True,
    help="Print where designs begin to have more than another, and nothing else.",
)
@click.option(
    "--title", metavar="TEXT", help="Of the page (default: of what it tells)."
)
@click.argument("results", nargs=-1, required=True, type=click.Path(dir_okay=False))
def report(
    *,
    results: tuple[str, ...],
    path: str | None,
    as_text: bool,
    as_csv: bool,
    over: str | None,
    lines: str | None,
    against: str | None,
    metrics: tuple[str, ...],
    break_even: bool,
    title: str | None,
) -> None:
    """Tell what RESULTS have, in one page that opens anywhere.

    RESULTS are rows of swapemu sweep, and what swapemu compare, replay, overhead and
    trace show print with --json. The page needs no network and no other file.
    """
    from swaptools.report.seen import Wishes

    if as_text and as_csv:
        raise click.UsageError("--text and --csv: one of them")
    if over is not None and over == lines:
        raise click.UsageError("--over and --lines: two axes")
    as_text = as_text or (break_even and not as_csv)
    sections = _sections(results, Wishes(over, against, lines, metrics, break_even))
    if break_even:
        sections = [each._replace(left_out=()) for each in sections if each.tables]
    heading = title or (sections[0].title if len(sections) == 1 else "Report")
    made = _report(heading, sections)
    try:
        written = _written(made, as_text=as_text, as_csv=as_csv)
    except MissingExtra as exc:
        output.fail(str(exc), code=output.EXIT_USAGE)
    usual = "-" if as_text or as_csv else "report.html"
    target = usual if path is None else path
    _write(written, target)
    if target != "-":
        size_kib = len(written.encode()) / 1024
        click.echo(f"{output.escape(target)}: {size_kib:,.0f} KiB")


def _sections(results: tuple[str, ...], wishes: Wishes) -> list[Section]:
    from swaptools.report.sources import sections_of

    found: list[Section] = []
    for path in results:
        try:
            found += sections_of(path, wishes)
        except StudyError as exc:
            output.fail(str(exc), code=output.EXIT_USAGE)
        except SelectionError as exc:
            output.fail(str(exc), path, output.EXIT_USAGE)
        except OSError as exc:
            output.fail(exc.strerror or str(exc), path, output.EXIT_USAGE)
    return found


def _report(title: str, sections: list[Section]) -> Report:
    from swaptools.report.values import Report

    command = shlex.join(["swapemu", "report", *_words()])
    return Report(title, tuple(sections), command, __version__)


def _words() -> list[str]:
    # As they were given, where it is the process's command line.
    words = sys.argv[1:]
    return words[words.index("report") + 1 :] if "report" in words else []


def _written(made: Report, *, as_text: bool, as_csv: bool) -> str:
    if as_text:
        from swaptools.report import text

        return "".join(f"{line}\n" for line in text.lines(made))
    if as_csv:
        from swaptools.report.flat import comma_separated

        return comma_separated(made)
    from swaptools.report.html import page

    return page(made)


def _write(written: str, target: str) -> None:
    from swaptools.cli.trace_files import replaced

    if target == "-":
        click.echo(written, nl=False)
        return
    with replaced(target) as file:
        file.write(written.encode("utf-8", "backslashreplace"))
