"""diagnose(): what the rules find in a system, and whether all could be seen.

Not here: how it is printed (cli/doctor.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from swaptools import rulebook
from swaptools.doctor.registry import all_rules
from swaptools.rulebook import Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.doctor.registry import Rule
    from swaptools.observe.system import System

_ORDER = tuple(Severity)
_UNSEEN = "D901"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(rulebook.Finding):
    """What a rule found in a system; the fields are its JSON keys."""

    #: The area or device that it is about.
    path: str | None = None
    #: Where it is said; None for what no file says.
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What came out for one system: never an exception, whatever its files say."""

    system: System
    #: By severity, then by rule and place.
    findings: tuple[Finding, ...]

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
