"""Kernel tests hold the machine's swap for as long as the session lasts."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.against_kernel import rig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.against_kernel.rig import SwapLock


@pytest.fixture(scope="session")
def swap_lock() -> Iterator[SwapLock]:
    """The running kernel's swap, ours alone; skips where it cannot be had."""
    with rig.swap_lock() as lock:
        reason = rig.why_not()
        if reason is not None:
            pytest.skip(reason)
        yield lock


@pytest.fixture(scope="session")
def kernel(swap_lock: SwapLock) -> None:
    """Whoever swaps something on, and does not let go of it before the session."""


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[object], None]:
    """Call to print a line although the test passes."""

    def line(value: object) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{value}\n")

    return line


@pytest.fixture
def only_4k_pages() -> None:
    """Skips where the pages of the samples are not the kernel's."""
    if os.sysconf("SC_PAGE_SIZE") != 4096:
        pytest.skip("the samples are for pages of 4096 bytes")
