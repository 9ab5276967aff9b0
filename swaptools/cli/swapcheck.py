"""swapcheck: would swapon(2) take this area; without one, is all as it was asked for.

Not here: the checks one after the other, and how a report looks (verdicts.py), the
machine's configuration (doctor.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import click

from swaptools.cli import completing, output, params

if TYPE_CHECKING:
    from swaptools.rulebook import RuleBase


def _codes(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(code for value in values for code in value.split(",") if code)


def _kernel_names() -> list[str]:
    from swaptools.kernel.profiles import PROFILES

    return ["running", "list", *PROFILES]


def _codes_begun(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    from swaptools import check, doctor

    rules = (*check.all_rules(), *doctor.all_rules())
    return completing.listed([rule.code for rule in rules], begun)


@click.command("swapcheck", context_settings=params.CONTEXT)
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
    type=click.Path(readable=False),
    metavar="DIR",
    help="Look at the configuration below DIR, an unpacked system; each FILE is a"
    " disk or image that it will have.",
)
@click.option(
    "--select",
    multiple=True,
    callback=_codes,
    shell_complete=_codes_begun,
    metavar="CODES",
    help="Run only rules whose code begins so, such as S,G501.",
)
@click.option(
    "--ignore",
    multiple=True,
    callback=_codes,
    shell_complete=_codes_begun,
    metavar="CODES",
    help="Leave out rules whose code begins so.",
)
@click.option("--list", "list_rules", is_flag=True, help="Print every rule and exit.")
@click.option(
    "--explain",
    shell_complete=_codes_begun,
    metavar="CODE",
    help="Print what a rule is for, and exit.",
)
@params.files0_option()
@params.json_option()
@params.version_option()
@click.argument("files", metavar="[FILE...]", nargs=-1, type=click.Path(readable=False))
def main(
    *,
    files: tuple[str, ...],
    files0: str | None,
    kernels: tuple[str, ...],
    pagesize: int | None,
    ram_bytes: int | None,
    offset: int | None,
    partition: int | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    root: str | None,
    list_rules: bool,
    explain: str | None,
    as_json: bool,
) -> None:
    """Say whether swapon(2) would take each FILE, and why not.

    FILE is a swapfile, device or image, UUID= and the like as in fstab(5), or - for
    standard input. Without --kernel the running one is asked, and for a header-only
    area a kernel with the ghost swapfile patches, too.

    Without FILE, say what in this machine's configuration does not match what it
    has: fstab, crypttab, units, the kernel command line, resume, zswap, zram.

    Nothing is swapped on, nothing is written.
    """
    place = params.place(offset, partition)
    # Imported here: construct takes longer to start than --help may, and the child
    # that asks libblkid starts meanwhile.
    from swaptools.observe.blkid import PROBER

    has_files = bool(files) or files0 is not None
    if has_files:
        PROBER.start()
    from swaptools import check, doctor, rulebook
    from swaptools.cli import verdicts
    from swaptools.errors import SelectionError
    from swaptools.kernel.releases import find_kernel

    if "list" in kernels:
        from swaptools.cli.kernels import print_kernels

        print_kernels(as_json)
        return
    known: tuple[rulebook.RuleBase, ...] = (*check.all_rules(), *doctor.all_rules())
    try:
        rules = rulebook.select(known, select, ignore)
        for name in set(kernels) - {"running"}:
            find_kernel(name)
        explained = rulebook.select(known, [explain]) if explain is not None else ()
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc
    if list_rules:
        verdicts.print_rules(rules)
        return
    if explain is not None:
        verdicts.print_rules_at_length(explained)
        return
    if root is not None or not has_files:
        _check_system(
            root, files, files0, place, kernels, pagesize, ram_bytes, rules, as_json
        )
    checking = verdicts.Checking(
        params.all_files(files, files0),
        place,
        kernels=kernels,
        page_size=pagesize,
        ram_bytes=ram_bytes,
        rules=tuple(rule for rule in rules if isinstance(rule, check.Rule)),
    )
    show = verdicts.print_json if as_json else verdicts.print_reports
    show(checking.reports())
    output.finish(checking.code)


def _check_system(
    root: str | None,
    files: tuple[str, ...],
    files0: str | None,
    place: params.Place,
    kernels: tuple[str, ...],
    page_size: int | None,
    ram_bytes: int | None,
    rules: tuple[RuleBase, ...],
    as_json: bool,
) -> NoReturn:
    if place != (None, None):
        raise click.UsageError("--offset and --partition are for a FILE")
    if len(kernels) > 1:
        raise click.UsageError("a system has one kernel")
    from swaptools import doctor
    from swaptools.cli.doctor import check_system

    code = check_system(
        root,
        tuple(params.all_files(files, files0)),
        kernel=next((name for name in kernels if name != "running"), None),
        page_size=page_size,
        ram_bytes=ram_bytes,
        rules=tuple(rule for rule in rules if isinstance(rule, doctor.Rule)),
        as_json=as_json,
    )
    output.finish(code)
