"""Systems as distributions set them up, good and bad: word for word what is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doctor import cases

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.sampled(24)
@pytest.mark.parametrize("name", cases.names())
def test_every_word(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, attribute, value in cases.everything_on_ext4():
        monkeypatch.setattr(owner, attribute, value)
    monkeypatch.setattr(
        "swaptools.observe.resume.find_first_byte", cases.first_bytes(name)
    )
    expected = (cases.CASES / name / "expected.txt").read_text()
    assert cases.printed(name, tmp_path) == expected


def test_good_systems_have_no_finding() -> None:
    """Whatever is not called otherwise is good."""
    found = {}
    for name in cases.names():
        expected = (cases.CASES / name / "expected.txt").read_text()
        if not name.startswith(("bad-", "unseen-", "hostile")):
            found[name] = " fix: " not in expected and expected.endswith("exit 0\n")
    assert len(found) >= 25
    assert all(found.values()), found


def test_no_archive_of_the_sources_has_a_link_that_leads_out_of_it() -> None:
    """Who unpacks one refuses those; ``case.toml`` has them in words."""
    assert [path for path in cases.CASES.rglob("*") if path.is_symlink()] == []
