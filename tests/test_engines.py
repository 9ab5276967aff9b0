"""A run of the suite compiles nothing, unless a marker asks for it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from swaptools import compiling
from swaptools.emulator.core import engine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def numba(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something of that name that can be imported."""
    (tmp_path / "numba.py").touch()
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("numba")
def test_without_a_marker_nothing_is_compiled() -> None:
    assert not compiling.can_compile()
    assert not engine.can_compile()
    assert not engine.Engine().compiled
    with pytest.raises(ImportError):
        import_module("numba")


@pytest.mark.compiled
@pytest.mark.usefixtures("numba")
def test_with_it_what_is_there_is_found() -> None:
    assert compiling.can_compile()
    assert engine.can_compile()
