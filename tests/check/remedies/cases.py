"""What swapcheck says to do about a sample: the findings by code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swaptools.check import check_area
from tests.check.samples import swap_area

if TYPE_CHECKING:
    from swaptools.check import Finding

UUID = "6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d"
#: How a command names the area of tests/check/samples.py.
IDENTITY = f"-p 4096 -U {UUID} -L sample"


def finding(code: str, kernel: str = "6.18", **changes: Any) -> Finding:
    """Return what the rule finds in a sample."""
    ram_bytes = changes.pop("ram_bytes", None)
    report = check_area(swap_area(**changes), kernel, 4096, ram_bytes)
    return next(found for found in report.findings if found.code == code)


def command(code: str, kernel: str = "6.18", **changes: Any) -> str | None:
    """Return the command that the rule's remedy has."""
    return finding(code, kernel, **changes).hint_command


def sentence(code: str, kernel: str = "6.18", **changes: Any) -> str:
    """Return the remedy's sentence, for one that has no command."""
    found = finding(code, kernel, **changes)
    assert found.hint_command is None, found.hint_command
    return found.hint
