"""How near policies come to what booted kernels did.

``python -m tests.pressure.nearness`` prints the table of docs/pressure.md from what was
written down (generations.py).

Not here: asking the kernels (tests/against_kernels/pressure.py).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.pressure.generations import (
    emulate,
    held_out,
    programs,
    recorded,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.pressure.generations import Seen
    from tests.pressure.programs import Program

POLICIES: Final = ("mglru", "lru", "fifo")
SETS: Final = {"tried": programs, "held out": held_out}


@dataclass
class Nearness:
    """How near a policy comes, over some programs."""

    batches: int = 0
    #: Batches that paged out exactly as many pages, and how far the others are off.
    same: int = 0
    off_pages: int = 0
    #: What the kernel paged out.
    pages_out: int = 0
    #: Pages behind all batches that were there, and those that were in the same place.
    pages: int = 0
    same_places: int = 0

    def add(self, told: Seen, ours: Seen) -> None:
        """Count one program."""
        self.batches += len(told.nr_out)
        self.same += sum(map(int.__eq__, told.nr_out, ours.nr_out))
        self.off_pages += sum(
            abs(a - b) for a, b in zip(told.nr_out, ours.nr_out, strict=True)
        )
        self.pages_out += sum(told.nr_out)
        for theirs, here in zip(told.places, ours.places, strict=True):
            nobodys = sum(a == b == 0 for a, b in zip(theirs, here, strict=True))
            self.pages += len(theirs) - nobodys
            self.same_places += sum(map(int.__eq__, theirs, here)) - nobodys

    def __str__(self) -> str:
        share = self.same_places / self.pages
        return f"{self.same} of {self.batches} ({self.off_pages}), {share:.4f}"


def series(release: str) -> str:
    """Return the name of a release's profile."""
    return ".".join(release.split(".")[:2])


def nearness(
    found: Mapping[str, Seen],
    asked: tuple[Program, ...],
    kernel: str,
    policy: str,
) -> Nearness:
    """Compare a policy with what a kernel did to some programs."""
    near = Nearness()
    for program in asked:
        near.add(found[str(program)], emulate(program, kernel, policy))
    return near


def lines(found: Mapping[str, Mapping[str, Seen]]) -> Iterator[str]:
    """Yield the table: batches that are the same, how far others are off, places."""
    yield f"| kernel | programs | paged out | {' | '.join(POLICIES)} |"
    yield f"|---|---|---:|{'---:|' * len(POLICIES)}"
    for release, did in found.items():
        for name, asked in SETS.items():
            each = [
                nearness(did, asked(), series(release), policy) for policy in POLICIES
            ]
            cells = " | ".join(map(str, each))
            yield f"| {release} | {name} | {each[0].pages_out} | {cells} |"


if __name__ == "__main__":
    for line in lines(recorded()):
        sys.stdout.write(f"{line}\n")
