"""The common form of all rules: one decorator is the whole registration.

A rule is a generator of sentences with measured and expected values; code,
title, severity and remedy are arguments of its decorator, the reason and two
examples its docstring. Codes are a family letter and a number, never reused.

Not here: the rules (rules/), which of them are run when (report.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from swaptools import rulebook
from swaptools.rulebook import Remedy, RuleBase, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.check.case import Case

Explain = Callable[["Case"], Iterator[str]]
#: What to do: a sentence for all, or a remedy made for the case.
Hint = str | Callable[["Case"], Remedy]

#: The rooms of rules, in the order in which people read them.
_ROOMS: Final = (
    "header",
    "contents",
    "size",
    "badpages",
    "identity",
    "ghost",
    "memory",
    "extents",
    "filesystem",
    "access",
    "caller",
    "unseen",
)
_RULES: Final[dict[str, Rule]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(RuleBase):
    """One thing that can be said about an area."""

    #: Yields a sentence for each thing found.
    explain: Explain
    hint: Hint
    #: Header field at fault, under its kernel name.
    field: str | None = None
    #: Kernel tests that this rule puts into words (Verdict.test); none for a
    #: rule about what the kernel accepts.
    refused_by: frozenset[str] = frozenset()
    #: Says nothing unless the kernel found its magic.
    needs_header: bool = True

    def remedy(self, case: Case) -> Remedy:
        """Return what to do in this case."""
        return Remedy(self.hint) if isinstance(self.hint, str) else self.hint(case)


def rule(
    code: str,
    title: str,
    severity: Severity,
    *,
    hint: Hint,
    field: str | None = None,
    refused_by: Iterable[str] = (),
    needs_header: bool = True,
) -> Callable[[Explain], Explain]:
    """Register the decorated generator as a rule.

    Args:
        code: Family letter and number, never used before.
        title: The finding in a few words, without values.
        severity: By consequence.
        hint: What to do, or how to make that up.
        field: Header field at fault.
        refused_by: Names of kernel tests that fail when it is found.
        needs_header: Skip the rule where the kernel finds no magic.
    """

    def register(explain: Explain) -> Explain:
        made = Rule(
            code=code,
            title=title,
            severity=severity,
            explain=explain,
            hint=hint,
            field=field,
            refused_by=frozenset(refused_by),
            needs_header=needs_header,
        )
        rulebook.register(_RULES, made)
        return explain

    return register


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by family."""
    for room in _ROOMS:
        import_module(f"swaptools.check.rules.{room}")
    return tuple(_RULES.values())


def select_rules(
    select: Iterable[str] = (), ignore: Iterable[str] = ()
) -> tuple[Rule, ...]:
    """Return the rules whose code begins with one of ``select`` and none of ``ignore``.

    Args:
        select: Codes or beginnings of codes; nothing selects everything.
        ignore: The same, to leave out.

    Raises:
        SelectionError: A prefix that no code begins with.
    """
    return rulebook.select(all_rules(), select, ignore)
