"""What a script expects of a machine, and what it shows.

Not here: how runs of slots are written (entries.py), printing (cli/).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from swaptools.emulator.machine.cgroup_files import cgroup_files
from swaptools.emulator.machine.knobs import zram_of
from swaptools.errors import DeviceReadError, ScriptError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from swaptools.emulator.runs.operation import Operation
    from swaptools.emulator.runs.run import Run


class Shown(NamedTuple):
    """What a ``show`` found."""

    line: int
    text: str
    value: Any


def do_expect(run: Run, operation: Operation) -> None:
    """Judge an expectation, unless that is not wanted; the machine does the same.

    Raises:
        ScriptError: It does not hold, and the run is not to go on.
    """
    run.expectations += 1
    problem = _problem(run, operation)
    if problem and run.judges:
        error = ScriptError(problem, operation.line.number)
        if not run.goes_on:
            raise error
        run.failed.append(error)


def _problem(run: Run, operation: Operation) -> str:
    if operation.word == "fault":
        return _no_fault(run, operation.page)
    if not run.judges:
        return ""
    if operation.has_range:
        return _other_entries(run, operation)
    what, wanted = operation.what, operation.number
    have = counters(run).get(what, "no such area under this design")
    return "" if have == wanted else f"expected {what} {wanted}, have {have}"


def _no_fault(run: Run, page: int) -> str:
    try:
        run.memory.read(page, 1)
    except DeviceReadError:
        return ""
    if run.task.is_killed:
        return "expected a fault, the task was killed"
    return "expected a fault, the page was read"


def _other_entries(run: Run, operation: Operation) -> str:
    runs, pages = operation.runs, operation.pages
    wanted = chain.from_iterable(each.entries() for each in runs)
    pairs = zip_longest(wanted, run.entries(pages), fillvalue=())
    if all(want == have for want, have in pairs):
        return ""
    expected = run.entries_text(e for each in runs for e in each.entries())
    return f"expected {expected}, have {run.entries_text(run.entries(pages))}"


def counters(run: Run) -> dict[str, int]:
    """Return what can be expected by name, the slots that areas have in use too."""
    machine = run.started()
    counted = machine.vmstat() | machine.meminfo() | machine.zswap_debugfs()
    return counted | {name: area.inuse_pages for name, area in run.devices.items()}


def do_show(run: Run, operation: Operation) -> Shown:
    """Return what a line asks for, as text and as a value."""
    machine = run.started()
    if operation.has_range:
        text = run.entries_text(run.entries(operation.pages))
        return Shown(operation.line.number, text, text)
    if operation.word == "swaps":
        text = machine.proc_swaps().rstrip("\n")
        return Shown(operation.line.number, text, text.splitlines())
    value = _values(run, operation)
    text = "\n".join(f"{name} {number}" for name, number in value.items())
    return Shown(operation.line.number, text, value)


def _values(run: Run, operation: Operation) -> Mapping[str, Any]:
    machine = run.started()
    if operation.word == "cgroup":
        return cgroup_files(machine, operation.path)
    if operation.word == "zram":
        zram = zram_of(run.devices, operation.area)
        return zram.mm_stat() | zram.bd_stat()
    shows = {
        "meminfo": machine.meminfo,
        "vmstat": machine.vmstat,
        "zswap": machine.zswap_debugfs,
    }
    return shows[operation.word]()
