"""Ctrl-C: it waits until an operation has come to a place where it can end.

Theory. A machine is whole between two runs of hot functions, and not within one; Python
raises KeyboardInterrupt anywhere. So SIGINT is only noted as long as an operation goes
on. What may be long is done in parts, looks whether one was noted behind each of them,
and ends then as if it had been asked for less. In the end whoever SIGINT belonged to is
told: who raises KeyboardInterrupt, if nobody has said otherwise.

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
from threading import get_ident, main_thread
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
        #: Whether one was noted.
        self.have_come = False

    def __enter__(self) -> None:
        """Let SIGINT wait from now on."""
        self._depth += 1
        if self._depth == 1 and get_ident() == main_thread().ident:
            before = _set_handler(_SIGINT, self._note)
            if callable(before):
                self._handler = before
            else:
                _set_handler(_SIGINT, before)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Tell whoever it belongs to, once the last operation has ended."""
        if kind is not None and not issubclass(kind, Exception):
            self._state.end_early()
        self._depth -= 1
        if self._depth or self._handler is None:
            return
        handler, self._handler = self._handler, None
        has_come, self.have_come = self.have_come, False
        _set_handler(_SIGINT, handler)
        if has_come:
            handler(_SIGINT, None)

    def _note(self, _number: int, _frame: object) -> None:
        self.have_come = True


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
