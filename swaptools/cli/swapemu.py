"""swapemu: a kernel's swap in user space, driven by a script.

Not here: what a script can say (emulator/runs/script.py).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from swaptools.cli import output, params
from swaptools.cli.compare import compare
from swaptools.cli.language import ScriptCommand
from swaptools.cli.overhead import overhead
from swaptools.cli.scripts import read_script
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.runs.looks import Shown
    from swaptools.emulator.runs.script import Run, Script

# Operations between two updates of the progress line.
_PROGRESS_STEPS = 64


def _clear_cache(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from swaptools.compile_cache import clear

    try:
        folder, size_bytes = clear()
    except OSError as exc:
        output.fail(exc.strerror or str(exc), exc.filename)
    name = output.escape(str(folder))
    size = format_size(size_bytes)
    click.echo(f"removed {name}, {size}" if size_bytes else f"{name} is not there")
    ctx.exit()


@click.group(context_settings=params.CONTEXT)
@click.option(
    "--clear-cache",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_clear_cache,
    help="Remove the compiled code that was kept, and exit.",
)
@params.version_option()
@click.pass_context
def main(ctx: click.Context) -> None:
    """Run a kernel's swap in user space.

    Given the same operations, the same pages get the same slots as on a running
    Linux 6.18. Nothing is swapped on, and no root is needed.
    """
    from swaptools.compile_cache import COMPILE_CACHE

    COMPILE_CACHE.say = output.error
    ctx.call_on_close(COMPILE_CACHE.conclude)


@main.command()
def demo() -> None:
    """Tell in one screen what a ghost takes and what it refuses."""
    from swaptools.emulator.runs.demo import tell

    for line in tell():
        click.echo(line)


@main.command(cls=ScriptCommand)
@params.json_option()
@click.option(
    "--interpreted",
    is_flag=True,
    help="Do not compile, even if the fast extra is installed.",
)
@click.argument("script", metavar="SCRIPT", type=click.Path(allow_dash=True))
def run(*, script: str, as_json: bool, interpreted: bool) -> None:
    """Run SCRIPT, one operation a line.

    SCRIPT is a file, - for standard input, or the name of a scenario that comes
    with the package, such as ghost.swap.

    Prints what its show operations find. The first line that cannot be done, or
    an expectation that does not hold, ends the run with exit status 1.
    """
    from swaptools.emulator.runs.script import Run, parse_script
    from swaptools.errors import ScriptError

    try:
        lines = parse_script(read_script(script))
    except ScriptError as exc:
        output.fail(str(exc), script, output.EXIT_USAGE)
    state = Run(compiled=False if interpreted else None)
    shown: list[Shown] = []
    try:
        for found in _shows(lines, state):
            shown.append(found)
            if not as_json:
                click.echo(output.escape_lines(found.text))
    except ScriptError as exc:
        output.fail(str(exc), script)
    if as_json:
        output.print_json(_result(state, shown))


def _shows(lines: Script, state: Run) -> Iterator[Shown]:
    # What show operations find, with progress on a terminal meanwhile.
    from swaptools.emulator.runs.script import run_script

    talks = sys.stderr.isatty() and len(lines) > _PROGRESS_STEPS
    for done, (_, found) in enumerate(run_script(lines, state), 1):
        if talks and done % _PROGRESS_STEPS == 0:
            click.echo(f"\r{done} of {len(lines)} operations", nl=False, err=True)
        if found is not None:
            yield found
    if talks:
        click.echo("\r\x1b[K", nl=False, err=True)


def _result(state: Run, shown: list[Shown]) -> dict[str, object]:
    machine = state.started()
    return {
        "kernel": machine.profile.name,
        "operations": state.operations,
        "expectations": state.expectations,
        "shown": [{"line": item.line, "value": item.value} for item in shown],
        "vmstat": machine.vmstat(),
        "meminfo": machine.meminfo(),
        "zswap": machine.zswap_debugfs(),
    }


main.add_command(overhead)
main.add_command(compare)
