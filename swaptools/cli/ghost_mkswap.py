"""ghost-mkswap: make a header-only swapfile, or an ordinary area."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import click

from swaptools.cli import completing, output, params, streams
from swaptools.units import format_size

if TYPE_CHECKING:
    from swaptools.create.request import CreateResult

_LOCKS: dict[str, Literal["wait", "nonblock"] | None] = {
    "no": None,
    "yes": "wait",
    "nonblock": "nonblock",
}
#: As text: most runs are given none.
_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_NIL_UUID = "00000000-0000-0000-0000-000000000000"
_UUID_WORDS = {"clear": "none", "random": "by chance", "time": "by clock and network"}
_EXIT_NOT_KNOWN_ON_DISK = 3
_NEED_REAL = {
    "offset": "--offset",
    "partition": "--partition",
    "check": "--check",
    "badpages": "--bad-pages",
}
#: What a recipe is made of.
_OF_RECIPES = frozenset({"recipe", "file", "size_bytes", "page_size"})


class UuidType(params.ParamType[Any]):
    """A UUID in either case, or one of mkswap(8)'s words."""

    name = "uuid"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> UUID | str:
        """Parse, or fail with the reason."""
        if isinstance(value, UUID):
            return value
        text = str(value)
        if text in _UUID_WORDS:
            return text
        if not re.fullmatch(_UUID, text):
            self.fail(f"{text!r} is not a UUID, clear, random or time", param, ctx)
        return UUID(text)


def _recipes() -> list[str]:
    from swaptools.recipe import RECIPES

    return list(RECIPES)


class LockCommand(params.Command):
    """A command whose --lock may stand alone, as mkswap(8)'s does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read a lone --lock as --lock=yes."""
        end = args.index("--") if "--" in args else len(args)
        lock = ["--lock=yes" if word == "--lock" else word for word in args[:end]]
        return super().parse_args(ctx, lock + args[end:])


@click.command("ghost-mkswap", cls=LockCommand, context_settings=params.CONTEXT)
@click.option("-L", "--label", help="Name the area; at most 15 bytes.")
@click.option(
    "-U",
    "--uuid",
    type=UuidType(),
    shell_complete=completing.one_of(lambda: _UUID_WORDS),
    help="A UUID, or clear, random (the default) or time.",
)
@click.option(
    "--uuid-seed",
    metavar="TEXT",
    help="Derive the UUID from TEXT and the label: the same one every time.",
)
@click.option(
    "-p",
    "--pagesize",
    "page_size",
    type=params.PAGE_SIZE,
    metavar="BYTES",
    help="Page size of the kernel that will use it (default: this one's).",
)
@click.option(
    "-e",
    "--endianness",
    "byte_order",
    type=click.Choice(["native", "little", "big"]),
    callback=lambda _ctx, _param, value: _byte_order(value),
    help="Byte order of the header (default: native).",
)
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option(
    "--lock",
    type=click.Choice(["yes", "no", "nonblock"]),
    metavar="[=MODE]",
    default="no",
    callback=lambda _ctx, _param, value: _LOCKS[value],
    help="Hold the BSD lock of the file or device meanwhile.",
)
@click.option(
    "--keep-id",
    is_flag=True,
    help="Keep what the area there has (UUID, label, size, page size, byte order),"
    " but for what is given.",
)
@click.option(
    "--if-needed",
    is_flag=True,
    help="Change nothing when what was asked for is already there.",
)
@click.option("--no-flag", is_flag=True, help="Leave the ghost flag out.")
@click.option("-n", "--dry-run", is_flag=True, help="Check everything, write nothing.")
@click.option("--real", is_flag=True, help="Make an ordinary area, data part and all.")
@click.option(
    "-o",
    "--offset",
    type=params.SIZE,
    metavar="BYTES",
    help="Where in the file or device the area begins (needs --real).",
)
@click.option(
    "--partition",
    type=click.IntRange(min=1),
    metavar="N",
    help="The area is partition N of the disk or image (needs --real).",
)
@click.option(
    "-c",
    "--check",
    is_flag=True,
    help="Read a block device whole and list bad pages (needs --real).",
)
@click.option(
    "--bad-pages",
    "badpages",
    type=params.PAGE_LIST,
    default=(),
    metavar="LIST",
    help="Pages of a block device not to use, such as 3,4 (needs --real).",
)
@click.option(
    "--recipe",
    metavar="NAME",
    shell_complete=completing.one_of(_recipes),
    help="Print a script for kernels without ghosts: loop or dm-error. It gives"
    " header-only swap, and is never run.",
)
@params.json_option()
@params.version_option()
@click.argument(
    "file",
    type=params.PathType(),
    callback=lambda ctx, param, file: _no_stream(ctx, param, file),
    shell_complete=completing.area,
)
@click.argument("size_bytes", metavar="[SIZE]", type=params.SIZE, required=False)
def main(
    *, file: str, recipe: str | None, quiet: bool, as_json: bool, **wishes: Any
) -> None:
    """Write a header-only swapfile that claims SIZE, or as much as RAM.

    A ghost is a swap area that is a header page and nothing else. Kernels with
    the ghost swapfile patches keep its pages in zswap; all others refuse it.
    SIZE takes suffixes: K, M, G, T are powers of 1024, KB, MB, GB of 1000.
    """
    _refuse_contradictions(wishes)
    if recipe is not None:
        _refuse_beside_recipe()
        _print_recipe(recipe, file, wishes["size_bytes"], wishes["page_size"])
        return
    # Imported here: construct takes longer to start than --help may.
    from swaptools.cli.interrupts import Interruptible
    from swaptools.create import CreateRequest, create
    from swaptools.errors import NotKnownOnDisk, SwapToolsError

    if not quiet:
        from swaptools.cli.progress import ProgressLine

        wishes["progress"] = ProgressLine(output.escape(file))
    # The names of the other options are those of a request's fields.
    is_ghost, has_flag = not wishes.pop("real"), not wishes.pop("no_flag")
    wishes["offset"] = wishes["offset"] or 0
    wishes |= {"is_ghost": is_ghost, "ghost_flag": has_flag}
    try:
        with Interruptible():
            result = create(CreateRequest(path=_path(file), **wishes))
    except NotKnownOnDisk as exc:
        output.fail(exc.reason, file, _EXIT_NOT_KNOWN_ON_DISK)
    except SwapToolsError as exc:
        output.fail(getattr(exc, "reason", None) or str(exc), file)
    _report(result, dry_run=wishes["dry_run"], quiet=quiet, as_json=as_json)


