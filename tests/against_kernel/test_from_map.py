"""A machine started from this kernel's slot map gives the slots that it gives next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.against_kernel.from_map import HISTORIES, one_run, tally

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]


@pytest.mark.parametrize("history", HISTORIES)
def test_a_probe_tells_the_first_slot(history: str, tmp_path: Path) -> None:
    for seed in range(3):
        predicted, given = one_run(history, "probe", seed, 4196, 1, tmp_path)
        assert predicted == given, seed


@pytest.mark.parametrize("history", HISTORIES)
def test_a_settled_area_gives_the_next_2000(history: str, tmp_path: Path) -> None:
    predicted, given = one_run(history, "settle", 7, 20_000, 2000, tmp_path)
    assert predicted == given


def test_the_map_alone_is_right_now_and_then(
    tmp_path: Path, say: Callable[[object], None]
) -> None:
    """What is hidden decides; after a fill nothing is."""
    found = tally("map", 2, 4196, 500, tmp_path)
    say(f"first slot, and all of 500: {found}")
    assert found.all["fill"] == found.runs["fill"]
