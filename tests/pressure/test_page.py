"""docs/pressure.md says what its commands say."""

from __future__ import annotations

import pytest

from swaptools.emulator.pressure.policy import policy_names
from tests.parts import one_in
from tests.pressure.page import PAGE, names, row, shown, told

#: Those that end soon come first.
TOLD = sorted(told(), key=lambda name: int(name.rpartition(" ")[2]))


@pytest.mark.slow
@pytest.mark.parametrize("name", one_in(len(TOLD), TOLD))
def test_a_row_is_what_the_policies_give(name: str) -> None:
    """``python -m tests.pressure.page`` mends this, if the new numbers are right."""
    assert row(name) in shown().splitlines()


@pytest.mark.slow
def test_there_is_no_other_row() -> None:
    assert told() == names()


@pytest.mark.parametrize("policy", policy_names()[:6])
def test_each_policy_is_named(policy: str) -> None:
    assert f"\n| {policy} | " in PAGE.read_text()
