"""Hot functions through numba: each once, with the types its annotations say.

Not here: which functions are hot and why (buffers.py).

Kernel: none.
Same: the text of the functions.
Changed: a call from one hot function to another is a call of compiled code.
Left out: any type but integers of 64 bits, truth values, and buffers.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from swaptools.emulator import structs
from swaptools.emulator.buffers import HOT, Buffer

if TYPE_CHECKING:
    from collections.abc import Callable

# Without memory management (_nrt) a buffer costs no counting of references.
_OPTIONS = {"cache": True, "error_model": "numpy", "_nrt": False}


@cache
def compiled_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a hot function compiled, and before it every one that it calls.

    Compiled code is kept beside the sources, under a name that any change to any
    hot function changes, as it has others within it.
    """
    numba: Any = import_module("numba")
    if not isinstance(function, FunctionType):
        raise TypeError(function)
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        callee = names.get(name)
        if isinstance(callee, FunctionType) and callee in HOT:
            names[name] = compiled_function(callee)
    copy = FunctionType(function.__code__, names, function.__name__)
    copy.__module__ = function.__module__
    copy.__qualname__ = f"{function.__name__}-{_fingerprint()}"
    options = {**_OPTIONS, "forceinline": HOT[function]}
    compiled: Callable[..., Any] = numba.njit(_signature(function), **options)(copy)
    return compiled


def _signature(function: FunctionType) -> Any:  # noqa: ANN401
    # The annotations name types that are imported for type checking only.
    hints = get_type_hints(function, localns={"Slots": structs.Slots, "Buffer": Buffer})
    result = _numba_type(hints.pop("return"))
    return result(*(_numba_type(hint) for hint in hints.values()))


@cache
def _numba_type(hint: Any) -> Any:  # noqa: ANN401
    numba: Any = import_module("numba")
    scalars = {int: numba.int64, bool: numba.boolean, type(None): numba.void}
    if hint in scalars:
        return scalars[hint]
    if hint is structs.Slots:
        arrays = [_array(item) for item in structs.ITEMS.values()]
        return numba.types.NamedTuple(arrays, structs.Slots)
    (item,) = get_args(hint)
    return numba.int64[::1] if item is int else _array(item)


def _array(item: Any) -> Any:  # noqa: ANN401
    numba: Any = import_module("numba")
    numpy: Any = import_module("numpy")
    return numba.types.Array(numba.from_dtype(numpy.dtype(item)), 1, "C")


@cache
def _fingerprint() -> str:
    text = sorted(
        (f.__module__, f.__qualname__, f.__code__.co_code, repr(f.__code__.co_consts))
        for f in HOT
        if isinstance(f, FunctionType)
    )
    return hashlib.sha256(repr(text).encode()).hexdigest()[:12]
