"""How a swapcheck report looks: for people, as JSON, and the list of rules."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from swaptools.cli import output
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.check import Finding, Report, Rule
    from swaptools.kernel.attempt import Verdict

_COLOURS: Final = {"error": "red", "warning": "yellow", "note": "cyan"}
#: Fields longer than this are named, not shown.
_SHOWN_BYTES: Final = 16
_VERDICT_KEYS: Final = ("kernel", "exact", "accepted", "errno", "message")


def print_json(reports: Iterable[Report]) -> None:
    """Print one object with a list of checks."""
    output.print_json({"checks": [_as_dict(report) for report in reports]})


def print_reports(reports: Iterable[Report]) -> None:
    """Print a paragraph for each area."""
    for number, report in enumerate(reports):
        if number:
            click.echo()
        _print_report(report)


def print_rules(rules: Iterable[Rule]) -> None:
    """Print a line for each rule."""
    for rule in rules:
        click.echo(f"{rule.code}  {rule.severity:<7}  {rule.title}")


def _as_dict(report: Report) -> dict[str, Any]:
    return {
        "path": report.area.path,
        "page_size": report.page_size,
        "verdicts": [
            {key: getattr(verdict, key) for key in _VERDICT_KEYS}
            for verdict in report.verdicts
        ],
        "findings": [asdict(finding) for finding in report.findings],
    }


def _print_report(report: Report) -> None:
    path = click.style(output.escape(report.area.path), bold=True)
    _line(f"{path}: {_description(report)}")
    width = max(len(verdict.kernel) for verdict in report.verdicts)
    for verdict in report.verdicts:
        _line(f"  {verdict.kernel:<{width}}  {_answer(verdict)}")
    for finding in report.findings:
        _print_finding(report, finding)


def _description(report: Report) -> str:
    area = report.area
    header = area.header_at(report.page_size) or area.header
    size = "size unknown" if area.area_bytes is None else f"{area.area_bytes} bytes"
    if header is None:
        return f"{size}, no swap header"
    kind = "ghost, header only" if area.is_ghost else "swap area"
    label = f", label {output.escape(header.label)!r}" if header.label else ""
    return f"{kind}, claims {format_size(header.size_bytes)}, {size}{label}"


def _answer(verdict: Verdict) -> str:
    near = "" if verdict.exact else " (the nearest profile, not exactly this kernel)"
    if verdict.accepted:
        taken = click.style("accepted", fg="green")
        return f"{taken}{' as a ghost' if verdict.is_ghost else ''}{near}"
    said = "nothing in the kernel log"
    if verdict.message is not None:
        said = f'kernel log: "{output.escape(verdict.message)}"'
    return f"{click.style('refused', fg='red')}, {verdict.errno}, {said}{near}"


def _print_finding(report: Report, finding: Finding) -> None:
    word = click.style(finding.severity, fg=_COLOURS[finding.severity])
    message = output.escape(finding.message)
    _line(f"  {word} {finding.code} {finding.title}: {message}")
    found = report.field_bytes(finding)
    if found is not None and len(found[1]) <= _SHOWN_BYTES:
        offset, data = found
        end = offset + len(data) - 1
        _line(f"    bytes {offset}..{end}, {finding.field}: {data.hex(' ')}")
    _line(f"    fix: {output.escape(finding.hint)}")


def _line(text: str) -> None:
    # click leaves the colours out where standard output is no terminal.
    click.echo(text, color=False if "NO_COLOR" in os.environ else None)
