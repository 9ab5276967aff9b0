"""Every command under every misfortune: what is its status, and is it quiet?

As a script, the whole matrix with a process for each cell, and Ctrl-C at random
moments: ``python -m tests.hostile.matrix --moments 50``. Exits with 1 when a cell is
not as the man pages have it. With ``--forked`` the commands run in forks of this
process, which has everything imported: all that streams and descriptors can do, in
a few seconds.

Not here: the commands and what befalls them (misfortunes.py).
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from swaptools.cli import start
from tests.builders import header_page
from tests.hostile.misfortunes import COMMANDS, MISFORTUNES
from tests.traces.samples import LACKEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.hostile.misfortunes import Command, Misfortune

_PROGRAMS: Final = {
    "ghost-mkswap": start.ghost_mkswap,
    "swapinfo": start.swapinfo,
    "swapcheck": start.swapcheck,
    "swapemu": start.swapemu,
}
_SCRIPT: Final = """\
zswap on
swapon disk block 64
write 0 20
pageout 0 20
show 0 20
read 0 20
"""
#: What stands for a traceback, and for its like at the very end of a process.
_NOISE: Final = ("Traceback", "Exception ignored", "Fatal Python error")
#: What commands import when they need it; forks have it already.
_LAZY: Final = (
    *(f"swaptools.cli.{program.replace('-', '_')}" for program in _PROGRAMS),
    "swaptools.cli.active",
    "swaptools.cli.doctor",
    "swaptools.cli.headers",
    "swaptools.cli.placement",
    "swaptools.cli.streams",
    "swaptools.cli.verdicts",
    "swaptools.create",
    "swaptools.emulator.runs.demo",
    "swaptools.emulator.machine.design",
    "swaptools.emulator.runs.script",
    "swaptools.emulator.runs.stats",
    "swaptools.recipe",
)
#: Longer than any command takes.
_TIMEOUT_SECONDS: Final = 120


class Scratch:
    """The files that commands are given."""

    def __init__(self, folder: Path) -> None:
        """Make them in ``folder``."""
        self._folder = folder
        # What swapcheck --root takes for a system.
        (folder / "etc").mkdir(exist_ok=True)
        self._made = 0
        image = bytes(1 << 20) + header_page(last_page=15)
        self._write("area", header_page().ljust(1 << 20, b"\0"))
        self._write("image", image.ljust((1 << 20) + 16 * 4096, b"\0"))
        self._write("script", _SCRIPT.encode())
        self._write("trace", LACKEY)
        self._write("input", _SCRIPT.encode())
        self._write("empty", b"")

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.write_bytes(data)
        path.chmod(0o600)

    def words(self, command: Command) -> list[str]:
        """Return the command line; a new file has a name of its own."""
        self._made += 1
        names = {
            name: self._folder / name
            for name in ("area", "image", "script", "trace", "missing")
        }
        names["folder"] = self._folder
        names["new"] = self._folder / f"new{self._made}"
        return [word.format(**names) for word in command.words.split(" ")]

    def stdin(self, command: Command) -> int:
        """Open what the command reads from standard input."""
        is_script = command.words.startswith("swapemu")
        return os.open(self._folder / ("input" if is_script else "empty"), os.O_RDONLY)


class Ended(NamedTuple):
    """How a process ended."""

    code: int
    stderr: str


class Run(Protocol):
    """A way to run a command: forked() or started()."""

    def __call__(
        self, words: list[str], stdin: int, befall: Callable[[], None], /
    ) -> Ended: ...


def forked(words: list[str], stdin: int, befall: Callable[[], None]) -> Ended:
    """Run a command in a fork of this process."""
    errors, output = os.memfd_create("stderr"), os.memfd_create("stdout")
    pid = os.fork()
    if not pid:
        try:
            for wanted, descriptor in enumerate((stdin, output, errors)):
                os.dup2(descriptor, wanted)
            os.closerange(3, 64)
            befall()
            os._exit(_as_if_started(words))
        finally:
            os._exit(99)
    os.close(output)
    _, status = os.waitpid(pid, 0)
    said = os.pread(errors, 1 << 20, 0).decode(errors="replace")
    os.close(errors)
    return Ended(os.waitstatus_to_exitcode(status), said)


def _as_if_started(words: list[str]) -> int:
    # What the interpreter does around a command.
    modes = ("r", "w", "w")
    streams = [_opened(number, mode) for number, mode in enumerate(modes)]
    sys.stdin, sys.stdout, sys.stderr = streams
    sys.argv = words
    try:
        code = _PROGRAMS[words[0]]()
        sys.stdout.flush()
    except BaseException:  # a traceback is what is looked for
        traceback.print_exc()
        return 98
    return code


def _opened(number: int, mode: str) -> Any:
    try:
        return open(number, mode, closefd=False)
    except OSError:
        return None


def started(
    words: list[str],
    stdin: int,
    befall: Callable[[], None],
    *,
    interrupt_after: float | None = None,
) -> Ended:
    """Run a command as it is installed, and interrupt it after so many seconds."""

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nohup ignores it
        befall()

    # What an installed command is, for an environment that has an older one.
    function = words[0].replace("-", "_")
    text = f"import sys; from swaptools.cli import start; sys.exit(start.{function}())"
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", text, *words[1:]],
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            preexec_fn=prepare,
            start_new_session=True,
        )
        if interrupt_after is not None:
            time.sleep(interrupt_after)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
        code = process.wait(_TIMEOUT_SECONDS)
        errors.seek(0)
        return Ended(code, errors.read().decode(errors="replace"))


def fault(command: Command, misfortune: Misfortune, ended: Ended) -> str | None:
    """Say what is wrong with how a command ended, if anything is."""
    if any(noise in ended.stderr for noise in _NOISE):
        return ended.stderr
    if ended.code != (wanted := misfortune.code(command)):
        return f"status {ended.code}, not {wanted}: {ended.stderr}"
    is_heard = "stderr" not in misfortune.name and misfortune.name != "all closed"
    if is_heard and wanted != command.code:
        lines = ended.stderr.splitlines()
        is_quiet = wanted == 141 and not command.makes
        program = command.words.partition(" ")[0]
        if is_quiet and lines:
            return f"not quiet: {ended.stderr}"
        if not is_quiet and not "".join(lines[-1:]).startswith(f"{program}: "):
            return f"said {ended.stderr!r}"
    return None


class Interruption(NamedTuple):
    """What Ctrl-C at one moment came to."""

    #: In words, for counting.
    end: str
    fault: str | None


def interruption(command: Command, ended: Ended) -> Interruption:
    """Judge how a command ended that was interrupted.

    What the interpreter says of Ctrl-C before the first line of ours runs is its
    own, and counted apart.
    """
    if any(noise in ended.stderr for noise in _NOISE):
        if _is_ours(ended.stderr):
            return Interruption("traceback", ended.stderr)
        return Interruption("before our first line", None)
    if ended.code == -signal.SIGINT:
        return Interruption("before the interpreter", None)
    if ended.code == command.code:
        return Interruption("too late", None)
    if ended.code != 130 or ended.stderr:
        return Interruption("fault", f"status {ended.code}: {ended.stderr}")
    return Interruption("130, silent", None)


def _is_ours(said: str) -> bool:
    # What runs while the modules of the entry point are loaded is not yet guarded.
    loading = re.compile(r'/swaptools/(cli/)?(__init__|start)\.py", line \d+, in <mod')
    return "/swaptools/" in loading.sub("", said)


# --- the matrix ------------------------------------------------------------------


def cells(*, is_forked: bool, every: int = 1) -> list[tuple[Command, Misfortune]]:
    """Return the matrix, or every so manieth cell of it, spread over all commands."""
    return [
        (command, misfortune)
        for row, misfortune in enumerate(MISFORTUNES)
        for column, command in enumerate(COMMANDS)
        if not (is_forked and misfortune.is_for_start) and not (row + column) % every
    ]


def faults(
    scratch: Scratch, wanted: list[tuple[Command, Misfortune]], run: Run
) -> Iterator[tuple[str, str | None]]:
    """Yield cells, and what is wrong with them."""
    if run is forked:
        for module in _LAZY:
            import_module(module)
    for command, misfortune in wanted:
        stdin = scratch.stdin(command)
        ended = run(scratch.words(command), stdin, misfortune.befall)
        os.close(stdin)
        cell = f"{command.words} | {misfortune.name}"
        yield cell, fault(command, misfortune, ended)


def interruptions(
    scratch: Scratch, command: Command, moments: int, rng: Random
) -> Iterator[Interruption]:
    """Interrupt a command at random moments of the time that it takes."""
    stdin = scratch.stdin(command)
    begun = time.monotonic()
    started(scratch.words(command), stdin, lambda: None)
    duration = time.monotonic() - begun
    for _ in range(moments):
        os.lseek(stdin, 0, os.SEEK_SET)
        after = rng.uniform(0, duration)
        words = scratch.words(command)
        ended = started(words, stdin, lambda: None, interrupt_after=after)
        yield interruption(command, ended)
    os.close(stdin)


def main(arguments: list[str] | None = None) -> int:
    """Run as the command line says, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--forked", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="nth cell only")
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Scratch(Path(folder))
        wanted = cells(is_forked=options.forked, every=options.every)
        run = forked if options.forked else started
        failed = _print_faults(faults(scratch, wanted, run))
        if options.forked:
            return failed
        rng, ends = Random(options.seed), Counter[str]()
        for command in COMMANDS:
            for found in interruptions(scratch, command, options.moments, rng):
                ends[found.end] += 1
                if found.fault is not None:
                    failed = 1
                    print(f"{command.words} | Ctrl-C: {found.fault}", file=sys.stderr)
        print(f"Ctrl-C at {options.moments} moments of each: {dict(ends)}")
        return failed


def _print_faults(cells: Iterator[tuple[str, str | None]]) -> int:
    count = Counter[bool]()
    for cell, found in cells:
        count[found is not None] += 1
        if found is not None:
            print(f"{cell}: {found}", file=sys.stderr)
    print(f"{count.total()} cells, {count[True]} faults")
    return int(count[True] > 0)


if __name__ == "__main__":
    sys.exit(main())
