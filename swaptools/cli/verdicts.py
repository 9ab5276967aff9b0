"""swapcheck FILE...: one report an area, for people or as JSON.

Not here: the rules themselves (rules.py), a whole system (doctor.py).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from swaptools.check.alike import Judge
from swaptools.cli import colours, output
from swaptools.cli.looking import Looking
from swaptools.cli.progress import reading
from swaptools.cli.wrapping import fitted, terminal_width
from swaptools.errors import AreaError
from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.releases import Reason
from swaptools.observe.ahead import read_ahead
from swaptools.observe.blkid import PROBER
from swaptools.observe.caller import read_caller
from swaptools.observe.loops import read_loops
from swaptools.observe.mounts import Mounts
from swaptools.observe.proc import active_swaps, memory_bytes
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from swaptools.area import SwapArea
    from swaptools.check import Finding, Report, Rule
    from swaptools.cli.abreast import Look
    from swaptools.cli.looking import Complaint
    from swaptools.cli.params import Names, Place
    from swaptools.kernel.attempt import Verdict
    from swaptools.observe.ahead import Areas

#: Fields longer than this are named, not shown.
_SHOWN_BYTES: Final = 16
#: Behind a verdict that may not be this kernel's; the name is the profile's.
_DOUBTS: Final = {
    Reason.BETWEEN: "judged as {}, the next older one that is known",
    Reason.READ_ONLY: "the rules of {} were read, not tried",
    Reason.DISTRIBUTION: "judged as {}; it has changes of its own",
    Reason.OLDER: "judged as {}; it is older than all that are known",
    Reason.NEWER: "judged as {}; it is newer than all that are known",
}
#: The same where the profile was tried, and the rules of this release were not.
_PARTLY_READ: Final = (
    "{} was held against a running {}; what differs from it was read, not tried"
)


class Checking:
    """Checks one file after the other, and remembers the worst of it.

    Attributes:
        code: The exit status: 2 when a file could not be looked at, 1 when the
            first kernel refuses one.
    """

    def __init__(
        self,
        names: Names,
        place: Place,
        *,
        kernels: Sequence[str],
        page_size: int | None,
        ram_bytes: int | None,
        rules: tuple[Rule, ...] | None,
    ) -> None:
        self._place = place
        about_here = not kernels or kernels[0] == "running"
        self._judge = Judge(
            kernels,
            page_size or os.sysconf("SC_PAGE_SIZE"),
            memory_bytes() if ram_bytes is None else ram_bytes,
            rules=rules,
            caller=read_caller() if about_here else None,
        )
        self._looking = Looking(names, lambda: PROBER.has_failed)

    @property
    def code(self) -> int:
        """As the class has it."""
        return self._looking.code

    def print_json(self) -> None:
        """Print one object with a list of checks, one line a check."""
        from swaptools.cli.json_text import json_pieces  # text does without

        look = self._each(lambda report: json_pieces(report.to_dict()))
        output.print_json_pieces("checks", self._looking.rest(look))

    def print_reports(self) -> None:
        """Print a paragraph for each area."""
        width = terminal_width()
        look = self._each(lambda one: ["\n".join(fitted(report_lines(one), width))])
        for number, text in enumerate(self._looking.rest(look)):
            click.echo("\n" * (number > 0) + text)

    def _each(self, shown: Callable[[Report], Iterable[str]]) -> Look:
        active, mounts, loops = active_swaps(), Mounts(), tuple(read_loops())

        def look(names: Iterable[str]) -> Iterator[Iterable[Any]]:
            seen = read_ahead(
                names,
                *self._place,
                active=active,
                mounts=mounts,
                loops=loops,
                progress=lambda path: reading(output.escape(path)),
            )
            for path, areas in seen:
                yield self._reported(path, areas, shown)

        return look

    def _reported(
        self, path: str, areas: Areas, shown: Callable[[Report], Iterable[str]]
    ) -> Iterator[str | Complaint]:
        if isinstance(areas, AreaError):
            yield output.EXIT_USAGE, areas.reason, path
            return
        for area in areas:
            report = self._judge.check(area)
            if not report.accepted:
                yield output.EXIT_FAILED, None, path
            yield from shown(report)


def report_lines(report: Report) -> Iterator[str]:
    """Yield the lines that describe one area, with colours."""
    path = click.style(output.escape(report.area.path), bold=True)
    yield f"{path}{_part(report.area)}: {_description(report)}"
    names = [output.escape(verdict.asked) for verdict in report.verdicts]
    width = max(map(len, names))
    for name, verdict in zip(names, report.verdicts, strict=True):
        yield f"  {name:<{width}}  {_answer(verdict)}{_doubt(verdict)}"
    told: dict[tuple[str, str | None], str] = {}
    for finding in report.findings:
        yield from _finding_lines(report, finding)
        fix = (finding.hint, finding.hint_command)
        if fix in told:
            same = told[fix] == finding.code
            yield f"    fix: {'as above' if same else f'that of {told[fix]}'}"
            continue
        told[fix] = finding.code
        yield f"    fix: {output.escape(finding.hint)}"
        if finding.hint_command is not None:
            yield f"      {output.escape(finding.hint_command)}"


def _part(area: SwapArea) -> str:
    if area.partition is None:
        return ""
    return f", partition {area.partition.number} at byte {area.offset}"


def _description(report: Report) -> str:
    area = report.area
    header = area.header_at(report.page_size) or area.header
    size = "size unknown" if area.area_bytes is None else f"{area.area_bytes} bytes"
    if header is None:
        return f"{size}, {output.escape(area.reason or 'no swap header')}"
    kind = "ghost, header only" if area.is_ghost else "swap area"
    label = f", label '{output.escape(header.label)}'" if header.label else ""
    return f"{kind}, claims {format_size(header.size_bytes)}, {size}{label}"


def _answer(verdict: Verdict) -> str:
    if verdict.accepted:
        taken = click.style("accepted", fg="green")
        return f"{taken}{' as a ghost' if verdict.is_ghost else ''}"
    said = "nothing in the kernel log"
    if verdict.message is not None:
        said = f'kernel log: "{output.escape(verdict.message)}"'
    return f"{click.style('refused', fg='red')}, {verdict.errno}, {said}"


def _doubt(verdict: Verdict) -> str:
    if verdict.reason is None:
        is_own = verdict.asked == verdict.kernel
        return "" if is_own else f" (judged as {verdict.kernel})"
    held = PROFILES[verdict.kernel].confirmed_by
    if verdict.reason is Reason.READ_ONLY and held is not None:
        return f" ({_PARTLY_READ.format(verdict.kernel, held)})"
    return f" ({_DOUBTS[verdict.reason].format(verdict.kernel)})"


def _finding_lines(report: Report, finding: Finding) -> Iterator[str]:
    word = colours.severity(finding.severity)
    message = output.escape(finding.message)
    yield f"  {word} {finding.code} {finding.title}: {message}"
    found = report.field_bytes(finding)
    if found is not None and len(found[1]) <= _SHOWN_BYTES:
        offset, data = found
        end = offset + len(data) - 1
        yield f"    bytes {offset}..{end}, {finding.field}: {data.hex(' ')}"
