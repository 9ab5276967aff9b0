"""What was looked at is not held: of thousands of areas, each brings 40 KiB."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

import swaptools
from swaptools.observe.files import Beginning

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("holds", [True, False, None])
def test_what_was_read_goes_with_who_looked(
    area_file: Callable[..., Path],
    *,
    holds: bool | None,
) -> None:
    """Without waiting for the garbage collector, which seldom comes by."""
    path = area_file(file_bytes=1 << 20)
    gc.collect()
    gc.disable()
    try:
        assert swaptools.read_area(path, holds=holds).header is not None
        assert [one for one in gc.get_objects() if type(one) is Beginning] == []
    finally:
        gc.enable()
