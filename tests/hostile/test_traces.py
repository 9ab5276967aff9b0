"""Five hundred broken traces; traces.py is the script for a hundred thousand."""

from __future__ import annotations

import pytest

from swaptools.traces.formats import format_names
from tests.hostile import traces
from tests.traces.samples import SAMPLES


@pytest.mark.slow
def test_no_trace_raises_or_hangs_and_memory_is_bounded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert traces.main(["--count", "500", "--seed", "7"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("seed 7, 500 traces: ")
    assert printed.err == ""


@pytest.mark.slow
def test_the_traces_are_of_every_sort() -> None:
    """Enough of them are read and refused, or the run would show nothing."""
    figures = traces.run(8, range(100))
    assert figures.traces == 100
    assert figures.read > 25
    assert figures.refused > 25
    assert figures.references > 500


def test_there_is_a_sample_of_every_format() -> None:
    assert sorted(SAMPLES) == sorted(format_names())


def test_a_fault_is_seen_and_has_its_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_args: object, **_options: object) -> int:
        raise KeyError("of a reader")

    monkeypatch.setattr(traces, "_read", broken)
    assert traces.main(["--first", "5", "--count", "1"]) == 1
    printed = capsys.readouterr()
    assert "trace 5: " in printed.err
    assert "KeyError: 'of a reader'" in printed.err
    assert "1 exceptions outside" in printed.out
