"""A policy in the place of the hooks: copies of the functions that reach one.

Theory. A hot function calls others by the names that its module has for them. A copy
that is given other names calls others, with the same text; so a function that reaches a
hook, over whatever others, is copied with them, and all that do not are shared between
all policies and none. There are two storeys. Above are faults: their hooks lead to what
charges. Below is whatever those lead to; there only what a policy decides is bound, and
a page that is read in on the way out of another charges nothing.

Not here: the hooks (hooks.py), how a copy is compiled (compiler.py).

Kernel: none.
Same: nothing.
Changed: nothing.
Left out: functions that call themselves.
"""

from __future__ import annotations

import hashlib
from dis import get_instructions
from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from swaptools.emulator.core.buffers import HOT, NEEDS, RUNS, Needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Hot = Callable[..., Any]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

#: The binding that each copy belongs to.
BOUND: Final[dict[Callable[..., Any], Binding]] = {}


class Binding:
    """What stands in the place of each hook, and the copies that call it."""

    def __init__(
        self, name: str, faults: Mapping[Hot, Hot], policy: Mapping[Hot, Hot]
    ) -> None:
        """Copy nothing yet.

        Args:
            name: Of the policy.
            faults: By hook what a fault calls in its place.
            policy: By hook what those functions, the policy's and others call.
        """
        self.name = name
        self._places = ({**policy, **faults}, dict(policy))
        self._known: dict[tuple[Hot, int], Hot] = {}
        # What each of them needs because of those that it calls.
        self._needs: dict[Hot, Needs] = {}
        self.text = self._text()
        #: What tells its copies from others', and those of another text.
        self.key = hashlib.sha256(repr(self.text).encode()).hexdigest()[:8]

    def __getitem__(self, function: _Function) -> _Function:
        """Return a copy of a hot function; the function itself if it reaches no hook.

        The copy is hot as the function is, and says what it needs as well.
        """
        return cast("_Function", self._bound(function, 0))

    # Storey 0 is that of faults, 1 what is below.
    def _bound(self, function: Hot, storey: int) -> Hot:
        key = function, storey
        if key not in self._known:
            place = self._places[storey].get(function)
            if place is None or place is function:
                self._known[key] = self._copied(function, storey)
            else:
                self._known[key] = self._bound(place, 1)
                self._note_needs(self._known[key], NEEDS.get(place))
        return self._known[key]

    def _copied(self, function: Hot, storey: int) -> Hot:
        if not isinstance(function, FunctionType):
            return function
        callees = {
            name: (callee, self._bound(callee, storey))
            for name, callee in callees_of(function)
        }
        others = {name: to for name, (callee, to) in callees.items() if to != callee}
        if not others:
            return function
        copy = _copy(function, {**function.__globals__, **others}, self)
        HOT[copy] = HOT[function]
        if function in RUNS:
            RUNS.add(copy)
        self._note_needs(copy, NEEDS.get(function))
        for to in others.values():
            self._note_needs(copy, self._needs.get(to))
        if copy in self._needs:
            NEEDS[copy] = self._needs[copy]
        BOUND[copy] = self
        return copy

    def _note_needs(self, function: Hot, needs: Needs | None) -> None:
        if needs is not None:
            before = self._needs.get(function)
            self._needs[function] = both(before, needs) if before else needs

    # All that is in the place of a hook, and whatever that calls outside of the core.
    def _text(self) -> list[tuple[str, ...]]:
        texts: list[tuple[str, ...]] = []
        for places in self._places:
            for hook, place in places.items():
                texts.append((hook.__name__, place.__module__, place.__qualname__))
                texts += sorted(text_of(each) for each in outside(place))
        return texts


def both(one: Needs, other: Needs) -> Needs:
    """Return what suffices for two; where an argument says it, of the first only."""
    return Needs(
        one.frames_at,
        one.frames if one.frames_at >= 0 else max(one.frames, other.frames),
        one.order_at,
        one.order if one.order_at >= 0 else max(one.order, other.order),
        one.zspages_at,
        one.zspages if one.zspages_at >= 0 else max(one.zspages, other.zspages),
        one.writebacks or other.writebacks,
        max(one.page_tables, other.page_tables),
    )


def _copy(function: FunctionType, names: dict[str, Any], to: Binding) -> FunctionType:
    # Its name is what compiled code is found by.
    name = f"{function.__name__}__{to.name}_{to.key}"
    copy = FunctionType(function.__code__, names, name)
    copy.__module__, copy.__doc__ = function.__module__, function.__doc__
    copy.__annotations__ = function.__annotations__
    return copy


# --- what a hot function is made of ----------------------------------------


def callees_of(function: FunctionType) -> Iterator[tuple[str, FunctionType]]:
    """Yield the hot functions that one calls, by the names that it has for them."""
    for name in sorted(globals_of(function)):
        callee = function.__globals__.get(name)
        if isinstance(callee, FunctionType) and callee in HOT:
            yield name, callee


def globals_of(function: FunctionType) -> frozenset[str]:
    """Return the names that a function looks up in its module; fields are none."""
    return _globals_of(function.__code__)


# Copies have the code of what they are copies of.
@cache
def _globals_of(code: CodeType) -> frozenset[str]:
    loads = (step for step in get_instructions(code) if step.opname == "LOAD_GLOBAL")
    return frozenset(step.argval for step in loads)


def outside(function: Hot) -> set[FunctionType]:
    """Return the functions that are not the core's and that one calls, or is."""
    found: set[FunctionType] = set()
    waiting, seen = [function], {function}
    while waiting:
        each = waiting.pop()
        if not isinstance(each, FunctionType):
            continue
        if not is_of_core(each):
            found.add(each)
        callees = {callee for _, callee in callees_of(each)} - seen
        seen |= callees
        waiting += callees
    return found


def is_of_core(function: Hot) -> bool:
    """Tell whether a function stands in the core, as it is."""
    return function.__module__.startswith(__name__.rpartition(".")[0] + ".")


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
