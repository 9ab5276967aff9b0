"""Which references are to pages that go to swap."""

from __future__ import annotations

from swaptools.references import ANONYMOUS, CODE, FILE, WRITE
from swaptools.traces.kinds import Swappable
from tests.traces.samples import Reference, batch


def chosen(*references: Reference) -> tuple[list[int], int]:
    found = Swappable([batch(references, dropped=7, first_ns=1)])
    (one,) = found
    assert (one.dropped, one.first_ns) == (7, 1)
    assert len(one.pages) == len(one.flags) == len(one.tasks)
    return list(one.pages), found.left_out


def test_code_and_files_are_left_out() -> None:
    references = [
        Reference(1, 0, 5),
        Reference(2, CODE, 5),
        Reference(3, FILE | WRITE, 5),
        Reference(4, ANONYMOUS, 6),
        Reference(5, WRITE, 6),
        Reference(6, ANONYMOUS | WRITE, 6),
    ]
    assert chosen(*references) == ([1, 4, 5, 6], 2)


def test_a_batch_of_which_nothing_goes_is_handed_on_as_it_is() -> None:
    one = batch([Reference(1), Reference(2, WRITE)])
    assert next(iter(Swappable([one]))) is one


def test_a_batch_of_which_all_goes_still_says_what_was_dropped() -> None:
    assert chosen(Reference(1, CODE), Reference(2, FILE)) == ([], 2)


def test_columns_belong_together() -> None:
    references = [Reference(n, (CODE, 0, WRITE)[n % 3], n % 7) for n in range(1000)]
    (one,) = Swappable([batch(references)])
    kept = [each for each in references if not each.flags & CODE]
    assert [
        Reference(*each) for each in zip(one.pages, one.flags, one.tasks, strict=True)
    ] == kept
