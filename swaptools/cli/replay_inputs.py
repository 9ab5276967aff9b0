"""What a replay begins with: options, lengths of pages, a machine.

Not here: passes over the trace (replay_passes.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import click

from swaptools.cli.scripts import parsed, read_script
from swaptools.compile_cache import WORTH_COMPILING_PAGES
from swaptools.emulator.replays.lengths import Lengths, parse_table
from swaptools.emulator.replays.machines import machine_for
from swaptools.emulator.runs.script import Run, run_script
from swaptools.errors import AreaError, SelectionError

if TYPE_CHECKING:
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.machine.machine import Machine
    from swaptools.references import Description

_MOST_TABLE_BYTES: Final = 1 << 20
#: Of a sample of lengths, the codec that is taken: zswap's and zram's usual ones.
_CODECS: Final = ("lzo", "lz4", "zstd", "deflate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for."""

    path: str
    ram_bytes: int | None
    ram_percent: float | None
    policy: str
    zswap: bool
    area_bytes: int | None
    kernel: str | None
    lengths: str
    script: str | None
    all_pages: bool
    bound: bool
    every: int | None
    flush_every: int
    interpreted: bool
    checkpoint: str | None
    format_name: str | None
    skip_broken: bool
    seed: int


@dataclass(slots=True)
class Found:
    """What passes before the first replay found."""

    about: Description
    #: None where no pass was needed.
    references: int | None = None
    pages: int | None = None
    lengths: dict[str, list[int]] = field(default_factory=dict)


def lengths_of(options: Options, found: Found) -> Lengths:
    """Return the model of what pages compress to.

    Raises:
        SelectionError: There is none in the trace, or no such lengths.
        AreaError: A table that cannot be read.
        click.UsageError: No such model.
    """
    kind, _, rest = options.lengths.partition(":")
    page_size = found.about.page_size
    if kind == "fixed" and rest.isdecimal():
        lengths = Lengths.fixed(int(rest))
        lengths.check(page_size)
        return lengths
    if kind == "table" and rest:
        return parse_table(options.lengths, _text(rest), page_size)
    if options.lengths == "trace":
        return _of_trace(found)
    raise click.UsageError(
        f"--lengths {options.lengths!r}: fixed:N, table:FILE or trace"
    )


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:  # Path() has . for nothing
            data = file.read(_MOST_TABLE_BYTES + 1)
    except OSError as exc:
        raise AreaError.from_os_error(path, exc) from exc
    if len(data) > _MOST_TABLE_BYTES or b"\0" in data:
        raise SelectionError(f"{path}: no table of lengths")
    return data.decode("utf-8", "replace")


def _of_trace(found: Found) -> Lengths:
    # zswap's codec, where the sample has it; else the first by name.
    codecs = [name for name in _CODECS if found.lengths.get(name)]
    codecs += sorted(name for name, values in found.lengths.items() if values)
    if not codecs:
        raise SelectionError("--lengths trace: it has none (record --sample-lengths)")
    sample = Counter(found.lengths[codecs[0]])
    return Lengths.drawn(f"trace ({codecs[0]})", sample, found.about.page_size)


def machine_of(
    options: Options,
    found: Found,
    ram_bytes: int,
    area_bytes: int,
    design: Design,
    policy: str | None,
) -> Machine:
    """Start the machine for one replay: that of a script, or one with a disk.

    Raises:
        SwapToolsError: There can be no such machine.
    """
    compiled = None
    if (
        options.interpreted
        or (found.references or WORTH_COMPILING_PAGES) < WORTH_COMPILING_PAGES
    ):
        compiled = False
    if options.script is not None:
        return _scripted(options.script, design, policy, compiled=compiled)
    return machine_for(
        ram_bytes,
        area_bytes // found.about.page_size,
        design=design,
        policy=policy,
        zswap=options.zswap,
        kernel=options.kernel,
        page_size=found.about.page_size,
        compiled=compiled,
    )


def _scripted(
    name: str, design: Design, policy: str | None, *, compiled: bool | None
) -> Machine:
    run = Run(compiled=compiled, design=design, judges=False)
    if policy is not None:
        run.settings["policy"] = policy
    for _ in run_script(parsed(read_script(name), name, design), run):
        pass
    return run.started()
