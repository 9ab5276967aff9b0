"""The two ways in which hot functions run over buffers: as they stand, or compiled.

Not here: the buffers (memory.py, plain.py), how numba is asked (compiler.py).

Kernel: none; this is what stands in for the C compiler.
Same: nothing.
Changed: one text, interpreted as it stands; when numba is installed it is compiled.
Left out: nothing.
"""

from __future__ import annotations

from ctypes import Array, addressof, c_char, c_int64
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from swaptools.emulator.core.buffers import RUNS
from swaptools.emulator.core.memory import Flat
from swaptools.emulator.core.plain import Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from swaptools.emulator.core.binding import Binding

_Pair: Final = c_int64 * 2

_Function = TypeVar("_Function", bound="Callable[..., Any]")


def can_compile() -> bool:
    """Tell whether the ``fast`` extra is installed."""
    return find_spec("numba") is not None


class Engine:
    """One of the two ways: interpreted, or compiled by numba."""

    #: What buffers are made of, interpreted.
    plain: type[Plain] = Plain

    def __init__(self, *, compiled: bool | None = None) -> None:
        """Choose; None means compiled where that is possible."""
        self.compiled = can_compile() if compiled is None else compiled
        self._binding: Binding | None = None
        self._functions: dict[Callable[..., Any], Callable[..., Any]] = {}
        self._viewed: Any = None
        self._table = (c_int64 * 0)()
        self._address = 0

    def memory(self) -> Flat:
        """Return what the buffers of a new machine are to be made of."""
        return Flat() if self.compiled else self.plain()

    def forget(self) -> None:
        """Hold no buffer any more that has grown."""
        self._viewed = None

    def bind(self, binding: Binding) -> None:
        """Run what reaches a hook as its copy from now on."""
        self._binding = binding

    def bound(self, function: _Function) -> _Function:
        """Return ``function`` with the policy of this engine, if it has one."""
        return self._binding[function] if self._binding else function

    def __getitem__(self, function: _Function) -> _Function:
        """Return ``function`` as this engine runs it; it takes the same buffers."""
        function = self.bound(function)
        if not self.compiled or function not in RUNS:
            return function
        if function not in self._functions:
            self._functions[function] = self._entered(function)
        return cast("_Function", self._functions[function])

    # Compiled code is given addresses: of the table of all buffers, which is made anew
    # when one of them has grown, and of each buffer that is an argument.
    def _entered(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # Imported here: only those who compile need it.
        from swaptools.emulator.core.compiler import entry_of

        entry, places = entry_of(function)

        def run(slots: Any, *args: Any) -> Any:  # noqa: ANN401
            if slots is not self._viewed:
                self._table, self._viewed = pairs(slots), slots
                self._address = addressof(self._table)
            if not places:
                return entry(self._address, *args)
            given = list(args)
            held = [pair_of(args[place]) for place in places]
            for place, pair in zip(places, held, strict=True):
                given[place] = addressof(pair)
            return entry(self._address, *given)

        return run


def pairs(buffers: Sequence[Any]) -> Array[c_int64]:
    """Return a table of flat buffers: the address of each, and its length."""
    table = (c_int64 * (2 * len(buffers)))()
    for place, buffer in enumerate(buffers):
        table[2 * place] = addressof(buffer)
        table[2 * place + 1] = len(buffer)
    return table


def pair_of(buffer: Any) -> Array[c_int64]:  # noqa: ANN401
    """Return the pair of one buffer, flat, or of whoever hands in such integers."""
    if not isinstance(buffer, Array):
        return _pair_of_foreign(buffer)
    kept: Any = buffer
    try:
        pair: Array[c_int64] = kept.pair
    except AttributeError:
        pair = kept.pair = pairs([buffer])
    return pair


# An array of Python's or a view of one.
def _pair_of_foreign(buffer: Any) -> Array[c_int64]:  # noqa: ANN401
    with memoryview(buffer) as view:
        if view.readonly or not view.nbytes:
            return _Pair(_address_to_read(view), len(view))
        return _Pair(addressof(c_char.from_buffer(view)), len(view))


# By way of numpy, since ctypes knows only what may be written; that takes ten times as
# long.
def _address_to_read(view: memoryview) -> int:
    # Imported here: only those who compile need it.
    import numpy

    there: int = numpy.frombuffer(view, "u1").ctypes.data if view.nbytes else 0
    return there
