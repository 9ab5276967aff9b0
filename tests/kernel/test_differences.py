"""What is told of kernels is what their profiles have."""

from __future__ import annotations

import pytest

from swaptools.kernel import differences
from swaptools.kernel.file_rules import FileRules
from swaptools.kernel.profiles import PROFILES
from swaptools.kernel.swapon_rules import SwapOnRules
from tests.kernel.page import MAINLINE, PAGE, render


def test_page_is_what_the_profiles_say() -> None:
    """docs/kernels.md; python -m tests.kernel.page writes it."""
    assert PAGE.read_text() == render()


def test_every_rule_of_a_verdict_has_words() -> None:
    """A field that is new needs a topic."""
    paths = {f"swapon.{name}" for name in SwapOnRules._fields}
    paths |= {f"files.{name}" for name in FileRules._fields}
    assert set(differences.TOPICS) == paths


@pytest.mark.parametrize("name", PROFILES)
def test_every_value_has_words(name: str) -> None:
    """No rule is shown as Python would show it."""
    for topic, word in differences.rules(PROFILES[name]).items():
        assert word not in ("True", "False", "None", ""), topic


def test_differences_lead_from_one_kernel_to_the_next() -> None:
    """Followed from the first to the last, they give every rule of each."""
    now = differences.rules(PROFILES[MAINLINE[0]])
    for change in differences.by_profile():
        if change.release not in MAINLINE:
            continue
        for topic, before, after in change.differences:
            assert now[topic] == before
            now[topic] = after
        assert now == differences.rules(change.profile)


def test_a_release_is_told_where_it_changed_something() -> None:
    """Oldest first, and none without a difference."""
    changes = list(differences.by_release())
    releases = [tuple(map(int, change.release.split("."))) for change in changes]
    assert releases == sorted(releases)
    assert all(change.differences for change in changes)
    assert {"5.9.5", "6.12.42", "6.12.108", "6.18.49", "7.1.13"} <= {
        change.release for change in changes
    }
