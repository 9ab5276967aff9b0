"""The form of the rules about an area.

A rule is a generator of sentences with measured and expected values; code,
title, severity and remedy are arguments of its decorator, the reason and two
examples its docstring.

Not here: the rules (rules/), which of them are run when (report.py), what they have
in common with those about systems (rulebook.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from swaptools import rulebook
from swaptools.rulebook import Remedy, RuleBase, Rulebook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.check.case import Case
    from swaptools.check.conditions import Condition
    from swaptools.rulebook import Severity

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


class Rule(RuleBase):
    """One thing that can be said about an area; the decorator takes its fields.

    Attributes:
        explain: Yields a sentence for each thing found.
        hint: What to do.
        field: Header field at fault, under its kernel name.
        refused_by: Kernel tests that this rule puts into words (Verdict.test); none
            for a rule about what the kernel accepts.
        needs_header: Says nothing unless the kernel found its magic.
        only_if: Says nothing of an area that is not so; None for one that may speak
            of any.
    """

    __slots__ = ("field", "hint", "needs_header", "only_if", "refused_by")

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
        only_if: Condition | None = None,
    ) -> None:
        super().__init__(explain, code, title, severity)
        self.hint: Final = hint
        self.field: Final = field
        self.refused_by: Final = refused_by
        self.needs_header: Final = needs_header
        self.only_if: Final = only_if

    def remedy(self, case: Case) -> Remedy:
        """Return what to do in this case."""
        return Remedy(self.hint) if isinstance(self.hint, str) else self.hint(case)


_BOOK: Final = Rulebook(Rule, "swaptools.check.rules", _ROOMS)
rule = _BOOK.rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by family."""
    return _BOOK.rules()


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
