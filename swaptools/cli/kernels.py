"""swapcheck --kernel list: every profile, and what differs from the one before.

Not here: the words (kernel/differences.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from swaptools.cli import output
from swaptools.cli.wrapping import USUAL_WIDTH, terminal_width, wrapped
from swaptools.kernel.differences import by_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.cli.documents.swapcheck import KernelDict
    from swaptools.kernel.differences import Change

_INDENT = 8


def print_kernels(as_json: bool) -> None:
    """Print a paragraph for each, no line longer than a terminal's, or one object."""
    if as_json:
        output.print_json_list("kernels", map(_as_dict, by_profile()))
        return
    width = terminal_width() or USUAL_WIDTH
    for change in by_profile():
        for line in _lines(change):
            click.echo("\n".join(wrapped(line, width, _INDENT)))


def _lines(change: Change) -> Iterator[str]:
    profile = change.profile
    by = profile.confirmed_by
    how = f"held against a running {by}" if by else "from its source, not tried"
    name = click.style(f"{profile.name:<17}", bold=True)
    yield f"{name}  {profile.title}, {how}"
    if change.previous is None:
        yield "    the oldest that is known"
    elif not change.differences:
        yield f"    as {change.previous}"
    else:
        yield f"    differs from {change.previous} in:"
    for topic, before, after in change.differences:
        yield f"      {topic}: {after} (was: {before})"


def _as_dict(change: Change) -> KernelDict:
    profile = change.profile
    return {
        "name": profile.name,
        "title": profile.title,
        "confirmed_by": profile.confirmed_by,
        "differences": [
            {"rule": topic, "before": before, "after": after}
            for topic, before, after in change.differences
        ],
    }
