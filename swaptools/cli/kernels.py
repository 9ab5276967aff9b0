"""swapcheck --kernel list: every profile, and what differs from the one before.

Not here: the words (kernel/differences.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from swaptools.cli import output
from swaptools.kernel.differences import by_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.kernel.differences import Change


def print_kernels(as_json: bool) -> None:
    """Print a paragraph for each, or one object."""
    if as_json:
        output.print_json_list("kernels", map(_as_dict, by_profile()))
        return
    for change in by_profile():
        click.echo("\n".join(_lines(change)))


def _lines(change: Change) -> Iterator[str]:
    profile = change.profile
    asked = f" (asked: {profile.confirmed_by})" if profile.confirmed_by else ""
    yield f"{click.style(f'{profile.name:<17}', bold=True)}  {profile.title}{asked}"
    for topic, before, after in change.differences:
        yield f"    {topic}: {after}; was {before}"


def _as_dict(change: Change) -> dict[str, Any]:
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
