"""The form of the rules about an area.

A rule is a generator of sentences with measured and expected values; code,
title, severity and remedy are arguments of its decorator, the reason and two
examples its docstring.

Not here: the rules (rules/), which of them are asked about what (conditions.py), what
they have in common with those about systems (rulebook.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from swaptools.check.conditions import ROOMS
from swaptools.rulebook import Remedy, RuleBase, Rulebook, pick

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.check.case import Case
    from swaptools.rulebook import Severity

Explain = Callable[["Case"], Iterator[str]]
#: What to do: a sentence for all, or a remedy made for the case.
Hint = str | Callable[["Case"], Remedy]


class Rule(RuleBase):
    """One thing that can be said about an area; the decorator takes its fields.

    Attributes:
        explain: Yields a sentence for each thing found.
        hint: What to do.
        field: Header field at fault, under its kernel name.
        refused_by: Kernel tests that this rule puts into words (Verdict.test); none
            for a rule about what the kernel accepts.
        needs_header: Says nothing unless the kernel found its magic.
    """

    __slots__ = ("field", "hint", "needs_header", "refused_by")

    def __init__(
        self,
        explain: Explain,
        code: str,
        title: str,
        severity: Severity,
        *,
        hint: Hint,
        field: str | None = None,
        refused_by: tuple[str, ...] = (),
        needs_header: bool = True,
    ) -> None:
        super().__init__(explain, code, title, severity)
        self.hint: Final = hint
        self.field: Final = field
        self.refused_by: Final = refused_by
        self.needs_header: Final = needs_header

    def remedy(self, case: Case) -> Remedy:
        """Return what to do in this case."""
        return Remedy(self.hint) if isinstance(self.hint, str) else self.hint(case)


_BOOK: Final = Rulebook(Rule, "swaptools.check.rules", tuple(ROOMS))
rule = _BOOK.rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by family."""
    return _BOOK.rules()


def rules_in(rooms: tuple[str, ...]) -> tuple[Rule, ...]:
    """Return the rules of some rooms, by family; no other room is imported."""
    return _BOOK.rules(rooms)


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
    return pick(all_rules(), select, ignore)
