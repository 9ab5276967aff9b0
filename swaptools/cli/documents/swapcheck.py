"""What swapcheck prints as JSON: types alone.

Not here: what is one value's (beside it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from swaptools.check.report import ReportDict
    from swaptools.doctor.report import DiagnosisDict
    from swaptools.rulebook import Severity
    from swaptools.schema.kinds import RuleCode


class Checks(TypedDict):
    """What swapcheck says of each area, or of a system."""

    #: One for each area; of a system there is one.
    checks: list[ReportDict] | list[DiagnosisDict]


class RuleDict(TypedDict):
    """A rule of swapcheck."""

    #: Family letter and number, never used for another one.
    code: RuleCode
    #: By its consequence.
    severity: Severity
    #: The rule in a few words, without values.
    title: str
    #: Why it matters, in paragraphs.
    why: str
    #: Whose word it goes by: kernel file and function, RFC, manual page.
    sources: tuple[str, ...]


class Rules(TypedDict):
    """The rules of swapcheck."""

    #: By family.
    rules: list[RuleDict]


class DifferenceDict(TypedDict):
    """Something that one kernel does and the one before did not."""

    #: What it is about.
    rule: str
    #: What the one before does.
    before: str
    #: What this one does.
    after: str


class KernelDict(TypedDict):
    """A kernel that can be asked."""

    #: As --kernel takes it.
    name: str
    #: What it is.
    title: str
    #: The running kernel that its rules were held against; null for none.
    confirmed_by: str | None
    #: From the one before.
    differences: list[DifferenceDict]


class Kernels(TypedDict):
    """The kernels that can be asked, and what differs from one to the next."""

    #: From the oldest on.
    kernels: list[KernelDict]
