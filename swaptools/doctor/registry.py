"""The form of the rules about a system; all have the family letter D.

A rule is a generator of remarks: a sentence, the place it is about, and what to do
where the rule's own hint does not do.

Not here: the rules (rules/), running them (report.py), what they have in common with
those about areas (rulebook.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from swaptools.records import NamedTuple
from swaptools.rulebook import RuleBase, Rulebook

if TYPE_CHECKING:
    from swaptools.config.text import Place
    from swaptools.observe.system import System
    from swaptools.rulebook import Remedy, Severity

#: The rooms of rules, in the order in which people read them.
_ROOMS: Final = (
    "entries",
    "lines",
    "areas",
    "units",
    "hibernation",
    "offsets",
    "initramfs",
    "encryption",
    "compression",
    "priorities",
    "settings",
    "unseen",
)


class Remark(NamedTuple):
    """One thing found."""

    #: A sentence with the names as they are written.
    message: str
    #: None for what no file says.
    place: Place | None = None
    #: In place of the rule's hint.
    remedy: Remedy | None = None
    #: The area or device it is about, where there is one.
    path: str | None = None


Explain = Callable[["System"], Iterator[Remark]]


class Rule(RuleBase):
    """One thing that can be said about a system; the decorator takes its fields.

    Attributes:
        explain: Yields a remark for each thing found.
        hint: What to do.
        is_about_kernel: About the kernel that runs, which is not a container's own:
            skipped there.
    """

    __slots__ = ("hint", "is_about_kernel")

    def __init__(
        self,
        explain: Explain,
        code: str,
        title: str,
        severity: Severity,
        *,
        hint: str,
        is_about_kernel: bool = False,
    ) -> None:
        super().__init__(explain, code, title, severity)
        self.hint: Final = hint
        self.is_about_kernel: Final = is_about_kernel


_BOOK: Final = Rulebook(Rule, "swaptools.doctor.rules", _ROOMS)
rule = _BOOK.rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by code."""
    return tuple(sorted(_BOOK.rules(), key=lambda one: one.code))
