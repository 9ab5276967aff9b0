"""One line of a script, understood: its words as values.

Not here: which words a verb has (grammar.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swaptools.emulator.runs.entries import SlotRun
    from swaptools.emulator.runs.words import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A line, and a field for each word in capitals and each option of the grammar.

    What the line's form does not have, and what it leaves out, is as it begins here.
    """

    line: Line
    #: What was chosen where there is a choice: *on*, *max*, *swaps*, *fault*.
    word: str = ""
    kernel: str = ""
    mended: bool = False
    cpus: int = 1
    ram: int = 0
    cpu: int = 0
    max_pool_percent: int | None = None
    knob: str = ""
    value: str = ""
    path: str = ""
    policy: str = ""
    v1: bool = False
    #: Limits in pages, -1 for "max".
    max: int | None = None
    high: int | None = None
    swap: int | None = None
    zswap: int | None = None
    memsw: int | None = None
    amount: int = 0
    times: int = 0
    alpha: float = 0.0
    seed: int = 0
    write: bool = False
    tiers: str = ""
    tier: str = ""
    name: str = ""
    backing: str = ""
    size: int = 0
    prio: int | None = None
    rotational: bool = False
    discard: bool = False
    bad: tuple[int, ...] = ()
    area: str = ""
    source: str = ""
    target: str = ""
    count: int = 0
    cgroup: str | None = None
    first: int = 0
    nr: int = 0
    step: int = 1
    order: int = 0
    length: int | None = None
    text: str | None = None
    page: int = 0
    what: str = ""
    number: int = 0
    runs: tuple[SlotRun, ...] = ()

    @property
    def verb(self) -> str:
        """The first word."""
        return self.line.verb

    @property
    def has_range(self) -> bool:
        """Whether its form is one with pages."""
        return self.verb != "shm" and self.nr > 0

    @property
    def pages(self) -> range:
        """The pages of its range."""
        return range(self.first, self.first + self.nr * self.step, self.step)

    @property
    def nr_pages(self) -> int:
        """How many pages it touches or moves."""
        is_look = self.verb in ("expect", "show", "shm")
        return 0 if is_look else (self.times or self.nr) + self.count
