from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.errors import AreaError
from swaptools.who import mappings as room
from swaptools.who.mappings import by_mapping
from tests.fake_proc import FakeProc, Mapped

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeProc:
    return FakeProc(tmp_path / "proc", monkeypatch)


def test_the_largest_comes_first(proc: FakeProc) -> None:
    proc.process(
        7, "cat", Mapped(0x1000, swap=4), Mapped(0x5000, swap=8, name="[heap]")
    )
    found = by_mapping(7)
    assert [(row.name, row.swap_bytes) for row in found.rows] == [
        ("[heap]", 8192),
        ("", 4096),
    ]
    assert (found.process.name, found.swap_bytes) == ("cat", 12288)


def test_why_there_is_none_is_said(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.kernel_thread(2)
    proc.process(7, "closed", Mapped(0x1000, swap=4))
    for pid, reason in ((2, "has no memory of its own"), (3, "no such process")):
        with pytest.raises(AreaError, match=reason):
            by_mapping(pid)

    def refuse(pid: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(room, "swapped_mappings", refuse)
    with pytest.raises(AreaError, match="/proc/7/smaps: Permission denied"):
        by_mapping(7)
