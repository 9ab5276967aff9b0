"""Small studies, and what their rows have in common whatever made them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """\
# Pages go out through zswap before a disk.
ram 16M
zswap on
virtual 8M
swapon disk block 8M prio=5
write 0 $pages length=$length
pageout 0 $pages
read 0 50
"""
STUDY = """\
title = "Small"
question = "Does it work?"

[fixed]
script = "fill.swap"
length = 1400

[axes]
design = ["plain", "ghost"]
pages = [100, 300]
"""


def study(folder: Path, text: str = STUDY, script: str = SCRIPT) -> Path:
    """Write a study and its script."""
    (folder / "fill.swap").write_text(script)
    path = folder / "small.toml"
    path.write_text(text)
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    """What a file of rows has, line by line."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows(path: Path) -> list[str]:
    """The rows of a file without how long each took, in an order of their own."""
    found = [line for line in lines(path) if "cell" in line]
    for row in found:
        assert row.pop("seconds") >= 0
    return sorted(json.dumps(row, sort_keys=True) for row in found)
