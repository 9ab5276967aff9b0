"""What rules are not asked about is what they have nothing to say about."""

from __future__ import annotations

from functools import partial
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import pytest

from swaptools.check import all_rules, check_area, report, rules
from swaptools.check.conditions import ROOMS
from tests.check.broken import broken_areas
from tests.check.examples import examples
from tests.parts import few_or_many

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.caller import Caller
    from swaptools.check.case import Case
    from swaptools.check.conditions import Condition

KERNELS = ("6.18", "4.18", "7.2", "ghost-rfc-6.12", "ghost-rfc-dynamic")


def assert_nothing_is_missed(area: SwapArea, caller: Caller | None = None) -> None:
    for kernel in KERNELS:
        for page_size in (4096, 65536, 131072):
            ask = partial(check_area, area, kernel, page_size, 3 << 30, caller=caller)
            some = ask().findings
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(report, "rooms_about", lambda _case: tuple(ROOMS))
                assert ask().findings == some, (kernel, page_size, area)


def test_every_room_has_its_conditions() -> None:
    assert set(ROOMS) == {module.name for module in iter_modules(rules.__path__)}


def test_each_condition_of_a_room_holds_where_a_rule_in_it_speaks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases: list[Case] = []

    def every_room(case: Case) -> tuple[str, ...]:
        cases.append(case)
        return tuple(ROOMS)

    monkeypatch.setattr(report, "rooms_about", every_room)
    held: dict[str, frozenset[Condition]] = dict.fromkeys(ROOMS, frozenset())
    for example in examples():
        if example.report().findings:
            room = example.rule.room
            held[room] |= {one for one in ROOMS[room] if one(cases[-1])}
    assert held == {room: frozenset(any_of) for room, any_of in ROOMS.items()}


@pytest.mark.sampled(10)
@pytest.mark.parametrize("family", sorted({rule.code[0] for rule in all_rules()}))
def test_no_example_says_more_when_every_rule_is_asked(family: str) -> None:
    for example in examples():
        if example.rule.code.startswith(family):
            assert_nothing_is_missed(*example.case())


@pytest.mark.slow
@pytest.mark.parametrize("nr_headers", few_or_many(50, 300))
def test_no_broken_header_says_more_when_every_rule_is_asked(nr_headers: int) -> None:
    for area in broken_areas(17, nr_headers):
        assert_nothing_is_missed(area)
