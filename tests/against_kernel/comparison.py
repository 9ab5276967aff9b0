"""swapcheck's answer beside the running kernel's, for one area at a time."""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from swaptools.check import all_rules, check_area
from swaptools.check.report import RUNNING
from swaptools.observe import read_area
from swaptools.observe.proc import memory_bytes
from tests.against_kernel.oracle import Answer, ask_kernel

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.check import Report

_SPEAKS_FOR = {rule.code: rule.refused_by for rule in all_rules()}


def swapcheck(path: Path | str) -> Report:
    """Check as ``swapcheck --kernel running`` does, before the kernel is asked.

    The order matters: the kernel swaps a foreign header in the page cache.
    """
    return check_area(read_area(str(path)), RUNNING, ram_bytes=memory_bytes())


def compare(report: Report, answer: Answer) -> str | None:
    """Say where the two part, or None."""
    verdict = report.verdicts[0]
    ours = (verdict.accepted, verdict.errno, verdict.message)
    theirs = (answer.accepted, answer.errno, answer.message)
    if ours != theirs:
        return f"swapcheck says {ours}, the kernel {theirs}"
    if answer.accepted:
        kib = 4 * verdict.pages & 0xFFFFFFFF
        if not answer.lines[0].startswith(f"Adding {kib}k swap on "):
            return f"swapcheck says {kib} KiB, the kernel {answer.lines[0]!r}"
        return None
    first = report.findings[0].code if report.findings else ""
    if verdict.test not in _SPEAKS_FOR.get(first, ()):
        return f"{verdict.test} refuses, but the first finding is {first!r}"
    return None


@dataclass(slots=True)
class Tally:
    """How a run of many comparisons went."""

    what: str
    seed: int | None = None
    asked: int = 0
    accepted: int = 0
    answers: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)

    def ask(self, path: Path | str, name: str, page: bytes | None = None) -> None:
        """Compare on one area; ``page`` is printed when the two disagree."""
        report = swapcheck(path)
        answer = ask_kernel(path)
        self.asked += 1
        self.accepted += answer.accepted
        self.answers[answer.errno, answer.message] += 1
        disagreement = compare(report, answer)
        if disagreement is not None:
            packed = base64.b64encode(zlib.compress(page or b"")).decode()
            self.disagreements.append(f"{name}: {disagreement}; page {packed}")

    def __str__(self) -> str:
        seed = "" if self.seed is None else f"seed {self.seed}, "
        return (
            f"{self.what}: {seed}{self.asked} asked, {self.accepted} accepted by the"
            f" kernel, {len(self.disagreements)} disagreements"
        )
