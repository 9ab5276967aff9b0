"""Headers and what a running kernel said to them, recorded once as root."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import NamedTuple

#: Written by tests/against_kernel/record_golden.py.
GOLDEN = Path(__file__).with_name("golden.json")


class Case(NamedTuple):
    """One page and the answer to it."""

    #: ``file`` or ``block``.
    kind: str
    area_bytes: int
    page: bytes
    errno: str | None
    message: str | None
    #: What the log said was added; None for a refusal.
    kib: int | None


def golden_cases() -> list[Case]:
    """Read all of them."""
    recorded = json.loads(GOLDEN.read_text())
    return [
        Case(
            kind=case["kind"],
            area_bytes=case["area_bytes"],
            page=zlib.decompress(base64.b64decode(case["page"])),
            errno=case["errno"],
            message=case["message"],
            kib=case["kib"],
        )
        for case in recorded["cases"]
    ]
