"""Passes over a trace that is replayed: what it needs, its future, each design.

Not here: what one replay does (emulator/replays/), what is printed (replay_text.py).
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from swaptools.cli import output
from swaptools.cli.replay_checkpoint import Checkpoint
from swaptools.cli.replay_inputs import Found, Options, lengths_of, machine_of
from swaptools.cli.trace_files import opened, with_bar
from swaptools.emulator.machine.design import find_design
from swaptools.emulator.pressure.policy import find_policy
from swaptools.emulator.replays.replay import OF_FAULTS, Replay
from swaptools.errors import (
    AreaError,
    IllegalOperation,
    SwapToolsError,
    TraceError,
)
from swaptools.references import Order
from swaptools.traces.kinds import Swappable, why_nothing
from swaptools.units import format_size
from swaptools.working_set.next_use import NextUses, PageNames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from swaptools.cli.replay_checkpoint import Kept
    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.replays.lengths import Lengths
    from swaptools.emulator.replays.replayed import Replayed
    from swaptools.references import Description, References

#: Areas have so many times the pages that a trace has.
_AREA_TIMES: Final = 2
_LEAST_AREA_PAGES: Final = 512
#: What no policy can be better than, and the design that it is found under.
OPT: Final = "opt"
_OF_OPT: Final = "plain"
#: What a checkpoint calls the replay that finds it: no name of a design.
_THE_BOUND: Final = "the bound"


@dataclass(slots=True)
class Result:
    """All that is printed."""

    options: Options
    about: Description
    ram_bytes: int
    area_bytes: int
    #: What has come of each design, and what passes found out about the trace.
    kept: Kept
    bound: Replayed | None = None
    #: Of the file that the bound took.
    bound_file_bytes: int = 0

    @property
    def done(self) -> list[Replayed]:
        """A replay for each design under which it could be done."""
        return list(self.kept.done.values())


class _Pass:
    """One way through the trace, with what is told of it."""

    def __init__(self, options: Options) -> None:
        self.found = opened(
            options.path,
            options.format_name,
            skip_broken=options.skip_broken,
            seed=options.seed,
        )
        self._path = options.path
        self._takes_all = options.all_pages
        self.left_out = 0

    def batches(self, what: str, nr_before: int = 0) -> Iterator[References]:
        """Go through it, with a bar that begins behind so many batches.

        Raises:
            TraceError: It is none, or there is nothing in it to replay.
        """
        references = 0
        for batch in self._chosen(with_bar(self.found, what, nr_before)):
            references += len(batch.pages)
            yield batch
        if not references:
            raise TraceError(self._path, why_nothing(self.left_out))

    def _chosen(self, batches: Iterator[References]) -> Iterator[References]:
        if self._takes_all:
            yield from batches
            return
        chosen = Swappable(batches)
        for batch in chosen:
            self.left_out = chosen.left_out
            yield batch
        self.left_out = chosen.left_out

    def __enter__(self) -> _Pass:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.found.source.close()


def replayed(options: Options, designs: Sequence[Design]) -> Result:
    """Make all passes, with progress on a terminal.

    Raises:
        SwapToolsError: The trace cannot be read, or not in such a memory.
        Stopped: By a signal, and what there was is kept.
        OSError: That cannot be kept.
        click.UsageError: What is asked for makes no sense for this trace.
    """
    with ExitStack() as stack:
        first = stack.enter_context(_Pass(options))
        about = first.found.about
        _check(options, about, nr_designs=len(designs))
        checkpoint = Checkpoint(options, [design.name for design in designs])
        passes = _Passes(options, about, first, checkpoint, len(designs))
        found, future = _looked(passes, stack)
        result = _begun(options, found, checkpoint)
        lengths = lengths_of(options, found)
        stack.enter_context(checkpoint.noting())
        for design in designs:
            _replay_one(passes, result, found, lengths, design, future)
        if options.bound and future is not None:
            result.bound_file_bytes = future.file_bytes
            result.bound = _bound(passes, result, found, lengths, future)
        passes.tell()
    return result


class _Passes:
    """The trace, as often as it is wanted; standard input once."""

    def __init__(
        self,
        options: Options,
        about: Description,
        first: _Pass,
        checkpoint: Checkpoint,
        nr_designs: int,
    ) -> None:
        self.options = options
        self.about = about
        self.checkpoint = checkpoint
        self._of_all = f" of {nr_designs}"
        self._unused: _Pass | None = first
        self._gone = [first]

    def next(self) -> _Pass:
        """Return the way through the trace that is to be gone next."""
        one, self._unused = self._unused, None
        if one is None:
            one = _Pass(self.options)
            self._gone.append(one)
        return one

    def what(self, design_name: str) -> str:
        """Return what a bar says of a design."""
        kept = self.checkpoint.kept
        place = f"{len(kept.done) + len(kept.failed) + 1}{self._of_all}"
        return f"replaying under {design_name}, {place}"

    def tell(self) -> None:
        """Note what they found out about the trace; some may have ended too early."""
        kept, sources = self.checkpoint.kept, [one.found.source for one in self._gone]
        kept.left_out = max(kept.left_out, *(one.left_out for one in self._gone))
        kept.is_cut = kept.is_cut or any(source.is_cut for source in sources)
        kept.broken = max(kept.broken, *(source.broken for source in sources))


def _check(options: Options, about: Description, *, nr_designs: int) -> None:
    is_of_faults = about.order is Order.FAULTS
    has_ram = options.ram_bytes is not None or options.ram_percent is not None
    if not has_ram and about.ram_bytes is None:
        raise click.UsageError("no --ram, and the trace says nothing of one")
    if not has_ram and not is_of_faults:
        raise click.UsageError("no --ram")
    if is_of_faults and options.bound:
        raise click.UsageError("--bound: the trace has only what missed")
    if options.path == "-" and options.checkpoint is not None:
        raise click.UsageError("--checkpoint: standard input is read once")
    if options.path == "-" and (nr_designs > 1 or _needs_a_look(options)):
        raise click.UsageError(
            "standard input is read once: one --design, --ram and --area as sizes, "
            "no --bound, no --lengths trace"
        )


def _needs_a_look(options: Options) -> bool:
    return (
        options.ram_percent is not None
        or (options.area_bytes is None and options.script is None)
        or options.lengths == "trace"
        or _needs_the_future(options)
    )


def _needs_the_future(options: Options) -> bool:
    return options.bound or find_policy(options.policy).needs_future


def _looked(passes: _Passes, stack: ExitStack) -> tuple[Found, NextUses | None]:
    found = Found(passes.about)
    if not _needs_a_look(passes.options):
        return found, None
    future = None
    if _needs_the_future(passes.options) and passes.about.order is not Order.FAULTS:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the stack closes it
        future = NextUses(stack.enter_context(file))
    names = future.names if future else PageNames()
    add = future.add if future else names.add
    with passes.next() as one:
        for batch in one.batches("looking"):
            add(batch)
        found.lengths = one.found.source.lengths
    found.references, found.pages = names.nr_references, names.nr_pages
    names.forget()
    if future is not None:
        future.finish()
        size = format_size(future.file_bytes)
        output.error(f"when pages are used next takes {size} of disk meanwhile")
    return found, future


def _begun(options: Options, found: Found, checkpoint: Checkpoint) -> Result:
    page_size, pages = found.about.page_size, found.pages or 0
    ram_bytes = options.ram_bytes
    if options.ram_percent is not None:
        ram_pages = round(pages * options.ram_percent / 100)
        ram_bytes = max(ram_pages, 1) * page_size
    elif ram_bytes is None:
        ram_bytes = found.about.ram_bytes or 0
    area_bytes = options.area_bytes
    if area_bytes is None:
        area_bytes = max(_AREA_TIMES * pages, _LEAST_AREA_PAGES) * page_size
    least_pages = 1 if found.about.order is Order.FAULTS else found.about.least_pages
    if ram_bytes < least_pages * page_size:
        raise IllegalOperation(
            f"{options.path}: says nothing of fewer than {least_pages} pages, and "
            f"there are {ram_bytes // page_size}"
        )
    return Result(options, found.about, ram_bytes, area_bytes, checkpoint.kept)


def _replay_one(
    passes: _Passes,
    result: Result,
    found: Found,
    lengths: Lengths,
    design: Design,
    future: NextUses | None,
) -> None:
    kept = passes.checkpoint.kept
    if design.name in kept.done or design.name in kept.failed:
        return
    options = passes.options
    is_of_faults = found.about.order is Order.FAULTS
    policy = OF_FAULTS if is_of_faults else options.policy
    try:
        machine = machine_of(
            options, found, result.ram_bytes, result.area_bytes, design, policy
        )
        begin = partial(
            Replay,
            machine,
            result.ram_bytes,
            about=found.about,
            lengths=lengths,
            every=options.every,
            flush_every=options.flush_every,
        )
        what = passes.what(design.name)
        kept.done[design.name] = _made(passes, design.name, what, begin, future)
    except (AreaError, TraceError):
        raise
    except SwapToolsError as exc:
        kept.failed[design.name] = str(exc)
    passes.tell()
    passes.checkpoint.end()


def _bound(
    passes: _Passes, result: Result, found: Found, lengths: Lengths, future: NextUses
) -> Replayed:
    design = find_design(_OF_OPT)
    sizes = result.ram_bytes, result.area_bytes
    # No pool: it would take of the memory that the bound is for.
    options = replace(passes.options, zswap=False, script=None)
    machine = machine_of(options, found, *sizes, design, OPT)
    begin = partial(
        Replay, machine, result.ram_bytes, about=found.about, lengths=lengths
    )
    return _made(passes, _THE_BOUND, "replaying with opt", begin, future)


def _made(
    passes: _Passes,
    name: str,
    what: str,
    begin: Callable[[], Replay],
    future: NextUses | None,
) -> Replayed:
    replay, checkpoint = begin(), passes.checkpoint
    nr_before = checkpoint.nr_batches(name)
    if nr_before:
        replay = checkpoint.replay(replay.machine)
    if future is not None:
        future.rewind()
    with passes.next() as one:
        for number, batch in enumerate(one.batches(what, nr_before), 1):
            uses = future.take(len(batch.pages)) if future else None
            if number > nr_before:
                replay.add(batch, uses)
                checkpoint.look(name, number, replay)
    return replay.result()
