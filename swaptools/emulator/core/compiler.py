"""Hot functions through numba: each once, with the types its annotations say.

Not here: which functions are hot and why (buffers.py), copies for a policy
(binding.py), what buffers are to numba (compiled_buffers.py).

Kernel: none.
Same: the text of the functions.
Changed: a call from one hot function to another is a call of compiled code.
Left out: any type but integers of 64 bits, truth values, and buffers.
"""

from __future__ import annotations

import hashlib
from ctypes import c_int64, c_uint8, c_uint32
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

from swaptools.compile_cache import EMULATOR, in_our_order, policy_sentence
from swaptools.emulator.core import structs
from swaptools.emulator.core.binding import (
    BOUND,
    callees_of,
    is_of_core,
    outside,
    text_of,
)
from swaptools.emulator.core.buffers import HOT, RUNS, Buffer, Byte, Word
from swaptools.kept_code import kept, loaded

if TYPE_CHECKING:
    from collections.abc import Callable

# What buffers are to numba: that is imported only where it is used.
_TYPES: Final = "swaptools.emulator.core.compiled_buffers"
_INTEGERS: Final[dict[Any, Any]] = {int: c_int64, Byte: c_uint8, Word: c_uint32}
# Without memory management (_nrt) a buffer costs no counting of references.
# Callers outside come by the way in that Python has, and none is made for others.
_OPTIONS = {"error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}


@cache
def entry_of(function: Callable[..., Any]) -> tuple[Callable[..., Any], list[int]]:
    """Return a compiled function for a caller outside, who gives addresses as numbers.

    With it come the places of those of its arguments, behind the first, that are
    buffers. It looks at no type: what is given has to be what it takes.

    Raises:
        TypeError: It is no run (buffers.py): there is no way in.
    """
    if function not in RUNS:
        raise TypeError(function)
    compiled: Any = None
    if isinstance(function, FunctionType):
        # What it calls is within it: that is a third of the time and the memory.
        parts = _parts(function, function.__globals__)
        compiled = loaded(*parts, sentence_of(function))
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
    for name, callee in in_our_order(list(callees_of(function))):
        names[name] = compiled_function(callee)
    is_part = function not in RUNS
    return kept(*_parts(function, names), sentence_of(function), is_part=is_part)


# As kept() and loaded() want it; names are what it looks up.
def _parts(
    function: FunctionType, names: dict[str, Any]
) -> tuple[FunctionType, Any, str, dict[str, Any]]:
    copy = FunctionType(function.__code__, names, function.__name__)
    copy.__module__ = function.__module__
    copy.__qualname__ = function.__name__
    options = {**_OPTIONS, "forceinline": HOT[function]}
    return copy, _signature(function), version_of(function), options


def _signature(function: FunctionType) -> Any:
    # The annotations name types that are imported for type checking only.
    known = {"Slots": structs.Slots, "Buffer": Buffer, "Byte": Byte, "Word": Word}
    hints = get_type_hints(function, localns=known, include_extras=True)
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
    return types.buffer_of(_INTEGERS.get(item, item))


def version_of(function: FunctionType) -> str:
    """Return what compiled code is kept under: all that decides what it is.

    Of what is bound to a policy, or stands outside of the core, that is more than the
    core: its part of the name stands behind it.
    """
    if function in BOUND:
        return f"{_fingerprint()}-{BOUND[function].key}"
    others = sorted(text_of(each) for each in outside(function))
    if not others:
        return _fingerprint()
    return f"{_fingerprint()}-{hashlib.sha256(repr(others).encode()).hexdigest()[:8]}"


def sentence_of(function: FunctionType) -> str:
    """Return what is said where a function has to be compiled."""
    return policy_sentence(BOUND[function].name) if function in BOUND else EMULATOR


# Of all of the core, whichever of it this program has imported: so what one command has
# compiled, the next one finds.
@cache
def _fingerprint() -> str:
    package: Any = import_module(__name__.rpartition(".")[0])
    for module in iter_modules(package.__path__, f"{package.__name__}."):
        import_module(module.name)
    text = sorted(
        (text_of(f), HOT[f], f in RUNS)
        for f in HOT
        if isinstance(f, FunctionType) and is_of_core(f)
        if f not in BOUND
    )
    loader: Any = getattr(import_module(_TYPES), "__loader__", None)
    numba: Any = import_module("numba")
    options = (_OPTIONS, numba.config.BOUNDSCHECK)
    parts = (text, layouts(), loader and loader.get_source(_TYPES), options)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def layouts() -> list[tuple[str, str]]:
    """Return what is in each buffer: compiled code knows where each field lies."""
    return [
        (name, repr(getattr(item, "_fields_", item)))
        for name, item in structs.ITEMS.items()
    ]
