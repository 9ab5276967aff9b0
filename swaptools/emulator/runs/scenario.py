"""A script as the designs take it: a machine, then what its tasks do.

What a design has no place for is passed over: ``kernel``, ``cpus``, ``cpu``,
``cgroup``, ``expect`` and ``show``; ghosts and zrams of a script count as ``virtual``.

Not here: the language (grammar.py), doing it (script.py), the scenarios that come
along (scenarios/).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from swaptools.emulator.machine.setup import PAGE_SIZE, VIRTUAL_PRIO, Setup
from swaptools.emulator.machine.tiers import SwapTiers
from swaptools.emulator.runs.names import OF_TASKS
from swaptools.emulator.runs.script import parse_script
from swaptools.emulator.runs.verbs import page_of
from swaptools.emulator.store.compress import get_codec

if TYPE_CHECKING:
    from swaptools.emulator.runs.operation import Operation as Understood
    from swaptools.emulator.runs.script import Script

#: What a page compresses to when a script does not say: half a page.
DEFAULT_LENGTH_BYTES = PAGE_SIZE // 2

Verb = Literal[
    "task",
    "write",
    "pageout",
    "read",
    "drop",
    "fork",
    "exit",
    "shrink",
    "transfer",
    "swapoff",
]
_VERBS: tuple[Verb, ...] = Verb.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of what tasks do."""

    line: int
    verb: Verb
    #: A task, or the disk that goes; of a transfer the source.
    name: str = ""
    target: str = ""
    cgroup: str = "/"
    first: int = 0
    nr_pages: int = 0
    step: int = 1
    order: int = 0
    length_bytes: int = DEFAULT_LENGTH_BYTES


@dataclass(frozen=True, slots=True)
class Scenario:
    """A machine and what is done on it."""

    title: str
    setup: Setup
    operations: tuple[Operation, ...]

    @property
    def nr_pages(self) -> int:
        """Pages that are touched, once for each operation."""
        return sum(operation.nr_pages for operation in self.operations)


def parse_scenario(text: str) -> Scenario:
    """Read a script for the designs.

    Raises:
        ScriptError: A line that cannot be understood, or not be done under a design,
            with its number.
    """
    script = parse_script(text)
    return Scenario(script.title, _setup(script), tuple(_operations(script)))


def _setup(script: Script) -> Setup:
    setup, tiers = replace(script.setup, zswap=False), SwapTiers()
    for operation in script:
        if operation.verb == "ram":
            setup = replace(setup, ram_bytes=operation.ram)
        elif operation.verb == "zswap":
            percent = operation.max_pool_percent
            if percent is not None:
                setup = replace(setup, max_pool_percent=percent)
            setup = replace(setup, zswap=operation.word == "on")
        elif operation.verb == "tiers":
            tiers.write(operation.tiers)
        elif operation.verb == "max":
            tiers.write_max(operation.path, f"{operation.tier} {operation.word}")
        elif operation.verb == "swapon" and operation.backing in ("ghost", "zram"):
            prio = VIRTUAL_PRIO if operation.prio is None else operation.prio
            setup = replace(setup, virtual_pages=operation.size, virtual_prio=prio)
    return replace(setup, tiers=tiers if tiers.tiers() else None)


def _operations(script: Script) -> list[Operation]:
    made: list[Operation] = []
    for operation in script:
        if operation.verb in _VERBS:
            made.append(_operation(operation))
        elif operation.verb in OF_TASKS | {"set"}:
            raise operation.line.error("no design can do that")
        elif made and operation.verb in ("zswap", "swapon", "tiers", "max"):
            raise operation.line.error("too late: tasks have begun")
    return made


def _operation(operation: Understood) -> Operation:
    length = operation.length
    if operation.text is not None:
        length = len(get_codec("deflate").compress(page_of(operation.text)))
    return Operation(
        operation.line.number,
        next(verb for verb in _VERBS if verb == operation.verb),
        name=operation.name or operation.source or operation.area,
        target=operation.target,
        cgroup="/" if operation.cgroup is None else operation.cgroup,
        first=operation.first,
        nr_pages=operation.nr_pages,
        step=operation.step,
        order=operation.order,
        length_bytes=DEFAULT_LENGTH_BYTES if length is None else length,
    )
