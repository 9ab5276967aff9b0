"""Whatever the tests run on, new files lie on a file system that takes swap."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _on_ext4(on_filesystem: object) -> None:
    """Not on the overlay or the tmpfs of whoever runs the tests."""
