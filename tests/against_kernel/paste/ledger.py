"""What was pasted where, and how it ended."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.check import Finding

#: A rule's code, and the name of a place.
Pair = tuple[str, str]


@dataclass
class Ledger:
    """A run of the paste test."""

    pairs: set[Pair] = field(default_factory=set)
    #: Pairs with the kind of command, so that none is pasted twice.
    kinds: set[tuple[str, str, str]] = field(default_factory=set)
    pastes: int = 0
    #: Findings of foreign content that had a sentence and no command.
    sentences: int = 0
    failures: list[str] = field(default_factory=list)
    foreign_changes: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        return (
            f"{len(self.pairs)} pairs of rule and place, {self.pastes} commands"
            f" pasted, {len(self.failures)} failures,"
            f" {len(self.foreign_changes)} with foreign bytes changed;"
            f" {self.sentences} findings with a sentence alone"
        )

    def new_codes(self, place: str, findings: Iterable[Finding]) -> list[str]:
        """Return the rules whose command is of a kind that was not pasted here."""
        found = []
        for one in findings:
            if one.hint_command is None:
                continue
            kind = (one.code, place, _kind(one.hint_command))
            if kind not in self.kinds:
                found.append(one.code)
            self.kinds.add(kind)
            self.pairs.add((one.code, place))
        return list(dict.fromkeys(found))

    def codes(self) -> set[str]:
        """Return the rules that had a command."""
        return {code for code, _ in self.pairs}


def _kind(command: str) -> str:
    # Its programs and their options, without names and numbers.
    words = re.findall(r"&&|(?<= )-[a-zA-Z-]+|^\S+|(?<=&& )\S+", command)
    return " ".join(words)
