"""Whatever is done under limits: no page is lost, nobody has more than it may.

After each operation of a random program all charges, lists and counters are what they
are when counted anew, every page reads as it was written, and is in one place.
``make test-long`` does many more of them, and ``SWAPTOOLS_PROGRAMS`` says how many.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.emulator.pressure.random_programs import Program
from tests.emulator.pressure.worlds import POLICIES, draw_world

if TYPE_CHECKING:
    import random

#: Of each policy, in long runs.
NR_PROGRAMS = int(os.environ.get("SWAPTOOLS_PROGRAMS", "40"))
_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

policies = pytest.mark.parametrize("policy", POLICIES, ids="-".join)
randoms = st.randoms(use_true_random=False)


def program(draw: random.Random, policy: tuple[str, str]) -> Program:
    return Program(draw, [draw_world(draw, policy).machine()])


@pytest.mark.sampled(12)
@policies
@given(draw=randoms)
@settings(max_examples=2, derandomize=True, suppress_health_check=_SLOW)
def test_all_holds(policy: tuple[str, str], draw: random.Random) -> None:
    program(draw, policy).live(12, every=3)


@pytest.mark.long
@policies
@given(draw=randoms)
@settings(max_examples=NR_PROGRAMS, suppress_health_check=_SLOW)
def test_all_holds_in_long_lives(policy: tuple[str, str], draw: random.Random) -> None:
    program(draw, policy).live(40)
