"""diagnose(): what the rules find in a system, and whether all could be seen.

Not here: how it is printed (cli/doctor.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from swaptools import notebook
from swaptools.doctor.registry import all_rules
from swaptools.doctor.summary import summarize
from swaptools.rulebook import Finding, Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Annotated, Literal

    from swaptools.doctor.registry import Rule
    from swaptools.doctor.summary import Understood
    from swaptools.observe.system import System
    from swaptools.schema.kinds import Keyword

_ORDER = tuple(Severity)
_UNSEEN = "D901"


class DiagnosisDict(TypedDict):
    """What came out for one system, as JSON has it."""

    #: Of the directory that was looked at; null for this machine.
    path: str | None
    #: As of an area; always 0.
    offset: Annotated[int, Literal[0]]
    #: As of an area; always null.
    partition: None
    #: As of an area; always null.
    holds: None
    #: Of the machine, in bytes.
    page_size: int
    #: None are asked for about a system.
    verdicts: Annotated[list[dict[str, Any]], Keyword("maxItems", 0)]
    #: Release of the kernel; null where it is not known.
    kernel: str | None
    #: Memory of the machine; null where it is not known.
    ram_bytes: int | None
    #: Whether the kernel that runs can hibernate; null where that is not known.
    can_hibernate: bool | None
    #: Whether all that matters could be looked at.
    whole: bool
    #: Who asks for what, in the order of files.
    understood: list[Annotated[dict[str, Any], Understood]]
    #: By severity, then by rule and place.
    findings: list[Annotated[dict[str, Any], Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What came out for one system: never an exception, whatever its files say."""

    #: What was judged.
    system: System
    #: By severity, then by rule and place.
    findings: tuple[Finding, ...]

    def to_dict(self) -> DiagnosisDict:
        """Return it as swapcheck prints it with --json."""
        system = self.system
        return {
            "path": system.root,
            "offset": 0,
            "partition": None,
            "holds": None,
            "page_size": system.page_size,
            "verdicts": [],
            "kernel": system.kernel,
            "ram_bytes": system.ram_bytes,
            "can_hibernate": system.running.can_hibernate if system.running else None,
            "whole": self.is_whole,
            "understood": [one._asdict() for one in summarize(system)],
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a flat row for each finding."""
        return [finding.to_dict() for finding in self.findings]

    def _repr_html_(self) -> str:
        told = self.to_dict()
        asked = notebook.table(told["understood"], self.system.root or "this machine")
        return asked + (notebook.findings(self.to_rows()) if self.findings else "")

    @property
    def has_error(self) -> bool:
        """Whether something that was asked for will not be."""
        return any(one.severity is Severity.ERROR for one in self.findings)

    @property
    def is_whole(self) -> bool:
        """Whether all that matters could be looked at."""
        return all(one.code != _UNSEEN for one in self.findings)


def diagnose(system: System, *, rules: tuple[Rule, ...] | None = None) -> Diagnosis:
    """Say what in a system's configuration does not match what it has.

    Args:
        system: As read_system() returned it.
        rules: Those to run; all of them without it.
    """
    found: dict[tuple[str, str, str | None], Finding] = {}
    for rule in all_rules() if rules is None else rules:
        if rule.is_about_kernel and system.is_container:
            continue
        for finding in _findings(rule, system):
            # Said in two files, it is the first that is shown.
            key = finding.code, finding.message, finding.path
            found.setdefault(key, finding)
    ordered = sorted(found.values(), key=lambda one: _ORDER.index(one.severity))
    return Diagnosis(system=system, findings=tuple(ordered))


def _findings(rule: Rule, system: System) -> Iterator[Finding]:
    for remark in rule.explain(system):
        remedy = remark.remedy or Remedy(rule.hint)
        place = remark.place
        yield Finding(
            code=rule.code,
            severity=rule.severity,
            title=rule.title,
            message=remark.message,
            hint=remedy.text,
            hint_command=remedy.command,
            hint_loses=remedy.loses,
            path=remark.path,
            file=place.file if place else None,
            line=place.line if place else None,
        )
