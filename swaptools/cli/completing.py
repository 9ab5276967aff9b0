"""What Tab offers for words that this package knows: names, and lists of them.

Not here: the shells' own part (completions/), which click writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click
    from click.shell_completion import CompletionItem

    #: As click's ``shell_complete`` has it.
    Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def listed(names: Iterable[str], begun: str, *, plus: bool = False) -> list[str]:
    """Return what a list with commas could go on with, each name once.

    Args:
        names: All that are known.
        begun: What is written of the list.
        plus: A ``+`` may stand before it.

    >>> listed(["S201", "S202", "H101"], "S201,S")
    ['S201,S202']
    """
    sign = "+" if plus and begun.startswith("+") else ""
    before, comma, last = begun.removeprefix(sign).rpartition(",")
    taken = before.split(",")
    return [
        f"{sign}{before}{comma}{name}"
        for name in names
        if name.startswith(last) and name not in taken
    ]


def script(
    _ctx: click.Context, _param: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Offer the scripts that come with the package, and files."""
    from click.shell_completion import CompletionItem  # only for Tab

    from swaptools.cli.scripts import package_scripts

    names = [name for name in package_scripts() if name.startswith(begun)]
    # Files first: bash's function forgets what came before them.
    return [CompletionItem(begun, type="file"), *map(CompletionItem, names)]


def overhead_rows() -> list[str]:
    """Return the designs whose metadata is known."""
    from swaptools.emulator.designs.costs import FORMULAS

    return list(FORMULAS)


def one_of(names: Callable[[], Iterable[str]]) -> Completer:
    """Offer names that are looked up when Tab is pressed."""
    return lambda _ctx, _param, begun: [n for n in names() if n.startswith(begun)]
