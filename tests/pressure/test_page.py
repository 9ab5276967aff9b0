"""docs/pressure.md says what its commands say."""

from __future__ import annotations

import pytest

from swaptools.emulator.pressure.policy import policy_names
from tests.parts import one_in
from tests.pressure.page import PAGE, names, row, shown


@pytest.mark.parametrize("name", one_in(len(names()), names()[::-1]))
def test_a_row_is_what_the_policies_give(name: str) -> None:
    """``python -m tests.pressure.page`` mends this, if the new numbers are right."""
    assert row(name) in shown().splitlines()


def test_there_is_no_other_row() -> None:
    told = [line.split(" | ")[0].removeprefix("| ") for line in shown().splitlines()]
    assert told[2:] == names()


@pytest.mark.parametrize("policy", policy_names()[:6])
def test_each_policy_is_named(policy: str) -> None:
    assert f"\n| {policy} | " in PAGE.read_text()
