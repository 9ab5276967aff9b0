"""The common form of all rules: one decorator is the whole registration.

A rule is a generator of sentences with measured and expected values; code,
title, severity and remedy are arguments of its decorator, the reason and two
examples its docstring. Codes are a family letter and a number, never reused.

Not here: the rules (rules/), which of them are run when (report.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from swaptools.check.remedy import Remedy
from swaptools.errors import SelectionError

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
_CODE: Final = re.compile(r"[A-Z]\d{3}")
_SOURCE: Final = re.compile(
    r"^(?:Kernel|RFC|util-linux): .*?(?=\n\n|\n(?:Kernel|RFC|util-linux): |\Z)",
    re.MULTILINE | re.DOTALL,
)
_RULES: Final[dict[str, Rule]] = {}


class Severity(StrEnum):
    """How much a finding matters, by its consequence."""

    #: The kernel refuses the area, or is in danger from it.
    ERROR = "error"
    #: It is taken, and something is lost.
    WARNING = "warning"
    #: Worth knowing.
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that can be said about an area."""

    #: Family letter and number: ``S201``.
    code: str
    title: str
    severity: Severity
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

    @property
    def doc(self) -> str:
        """Why it matters, and the examples."""
        return self.explain.__doc__ or ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the rule comes from: kernel file and function, RFC, util-linux."""
        doc = re.sub(r"(?m)^ +", "", self.doc)
        return tuple(" ".join(found.split()) for found in _SOURCE.findall(doc))

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
        if not _CODE.fullmatch(code) or code in _RULES:
            raise ValueError(f"rule code {code} is malformed or taken")
        _RULES[code] = Rule(
            code=code,
            title=title,
            severity=severity,
            explain=explain,
            hint=hint,
            field=field,
            refused_by=frozenset(refused_by),
            needs_header=needs_header,
        )
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
    chosen = _starting_with(tuple(select) or ("",))
    left_out = _starting_with(tuple(ignore))
    return tuple(r for r in all_rules() if r.code in chosen and r.code not in left_out)


def _starting_with(prefixes: tuple[str, ...]) -> frozenset[str]:
    codes = [known.code for known in all_rules()]
    found: set[str] = set()
    for prefix in prefixes:
        matching = {code for code in codes if code.startswith(prefix.upper())}
        if not matching:
            raise SelectionError(f"no rule {prefix!r}; --list shows them all")
        found |= matching
    return frozenset(found)
