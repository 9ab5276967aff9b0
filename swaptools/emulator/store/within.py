"""What comes from outside: refused where it is of another kind than it must be.

Not here: what scripts write to a knob (machine/knobs.py).

Kernel: none; there a write to the file fails.
Same: nothing.
Changed: nothing.
Left out: nothing.
"""

from __future__ import annotations

import operator
from typing import Final

from swaptools.errors import IllegalOperation

#: More pages than any record counts of anything, however many bytes each has.
MANY_PAGES: Final = 1 << 52


def within(number: int, most: int, what: str) -> int:
    """Return a whole number from 0 to ``most``.

    Raises:
        IllegalOperation: It is another.
    """
    whole = _whole(number, what)
    if not 0 <= whole <= most:
        raise IllegalOperation(f"{what}: {whole} is not 0 to {most}")
    return whole


def check_whole(what: str, *numbers: int) -> None:
    """Refuse numbers that are not whole.

    Raises:
        IllegalOperation: One of them is not.
    """
    for number in numbers:
        _whole(number, what)


def check_kind(value: object, kind: type, what: str) -> None:
    """Refuse what is of another kind.

    Raises:
        IllegalOperation: It is.
    """
    if not isinstance(value, kind):
        raise IllegalOperation(f"{what}: {value!r} is no {kind.__name__}")


def check_bytes(data: bytes) -> None:
    """Refuse data that are no bytes.

    Raises:
        IllegalOperation: They are none.
    """
    try:
        memoryview(data)
    except TypeError as exc:
        raise IllegalOperation(f"{type(data).__name__} is no bytes") from exc


def _whole(number: int, what: str) -> int:
    try:
        return operator.index(number)
    except TypeError as exc:
        raise IllegalOperation(f"{what}: {number!r} is no whole number") from exc
