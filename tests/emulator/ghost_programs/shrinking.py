"""The shortest program that shows a disagreement.

The kernel cannot be asked about programs that it never ran. So an operation is
dropped, or a write made plainer, as long as the last operation takes what disagreed
from the same value to the same wrong one.

Not here: finding a disagreement (comparing.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.errors import SwapToolsError
from tests.emulator.ghost_programs.driving import Driver
from tests.emulator.ghost_programs.reading import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.ghost_programs.comparing import Difference
    from tests.emulator.ghost_programs.driving import Left
    from tests.emulator.ghost_programs.reading import Program


def shortest(program: Program, left: Left, difference: Difference) -> list[Operation]:
    """Return as few operations as show the difference behind the last of them."""

    def values(operations: list[Operation]) -> tuple[object, object] | None:
        # Before and behind the last operation.
        driver = Driver(left, program.rotational, compiled=False)
        try:
            for operation in operations[:-1]:
                driver.do(operation)
            before = driver.seen().get(difference.name)
            driver.do(operations[-1])
        except (SwapToolsError, KeyError, AssertionError):
            return None  # an operation needs one that is gone
        return before, driver.seen().get(difference.name)

    kept = program.operations[: difference.step]
    wrong = values(kept)
    place = len(kept) - 1
    while place >= 0:
        for shorter in _shorter(kept, place):
            if shorter and values(shorter) == wrong:
                kept = shorter
                break
        place -= 1
    return kept


# Without one operation, or with a plainer one.
def _shorter(operations: list[Operation], place: int) -> Iterator[list[Operation]]:
    before, here, after = operations[:place], operations[place], operations[place + 1 :]
    if after:
        yield before + after
    if here.verb == "w" and len(here.arguments) > len(_PLAIN) + 4:
        plain = Operation("w", here.arguments[:4] + _PLAIN)
        yield [*before, plain, *after]


# One content for all pages of a write.
_PLAIN = ("1",)
