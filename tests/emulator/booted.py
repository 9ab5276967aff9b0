"""Programs and what booted kernels did with them, one file a release.

A file is xz of JSON: ``kernel`` (uname -r), ``programs``, each a name, its lines
(programs.py of tests/against_kernels), and for each line what was seen after it:
``pages`` (by task, as runs; only those that changed) and ``used`` (slots by area;
null where nothing changed).

Written by tests/against_kernels/record.py.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.against_kernels.programs import Program, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DIRECTORY = Path(__file__).with_name("booted")


class Recorded(NamedTuple):
    """One program."""

    name: str
    program: Program
    #: After each line.
    states: tuple[State, ...]


def releases() -> list[str]:
    """Name the kernels that there are answers of."""
    return sorted(path.name.removesuffix(".json.xz") for path in DIRECTORY.glob("*.xz"))


def load(release: str) -> list[Recorded]:
    """Read one file."""
    packed = (DIRECTORY / f"{release}.json.xz").read_bytes()
    return [
        Recorded(name, tuple(lines), tuple(_states(shown)))
        for name, lines, shown in json.loads(lzma.decompress(packed))["programs"]
    ]


def save(release: str, recorded: Iterable[Recorded]) -> Path:
    """Write one file."""
    shown = [
        [each.name, each.program, list(_changes(each.states))] for each in recorded
    ]
    text = json.dumps({"kernel": release, "programs": shown})
    DIRECTORY.mkdir(exist_ok=True)
    path = DIRECTORY / f"{release}.json.xz"
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    return path


def _changes(states: Iterable[State]) -> Iterator[dict[str, Any]]:
    before = State().as_json()
    for state in states:
        now = state.as_json()
        pages = {
            who: now["pages"].get(who)
            for who in now["pages"].keys() | before["pages"].keys()
            if now["pages"].get(who) != before["pages"].get(who)
        }
        used = now["used"] if now["used"] != before["used"] else None
        yield {"pages": pages, "used": used}
        before = now


def _states(changes: Iterable[dict[str, Any]]) -> Iterator[State]:
    pages: dict[str, str] = {}
    used: dict[str, int] = {}
    for change in changes:
        pages = pages | change["pages"]
        pages = {who: runs for who, runs in pages.items() if runs is not None}
        used = change["used"] if change["used"] is not None else used
        yield State.from_json({"pages": pages, "used": used})
