"""The registry: codes, selection, and the places that list rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from swaptools import doctor
from swaptools.check import all_rules, registry, select_rules
from swaptools.check.registry import rule
from swaptools.errors import SelectionError
from swaptools.kernel.activation import FAULTS
from swaptools.kernel.opening import OPEN_TESTS
from swaptools.kernel.swapon import read_swap_header_tests
from swaptools.rulebook import Severity
from tests.cases import every_case

MAN_PAGE = Path(__file__).parents[2] / "man" / "swapcheck.8"
CODES = [known.code for known in all_rules()]


def test_man_page_has_the_registry_as_its_table() -> None:
    """Code, severity and title of every rule, in order, and no other row."""
    table = re.search(r"^\.TS\n.*?\n(.*?)^\.TE$", MAN_PAGE.read_text(), re.M | re.S)
    assert table is not None
    rows = [tuple(line.split("\t")) for line in table[1].splitlines()]
    known_rules = (*all_rules(), *doctor.all_rules())
    expected = [(known.code, known.severity, known.title) for known in known_rules]
    assert rows == expected


def test_every_refusal_of_the_kernel_has_a_rule() -> None:
    """No kernel test can fail without something being said about it."""
    names = {test.__name__ for test in (*OPEN_TESTS, *read_swap_header_tests(False))}
    names |= FAULTS
    names |= {"no_signature", "setup_bad_slots", "no_usable_page", "out_of_memory"}
    assert frozenset().union(*(known.refused_by for known in all_rules())) == names


def test_codes_are_sorted_within_their_family() -> None:
    """People look a code up by its number."""
    for family in {code[0] for code in CODES}:
        numbers = [code for code in CODES if code[0] == family]
        assert numbers == sorted(numbers)


@every_case("known", all_rules(), ids=lambda known: known.code)
def test_sources_are_named(known: registry.Rule) -> None:
    """Every rule says which kernel function, RFC or program it comes from.

    But for those that judge what only we write or see.
    """
    ours = {"G501", "G502", "H107", "M603", "U901", "U902"}
    assert bool(known.sources) == (known.code not in ours)


def test_select_by_code_and_prefix() -> None:
    """Codes and their beginnings, in either case; ignoring wins."""
    chosen = select_rules(["S", "g501"], ["S20"])
    assert [known.code for known in chosen] == ["G501"]
    assert select_rules() == all_rules()


def test_select_nothing_known() -> None:
    """A prefix without a rule is a mistake, not an empty selection."""
    with pytest.raises(SelectionError, match="Q9"):
        select_rules(["Q9"])
    with pytest.raises(SelectionError, match="Q9"):
        select_rules(ignore=["Q9"])


@pytest.mark.parametrize("code", ["S201", "S2", "s201", "S2010"])
def test_register_refuses_a_bad_code(code: str) -> None:
    """A code that is taken or malformed never gets into the registry."""
    before = all_rules()
    with pytest.raises(ValueError, match=code):
        rule(code, "", Severity.NOTE, hint="")(lambda _case: iter(()))
    assert all_rules() == before
