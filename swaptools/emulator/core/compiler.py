"""Hot functions through numba: each once, with the types its annotations say.

Not here: which functions are hot and why (buffers.py), what buffers are to numba
(compiled_buffers.py).

Kernel: none.
Same: the text of the functions.
Changed: a call from one hot function to another is a call of compiled code.
Left out: any type but integers of 64 bits, truth values, and buffers.
"""

from __future__ import annotations

import hashlib
from ctypes import c_int64
from dis import get_instructions
from functools import cache
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

from swaptools.emulator.core import structs
from swaptools.emulator.core.buffers import HOT, Buffer
from swaptools.kept_code import kept, loaded

if TYPE_CHECKING:
    from collections.abc import Callable

# What buffers are to numba: that is imported only where it is used.
_TYPES: Final = "swaptools.emulator.core.compiled_buffers"
# Without memory management (_nrt) a buffer costs no counting of references.
_OPTIONS = {"error_model": "numpy", "_nrt": False}


@cache
def entry_of(function: Callable[..., Any]) -> tuple[Callable[..., Any], list[int]]:
    """Return a compiled function for a caller outside, who gives addresses as numbers.

    With it come the places of those of its arguments, behind the first, that are
    buffers. It looks at no type: what is given has to be what it takes.
    """
    compiled: Any = None
    if isinstance(function, FunctionType):
        # What it calls is within it: that is a third of the time and the memory.
        compiled = loaded(*_parts(function, function.__globals__))
    if compiled is None:
        compiled = compiled_function(function)
    (code,) = compiled.overloads.values()
    types = import_module(_TYPES)
    given = enumerate(code.signature.args[1:])
    places = [at for at, type_ in given if isinstance(type_, types.BufferType)]
    return code.entry_point, places


@cache
def compiled_function(function: Callable[..., Any]) -> Any:
    """Return a hot function compiled, and before it every one that it calls.

    Compiled code is kept (compile_cache.py) in a place that any change to any hot
    function changes, as it has others within it.
    """
    if not isinstance(function, FunctionType):
        raise TypeError(function)
    names = dict(function.__globals__)
    for name in globals_of(function):
        callee = names.get(name)
        if isinstance(callee, FunctionType) and callee in HOT:
            names[name] = compiled_function(callee)
    return kept(*_parts(function, names))


# As kept() and loaded() want it; names are what it looks up.
def _parts(
    function: FunctionType, names: dict[str, Any]
) -> tuple[FunctionType, Any, str, dict[str, Any]]:
    copy = FunctionType(function.__code__, names, function.__name__)
    copy.__module__ = function.__module__
    copy.__qualname__ = function.__name__
    options = {**_OPTIONS, "forceinline": HOT[function]}
    return copy, _signature(function), _fingerprint(), options


def globals_of(function: FunctionType) -> set[str]:
    """Return the names that a function looks up in its module; fields are none."""
    loads = (
        step for step in get_instructions(function) if step.opname == "LOAD_GLOBAL"
    )
    return {step.argval for step in loads}


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
    types: Any = import_module(_TYPES)
    if hint is structs.Slots:
        return types.SLOTS
    (item,) = get_args(hint)
    return types.buffer_of(c_int64 if item is int else item)


@cache
def _fingerprint() -> str:
    text = sorted(text_of(f) for f in HOT if isinstance(f, FunctionType))
    loader: Any = getattr(import_module(_TYPES), "__loader__", None)
    numba: Any = import_module("numba")
    is_checked = numba.config.BOUNDSCHECK
    parts = (text, layouts(), loader and loader.get_source(_TYPES), is_checked)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def layouts() -> list[tuple[str, str]]:
    """Return what is in each buffer: compiled code knows where each field lies."""
    return [
        (name, repr(getattr(item, "_fields_", item)))
        for name, item in structs.ITEMS.items()
    ]


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
