"""What is said of state that contradicts itself.

Not here: what must hold (machine/invariants.py, pressure/, designs/).

Kernel: VM_BUG_ON(), as far as it goes.
Same: nothing.
Changed: it is an exception.
Left out: nothing.
"""

from __future__ import annotations

from swaptools.errors import InvariantBroken


def expect(holds: bool, what: str, *state: object) -> None:
    """Raise InvariantBroken with the state, unless it holds."""
    if not holds:
        raise InvariantBroken(f"{what}: {', '.join(map(str, state))}")
