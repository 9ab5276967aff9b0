"""What rules are not asked about is what they have nothing to say about."""

from __future__ import annotations

import os
from copy import copy
from random import Random
from typing import TYPE_CHECKING

import pytest

from swaptools.check import all_rules, check_area, conditions
from swaptools.observe import read_area
from swaptools.observe.proc import active_swaps
from tests.check.examples import examples
from tests.hostile.headers import mutated
from tests.parts import few_or_many

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.caller import Caller

KERNELS = ("6.18", "4.18", "7.2", "ghost-rfc-6.12", "ghost-rfc-dynamic")
#: The same rules, asked about everything.
ASKED_ALWAYS = tuple(map(copy, all_rules()))
for rule in ASKED_ALWAYS:
    rule.only_if = None  # type: ignore[misc]


def assert_nothing_is_missed(area: SwapArea, caller: Caller | None = None) -> None:
    for kernel in KERNELS:
        for page_size in (4096, 65536):
            some, all_ = (
                check_area(area, kernel, page_size, 3 << 30, rules=rules, caller=caller)
                for rules in (all_rules(), ASKED_ALWAYS)
            )
            assert some.findings == all_.findings, (kernel, page_size, area)


def test_every_condition_spares_rules_something() -> None:
    named = {rule.only_if for rule in all_rules()} - {None}
    assert named == set(conditions.CONDITIONS)


@pytest.mark.parametrize("family", sorted({rule.code[0] for rule in all_rules()}))
def test_no_example_says_more_when_every_rule_is_asked(family: str) -> None:
    for example in examples():
        if example.rule.code.startswith(family):
            assert_nothing_is_missed(*example.case())


@pytest.mark.parametrize("nr_headers", few_or_many(50, 300))
def test_no_broken_header_says_more_when_every_rule_is_asked(nr_headers: int) -> None:
    rng, file = Random(17), os.memfd_create("header")
    active = active_swaps()
    for _ in range(nr_headers):
        data = mutated(rng)
        os.ftruncate(file, 0)
        os.pwrite(file, data, 0)
        os.ftruncate(file, rng.choice((4096, len(data), 40960, 1 << 20)))
        area = read_area("header", active=active, below=False, descriptor=file)
        assert_nothing_is_missed(area)
    os.close(file)
