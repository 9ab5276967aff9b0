"""What is told of a device without opening it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from swaptools.observe import devices
from swaptools.observe.devices import size_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def test_a_file_is_as_large_as_its_inode_says(area_file: Callable[..., Path]) -> None:
    path = area_file(file_bytes=123456)
    path.chmod(0)
    assert size_bytes(str(path)) == 123456


def test_a_device_is_as_large_as_sysfs_says(
    area_file: Callable[..., Path],
    as_device: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = area_file("sda1")
    as_device(node, number=os.makedev(8, 1))
    monkeypatch.setattr(devices, "_SYSFS", tmp_path)
    assert size_bytes(str(node)) is None
    (tmp_path / "8:1").mkdir()
    (tmp_path / "8:1" / "size").write_text("10737418240\n")
    assert size_bytes(str(node)) == 5 << 40


def test_what_is_neither_has_no_size() -> None:
    assert size_bytes("/dev/null") is None
    assert size_bytes("/no/such") is None
    assert size_bytes("xswap\0") is None
