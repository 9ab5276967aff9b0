"""Why a directory cannot be written to."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from swaptools.observe.access import denial

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("flag", [os.O_RDONLY, os.O_PATH])
def test_nothing_is_in_the_way(tmp_path: Path, flag: int) -> None:
    """A descriptor that can only be looked up from does."""
    descriptor = os.open(tmp_path, flag | os.O_DIRECTORY)
    try:
        assert denial(descriptor, os.W_OK | os.X_OK) is None
    finally:
        os.close(descriptor)


def test_the_reason_is_told(tmp_path: Path) -> None:
    """It is the call's own, no guess."""
    file = os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)
    try:
        found = denial(file, os.W_OK)
    finally:
        os.close(file)
    assert found is not None
    assert found.errno == errno.ENOTDIR
