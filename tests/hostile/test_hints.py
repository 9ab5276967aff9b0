"""Some images and the hints about them; hints.py is the script for two thousand."""

from __future__ import annotations

from random import Random

import pytest

from swaptools.check.remedies import contents
from tests.conftest import needs_proc
from tests.hostile import hints
from tests.hostile.images import draw


@pytest.mark.slow
@needs_proc
def test_no_hint_touches_what_is_not_the_areas() -> None:
    """Followed on a copy, whatever lies around the area; and many are followed."""
    figures = hints.run(7, range(14))
    assert figures.is_good, (*figures.foreign, *figures.failures)
    assert figures.areas > 30
    assert figures.commands > 15
    assert len(figures.by_code) > 6


def test_the_images_are_of_every_sort() -> None:
    """Or the run would show nothing."""
    schemes = {draw(Random(f"7 {number}")).scheme for number in range(20)}
    assert schemes == {"whole", "stacked", "gpt", "mbr", "cut gpt"}


@needs_proc
def test_harm_is_seen_and_has_its_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A remedy that does not look at what is there."""
    monkeypatch.setattr(contents, "not_swap", lambda _case: None)
    monkeypatch.setattr(contents, "unclaimed", lambda _case: None)
    assert hints.main(["--first", "58", "--count", "1", "--seed", "7"]) == 1
    printed = capsys.readouterr()
    assert "image 58, " in printed.err
    assert "changed; ours are" in printed.err
    assert ": 0 touch" not in printed.out


def test_image_number_n_is_always_the_same() -> None:
    """Or a failure could not be had again."""
    assert draw(Random("7 3")) == draw(Random("7 3"))