def _no_stream(_ctx: click.Context, _param: click.Parameter, file: str) -> str:
    # Elsewhere it is standard input or output, neither of which can be an area.
    if file == "-":
        raise click.BadParameter("- is no file; one of that name is ./-")
    return file


def _path(file: str) -> str:
    # UUID= and the like; a file of such a name is ./UUID=...
    if "=" not in file:
        return file
    from swaptools.observe.tags import resolve

    return resolve(file)


def _refuse_contradictions(wishes: dict[str, Any]) -> None:
    if wishes["uuid"] is not None and wishes["uuid_seed"] is not None:
        raise click.UsageError("--uuid and --uuid-seed exclude each other")
    params.place(wishes["offset"], wishes["partition"])
    for name, option in _NEED_REAL.items():
        if wishes[name] and not wishes["real"]:
            raise click.UsageError(f"{option} needs --real")


def _refuse_beside_recipe() -> None:
    # A script without what was asked for would be taken for one that has it.
    ctx = click.get_current_context()
    for param in ctx.command.params:
        name = param.name or ""
        source = ctx.get_parameter_source(name)
        is_given = source is click.core.ParameterSource.COMMANDLINE
        if is_given and name not in _OF_RECIPES:
            raise click.UsageError(f"--recipe and {param.opts[-1]} exclude each other")


def _print_recipe(name: str, file: str, size: int | None, page: int | None) -> None:
    from swaptools.errors import SelectionError
    from swaptools.observe.proc import memory_bytes, page_size_bytes
    from swaptools.recipe import make_recipe

    size_bytes = memory_bytes() if size is None else size
    if size_bytes is None:
        raise click.UsageError("cannot tell the size of RAM; give a SIZE")
    try:
        script = make_recipe(
            name,
            file,
            size_bytes,
            page or page_size_bytes(),
            ascii_only=not streams.is_utf8(),
        )
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc
    click.echo(script, nl=False)


def _byte_order(endianness: str | None) -> Literal["little", "big"] | None:
    match endianness:
        case "little" | "big":
            return endianness
        case "native":
            return "little" if sys.byteorder == "little" else "big"
    return None


def _report(result: CreateResult, *, dry_run: bool, quiet: bool, as_json: bool) -> None:
    is_done = result.changed and not dry_run
    output.settle("area written" if is_done else "nothing changed", result.path)
    if not quiet:
        for warning in result.warnings:
            output.error(warning, result.path, whole=True)
        for name in result.wiped:
            output.error(f"wiping old {name} signature", result.path)
    if as_json:
        output.print_json(result.to_dict())
    elif not quiet:
        _print_lines(result, dry_run=dry_run)


def _print_lines(result: CreateResult, *, dry_run: bool) -> None:
    # mkswap(8)'s two lines; a ghost is called one.
    header = result.header
    if not result.changed:
        click.echo(f"{output.escape(result.path)}: already as asked, nothing changed")
        return
    begin = "Would set up" if dry_run else "Setting up"
    what = "ghost swapspace" if result.is_ghost else "swapspace"
    size = format_size(header.usable_bytes)
    if header.nr_badpages:
        click.echo(f"{header.nr_badpages} bad page{'s'[: header.nr_badpages > 1]}")
    click.echo(f"{begin} {what} version 1, size = {size} ({header.usable_bytes} bytes)")
    label = f"LABEL={output.escape(header.label)}" if header.label else "no label"
    click.echo(f"{label}, UUID={header.uuid_text or _NIL_UUID}")
