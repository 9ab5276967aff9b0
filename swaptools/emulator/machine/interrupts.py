"""Ctrl-C: it waits until an operation has come to a place where it can end.

Theory. A machine is whole between two runs of hot functions, and not within one; Python
raises KeyboardInterrupt anywhere. So SIGINT is only noted as long as an operation goes
on. What may be long is done in parts, and behind each of them whoever SIGINT belonged
to is told of one that was noted. Who raises something, KeyboardInterrupt if nobody has
said otherwise, ends the operation as if it had been asked for less; who raises nothing
has it go on to its end.

Not here: an operation's end (state.py).

Kernel: include/linux/sched/signal.h fatal_signal_pending().
Same: what was done before a signal stays done.
Changed: one that kills nobody.
Left out: other signals; other threads, in which Python raises nothing.
"""

from __future__ import annotations

import signal
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Pages and references that are one part of a long operation. Folios lie within one.
PAGES_A_TURN: Final = 1 << 16

# What signal.signal() calls, beside making enumerations of numbers, which would take
# longer than a small operation.
_set_handler: Final[Callable[[int, Any], Any]] = import_module("_signal").signal
_SIGINT: Final = int(signal.SIGINT)

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")


class _EndsEarly(Protocol):
    def end_early(self) -> None: ...


class Interrupts:
    """A context in which SIGINT waits, within which others may be."""

    def __init__(self, state: _EndsEarly) -> None:
        """Be entered later.

        The state ends an operation amid which something was raised, by who watches it.
        """
        # And no method of it, which would not be kept with a replay.
        self._state = state
        self._depth = 0
        # Whose SIGINT is; None where nobody is told in Python.
        self._handler: Callable[[int, Any], Any] | None = None
        self._has_come = False
        self._raised: BaseException | None = None

    def __enter__(self) -> None:
        """Let SIGINT wait from now on."""
        self._depth += 1
        if self._depth == 1:
            self._take()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Give SIGINT back, once the last operation has ended."""
        if kind is not None and not issubclass(kind, Exception):
            self._state.end_early()
        self._depth -= 1
        if self._depth:
            return
        raised, self._raised = self._raised, None
        self._give_back()
        if raised is not None:
            raise raised

    @property
    def is_end(self) -> bool:
        """Tell whoever SIGINT belongs to of one; whether that raised something.

        What it was leaves the last operation that there is within.
        """
        if self._has_come and self._raised is None:
            try:
                self._give_back()
            except BaseException as exc:  # raised when it has ended
                self._raised = exc
            self._take()
        return self._raised is not None

    def _take(self) -> None:
        try:
            before = _set_handler(_SIGINT, self._note)
        except ValueError:  # another thread than the main one
            return
        if callable(before):
            self._handler = before
        else:
            _set_handler(_SIGINT, before)

    def _give_back(self) -> None:
        handler, self._handler = self._handler, None
        if handler is None:
            return
        _set_handler(_SIGINT, handler)
        has_come, self._has_come = self._has_come, False
        if has_come:
            handler(_SIGINT, None)

    def _note(self, _number: int, _frame: object) -> None:
        self._has_come = True


class _Ends(Protocol):
    def ends_anyway(self) -> Interrupts: ...


class _OfMachine(Protocol):
    @property
    def _state(self) -> _Ends: ...


_Self = TypeVar("_Self", bound=_OfMachine)


def whole(
    method: Callable[Concatenate[_Self, _Args], _Result],
) -> Callable[Concatenate[_Self, _Args], _Result]:
    """Let Ctrl-C wait until a method has come to a place where it can end."""

    @wraps(method)
    def held(self: _Self, /, *args: _Args.args, **kwargs: _Args.kwargs) -> _Result:
        with self._state.ends_anyway():
            return method(self, *args, **kwargs)

    return held
