"""python -m swaptools: which commands there are, and which version.

Not here: how one of them is run from there (start.py).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

from swaptools import __version__
from swaptools.cli import params
from swaptools.cli.start import PROGRAMS, module_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Listing(click.Command):
    """A command whose help has a list of the others."""

    def format_epilog(
        self, _ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write a line for each command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _about(name)) for name in PROGRAMS])


@click.command("swaptools", cls=_Listing, context_settings=params.CONTEXT)
@click.version_option(__version__, "-V", "--version", message="swaptools %(version)s")
@click.argument("words", metavar="[COMMAND] [ARG]...", nargs=-1)
@click.pass_context
def main(ctx: click.Context, words: Sequence[str]) -> None:
    """Run COMMAND as if it were called by its name.

    For a Python whose scripts are not on PATH. Without COMMAND, print what there is.
    """
    if words:
        raise click.UsageError(f"no such command: {words[0]}; there are {_names()}")
    click.echo(f"swaptools {__version__}\n")
    click.echo(ctx.get_help())


def _names() -> str:
    return ", ".join(PROGRAMS)


def _about(program: str) -> str:
    command: click.Command = import_module(module_of(program)).main
    return command.get_short_help_str(limit=200)
