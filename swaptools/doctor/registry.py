"""The form of the rules about a system; all have the family letter D.

A rule is a generator of remarks: a sentence, the place it is about, and what to do
where the rule's own hint does not do.

Not here: the rules (rules/), running them (report.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools import rulebook
from swaptools.rulebook import Remedy, RuleBase, Severity

if TYPE_CHECKING:
    from swaptools.config.text import Place
    from swaptools.observe.system import System

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
_RULES: Final[dict[str, Rule]] = {}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(RuleBase):
    """One thing that can be said about a system."""

    #: Yields a remark for each thing found.
    explain: Explain
    hint: str
    #: About the kernel that runs, which is not a container's own.
    is_about_kernel: bool = False


def rule(
    code: str,
    title: str,
    severity: Severity,
    *,
    hint: str,
    is_about_kernel: bool = False,
) -> Callable[[Explain], Explain]:
    """Register the decorated generator as a rule.

    Args:
        code: D and a number, never used before.
        title: The finding in a few words, without values.
        severity: By consequence.
        hint: What to do.
        is_about_kernel: Skip the rule in a container.
    """

    def register(explain: Explain) -> Explain:
        made = Rule(
            code=code,
            title=title,
            severity=severity,
            explain=explain,
            hint=hint,
            is_about_kernel=is_about_kernel,
        )
        rulebook.register(_RULES, made)
        return explain

    return register


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by code."""
    for room in _ROOMS:
        import_module(f"swaptools.doctor.rules.{room}")
    return tuple(sorted(_RULES.values(), key=lambda one: one.code))
