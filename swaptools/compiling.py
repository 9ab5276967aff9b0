"""Loops over many references, as they stand or compiled: one text, two speeds.

A function that is marked ``loop`` takes integers of 64 signed bits and buffers, and
uses nothing else; where numba is installed and there is much to do it is compiled,
once, and kept. What it does is the same either way, and so are its buffers.

Not here: how a function is compiled and kept (kept_code.py), the emulator's own loops,
which are many and call each other (emulator/core/compiler.py).
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, get_type_hints

from swaptools.kept_code import kept

if TYPE_CHECKING:
    from collections.abc import Callable

_Function = TypeVar("_Function", bound="Callable[..., Any]")

#: And whether each is compiled into its callers.
_LOOPS: Final[dict[Callable[..., Any], bool]] = {}
#: As the emulator's: a buffer costs no counting of references.
_OPTIONS: Final = {"error_model": "numpy", "_nrt": False}
#: numba sees itself when the file that a loop stands in has changed; so loops call
#: only those of their own file.
_VERSION: Final = "loops"
_SENTENCE: Final = "compiling what counts, which takes some seconds the first time"


class _Buffer(Protocol):
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> int: ...
    def __setitem__(self, index: int, value: int, /) -> None: ...


class Longs(_Buffer, Protocol):
    """Integers of 64 signed bits."""


class Words(_Buffer, Protocol):
    """Integers of 32 unsigned bits."""


class Bytes(_Buffer, Protocol):
    """Integers of 8 unsigned bits."""


class _Column(Protocol):
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> int: ...


class LongColumn(_Column, Protocol):
    """As Longs, and only read."""


class WordColumn(_Column, Protocol):
    """As Words, and only read."""


class ByteColumn(_Column, Protocol):
    """As Bytes, and only read."""


#: Items of a buffer, and whether it is only read.
_ITEMS: Final = {
    Longs: ("int64", False),
    Words: ("uint32", False),
    Bytes: ("uint8", False),
    LongColumn: ("int64", True),
    WordColumn: ("uint32", True),
    ByteColumn: ("uint8", True),
}


def loop(function: _Function) -> _Function:
    """Mark a function that can be compiled; returns it unchanged."""
    _LOOPS[function] = False
    return function


def step(function: _Function) -> _Function:
    """Mark a small one, that is compiled into the loops that call it."""
    _LOOPS[function] = True
    return function


def can_compile() -> bool:
    """Tell whether the ``fast`` extra is installed."""
    return find_spec("numba") is not None


@cache
def fast(function: _Function) -> _Function:
    """Return a loop compiled; it takes the same buffers."""
    numpy: Any = import_module("numpy")
    compiled = _compiled(function)
    items = [_ITEMS.get(hint, (None, False))[0] for hint in _hints(function)]

    def run(*args: Any) -> Any:
        views = (
            arg if item is None else numpy.frombuffer(arg, item)
            for arg, item in zip(args, items, strict=False)
        )
        return compiled(*views)

    return run  # type: ignore[return-value]


@cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    # And before it every loop that it calls.
    if not isinstance(function, FunctionType):
        raise TypeError(function)
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(names.get(name), FunctionType) and names[name] in _LOOPS:
            names[name] = _compiled(names[name])
    copy = FunctionType(function.__code__, names, function.__name__)
    copy.__module__ = function.__module__
    copy.__qualname__ = function.__name__
    *arguments, result = map(_numba_type, _hints(function))
    options = {**_OPTIONS, "forceinline": _LOOPS[function]}
    return kept(copy, result(*arguments), _VERSION, options, _SENTENCE)


def _hints(function: Callable[..., Any]) -> list[Any]:
    # Of the arguments, and of what is returned.
    hints = get_type_hints(function)
    result = hints.pop("return")
    return [*hints.values(), result]


@cache
def _numba_type(hint: Any) -> Any:
    types: Any = import_module("numba").types
    if hint in _ITEMS:
        item, is_read_only = _ITEMS[hint]
        return types.Array(getattr(types, item), 1, "C", readonly=is_read_only)
    return {int: types.int64, bool: types.boolean, type(None): types.void}[hint]
