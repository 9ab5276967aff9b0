"""Version 1 of the running kernel takes its two limits in the orders it did."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from tests.against_kernel.pressure_rig import CGROUPS, PAGE_SIZE
from tests.pressure.memsw_orders import ORDERS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernel
_FILES = {"memory": "memory.limit_in_bytes", "memsw": "memory.memsw.limit_in_bytes"}


@pytest.mark.parametrize("order", ORDERS)
def test_never_less_than_memory(
    kernel: None, order: tuple[tuple[str, int | None, bool], ...]
) -> None:
    if not (CGROUPS / _FILES["memsw"]).exists():
        pytest.skip("no memory controller of version 1 that counts swap")
    group = CGROUPS / f"swaptools-memsw-{os.getpid()}"
    group.mkdir()
    try:
        for name, pages, is_taken in order:
            told = -1 if pages is None else pages * PAGE_SIZE
            answer = _answer(group / _FILES[name], str(told))
            assert answer == (0 if is_taken else errno.EINVAL), (name, pages)
    finally:
        group.rmdir()


def _answer(file: Path, told: str) -> int:
    try:
        file.write_text(told)
    except OSError as exc:
        return exc.errno or 0
    return 0
