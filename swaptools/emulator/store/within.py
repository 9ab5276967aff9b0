"""Numbers from outside that a record is to hold: refused where it would not.

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
    try:
        whole = operator.index(number)
    except TypeError as exc:
        raise IllegalOperation(f"{what}: {number!r} is no whole number") from exc
    if not 0 <= whole <= most:
        raise IllegalOperation(f"{what}: {whole} is not 0 to {most}")
    return whole
