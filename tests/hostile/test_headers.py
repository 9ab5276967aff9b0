"""Some thousand broken headers; headers.py is the script for a million."""

from __future__ import annotations

import pytest

from tests.conftest import needs_proc
from tests.hostile import headers


@pytest.mark.slow
def test_no_header_raises_or_is_lost_and_memory_is_bounded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert headers.main(["--count", "400", "--seed", "7"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("seed 7, 400 headers: ")
    assert printed.err == ""


@pytest.mark.slow
@needs_proc
def test_the_pages_are_of_every_sort() -> None:
    """Enough of them are read, taken and refused, or the run would show nothing."""
    figures = headers.run(7, range(300))
    assert figures.headers == 300
    assert figures.parsed > 150
    assert figures.accepted > 5
    assert set(figures.refused) >= {"BadSignature", "FormatError"}


@needs_proc
def test_a_fault_is_seen_and_has_its_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_args: object, **_options: object) -> object:
        raise KeyError("of a rule")

    monkeypatch.setattr(headers, "check_area", broken)
    assert headers.main(["--first", "5", "--count", "1"]) == 1
    printed = capsys.readouterr()
    assert "header 5: " in printed.err
    assert "KeyError: 'of a rule'" in printed.err
    assert "1 exceptions outside" in printed.out


def test_header_number_n_is_always_the_same() -> None:
    first = headers.run(3, range(50, 60))
    again = headers.run(3, range(50, 60))
    assert (first.parsed, first.refused) == (again.parsed, again.refused)
