"""swapemu record: a trace of any program, and its exit status.

Not here: how a program is recorded (record/).
"""

from __future__ import annotations

import contextlib
import mmap
import os
import resource
import signal
import time
from typing import TYPE_CHECKING, Any, Final

import click

from swaptools.cli import completing, output, params
from swaptools.cli.trace_files import written
from swaptools.errors import RecordError, SwapToolsError
from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from click.shell_completion import CompletionItem


#: Of what goes wrong around the program, as env(1) and timeout(1) have it.
EXIT_RECORD: Final = 125
_DEFAULT_FILE: Final = "swapemu.trace"
_LEAST_PAGES: Final = 64
_MOST_LEAST_PAGES: Final = 1 << 14
_TELL_S: Final = 10.0
#: Eight times as much is as large as a zram device can be.
_MOST_RAM_BYTES: Final = 1 << 58


class _Misused(click.UsageError):
    """Wrong usage of a command that runs another: status 2 may be that one's."""

    exit_code = EXIT_RECORD


class _BeforeCommand(click.Command):
    """A command whose options end where those of the program begin, as env(1)'s do."""

    allow_interspersed_args = False

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse, and fail as a program that runs others does."""
        with _usage_of_ours():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and fail likewise."""
        with _usage_of_ours():
            return super().invoke(ctx)

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem[Any]]:
        """Offer files where the program has options of its own."""
        if ctx.params.get("words"):
            return completing.command_line(ctx, ctx.command.params[-1], incomplete)
        return super().shell_complete(ctx, incomplete)


@contextlib.contextmanager
def _usage_of_ours() -> Iterator[None]:
    try:
        yield
    except click.UsageError as exc:
        raise _Misused(exc.format_message(), exc.ctx) from exc


@click.command(cls=_BeforeCommand)
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False),
    default=_DEFAULT_FILE,
    metavar="FILE",
    help=f"Where to write the trace (default: {_DEFAULT_FILE}).",
)
@click.option(
    "--how",
    type=click.Choice(["lackey", "faults"]),
    default="lackey",
    help="Every reference, or what misses in --ram (default: lackey).",
)
@click.option(
    "--ram",
    "ram_bytes",
    type=params.SIZE,
    metavar="SIZE",
    help="The memory of --how faults, for CMD and what it starts.",
)
@click.option(
    "--k",
    "least_pages",
    type=click.IntRange(1, _MOST_LEAST_PAGES),
    default=_LEAST_PAGES,
    metavar="PAGES",
    help="Drop what no memory of PAGES or more would notice (default: 64).",
)
@click.option("--keep-all", is_flag=True, help="Drop nothing.")
@click.option(
    "--sample-lengths",
    "takes_lengths",
    is_flag=True,
    help="Keep what some pages compress to, by each codec that is installed.",
)
@click.argument(
    "words",
    nargs=-1,
    required=True,
    metavar="CMD [ARG]...",
    shell_complete=completing.command_line,
)
def record(
    *,
    path: str,
    how: str,
    ram_bytes: int | None,
    least_pages: int,
    keep_all: bool,
    takes_lengths: bool,
    words: tuple[str, ...],
) -> None:
    """Run CMD and write which pages it uses, in order.

    By lackey, without root: every reference of CMD and of what it starts, and some
    3000 times slower than CMD alone. By faults, as root: what CMD misses in a memory
    of --ram, with swap, nearly as fast as without. Exit status and signals are those
    of CMD; 125, 126 and 127 as env(1) has them.
    """
    if (how == "faults") != (ram_bytes is not None):
        raise click.UsageError("--how faults and --ram belong together")
    if ram_bytes is not None and not mmap.PAGESIZE <= ram_bytes <= _MOST_RAM_BYTES:
        page = format_size(mmap.PAGESIZE)
        raise click.UsageError(f"--ram: a page at least, {page}, and 256 PiB at most")
    least = 1 if keep_all or ram_bytes is not None else least_pages
    try:
        exit_code = _recorded(
            path, words, least, ram_bytes, takes_lengths=takes_lengths
        )
    except RecordError as exc:
        output.error(str(exc))
        output.finish(exc.exit_code)
    except SwapToolsError as exc:
        output.error(str(exc))
        output.finish(EXIT_RECORD)
    except OSError as exc:
        output.error(exc.strerror or str(exc), exc.filename)
        output.finish(EXIT_RECORD)
    _end_as(exit_code)


def _recorded(
    path: str,
    words: tuple[str, ...],
    least_pages: int,
    ram_bytes: int | None,
    *,
    takes_lengths: bool,
) -> int:
    # The status of the program, as subprocess has it.
    import shlex

    from swaptools.compiling import can_compile
    from swaptools.record.faults import Faults, check_faults
    from swaptools.record.lackey import Lackey, check_lackey
    from swaptools.references import Description, Order
    from swaptools.traces.compact_write import TraceWriter

    order = Order.ALL if ram_bytes is None else Order.FAULTS
    about = Description(
        "swap-trace",
        order,
        least_pages=least_pages,
        source=shlex.join(words),
        ram_bytes=ram_bytes,
    )
    (check_lackey if ram_bytes is None else check_faults)(words)
    lengths = None
    if takes_lengths:
        from swaptools.record.lengths import Lengths

        lengths = Lengths()
    begun = time.monotonic()
    with written(path) as file:
        writer = TraceWriter(file, about)
        recording: Lackey | Faults
        if ram_bytes is None:
            output.error("lackey is some 3000 times slower than the program alone")
            if not can_compile():
                output.error("and without numba (the fast extra) up to twice that")
            recording = Lackey(writer, least_pages, output.error, lengths)
        else:
            recording = Faults(writer, ram_bytes, output.error, lengths)
        _watch(recording.run(words), begun)
        if lengths is not None:
            writer.add_lengths(lengths.found)
        writer.finish()
        file.flush()
        size_bytes = os.fstat(file.fileno()).st_size  # its name may be gone
    if recording.broken:
        output.error(f"{recording.broken:,} lines were none of a trace")
    seconds = time.monotonic() - begun
    output.error(
        f"{recording.seen:,} references in {seconds:.1f} s, "
        f"{writer.references:,} kept, {format_size(size_bytes)}",
        path,
    )
    return recording.exit_code or 0


def _watch(progress: Iterable[int], begun: float) -> None:
    # A line now and then; the program writes to the same terminal.
    told = begun
    for seen in progress:
        now = time.monotonic()
        if now - told >= _TELL_S:
            told = now
            rate = seen / (now - begun)
            output.error(f"{seen:,} references, {per_second(rate)}")


def per_second(rate: float) -> str:
    """Return a rate as a person says it; faults are some thousand a second.

    >>> per_second(423_000), per_second(4_230)
    ('0.42 M/s', '4.2 k/s')
    """
    return f"{rate / 1e6:.2f} M/s" if rate >= 1e5 else f"{rate / 1e3:.1f} k/s"


def _end_as(exit_code: int) -> None:
    # As the program ended: by the same signal, if it was one.
    if exit_code >= 0:
        output.finish(exit_code)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # SIGKILL has no other
        signal.signal(-exit_code, signal.SIG_DFL)
    os.kill(os.getpid(), -exit_code)
    output.finish(128 - exit_code)
