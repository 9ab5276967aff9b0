"""The two ways in which hot functions run over buffers: as they stand, or compiled.

Not here: the buffers (buffers.py), how numba is asked (compiler.py).

Kernel: none; this is what stands in for the C compiler.
Same: nothing.
Changed: one text, interpreted as it stands; when numba is installed it is compiled.
Left out: nothing.
"""

from __future__ import annotations

import ctypes
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar, cast

from swaptools.emulator.core.buffers import RUNS
from swaptools.emulator.core.memory import Flat
from swaptools.emulator.core.plain import Plain

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self._functions: dict[Callable[..., Any], Callable[..., Any]] = {}
        self._viewed: tuple[Any, Any] = (None, None)

    def memory(self) -> Flat:
        """Return what the buffers of a new machine are to be made of."""
        return Flat() if self.compiled else self.plain()

    def __getitem__(self, function: _Function) -> _Function:
        """Return ``function`` as this engine runs it; it takes the same buffers."""
        if not self.compiled or function not in RUNS:
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
