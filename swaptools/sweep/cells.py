"""Cells: the combinations of a study's values, and what one of them comes to.

Not here: what a cell runs (scripts.py), rows (rows.py).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What an axis may have: what TOML and JSON both know.
Value: TypeAlias = str | int | float | bool
#: A number that was counted.
Number: TypeAlias = int | float


class Outcome(NamedTuple):
    """What a cell came to."""

    #: By name.
    metrics: dict[str, Number | None]
    #: The same moments of each quantity, over the run; empty where none are kept.
    series: dict[str, list[Number]]
    #: Of each area, how full its parts were at these moments.
    slots: list[dict[str, Any]]


class Job(Protocol):
    """A cell that is ready to run, here or where pickle takes it."""

    @property
    def nr_pages(self) -> int:
        """Pages that it touches: how long it will take."""
        ...

    @property
    def inputs(self) -> dict[str, str]:
        """Of each file that it reads, a hash of what is in it."""
        ...

    @property
    def files(self) -> dict[str, str]:
        """Paths of what is read where it runs, by their hashes."""
        ...

    @property
    def policy(self) -> str | None:
        """Who decides what leaves memory, and is compiled with the rest."""
        ...

    def run(self, *, compiled: bool | None) -> Outcome:
        """Run it: the same outcome every time.

        Raises:
            SwapToolsError: It cannot be done.
        """
        ...


class Workload(Protocol):
    """What the cells of a study run."""

    def check(self, values: Mapping[str, Sequence[Value]]) -> None:
        """Check the names and values of a study, one by one.

        Raises:
            ValueTrouble: One cannot be.
        """
        ...

    def job(self, values: Mapping[str, Value]) -> Job:
        """Make a cell ready.

        Raises:
            SwapToolsError: It cannot be.
        """
        ...


class Cell(NamedTuple):
    """One combination."""

    #: By axis, in the order of the study.
    values: dict[str, Value]
    job: Job

    @property
    def key(self) -> str:
        """What tells it from every other cell of a study."""
        return cell_key(self.values, self.job.inputs)

    def __str__(self) -> str:
        return name_of(self.values)


def cell_key(values: Mapping[str, Value], inputs: Mapping[str, str]) -> str:
    """Return what tells a cell from every other one of a study."""
    return canonical([dict(values), dict(inputs)])


def name_of(values: Mapping[str, Value]) -> str:
    """Return a cell's name for people, and for ``--only``.

    >>> name_of({"design": "plain", "ram": "64M"})
    'design=plain ram=64M'
    """
    return " ".join(f"{name}={text_of(value)}" for name, value in values.items())


def text_of(value: Value) -> str:
    """Return a value as a line of a script has it.

    >>> text_of(True), text_of(20), text_of("64M")
    ('1', '20', '64M')
    """
    return str(int(value)) if isinstance(value, bool) else str(value)


def canonical(value: object) -> str:
    """Return the one way to write a value as JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(text: str) -> str:
    """Return a hash of a text, long enough to tell any two apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
