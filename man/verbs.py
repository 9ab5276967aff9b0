"""The verbs of swapemu.1, written from the grammar of scripts.

``make verbs`` puts them between the two comments of the page; tests/cli/test_swapemu.py
fails when they are not what the grammar says.
"""

from __future__ import annotations

import re
from pathlib import Path

from swaptools.cli.language import man_lines

PAGE = Path(__file__).with_name("swapemu.1")
_BLOCK = re.compile(r'(\.\\" verbs: make verbs\n).*?(\.\\" end of verbs\n)', re.DOTALL)


def renewed(page: str) -> str:
    """Return the page with the verbs as the grammar has them."""
    verbs = "".join(f"{line}\n" for line in man_lines())
    return _BLOCK.sub(lambda block: block[1] + verbs + block[2], page)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
