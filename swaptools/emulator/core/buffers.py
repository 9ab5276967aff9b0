"""Flat typed buffers, and the two ways in which functions run over them.

Not here: what the records are (structs.py), what is done to them (slots.py, ...).

Kernel: none; this is what stands in for memory and for the C compiler.
Same: a buffer costs resident memory only where it was written, as vmalloc() does.
Changed: hot functions are Python over a NamedTuple of buffers. They run as they
stand, and when numba is installed the same text is compiled. What they may use
is what both ways know: integers of 64 signed bits, buffers, records, loops.
Left out: locks.
"""

from __future__ import annotations

import ctypes
import mmap
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_Function = TypeVar("_Function", bound="Callable[..., Any]")
_Item = TypeVar("_Item")

#: Every hot function, and whether it is compiled into its callers.
HOT: Final[dict[Callable[..., Any], bool]] = {}


class Buffer(Protocol[_Item]):
    """What a ctypes array and a numpy array have in common.

    An item is an integer, or a record that is changed in place.
    """

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> _Item: ...
    def __setitem__(self, index: int, value: _Item, /) -> None: ...


def hot(function: _Function) -> _Function:
    """Mark a function that can be compiled; returns it unchanged."""
    HOT[function] = False
    return function


def hot_inline(function: _Function) -> _Function:
    """Mark one that is compiled into its callers: small, or on the fast path."""
    HOT[function] = True
    return function


def can_compile() -> bool:
    """Tell whether the ``fast`` extra is installed."""
    return find_spec("numba") is not None


class Engine:
    """One of the two ways: interpreted, or compiled by numba."""

    def __init__(self, *, compiled: bool | None = None) -> None:
        """Choose; None means compiled where that is possible."""
        self.compiled = can_compile() if compiled is None else compiled
        self._functions: dict[Callable[..., Any], Callable[..., Any]] = {}
        self._viewed: tuple[Any, Any] = (None, None)

    def __getitem__(self, function: _Function) -> _Function:
        """Return ``function`` as this engine runs it; it takes the same buffers."""
        if not self.compiled:
            return function
        if function not in self._functions:
            # Imported here: only those who compile need it.
            from swaptools.emulator.core.compiler import compiled_function

            compiled = compiled_function(function)

            def run(*args: object) -> Any:  # noqa: ANN401
                return compiled(*[self._view(arg) for arg in args])

            self._functions[function] = run
        return cast("_Function", self._functions[function])

    # Compiled functions want numpy arrays: views of the same memory. Tuples of
    # buffers come again and again, so the last one is kept.
    def _view(self, arg: Any) -> Any:  # noqa: ANN401
        if isinstance(arg, ctypes.Array):
            numpy: Any = import_module("numpy")  # half a second, if compiled at all
            return numpy.frombuffer(arg, numpy.dtype(type(arg)._type_))
        if not isinstance(arg, tuple):
            return arg
        if arg is not self._viewed[0]:
            views = [self._view(buffer) for buffer in arg]
            self._viewed = (arg, type(arg)(*views))
        return self._viewed[1]

    def zeroed(self, item: type[_Item], length: int) -> Buffer[_Item]:
        """Make a buffer of zeros that takes memory only where it is written.

        Args:
            item: A record of structs.py.
            length: In items; at least one is made.
        """
        return cast("Buffer[_Item]", _anonymous(item, max(length, 1)))

    def integers(self, length: int) -> Buffer[int]:
        """Make a buffer of integers of 64 bits."""
        return cast("Buffer[int]", _anonymous(ctypes.c_int64, max(length, 1)))


def grown(old: Buffer[_Item], length: int) -> Buffer[_Item]:
    """Return a longer copy of a buffer, zeros at the end."""
    array = cast("ctypes.Array[Any]", old)
    new = _anonymous(array._type_, length)
    ctypes.memmove(new, array, ctypes.sizeof(array))
    return cast("Buffer[_Item]", new)


# Private and anonymous: pages of zeros that the system adds when first written.
def _anonymous(item: Any, length: int) -> ctypes.Array[Any]:  # noqa: ANN401
    memory = mmap.mmap(
        -1, length * ctypes.sizeof(item), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    )
    return (item * length).from_buffer(memory)  # type: ignore[no-any-return]
