"""References to pages that go to swap: those of code and of files are left out.

A page of no known kind may be any memory of a program, and stays.

Not here: where kinds come from (record/memory.py, and each format).
"""

from __future__ import annotations

from array import array
from itertools import compress
from typing import TYPE_CHECKING, Final

from swaptools.references import ALL_FLAGS, CODE, FILE, KIND_MASK, KIND_SHIFT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from swaptools.references import References

_KINDS: Final = KIND_MASK << KIND_SHIFT
#: By flags: 1 for what stays, 0 for what goes.
_STAYS: Final = bytes(
    flags <= ALL_FLAGS and flags & _KINDS not in (CODE, FILE) for flags in range(256)
)


def why_nothing(left_out: int) -> str:
    """Return why a trace has no reference to replay, so many left out."""
    if left_out:
        return f"has {left_out:,} references, all to code and files (see --all-pages)"
    return "has no references"


class Swappable:
    """The references of batches to pages that go to swap.

    Attributes:
        left_out: Those to other pages, so far.
    """

    def __init__(self, batches: Iterable[References]) -> None:
        """Take them from somewhere."""
        self._batches = batches
        self.left_out = 0

    def __iter__(self) -> Iterator[References]:
        """Yield the batches, shorter where something is left out."""
        for batch in self._batches:
            stays = bytes(batch.flags).translate(_STAYS)
            count = stays.count(1)
            self.left_out += len(stays) - count
            yield batch if count == len(stays) else _chosen(batch, stays)


def _chosen(batch: References, stays: bytes) -> References:
    return batch._replace(
        pages=memoryview(array("Q", compress(batch.pages, stays))),
        flags=memoryview(bytes(compress(batch.flags, stays))),
        tasks=memoryview(array("I", compress(batch.tasks, stays))),
    )
