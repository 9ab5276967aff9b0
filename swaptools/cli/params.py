"""Argument types and options that the commands share."""

from __future__ import annotations

import math
import os
import re
import stat
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, Final

import click

from swaptools import __version__
from swaptools.cli import output
from swaptools.cli.progress import counted
from swaptools.records import NamedTuple
from swaptools.units import is_page_size, parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.parser import _OptionParser
    from click.shell_completion import CompletionItem

#: Bytes of the longest path that a system call takes. Kernel: linux/limits.h.
_PATH_MAX: Final = 4096
_READ_BYTES: Final = 1 << 18
#: Those of kernels that are built today.
_PAGE_SIZES: Final = {
    "4096": "x86, and most of the others",
    "16384": "arm64 on Apple silicon, and a choice of arm64 and loongarch",
    "65536": "a choice of arm64 and ppc64",
}

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 88}


if TYPE_CHECKING:
    ParamType = click.ParamType
else:

    class ParamType(click.ParamType):
        """Click's, of what stands in brackets; 8.1 takes no brackets."""

        __class_getitem__ = classmethod(lambda cls, _: cls)


class PathType(ParamType[str]):
    """A path as it is: whoever opens it says what is wrong.

    click's asks of each of thousands whether it is there, and looks for a translation
    of what it is called before there is any.

    Args:
        dir_okay: It may be a directory.
    """

    name = "path"

    def __init__(self, *, dir_okay: bool = True) -> None:
        self._dir_okay = dir_okay

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return it, or fail where it is a directory and may not."""
        path: str = os.fsdecode(value)
        if not self._dir_okay and os.path.isdir(path):  # noqa: PTH112 (pathlib is slow to start)
            self.fail(f"File {path!r} is a directory.", param, ctx)
        return path

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer files."""
        from click.shell_completion import CompletionItem  # only for Tab

        return [CompletionItem(incomplete, type="file")]


class Command(click.Command):
    """A command that begins no search which click begins for every run.

    Its --help looks for no translation of its one line, and a flag of one letter is
    found where click looks first: what finds nothing there is compared with every long
    option, for a message that nobody gets to see. Either takes as long as reading an
    area.
    """

    _own_help: click.Option | None = None

    def make_parser(self, ctx: click.Context) -> _OptionParser:
        """Return click's parser, with the flags of one letter among the long ones."""
        parser = super().make_parser(ctx)
        flags = {
            name: option
            for name, option in parser._short_opt.items()
            if not option.takes_value
        }
        parser._long_opt.update(flags)
        return parser

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option, the same one each time."""
        names = self.get_help_option_names(ctx)
        if not names or not self.add_help_option:
            return None
        if self._own_help is None:
            self._own_help = click.Option(
                [*names, "is_help_wanted"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_help,
                help="Show this message and exit.",
            )
        return self._own_help


def _show_help(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class SizeType(ParamType[int]):
    """Bytes, with util-linux suffixes."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse, or fail with the reason."""
        if isinstance(value, int):
            return value
        try:
            return parse_size(value)
        except ValueError as exc:
            self.fail(str(exc), param, ctx)


class PageSizeType(SizeType):
    """A page size: a power of two from 2048 to 262144."""

    name = "pagesize"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse, or fail with the reason."""
        page_size = super().convert(value, param, ctx)
        if not is_page_size(page_size):
            self.fail(f"{value} is not a power of two from 2048 to 262144", param, ctx)
        return page_size

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer those that kernels have."""
        from swaptools.cli import completing  # only for Tab

        return completing.beginning(_PAGE_SIZES, incomplete)


class FiniteType(click.FloatRange):
    """A number in a range; what is no number, though a float, is none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse, or fail with the reason."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number", param, ctx)
        return number


class PageListType(ParamType[tuple[int, ...]]):
    """Page numbers, separated by commas."""

    name = "pages"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Parse, or fail with the reason."""
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"\d{1,10}(,\d{1,10})*", value):
            self.fail(f"{value!r} is not a list of page numbers", param, ctx)
        return tuple(int(page) for page in value.split(","))


SIZE = SizeType()
PAGE_SIZE = PageSizeType()
PAGE_LIST = PageListType()


class Place(NamedTuple):
    """Which area of each file is meant; both None for all that there are."""

    offset: int | None
    partition: int | None


