"""What came of the last full round with each booted kernel, for docs/kernels.md.

``judged.json`` is written by ``python -m tests.against_kernels --keep``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE: Final = Path(__file__).with_suffix(".json")


class Judged(NamedTuple):
    """One round."""

    #: As ``uname -r`` says.
    release: str
    seed: int
    #: Of the sources that were judged; empty where nobody knows.
    commit: str
    #: What was asked, and what came of it, by kind of question.
    parts: dict[str, str]


def load() -> dict[str, Judged]:
    """Return the round of each series, the oldest series first."""
    kept = {name: Judged(*round_) for name, round_ in json.loads(FILE.read_text())}
    return dict(sorted(kept.items(), key=lambda item: _numbers(item[0])))


def keep(series: str, judged: Judged) -> None:
    """Put a round in the place of the last one with that series."""
    save({**load(), series: judged}.items())


def save(rounds: Iterable[tuple[str, Judged]]) -> None:
    """Write the file."""
    FILE.write_text(json.dumps([*rounds], indent=1) + "\n")


def _numbers(series: str) -> tuple[int, ...]:
    return tuple(int(number) for number in series.split("."))
