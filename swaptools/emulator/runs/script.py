"""Scripts: read and checked whole, then done line by line.

    zswap on
    swapon a block 4096
    write 0 1500
    pageout 0 1500
    expect 0 1500: 1-1500

A line is a verb and its words; ``#`` begins a comment, and the comments in front of
the first line are the script's title.

Not here: what a line can say (grammar.py, where the whole language is), names
(names.py), doing it (verbs.py), progress and printing (cli/).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from swaptools.emulator.machine.knobs import read_setting
from swaptools.emulator.machine.limits import USUAL_POLICY
from swaptools.emulator.machine.setup import VIRTUAL_PRIO, DiskSetup, Setup
from swaptools.emulator.runs.grammar import GRAMMAR
from swaptools.emulator.runs.names import OF_TASKS, Names
from swaptools.emulator.runs.operation import Operation
from swaptools.emulator.runs.run import Run
from swaptools.emulator.runs.verbs import VERBS
from swaptools.emulator.runs.words import read_lines, read_title
from swaptools.errors import ScriptError, SwapToolsError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.runs.looks import Shown
    from swaptools.emulator.runs.words import Line

__all__ = ["Operation", "Run", "Script", "parse_script", "run_script"]


@dataclass(frozen=True, slots=True)
class Script:
    """Lines that can be done as far as anybody can tell before they are."""

    title: str
    operations: tuple[Operation, ...]

    def __iter__(self) -> Iterator[Operation]:
        """Yield the operations in order."""
        return iter(self.operations)

    def __len__(self) -> int:
        """How many operations there are."""
        return len(self.operations)

    @property
    def nr_pages(self) -> int:
        """Pages that are touched, once for each operation."""
        return sum(operation.nr_pages for operation in self.operations)

    @property
    def has_limits(self) -> bool:
        """Whether memory may run out, so that somebody has to say who leaves."""
        return any(each.verb in _NEED_POLICY for each in self.operations)

    @property
    def setup(self) -> Setup:
        """What there is when the first task begins."""
        setup = Setup(zswap=False)
        for operation in self.operations:
            if operation.verb in OF_TASKS:
                break
            setup = _with(setup, operation)
        return setup


_NEED_POLICY: Final = frozenset({"limit", "reclaim", "flush"})
#: Knobs that areas are made by, and what a setup calls them.
_OF_SETUP: Final = {
    "zswap.enabled": "zswap",
    "zswap.max_pool_percent": "max_pool_percent",
}


def _with(setup: Setup, operation: Operation) -> Setup:
    if operation.verb == "ram":
        return replace(setup, ram_bytes=operation.ram)
    if operation.verb == "zswap":
        percent = operation.max_pool_percent
        usual = setup.max_pool_percent
        return replace(
            setup,
            zswap=operation.word == "on",
            max_pool_percent=usual if percent is None else percent,
        )
    if operation.verb == "set" and operation.knob in _OF_SETUP:
        value = read_setting(operation.knob, operation.value).value
        return replace(setup, **{_OF_SETUP[operation.knob]: value})
    if operation.verb == "virtual":
        prio = VIRTUAL_PRIO if operation.prio is None else operation.prio
        return replace(setup, virtual_pages=operation.size, virtual_prio=prio)
    if operation.verb == "swapon" and operation.backing in ("block", "file"):
        disk = DiskSetup(
            operation.name,
            operation.size,
            operation.prio,
            "file" if operation.backing == "file" else "block",
            operation.rotational,
        )
        return replace(setup, disks=(*setup.disks, disk))
    return setup


def parse_script(text: str, names: Names | None = None) -> Script:
    """Read and check a script.

    Args:
        text: All of its lines.
        names: What lines before have named, if there were some; it learns more.

    Raises:
        ScriptError: A line that cannot be understood, or that makes no sense where
            it stands, with its number.
    """
    names = Names() if names is None else names
    return Script(
        read_title(text),
        tuple(_understood(line, names) for line in read_lines(text)),
    )


def _understood(line: Line, names: Names) -> Operation:
    verb = GRAMMAR.get(line.verb)
    if verb is None:
        known = ", ".join(GRAMMAR)
        reason = f"no operation {quoted(line.verb)}; known: {known}"
        raise ScriptError(reason, line.number)
    operation = Operation(line=line, **verb.form_of(line).read(line))
    try:
        names.add(operation)
    except (SwapToolsError, ValueError) as exc:
        raise line.error(_reason(exc)) from exc
    return operation


def run_script(script: Script, run: Run) -> Iterator[tuple[Operation, Shown | None]]:
    """Do the operations one by one, yielding each with what it shows.

    Raises:
        ScriptError: An operation that cannot be done, or an expectation that does not
            hold; with the line's number.
    """
    run.begin(script.setup, max([1 << each.order for each in script], default=1))
    if script.has_limits:
        run.settings.setdefault("policy", USUAL_POLICY)
    for operation in script:
        try:
            run.before(operation)
            shown = VERBS[operation.verb](run, operation)
            run.after(operation)
            if operation is script.operations[-1]:
                run.started()  # a script of nothing but settings, too
        except ScriptError:
            raise
        except MemoryError as exc:
            raise operation.line.error("out of memory") from exc
        except (SwapToolsError, ValueError, OSError) as exc:
            raise operation.line.error(_reason(exc)) from exc
        yield operation, shown


def _reason(exc: Exception) -> str:
    return str(exc.strerror) if isinstance(exc, OSError) and exc.strerror else str(exc)
