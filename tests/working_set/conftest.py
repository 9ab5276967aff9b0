"""What is compiled here is announced here, and not by a command that comes later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.compile_cache import COMPILE_CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _concluded() -> Iterator[None]:
    yield
    COMPILE_CACHE.conclude()
