"""The two ghost facts, and nothing else.

The *shape* is what a kernel with the ghost patches looks at: the area is one
page long and its header claims more. The *flag* is ours and advisory: four
bytes in the last padding word that say "header only on purpose". They can
disagree, and then a reader wants to know (a truncated real swapfile has the
shape without the flag).

RFC: 20251121-ghost-v1-1-cfc0efcf3855@kernel.org
"mm: ghost swapfile support for zswap".
"""

from __future__ import annotations

from swaptools.format.constants import GHOST_FLAG


def has_ghost_flag(padding: bytes) -> bool:
    """Tell whether a header's padding says "header only on purpose"."""
    return padding.endswith(GHOST_FLAG)


def is_header_only(area_bytes: int, page_size: int, last_page: int) -> bool:
    """Tell whether the area is its header page and claims at least one slot more."""
    return area_bytes == page_size and last_page >= 1


def with_ghost_flag(padding: bytes, ghost_flag: bool) -> bytes:
    """Return ``padding`` with the flag set, or with the flag (only it) cleared."""
    if ghost_flag:
        return padding[: -len(GHOST_FLAG)] + GHOST_FLAG
    return padding.removesuffix(GHOST_FLAG).ljust(len(padding), b"\0")
