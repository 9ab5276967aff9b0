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

from swaptools.emulator.core import structs
from swaptools.emulator.core.buffers import HOT, Buffer
from swaptools.kept_code import kept

if TYPE_CHECKING:
    from collections.abc import Callable

# Without memory management (_nrt) a buffer costs no counting of references.
_OPTIONS = {"error_model": "numpy", "_nrt": False}


@cache
def compiled_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a hot function compiled, and before it every one that it calls.

    Compiled code is kept (compile_cache.py) in a place that any change to any hot
    function changes, as it has others within it.
    """
    if not isinstance(function, FunctionType):
        raise TypeError(function)
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        callee = names.get(name)
        if isinstance(callee, FunctionType) and callee in HOT:
            names[name] = compiled_function(callee)
    copy = FunctionType(function.__code__, names, function.__name__)
    copy.__module__ = function.__module__
    copy.__qualname__ = function.__name__
    options = {**_OPTIONS, "forceinline": HOT[function]}
    return kept(copy, _signature(function), _fingerprint(), options)


def _signature(function: FunctionType) -> Any:
    # The annotations name types that are imported for type checking only.
    hints = get_type_hints(function, localns={"Slots": structs.Slots, "Buffer": Buffer})
    result = _numba_type(hints.pop("return"))
    return result(*(_numba_type(hint) for hint in hints.values()))


@cache
def _numba_type(hint: Any) -> Any:
    numba: Any = import_module("numba")
    scalars = {int: numba.int64, bool: numba.boolean, type(None): numba.void}
    if hint in scalars:
        return scalars[hint]
    if hint is structs.Slots:
        arrays = [_array(item) for item in structs.ITEMS.values()]
        return numba.types.NamedTuple(arrays, structs.Slots)
    (item,) = get_args(hint)
    return numba.int64[::1] if item is int else _array(item)


def _array(item: Any) -> Any:
    numba: Any = import_module("numba")
    numpy: Any = import_module("numpy")
    return numba.types.Array(numba.from_dtype(numpy.dtype(item)), 1, "C")


@cache
def _fingerprint() -> str:
    text = sorted(text_of(f) for f in HOT if isinstance(f, FunctionType))
    return hashlib.sha256(repr(text).encode()).hexdigest()[:12]


def text_of(function: FunctionType) -> tuple[str, ...]:
    """Return all that decides what is compiled, constants of its module included."""
    code = function.__code__
    constants = [
        (name, function.__globals__[name])
        for name in code.co_names
        if isinstance(function.__globals__.get(name), int)
    ]
    parts = (code.co_code.hex(), repr(code.co_consts), repr(constants))
    return (function.__module__, function.__qualname__, *parts)