def place_options() -> Callable[[Any], Any]:
    """Return --offset and --partition, for areas within images and disks."""
    offset = click.option(
        "--offset",
        type=SIZE,
        metavar="BYTES",
        help="Where in each file the area begins.",
    )
    partition = click.option(
        "--partition",
        type=click.IntRange(min=1),
        metavar="N",
        help="The area is partition N of each disk or image.",
    )
    return lambda command: offset(partition(command))


def place(offset: int | None, partition: int | None) -> Place:
    """Put the two options together.

    Raises:
        click.UsageError: Both are given.
    """
    if offset is not None and partition is not None:
        raise click.UsageError("--offset and --partition exclude each other")
    return Place(offset, partition)


def files0_option() -> Callable[[Any], Any]:
    """Return --files0-from, the other way to name many files."""
    return click.option(
        "--files0-from",
        "files0",
        type=PathType(),
        metavar="LIST",
        help="Read the names of the files, each ended by a NUL, from LIST or - .",
    )


def all_files(files: tuple[str, ...], files0: str | None) -> Names:
    """Return the names given either way, one by one, and tell how far it is.

    A list that cannot be read ends there, with a message, and counts in finish().

    Raises:
        click.UsageError: Both ways at once.
    """
    if files0 is not None and files:
        raise click.UsageError("FILE and --files0-from exclude each other")
    return Names(files, files0)


class Names:
    """The files that are named, one by one, as they become known."""

    def __init__(self, files: tuple[str, ...], files0: str | None) -> None:
        #: Those that can be had without reading more of a list.
        self._nr_left = len(files)
        self._names = (
            counted(files, "files", len(files))
            if files0 is None
            else self._listed(files0)
        )

    def __iter__(self) -> Names:
        """They come once."""
        return self

    def __next__(self) -> str:
        """Return the next one, which may have to be waited for."""
        name = next(self._names)
        self._nr_left -= 1
        return name

    def batches(self, first: int, most: int) -> Iterator[list[str]]:
        """Yield them in lists, at first of so many, or of those that are known.

        Before others have to be read, which may take long or fail, an empty list is
        yielded, and also at the end: what was begun by then is to be done first.
        """
        begun: list[str] = []
        room = first
        while True:
            begun += islice(self, min(self._nr_left, room - len(begun)))
            yield begun
            room = most
            if self._nr_left:
                begun = []
                continue
            yield []
            begun = list(islice(self, 1))
            if not begun:
                return

    def _listed(self, files0: str) -> Iterator[str]:
        try:
            with click.open_file(files0, "rb") as file:
                length = _length(file)
                yield from counted(self._split(file), "files", length, _bytes_in_list)
        except OSError as exc:
            output.error(exc.strerror or str(exc), files0)
            output.worsen(output.EXIT_USAGE)

    def _split(self, file: IO[bytes]) -> Iterator[str]:
        rest = b""
        while part := _some(file):
            *names, rest = (rest + part).split(b"\0")
            self._nr_left = len(names)
            yield from map(os.fsdecode, names)
            if len(rest) > _PATH_MAX:
                raise OSError(
                    "a name in it is longer than any path; each ends with NUL"
                )
        if rest:
            self._nr_left = 1
            yield os.fsdecode(rest)


def _some(file: IO[bytes]) -> bytes:
    # What is there, in place of waiting for as much as was asked for.
    read: Callable[[int], bytes] = getattr(file, "read1", file.read)
    return read(_READ_BYTES)


def _length(file: IO[bytes]) -> int | None:
    # None for a pipe, which may go on, and for what somebody put in its place.
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _bytes_in_list(name: str) -> int:
    # Of the list, with the NUL.
    return len(os.fsencode(name)) + 1


def version_option() -> Callable[[Any], Any]:
    """Return -V/--version."""

    def show(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
        if not value or ctx.resilient_parsing:
            return
        click.echo(f"{ctx.info_name} from swaptools {__version__}")
        ctx.exit()

    return click.option(
        "-V",
        "--version",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=show,
        help="Show the version and exit.",
    )


def json_option() -> Callable[[Any], Any]:
    """Return -J/--json."""
    return click.option(
        "-J", "--json", "as_json", is_flag=True, help="Print one JSON object."
    )
