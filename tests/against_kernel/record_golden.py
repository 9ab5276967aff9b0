"""Write tests/kernel/golden.json anew: what the running kernel said to headers.

``python -m tests.against_kernel.record_golden`` as root. The default suite then
holds the 6.18 profile against it without asking any kernel.
"""

from __future__ import annotations

import base64
import json
import os
import random
import tempfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.against_kernel import mutations, rig
from tests.against_kernel.oracle import Answer, ask_kernel
from tests.kernel.golden import GOLDEN

SEED = 618
CASES = 160
#: Pages that compress to more are full of noise; a page here is a line.
MAX_BYTES = 400
PAGES = 16


def record() -> list[dict[str, Any]]:
    """Ask about half as many files as devices, no answer too often."""
    rng = random.Random(SEED)
    counts: dict[tuple[str | None, str | None], int] = {}
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        area = Path(scratch) / "area"
        image = Path(scratch) / "image"
        for path in (area, image):
            path.write_bytes(bytes(PAGES * mutations.PAGE))
        device = stack.enter_context(rig.loop_device(image))
        while len(found) < CASES:
            kind = rng.choice(["file", "block", "block"])
            is_list = kind == "block" and rng.random() < 0.5
            make = mutations.bad_list_header if is_list else mutations.any_header
            page = make(rng, PAGES)
            packed = zlib.compress(page, 9)
            target = area if kind == "file" else device
            with target.open("r+b", buffering=0) as file:
                file.write(page)
                os.fsync(file.fileno())
            answer = ask_kernel(target)
            key = (answer.errno, answer.message)
            counts[key] = counts.get(key, 0) + 1
            if len(packed) <= MAX_BYTES and counts[key] <= CASES // 4:
                found.append(_case(kind, packed, answer))
    return found


def _case(kind: str, packed: bytes, answer: Answer) -> dict[str, Any]:
    adding = answer.lines[0].split()[1] if answer.accepted else None
    return {
        "kind": kind,
        "area_bytes": PAGES * mutations.PAGE,
        "errno": answer.errno,
        "message": answer.message,
        "kib": int(adding.removesuffix("k")) if adding else None,
        "page": base64.b64encode(packed).decode(),
    }


if __name__ == "__main__":
    with rig.swap_lock():
        if reason := rig.why_not():
            raise SystemExit(reason)
        cases = record()
    lines = ",\n".join(json.dumps(case) for case in cases)
    version = os.uname().release.partition("-")[0]
    head = f'{{"kernel": "{version}", "seed": {SEED}, "cases": ['
    GOLDEN.write_text(f"{head}\n{lines}\n]}}\n")
