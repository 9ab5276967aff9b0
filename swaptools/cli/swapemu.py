"""swapemu: a kernel's swap in user space, driven by a script.

Not here: what a script can say (emulator/runs/grammar.py).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from swaptools.cli import colours, completing, output, params
from swaptools.cli.backings import backings
from swaptools.cli.compare import compare
from swaptools.cli.language import ScriptCommand
from swaptools.cli.maps import read_map
from swaptools.cli.overhead import overhead
from swaptools.cli.record import record
from swaptools.cli.replay import replay
from swaptools.cli.report import report
from swaptools.cli.resolution import resolution
from swaptools.cli.scripts import (
    INTERPRETED_HELP,
    compiles,
    designs_of,
    parsed,
    read_script,
    steps,
)
from swaptools.cli.sweep import sweep
from swaptools.cli.trace import trace
from swaptools.units import format_size

if TYPE_CHECKING:
    from swaptools.cli.documents.swapemu import RunArea, RunResult
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.runs.looks import Shown
    from swaptools.emulator.runs.script import Run, Script


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
@colours.option()
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
    """Tell in one screen what a ghost takes and refuses."""
    from swaptools.emulator.runs.demo import tell

    for line in tell():
        click.echo(line)


@main.command(cls=ScriptCommand)
@params.json_option()
@click.option(
    "--design",
    "design_name",
    metavar="NAME",
    shell_complete=completing.one_of(completing.known_designs),
    help="What the kernel is fitted with; compare --list-designs has the names.",
)
@click.option(
    "--interpreted",
    is_flag=True,
    help=INTERPRETED_HELP,
)
@click.option(
    "--from",
    "map_path",
    type=click.Path(allow_dash=True),
    metavar="MAP",
    help="Start from a slot map, as swapinfo --map --json prints it.",
)
@click.argument(
    "script",
    metavar="SCRIPT",
    type=click.Path(allow_dash=True),
    shell_complete=completing.script,
)
def run(
    *,
    script: str,
    as_json: bool,
    design_name: str | None,
    interpreted: bool,
    map_path: str | None,
) -> None:
    """Run SCRIPT, one operation a line.

    SCRIPT is a file, - for standard input, or the name of a scenario that comes
    with the package, such as ghost.swap.

    Prints what its show lines find. It is checked whole before its first line runs;
    a line that cannot be done ends the run. Exit status is 1 then, and when an
    expectation does not hold.
    """
    from swaptools.errors import ScriptError

    if map_path is not None and design_name is not None:
        raise click.UsageError("--from is of a kernel as it is, with no --design")
    design = None if design_name is None else designs_of([design_name])[0]
    lines = parsed(read_script(script), script, design)
    state, assumed = _begun(lines, design, map_path, interpreted, samples=as_json)
    shown: list[Shown] = []
    mixes = not as_json and sys.stdout.isatty()
    try:
        for found in steps(lines, state, "run", quiet=mixes):
            shown.append(found)
            if not as_json:
                click.echo(output.escape_lines(found.text))
    except ScriptError as exc:
        output.fail(str(exc), script)
    if as_json:
        about_map = {} if assumed is None else {"assumed": assumed}
        output.print_json({**_result(state, shown), **about_map})
    elif not shown:
        click.echo(_summary(state))
    if not as_json and (killed := _killed(state)):
        output.error(killed, script)
    for failed in state.failed:
        output.error(str(failed), script)
    output.finish(output.EXIT_FAILED if state.failed else 0)


def _begun(
    lines: Script,
    design: Design | None,
    map_path: str | None,
    interpreted: bool,
    *,
    samples: bool,
) -> tuple[Run, tuple[str, ...] | None]:
    # And what is assumed of the machine that a map is of.
    from swaptools.emulator.machine.from_map import assumptions
    from swaptools.emulator.runs.script import Run
    from swaptools.emulator.runs.stats import Samples

    started_from = None if map_path is None else read_map(map_path)
    assumed = assumptions(started_from) if started_from else None
    for sentence in assumed or ():
        click.echo(f"assumed: {sentence}", err=True)
    run = Run(
        compiled=compiles(lines, interpreted=interpreted),
        design=design,
        found=started_from,
        goes_on=True,
        samples=Samples() if samples else None,
    )
    return run, assumed


def _summary(state: Run) -> str:
    # Of a script that shows nothing.
    held = state.expectations - len(state.failed)
    counts = state.started().counts()
    judged = f"; {held:,} of {state.expectations:,} expectations hold"
    return (
        f"{state.operations:,} operations, {state.touched:,} pages touched; "
        f"{counts['pages_out']:,} pages out, {counts['pages_in']:,} in"
    ) + (judged if state.expectations else "")


def _killed(state: Run) -> str:
    # What nobody would guess from pages that are not there; "" for nobody.
    counts = state.started().vmstat()
    killed, skipped = counts.get("oom_kill", 0), counts.get("skipped", 0)
    if not killed:
        return ""
    tasks = "a task was" if killed == 1 else f"{killed:,} tasks were"
    return f"{tasks} killed for want of memory (skipped: {skipped:,})"


def _result(state: Run, shown: list[Shown]) -> RunResult:
    machine = state.started()
    return {
        "design": machine.design.name or None,
        "kernel": machine.profile.name,
        "operations": state.operations,
        "expectations": state.expectations,
        "failed": [{"line": one.line, "reason": one.args[0]} for one in state.failed],
        "shown": [{"line": item.line, "value": item.value} for item in shown],
        "vmstat": machine.vmstat(),
        "meminfo": machine.meminfo(),
        "zswap": machine.zswap_debugfs(),
        "areas": [_area(state, name) for name in state.devices],
        "counts": state.stats().counts,
    }


def _area(state: Run, name: str) -> RunArea:
    area = state.devices[name]
    return {
        "name": name,
        "type": area.type,
        "backing": area.ops.name,
        "priority": area.prio,
        "pages": area.pages,
        "used_pages": area.inuse_pages,
        "counts": state.started().counts(area=area),
    }


main.add_command(overhead)
main.add_command(compare)
main.add_command(backings)
main.add_command(resolution)
main.add_command(trace)
main.add_command(record)
main.add_command(replay)
main.add_command(sweep)
main.add_command(report)
