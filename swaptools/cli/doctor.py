"""swapcheck without FILE: the machine's configuration, for people or as JSON.

Not here: swapcheck FILE (verdicts.py), the options (swapcheck.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from swaptools.cli import colours, output
from swaptools.cli.wrapping import fitted, terminal_width
from swaptools.doctor import diagnose
from swaptools.doctor.summary import summarize
from swaptools.errors import AreaError
from swaptools.observe.survey import read_system
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from swaptools.doctor import Diagnosis, Finding, Rule
    from swaptools.doctor.summary import Understood
    from swaptools.observe.system import System

#: Names that are shown of those that lead nowhere we know.
_MAX_UNKNOWN: Final = 5


def check_system(
    root: str | None,
    images: Sequence[str],
    *,
    kernel: str | None,
    page_size: int | None,
    ram_bytes: int | None,
    rules: tuple[Rule, ...] | None,
    as_json: bool,
) -> int:
    """Look at a system, print what was found, and return the exit status."""
    try:
        system = read_system(
            root, images, kernel=kernel, page_size=page_size, ram_bytes=ram_bytes
        )
    except AreaError as exc:
        output.error(exc.reason, exc.path)
        return output.EXIT_USAGE
    diagnosis = diagnose(system, rules=rules)
    if as_json:
        output.print_json_list("checks", [diagnosis.to_dict()])
    else:
        lines = fitted(diagnosis_lines(diagnosis), terminal_width())
        click.echo("\n".join(lines))
    return exit_status(diagnosis)


def exit_status(diagnosis: Diagnosis) -> int:
    """Return 1 for an error, 2 where something could not be looked at, 0 otherwise."""
    if diagnosis.has_error:
        return output.EXIT_FAILED
    return 0 if diagnosis.is_whole else output.EXIT_USAGE


def diagnosis_lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the lines that describe a system, with colours."""
    system = diagnosis.system
    yield f"{click.style(_title(system), bold=True)}{_facts(system)}"
    understood = summarize(system)
    for one in understood:
        yield f"  {one.kind:<6} {_asked(one)}"
    if not understood:
        yield "  nothing asks for swap or names an area to resume from"
    elif _is_without_resume(diagnosis, understood):
        yield "  resume nothing names an area; systemd can do without on EFI machines"
    yield from _hibernation_lines(system, understood)
    if system.is_container and system.running and system.running.swaps:
        count = len(system.running.swaps)
        areas = "1 active area is" if count == 1 else f"{count} active areas are"
        yield f"  {areas} the host's, and left out"
    told: set[tuple[str, str, str | None]] = set()
    for finding in diagnosis.findings:
        fix = finding.code, finding.hint, finding.hint_command
        yield from finding_lines(finding, is_told=fix in told)
        told.add(fix)
    yield from _closing_lines(diagnosis, understood)


def _closing_lines(
    diagnosis: Diagnosis, understood: Sequence[Understood]
) -> Iterator[str]:
    # What is not known is not ok.
    unknown = [one.name for one in understood if _is_unknown(one)]
    if not diagnosis.findings and len(unknown) < len(understood):
        yield f"  {click.style('ok', fg='green')}: nothing found that does not match"
    if unknown:
        names = ", ".join(map(output.escape, dict.fromkeys(unknown[:_MAX_UNKNOWN])))
        more = f" and {len(unknown) - _MAX_UNKNOWN} more"
        more = more if len(unknown) > _MAX_UNKNOWN else ""
        is_device = any(not n.startswith("/") or n.startswith("/dev/") for n in unknown)
        needs_disks = diagnosis.system.root and not diagnosis.system.devices
        disks = "; its disks can be given as FILE" if is_device and needs_disks else ""
        yield f"  not judged: what {names}{more} leads to{disks}"


def _is_unknown(one: Understood) -> bool:
    return one.found is None and one.kind != "zram"


def _is_without_resume(diagnosis: Diagnosis, understood: Sequence[Understood]) -> bool:
    # Worth a line where there is an area that could hold an image.
    system = diagnosis.system
    kinds = {one.kind for one in understood if one.auto or one.active}
    return (
        system.running is not None
        and system.running.can_hibernate is True
        and "resume" not in kinds
        and bool(kinds & {"swap", "active"})
    )


def _hibernation_lines(
    system: System, understood: Sequence[Understood]
) -> Iterator[str]:
    # Of a container it is the host's, and of a directory nobody can tell.
    kinds = {one.kind for one in understood}
    running = None if system.is_container else system.running
    if running is None or not kinds & {"swap", "active", "resume"}:
        return
    if running.can_hibernate:
        yield "  hibernation: this kernel can"
    elif running.no_hibernation is not None:
        yield f"  hibernation: this kernel cannot ({running.no_hibernation})"


def _title(system: System) -> str:
    return "this machine" if system.root is None else output.escape(system.root)


def _facts(system: System) -> str:
    facts = []
    if system.kernel is not None:
        facts.append(f"Linux {output.escape(system.kernel)}")
    if system.ram_bytes is not None:
        facts.append(f"{format_size(system.ram_bytes)} of memory")
    if system.is_container:
        facts.append("a container")
    return f": {', '.join(facts)}" if facts else ""


def _asked(one: Understood) -> str:
    where = one.file if one.line is None else f"{one.file}:{one.line}"
    text = output.escape(one.name)
    text += f" ({output.escape(where)})" if where is not None else ""
    facts = []
    if one.path is not None and one.path != one.name:
        facts.append(output.escape(one.path))
    if one.found is False:
        facts.append("not there")
    elif _is_unknown(one):
        facts.append("not known here")
    if one.size is not None:
        facts.append(format_size(one.size))
    if one.active and one.kind != "active":
        facts.append("active")
    if not one.auto:
        facts.append("not at boot" if where is not None else "no file asks for it")
    return f"{text}: {', '.join(facts)}" if facts else text


def finding_lines(finding: Finding, *, is_told: bool = False) -> Iterator[str]:
    """Yield the lines of one finding, with colours.

    Args:
        finding: Of a diagnosis.
        is_told: What to do about it was said of another one.
    """
    word = colours.severity(finding.severity)
    place = ""
    if finding.file is not None:
        line = "" if finding.line is None else f":{finding.line}"
        place = f"{output.escape(finding.file)}{line}: "
    message = output.escape(finding.message)
    yield f"  {word} {finding.code} {finding.title}: {place}{message}"
    if is_told:
        yield "    fix: as above"
        return
    yield f"    fix: {output.escape(finding.hint)}"
    if finding.hint_command is not None:
        yield f"      {output.escape(finding.hint_command)}"
