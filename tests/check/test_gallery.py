"""The page of rules is the rules."""

from __future__ import annotations

from tests.check.gallery import PAGE, render


def test_page_is_what_the_rules_print() -> None:
    """Made anew it is the same: ``python -m tests.check.gallery``."""
    assert PAGE.read_text() == render()
