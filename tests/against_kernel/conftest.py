"""Kernel tests hold the machine's swap for as long as the session lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.against_kernel import rig

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def kernel() -> Iterator[None]:
    """The running kernel's swap, ours alone; skips where it cannot be had."""
    with rig.swap_lock():
        reason = rig.why_not()
        if reason is not None:
            pytest.skip(reason)
        yield
