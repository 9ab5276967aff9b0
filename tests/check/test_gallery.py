"""The page of rules is the rules."""

from __future__ import annotations

from pathlib import Path

from tests.check.gallery import PAGE, render

ROOT = Path(__file__).parents[2]


def test_page_is_what_the_rules_print() -> None:
    """Made anew it is the same: ``python -m tests.check.gallery``."""
    assert PAGE.read_text() == render()


def test_examples_elsewhere_are_what_is_printed() -> None:
    """The hole in the README and in the man page, with names and sizes of their own."""
    hole = render().partition("### F701")[2].split("```\n")[1]
    readme = hole.replace("/swap", "/swapfile").replace("'sample'", "'hey'")
    assert readme in (ROOT / "README.md").read_text()
    page = readme.replace(", label 'hey'", "").replace("1 MiB", "1 GiB")
    page = page.replace(str(1 << 20), str(1 << 30))
    assert page in (ROOT / "man/swapcheck.8").read_text().replace("\\-", "-")
