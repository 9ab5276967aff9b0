"""swapcheck: would swapon(2) take this area; without one, is all as it was asked for.

Not here: the checks one after the other, and how a report looks (verdicts.py), the
machine's configuration (doctor.py), the rules themselves (rules.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from swaptools.cli import colours, completing, output, params
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from swaptools.rulebook import RuleBase

_Rule = TypeVar("_Rule", bound="RuleBase")


class _Asked(NamedTuple):
    # What the command line has, one field an option or argument.
    files: tuple[str, ...]
    files0: str | None
    kernels: tuple[str, ...]
    pagesize: int | None
    ram_bytes: int | None
    offset: int | None
    partition: int | None
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    root: str | None
    #: Codes, or nothing for all; None when no list is wanted.
    listed: str | None
    explain: str | None
    as_json: bool

    @property
    def is_about_rules(self) -> bool:
        return self.listed is not None or self.explain is not None

    @property
    def picks_rules(self) -> bool:
        return bool(self.select or self.ignore or self.is_about_rules)

    @property
    def is_about_files(self) -> bool:
        # With a root, files are the disks of that system.
        return self.root is None and (bool(self.files) or self.files0 is not None)


def _codes(*values: str) -> tuple[str, ...]:
    # Of lists with commas.
    return tuple(code for value in values for code in value.split(",") if code)


def _named_codes(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    # A list that names none is a variable that was not set: all is not what is meant.
    for value in values:
        if not _codes(value):
            raise click.BadParameter(f"{value!r} names no rule; --list shows them all")
    return _codes(*values)


def _kernel_names() -> dict[str, str]:
    from swaptools.kernel.profiles import PROFILES

    words = {"running": "the one of this machine", "list": "Print them all"}
    return words | {
        name: profile.title + ("" if profile.confirmed_by else ", not tried")
        for name, profile in PROFILES.items()
    }


@click.command("swapcheck", cls=params.Command, context_settings=params.CONTEXT)
@click.option(
    "--kernel",
    "kernels",
    multiple=True,
    metavar="KERNEL",
    shell_complete=completing.one_of(_kernel_names),
    help="Kernel to ask: running, any release from 4.18 on, such as 6.1 or"
    " 6.8.0-151-generic, ghost-rfc, ghost-rfc-6.12 or ghost-rfc-dynamic; may be"
    " given again. list prints them, with what differs.",
)
@click.option(
    "-p",
    "--pagesize",
    type=params.PAGE_SIZE,
    metavar="BYTES",
    help="Page size of that kernel (default: this one's).",
)
@click.option(
    "--ram",
    "ram_bytes",
    type=params.SIZE,
    metavar="BYTES",
    help="Memory of that machine (default: this one's).",
)
@params.place_options()
@click.option(
    "--root",
    type=params.PathType(),
    shell_complete=completing.directory,
    metavar="DIR",
    help="Look at the configuration below DIR, an unpacked system; each FILE is a"
    " disk or image that it will have.",
)
@click.option(
    "--select",
    multiple=True,
    callback=_named_codes,
    shell_complete=completing.codes,
    metavar="CODES",
    help="Run only rules whose code begins so, such as S,G501.",
)
@click.option(
    "--ignore",
    multiple=True,
    callback=_named_codes,
    shell_complete=completing.codes,
    metavar="CODES",
    help="Leave out rules whose code begins so.",
)
@click.option(
    "--list",
    "listed",
    is_flag=False,
    flag_value="",
    shell_complete=completing.codes,
    metavar="[CODES]",
    help="Print every rule, or those whose code begins so, and exit.",
)
@click.option(
    "--explain",
    callback=lambda ctx, param, value: (
        value if value is None else ",".join(_named_codes(ctx, param, (value,)))
    ),
    shell_complete=completing.codes,
    metavar="CODES",
    help="Print what a rule is for, and exit.",
)
@params.files0_option()
@params.json_option()
@colours.option()
@params.version_option()
@click.argument(
    "files",
    metavar="[FILE...]",
    nargs=-1,
    type=params.PathType(),
    shell_complete=completing.area,
)
def main(**given: Any) -> None:
    """Say whether swapon(2) would take each FILE, and why not.

    FILE is a swapfile, device or image, UUID= and the like as in fstab(5), or - for
    standard input. Without --kernel the running one is asked, and for a header-only
    area a kernel with the ghost swapfile patches, too.

    Without FILE, say what in this machine's configuration does not match what it
    has: fstab, crypttab, units, the kernel command line, resume, zswap, zram.

    Nothing is swapped on, nothing is written.
    """
    asked = _Asked(**given)
    if asked.listed is not None and asked.explain is not None:
        raise click.UsageError("--list and --explain exclude each other")
    rules = _chosen_rules(asked)
    if "list" in asked.kernels:
        from swaptools.cli.kernels import print_kernels

        print_kernels(asked.as_json)
    elif rules is not None and asked.is_about_rules:
        from swaptools.cli.rules import print_at_length, print_list

        show = print_list if asked.explain is None else print_at_length
        show(rules, as_json=asked.as_json)
    elif asked.is_about_files:
        output.finish(_check_files(asked, rules))
    else:
        output.finish(_check_system(asked, rules))


def _chosen_rules(asked: _Asked) -> tuple[RuleBase, ...] | None:
    # Those that are picked, of both kinds, and None for all; says which word of the
    # command line is none, a kernel's as well.
    from swaptools.errors import SelectionError
    from swaptools.kernel.releases import find_kernel

    try:
        for name in set(asked.kernels) - {"running", "list"}:
            find_kernel(name)
        return _picked_rules(asked) if asked.picks_rules else None
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc


def _picked_rules(asked: _Asked) -> tuple[RuleBase, ...]:
    # Imported here: rules take longer to start than --help may.
    from swaptools import check, doctor, rulebook

    known: tuple[RuleBase, ...] = (*check.all_rules(), *doctor.all_rules())
    rules = rulebook.pick(known, asked.select, asked.ignore)
    for codes in (asked.listed, asked.explain):
        rules = rulebook.pick(rules, _codes(codes)) if codes else rules
    return rules


def _check_files(asked: _Asked, rules: tuple[RuleBase, ...] | None) -> int:
    from swaptools.check.registry import Rule
    from swaptools.cli import verdicts

    checking = verdicts.Checking(
        params.all_files(asked.files, asked.files0),
        params.place(asked.offset, asked.partition),
        kernels=asked.kernels,
        page_size=asked.pagesize,
        ram_bytes=asked.ram_bytes,
        rules=_of_kind(Rule, rules),
    )
    if asked.as_json:
        checking.print_json()
    else:
        checking.print_reports()
    return checking.code


def _of_kind(
    kind: type[_Rule], rules: tuple[RuleBase, ...] | None
) -> tuple[_Rule, ...] | None:
    if rules is None:
        return None
    return tuple(rule for rule in rules if isinstance(rule, kind))


def _check_system(asked: _Asked, rules: tuple[RuleBase, ...] | None) -> int:
    if params.place(asked.offset, asked.partition) != (None, None):
        raise click.UsageError("--offset and --partition are for a FILE")
    if len(asked.kernels) > 1:
        raise click.UsageError("a system has one kernel")
    from swaptools import doctor
    from swaptools.cli.doctor import check_system

    return check_system(
        asked.root,
        tuple(params.all_files(asked.files, asked.files0)),
        kernel=next((name for name in asked.kernels if name != "running"), None),
        page_size=asked.pagesize,
        ram_bytes=asked.ram_bytes,
        rules=_of_kind(doctor.Rule, rules),
        as_json=asked.as_json,
    )
