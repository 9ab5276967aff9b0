"""What is said of swap in a container, where systemd swaps nothing on."""

from __future__ import annotations

from typing import Any

import pytest

from swaptools.doctor import diagnose
from tests.doctor.samples import system

_ENTRY = "/swapfile none swap sw 0 0"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ({}, ["D107"]),
        ({"magic": b""}, ["D121", "D107"]),
        ({"mode": 0o644}, ["D107", "D122"]),
    ],
)
def test_a_bad_file_is_told_as_well(file: dict[str, Any], expected: list[str]) -> None:
    found = diagnose(system(container=True, fstab=_ENTRY, files={"/swapfile": file}))
    assert [one.code for one in found.findings] == expected
    (passed_over,) = (one for one in found.findings if one.code == "D107")
    assert "unmask" not in passed_over.hint


def test_what_is_masked_is_passed_over_in_a_container_as_well() -> None:
    changes: dict[str, Any] = {"fstab": _ENTRY, "files": {"/swapfile": {"magic": b""}}}
    masked = {"swapfile.swap": ""}
    found = diagnose(system(container=True, units=masked, **changes)).findings
    assert "D121" not in [one.code for one in found]
