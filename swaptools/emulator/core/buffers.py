"""What a buffer is, and the marks of the functions that run over them.

Not here: what the records are (structs.py), what is done to them (slots.py, ...),
what buffers are made of (memory.py, plain.py), how a function runs (engine.py).

Kernel: none; this is what stands in for memory.
Same: nothing.
Changed: hot functions are Python over a NamedTuple of buffers. What they may use
is what both ways to run them know: integers of 64 signed bits, buffers, records,
loops.
Left out: locks.
"""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    NamedTuple,
    Protocol,
    TypeVar,
    cast,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_Function = TypeVar("_Function", bound="Callable[..., Any]")
_Item = TypeVar("_Item")

# Items of buffers from outside that are no integers of 64 bits: of 8 and of 32, without
# a sign.
Byte = Annotated[int, 8]
Word = Annotated[int, 32]

#: Every hot function, and whether it is compiled into its callers.
HOT: Final[dict[Callable[..., Any], bool]] = {}
#: Those that are called from outside for a whole run of pages.
RUNS: Final[set[Callable[..., Any]]] = set()


class Needs(NamedTuple):
    """What a hot function may use up at most: frames, tables of clusters, zspages.

    Places are those of its arguments behind the buffers; -1 where it is a constant.
    """

    frames_at: int
    #: For each that the argument says, or all.
    frames: int
    order_at: int
    #: Of a folio, each page of which may open a cluster; -1 for no table at all.
    order: int
    zspages_at: int
    zspages: int
    #: And for entries that may be written back meanwhile (room.py).
    writebacks: bool
    page_tables: int


#: By function; those that need nothing are not here.
NEEDS: Final[dict[Callable[..., Any], Needs]] = {}


class Buffer(Protocol[_Item]):
    """What a list, a ctypes array and a numpy array have in common.

    An item is an integer, or a record that is changed in place.
    """

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> _Item: ...
    def __setitem__(self, index: int, value: _Item, /) -> None: ...


def look_ahead(_buffer: Buffer[Any], _place: int) -> None:
    """Say that an item will soon be read: compiled, memory is asked for it at once."""


def hot(function: _Function) -> _Function:
    """Mark a function that can be compiled; returns it unchanged."""
    HOT[function] = False
    return function


def hot_inline(function: _Function) -> _Function:
    """Mark one that is compiled into its callers: small, or on the fast path."""
    HOT[function] = True
    return function


def hot_run(function: _Function) -> _Function:
    """Mark one that is compiled for callers outside: it does a whole run of pages."""
    HOT[function] = False
    RUNS.add(function)
    return function


def needs(
    *,
    frames: str | int = 0,
    each: int = 1,
    order: str | int = -1,
    zspages: str | int = 0,
    writebacks: bool = False,
    page_tables: int = 0,
) -> Callable[[_Function], _Function]:
    """Say what room a function needs; whoever runs it sees to that.

    Args:
        frames: How many frames it takes, or the argument that says how many.
        each: So many for each of those.
        order: Of the folio that it gives slots, or the argument that says it.
        zspages: How many pages it writes, each of which may be an object in a pool, or
            be lost; or the argument that says how many.
        writebacks: Whether entries may be written back in favour of those.
        page_tables: How many of them it may make.
    """

    def declare(function: _Function) -> _Function:
        # Behind the buffers.
        names = cast("Any", function).__code__.co_varnames[1:]
        NEEDS[function] = Needs(
            names.index(frames) if isinstance(frames, str) else -1,
            each if isinstance(frames, str) else frames,
            names.index(order) if isinstance(order, str) else -1,
            -1 if isinstance(order, str) else order,
            names.index(zspages) if isinstance(zspages, str) else -1,
            1 if isinstance(zspages, str) else zspages,
            writebacks,
            page_tables,
        )
        return function

    return declare
