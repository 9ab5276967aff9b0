"""The programs and the kernel's answers, from the files beside (README.md).

Not here: what a machine answers (driving.py).
"""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HERE = Path(__file__).parent
_SHOWN = frozenset("PSMVZG")

#: What was seen after a step: a name such as ``V zswpin`` or ``P 0`` -> the answer.
Seen = dict[str, object]


@dataclass(frozen=True)
class Operation:
    """One line of a program."""

    verb: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        """Return the line."""
        return " ".join((self.verb, *self.arguments))


@dataclass
class Program:
    """One program with the kernel's answers, the state at its start first."""

    number: int
    kind: str
    operations: list[Operation]
    answers: list[Seen] = field(default_factory=list)
    #: Areas whose device turns, by the letter or number they are called.
    rotational: set[str] = field(default_factory=set)

    @property
    def has_disk(self) -> bool:
        """Whether an area is a loop device or a file, to which writes take time."""
        areas = (it.arguments for it in self.operations if it.verb == "on")
        return any(kind in "lhf" for _, kind, *_ in areas)


@dataclass(frozen=True)
class Recording:
    """Everything that was recorded."""

    #: Memory of the machine, in bytes.
    ram_bytes: int
    #: Compressor -> content -> compressed length.
    lengths: dict[str, dict[int, int]]
    programs: dict[int, Program]


@cache
def recorded() -> Recording:
    """Read the files."""
    kinds = json.loads((_HERE / "kinds.json").read_text())
    programs = {
        program.number: program
        for program in _programs(_lines("programs.ops.xz"), kinds)
    }
    ram_bytes = 0
    lengths: dict[str, dict[int, int]] = {}
    program = next(iter(programs.values()))
    for word, *rest in _lines("answers.out.xz"):
        if word == "boot":
            ram_bytes = int(rest[1]) << 10
        elif word == "len":
            lengths.setdefault(rest[0], {})[int(rest[1])] = int(rest[3])
        elif word == "prog":
            program = programs[int(rest[0])]
        elif word == "s":
            _check_step(rest)
            program.answers.append({})
        elif word == "R" and rest[1] == "1":
            program.rotational.add(rest[0])
        elif word in _SHOWN:
            _add_line(program.answers[-1], word, rest)
    return Recording(ram_bytes, lengths, programs)


def area_path(kind: str, area: str) -> str:
    """Return the name under which /proc/swaps has an area."""
    return {"g": "/m/a", "f": "/m/a", "z": "/dev/zram"}.get(kind, "/dev/loop") + area


def _lines(name: str) -> Iterator[list[str]]:
    with lzma.open(_HERE / name, "rt") as lines:
        for line in lines:
            yield line.split()


def _programs(lines: Iterable[list[str]], kinds: dict[str, str]) -> Iterator[Program]:
    operations: list[Operation] = []
    number = ""
    for verb, *arguments in lines:
        if verb == "prog":
            number, operations = arguments[0], []
        elif verb == "end":
            yield Program(int(number), kinds[number], operations)
        elif verb != "c":
            operations.append(Operation(verb, tuple(arguments)))


# Every step worked, the guest read what it had written, and nobody else swapped.
def _check_step(rest: list[str]) -> None:
    if rest[1] != "start" and rest[2:] != ["0", "bad=0", "bus=0", "foreign=0"]:
        raise ValueError(f"a step that did not work: {rest}")


def _add_line(seen: Seen, word: str, rest: list[str]) -> None:
    if word == "P":
        seen[f"P {rest[0]}"] = " ".join(rest[1:])
    elif word == "S":
        seen[f"S {rest[0]}"] = " ".join(rest[1:])
    elif word == "G":
        seen[f"G {rest[0]}"] = int(rest[1])
    else:
        for name, value in (item.split(":") for item in rest):
            seen[f"{word} {name}"] = int(value)
