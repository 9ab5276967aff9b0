"""What is wrong with a study before anybody knows where it stands.

Not here: errors that people see (swaptools/errors.py).
"""

from __future__ import annotations


class ValueTrouble(ValueError):
    """A value of a study that cannot be.

    Attributes:
        name: The axis or the key that has it.
        reason: Why not.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason
