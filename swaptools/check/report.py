"""check_area(): verdicts of the kernels asked, and what the rules find.

Not here: how a report looks (cli/swapcheck.py).
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from swaptools.check.case import Case
from swaptools.check.conditions import rooms_about
from swaptools.check.registry import rules_in
from swaptools.kernel.attempt import Attempt
from swaptools.kernel.releases import find_kernel
from swaptools.kernel.swapon import judge_attempt
from swaptools.records import NamedTuple, TypedDict
from swaptools.rulebook import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Annotated

    from swaptools.area import SwapArea
    from swaptools.caller import Caller
    from swaptools.check.registry import Rule
    from swaptools.contents import HeldDict
    from swaptools.format.partitions import Partition
    from swaptools.kernel.attempt import Verdict, VerdictDict

#: The name that stands for the kernel this process runs on.
RUNNING = "running"
#: Asked besides about an area that only patched kernels may take.
_GHOST_KERNEL = "ghost-rfc"
_ORDER = tuple(Severity)


class ReportDict(TypedDict):
    """What came out for one area, as JSON has it."""

    #: As it was given.
    path: str
    #: Where the area begins, in bytes from the start of the file or disk.
    offset: int
    #: The partition that the area is; null outside of one.
    partition: Annotated[dict[str, Any], Partition] | None
    #: All that lies in the area; null where nobody looked.
    holds: list[HeldDict] | None
    #: Of the machine asked about, in bytes.
    page_size: int
    #: One for each kernel, in the order in which they were asked.
    verdicts: list[VerdictDict]
    #: The cause of the first refusal first, then by severity.
    findings: list[Annotated[dict[str, Any], Finding]]


class Report(NamedTuple):
    """What came out for one area: never an exception, whatever the area holds."""

    #: What was judged.
    area: SwapArea
    #: Of the machine asked about, in bytes.
    page_size: int
    #: One for each kernel, in the order in which they were asked.
    verdicts: tuple[Verdict, ...]
    #: The cause of the first refusal first, then by severity.
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        answers = [
            f"{verdict.kernel} {'accepts' if verdict.accepted else verdict.errno}"
            for verdict in self.verdicts
        ]
        found = [finding.code for finding in self.findings]
        return f"<Report {self.area.path!r}: {', '.join([*answers, *found])}>"

    def _repr_html_(self) -> str:
        from swaptools import notebook  # for who has one

        verdicts = notebook.table(
            [dict(one.to_dict()) for one in self.verdicts], self.area.path
        )
        return verdicts + (notebook.findings(self.to_rows()) if self.findings else "")

    @property
    def accepted(self) -> bool:
        """Whether the first kernel takes the area."""
        return self.verdicts[0].accepted

    @property
    def errno(self) -> str | None:
        """Name of the first kernel's error number."""
        return self.verdicts[0].errno

    @property
    def kernel_message(self) -> str | None:
        """First log line of the first kernel's refusal."""
        return self.verdicts[0].message

    def to_dict(self) -> ReportDict:
        """Return it as swapcheck prints it with --json."""
        area = self.area
        holds = None if area.holds is None else [one.to_dict() for one in area.holds]
        return {
            "path": area.path,
            "offset": area.offset,
            "partition": area.partition._asdict() if area.partition else None,
            "holds": holds,
            "page_size": self.page_size,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a flat row for each finding, with the area's path."""
        path = self.area.path
        return [one._replace(path=path).to_dict() for one in self.findings]

    def field_bytes(self, finding: Finding) -> tuple[int, bytes] | None:
        """Return where a finding's field lies in the area, and its bytes.

        None for a finding about no field, or where this kernel sees no header.
        """
        header = self.area.header_at(self.page_size)
        if header is None or finding.field is None:
            return None
        return header.field_bytes(finding.field)


def check_area(
    area: SwapArea,
    kernel: str | Sequence[str] | None = None,
    page_size: int | None = None,
    ram_bytes: int | None = None,
    *,
    rules: tuple[Rule, ...] | None = None,
    caller: Caller | None = None,
) -> Report:
    """Say what swapon(2) answers, and why, and what else is odd.

    Rules are imported when an area may concern them: who goes where the package is not
    to be found, as by chroot(2), calls all_rules() before.

    Args:
        area: As read_area() returned it.
        kernel: A profile's name, any release, ``running``, or several. Without one, the
            running kernel, and for a header-only area ``ghost-rfc``, too.
        page_size: The machine's, in bytes; this machine's without one.
        ram_bytes: The machine's memory; None leaves out what depends on it.
        rules: What select_rules() returned; all of them without it.
        caller: Who asks the first kernel, as read_caller() has it; without one it
            is root, on a kernel with swap.

    Raises:
        SelectionError: There is no such kernel.
    """
    page_size = page_size or os.sysconf("SC_PAGE_SIZE")
    return report_on(judged(area, kernel, page_size, ram_bytes, caller), rules)


def judged(
    area: SwapArea,
    kernel: str | Sequence[str] | None,
    page_size: int,
    ram_bytes: int | None,
    caller: Caller | None,
) -> list[Case]:
    """Ask the kernels; the arguments are those of check_area()."""
    return [
        _case(area, name, page_size, ram_bytes, None if number else caller)
        for number, name in enumerate(_names(area, kernel))
    ]


def report_on(cases: list[Case], rules: tuple[Rule, ...] | None) -> Report:
    """Put together what the kernels say of an area, and what the rules find."""
    return Report(
        area=cases[0].area,
        page_size=cases[0].page_size,
        verdicts=tuple(case.verdict for case in cases),
        findings=tuple(_merged(cases, rules)),
    )


def _names(area: SwapArea, kernel: str | Sequence[str] | None) -> Sequence[str]:
    if isinstance(kernel, str):
        return (kernel,)
    if kernel:
        return kernel
    return (RUNNING, _GHOST_KERNEL) if area.is_ghost else (RUNNING,)


def _case(
    area: SwapArea,
    name: str,
    page_size: int,
    ram_bytes: int | None,
    caller: Caller | None,
) -> Case:
    kernel = find_kernel(os.uname().release if name == RUNNING else name)
    attempt = Attempt.of(
        area,
        kernel.profile,
        page_size,
        ram_bytes,
        asked=kernel.asked,
        reason=kernel.reason,
        has_swap=caller is None or caller.has_swap is not False,
    )
    return Case.of(attempt, judge_attempt(attempt), caller)


def _merged(cases: list[Case], rules: tuple[Rule, ...] | None) -> list[Finding]:
    # The same finding for several kernels is one; for only some of them, it
    # says for which.
    found: dict[tuple[str, str], Finding] = {}
    kernels: dict[tuple[str, str], list[str]] = {}
    causes: set[str] = set()
    for case in cases:
        for finding, is_cause in _findings(case, rules):
            key = (finding.code, finding.message)
            if key not in found or is_cause:
                found[key] = finding
            kernels.setdefault(key, []).append(case.verdict.asked)
            if is_cause and case is cases[0]:
                causes.add(finding.code)
    if not found:
        return []
    named = [_naming(found[key], kernels[key], len(cases)) for key in found]
    return sorted(
        named, key=lambda one: (one.code not in causes, _ORDER.index(one.severity))
    )


def _findings(
    case: Case, rules: tuple[Rule, ...] | None
) -> Iterator[tuple[Finding, bool]]:
    has_header = case.attempt.header is not None
    for rule in _rules_for(rules, rooms_about(case), has_header):
        for message in rule.explain(case):
            is_cause = case.verdict.test in rule.refused_by
            remedy = rule.remedy(case)
            yield (
                Finding(
                    code=rule.code,
                    severity=rule.severity,
                    title=rule.title,
                    message=message,
                    hint=remedy.text,
                    hint_command=remedy.command,
                    hint_loses=remedy.loses,
                    field=rule.field,
                    kernel_message=case.verdict.message if is_cause else None,
                ),
                is_cause,
            )


@lru_cache(maxsize=256)
def _rules_for(
    rules: tuple[Rule, ...] | None, rooms: tuple[str, ...], has_header: bool
) -> tuple[Rule, ...]:
    # Most areas are alike, and few rules have anything to say about them.
    known = rules_in(rooms) if rules is None else rules
    return tuple(
        rule
        for rule in known
        if rule.room in rooms and (has_header or not rule.needs_header)
    )


def _naming(finding: Finding, kernels: list[str], asked: int) -> Finding:
    if len(kernels) == asked:
        return finding
    return finding._replace(message=f"{finding.message} (on {', '.join(kernels)})")
