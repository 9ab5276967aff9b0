"""Where every command begins and ends: its signals, its streams, its exit status.

One place for what can go wrong around any command, so that none has to think of it:
output that cannot be written, a reader that has gone, Ctrl-C, no descriptors left,
no memory left. Each ends with the status that the man pages tell, and with one line
at most on standard error.

Not here: the commands (a module each), the streams themselves (streams.py).
"""

import os
import sys

# Everything else is imported where it is used, by when Ctrl-C is silent.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from click import ClickException

    from swaptools.cli.streams import OutputLost

#: The commands, in the order in which people are told of them.
PROGRAMS = ("ghost-mkswap", "swapinfo", "swapcheck", "swapemu")
_PACKAGE = "python -m swaptools"
_EXIT_USAGE = 2
_EXIT_INTERRUPTED = 130
#: 128 and the number of SIGPIPE, as a shell has it.
_EXIT_PIPE = 141


def ghost_mkswap() -> int:
    """Run the command, as its man page in section 8 has it."""
    return _run("ghost-mkswap")


def swapinfo() -> int:
    """Run the command, as its man page in section 8 has it."""
    return _run("swapinfo")


def swapcheck() -> int:
    """Run the command, as its man page in section 8 has it."""
    return _run("swapcheck")


def swapemu() -> int:
    """Run the command, as its man page in section 1 has it."""
    return _run("swapemu")


def package() -> int:
    """Run the command that is named first, or say which there are."""
    words = sys.argv[1:]
    if words and words[0] in PROGRAMS:
        sys.argv = words
        return _run(words[0])
    return _run(_PACKAGE)


def module_of(program: str) -> str:
    """Return the name of the module that has a command."""
    name = "package" if program == _PACKAGE else program.replace("-", "_")
    return f"swaptools.cli.{name}"


def _run(program: str) -> int:
    try:
        from swaptools.cli.interrupts import catch_interrupts

        catch_interrupts()
    except KeyboardInterrupt:
        os._exit(_EXIT_INTERRUPTED)
    from swaptools.cli import interrupts
    from swaptools.cli.streams import OutputLost, open_streams

    try:
        open_streams()
        code = _command_status(program)
        sys.stdout.flush()
    except OutputLost as exc:
        return _output_lost(program, exc)
    except interrupts.Interrupted:
        return _EXIT_INTERRUPTED
    finally:
        if interrupts.is_within_line:
            interrupts.end_line()
    return code


def _begin_early(program: str) -> None:
    # Shells are answered in the words of the files that are shipped.
    if f"_{program.replace('-', '_').upper()}_COMPLETE" in os.environ:
        from swaptools.cli.shells import register

        register()
    if program == "swapcheck":
        from swaptools.observe.blkid import PROBER

        PROBER.fork_first()


def _command_status(program: str) -> int:
    from importlib import import_module

    try:
        _begin_early(program)
        module = import_module(module_of(program))
        return int(module.main(prog_name=program, standalone_mode=False) or 0)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else _EXIT_USAGE
    except MemoryError:
        _say(program, "out of memory")
    except Exception as exc:
        from click import ClickException

        if isinstance(exc, ClickException):
            return _misused(exc)
        if not isinstance(exc, OSError):
            raise
        _say(program, _reason(exc))
    return _EXIT_USAGE


def _misused(exc: "ClickException") -> int:
    # As click says it, with what the command line had in it escaped.
    from io import StringIO

    from swaptools.cli.output import cut, escape_lines
    from swaptools.cli.wrapping import terminal_width, wrapped

    text = StringIO()
    exc.show(text)
    width = terminal_width(sys.stderr)
    for line in escape_lines("\n".join(map(cut, text.getvalue().splitlines()))).split(
        "\n"
    ):
        parts = [line] if width is None else wrapped(line, width, 2)
        sys.stderr.write("".join(f"{part}\n" for part in parts))
    return exc.exit_code


def _reason(exc: OSError) -> str:
    from swaptools.errors import named

    reason = exc.strerror or str(exc)
    return reason if exc.filename is None else f"{named(exc.filename)}: {reason}"


def _output_lost(program: str, exc: "OutputLost") -> int:
    from errno import EPIPE

    from swaptools.cli import streams

    # Nobody reads any more: that is how pipes end, unless something was changed.
    is_pipe = exc.cause.errno == EPIPE
    if streams.outcome or not is_pipe:
        _say(program, f"{streams.outcome}standard output: {exc.cause.strerror}")
    return _EXIT_PIPE if is_pipe else _EXIT_USAGE


def _say(program: str, reason: str) -> None:
    from swaptools.cli.output import escape
    from swaptools.cli.progress import take_away

    take_away()
    sys.stderr.write(f"{program}: {escape(reason)}\n")
