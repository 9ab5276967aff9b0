"""Whatever the tests run on, new files lie on a file system that takes swap."""

from __future__ import annotations

import fcntl
import os

import pytest


@pytest.fixture(autouse=True)
def _on_ext4(on_filesystem: object) -> None:
    """Not on the overlay or the tmpfs of whoever runs the tests."""


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine dies in these tests: what would be on disk need not be yet."""
    real = os.fsync

    def quick(descriptor: int) -> None:
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_PATH:
            real(descriptor)  # which is refused

    monkeypatch.setattr(os, "fsync", quick)
