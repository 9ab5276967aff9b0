"""A table of areas, and what kernels say to each from which release on.

Not here: the tables (test_rules_by_release.py, test_files_by_release.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from swaptools.kernel.attempt import Attempt
from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.releases import find_kernel
from swaptools.kernel.swapon import judge_attempt
from tests.check.samples import swap_area

if TYPE_CHECKING:
    from collections.abc import Iterable

MAINLINE = [name for name in PROFILES if not name.startswith("ghost")]
#: Each series as it began.
FIRST = [f"{name}.0" for name in MAINLINE]

#: An answer: usable pages, or an error number and its line.
Said = int | tuple[str, str | None]
SILENT: Said = ("EINVAL", None)


def einval(message: str) -> Said:
    return ("EINVAL", message)


class Row(NamedTuple):
    """An area, and what kernels say to it from the first one named on."""

    name: str
    area: dict[str, Any]
    #: Release -> answer; a release not named answers as the last before it.
    answers: dict[str, Said]
    ram_bytes: int | None = None


HOLES = "swapon: swapfile has holes"
EMPTY = einval("Empty swap-file")
PAGES = 256
WHOLE = [(0, 0, PAGES * 4096)]
HEADER_ONLY = [(0, 0, 4096)]


def version(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


def questions(rows: Iterable[Row]) -> list[tuple[Row, str, Said]]:
    """Every row on every series, and on every release that it names."""
    return [(row, *question) for row in rows for question in _asked(row)]


def _asked(row: Row) -> list[tuple[str, Said]]:
    named = [release for release in row.answers if release not in PROFILES]
    firsts = sorted(row.answers, key=version)
    found = []
    for release in dict.fromkeys([*FIRST, *named]):
        known = [first for first in firsts if version(first) <= version(release)]
        found.append((release, row.answers[known[-1]]))
    return found


def wrong(row: Row) -> list[tuple[str, Said, Said]]:
    """Return the releases on which our rules answer another thing, and both answers."""
    asked = [(at, answer(row, at), said) for _, at, said in questions([row])]
    return [(at, ours, theirs) for at, ours, theirs in asked if ours != theirs]


def answer(row: Row, release: str) -> Said:
    """Say what our rules answer."""
    profile = find_kernel(release).profile
    area = swap_area(**row.area)
    verdict = judge_attempt(Attempt.of(area, profile, 4096, row.ram_bytes))
    if verdict.accepted:
        return verdict.pages
    return verdict.errno or "", verdict.message
