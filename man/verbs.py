"""The verbs and columns of swapemu.1, written from what the command has.

``make verbs`` puts them between comments of the page; tests/cli/test_swapemu.py
fails when they are not what it says.
"""

from __future__ import annotations

import re
from pathlib import Path

from swaptools.cli.language import man_lines
from swaptools.cli.legend import man_columns

PAGE = Path(__file__).with_name("swapemu.1")
_BLOCK = re.compile(r'(\.\\" verbs: make verbs\n).*?(\.\\" end of verbs\n)', re.DOTALL)
_COLUMNS = re.compile(
    r'(\.\\" columns: make verbs\n).*?(\.\\" end of columns\n)', re.DOTALL
)


def renewed(page: str) -> str:
    """Return the page with the verbs of the grammar, and the columns of compare."""
    verbs = "".join(f"{line}\n" for line in man_lines())
    columns = "".join(f"{line}\n" for line in man_columns())
    page = _COLUMNS.sub(lambda block: block[1] + columns + block[2], page)
    return _BLOCK.sub(lambda block: block[1] + verbs + block[2], page)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
