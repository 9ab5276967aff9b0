"""What compiled code is kept under: everything that is compiled in."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING

from swaptools.emulator.core.binding import globals_of, text_of
from swaptools.emulator.core.compiler import layouts
from swaptools.emulator.core.slot_alloc import reclaim_work
from swaptools.emulator.core.structs import ITEMS

if TYPE_CHECKING:
    import pytest

LIMIT = 5


def is_within(number: int) -> bool:
    return number < LIMIT


def text() -> tuple[str, ...]:
    assert isinstance(is_within, FunctionType)
    return text_of(is_within)


def test_another_constant_is_another_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba takes the value that a module's name has, and never looks again."""
    before = text()
    monkeypatch.setitem(globals(), "LIMIT", 6)
    assert text() != before


def test_the_same_is_the_same() -> None:
    assert text() == text()


def test_another_record_is_another_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled code has the place of each field within it, and of each buffer."""
    before = layouts()
    monkeypatch.setitem(ITEMS, "slots", ITEMS["map"])
    assert layouts() != before


def test_a_field_is_no_function_that_is_called() -> None:
    """Though one of them has the name of the other."""
    assert "reclaim_work" in reclaim_work.__code__.co_names
    assert isinstance(reclaim_work, FunctionType)
    assert "reclaim_work" not in globals_of(reclaim_work)
    assert "reclaim_full_clusters" in globals_of(reclaim_work)
