"""The swap of one process by mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from swaptools import notebook
from swaptools.errors import AreaError
from swaptools.observe.processes import Process, is_gone, list_pids, read_process
from swaptools.observe.smaps import Mapping, swapped_mappings
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from typing import Annotated


class ByMappingDict(TypedDict):
    """Swap of one process by mapping."""

    #: What a row is.
    who: Literal["mapping"]
    #: Its number.
    pid: int
    #: Its command.
    name: str
    #: What the mappings have together, shared memory included.
    swap_bytes: int
    #: The one with most comes first.
    mappings: list[Annotated[dict[str, Any], Mapping]]


class ByMapping(NamedTuple):
    """The answer; the mapping with most comes first."""

    #: Whose they are.
    process: Process
    #: One for each mapping with pages in swap.
    rows: tuple[Mapping, ...]

    @property
    def swap_bytes(self) -> int:
        """What the mappings have together, shared memory included."""
        return sum(row.swap_bytes for row in self.rows)

    def to_dict(self) -> ByMappingDict:
        """Return it as swapinfo --who=mapping prints it with --json."""
        return {
            "who": "mapping",
            "pid": self.process.pid,
            "name": self.process.name,
            "swap_bytes": self.swap_bytes,
            "mappings": self.to_rows(),
        }

    def _repr_html_(self) -> str:
        return notebook.table(self.to_rows(), f"swap of {self.process.name}")

    def to_rows(self) -> list[dict[str, Any]]:
        """Return a flat row for each mapping."""
        return [row._asdict() for row in self.rows]


def by_mapping(pid: int) -> ByMapping:
    """Find out what each mapping of a process has in swap.

    Raises:
        AreaError: There is no such process, it has no memory of its own, or it may not
            be looked at.
    """
    where = f"/proc/{pid}"
    try:
        process = read_process(pid)
        found = swapped_mappings(process.pid) if process else ()
        rows = sorted(found, key=lambda m: (-m.swap_bytes, m.start))
    except OSError as exc:
        if is_gone(exc):
            raise AreaError(where, "the process has ended", exc.errno) from exc
        raise AreaError.from_os_error(f"{where}/smaps", exc) from exc
    if process is None:
        there = pid in _all_pids()
        no_memory = "a kernel thread or a zombie, which has no memory of its own"
        raise AreaError(where, no_memory if there else "there is no such process")
    return ByMapping(process, tuple(rows))


def _all_pids() -> list[int]:
    try:
        return list_pids()
    except OSError as exc:
        raise AreaError("/proc", exc.strerror or str(exc), exc.errno) from exc
