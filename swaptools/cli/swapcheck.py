"""swapcheck: would swapon(2) take this area, and if not, why and what to do.

Not here: the checks one after the other, and how a report looks (verdicts.py).
"""

from __future__ import annotations

import click

from swaptools.cli import completing, output, params


def _codes(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(code for value in values for code in value.split(",") if code)


def _kernel_names() -> list[str]:
    from swaptools.kernel.profiles import PROFILES

    return ["running", "list", *PROFILES]


def _codes_begun(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    from swaptools.check import all_rules

    return completing.listed([rule.code for rule in all_rules()], begun)


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
@params.files0_option()
@params.json_option()
@params.version_option()
@click.argument("files", metavar="FILE...", nargs=-1, type=click.Path(readable=False))
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
    list_rules: bool,
    as_json: bool,
) -> None:
    """Say whether swapon(2) would take each FILE, and why not.

    FILE is a swapfile, device or image, UUID= and the like as in fstab(5), or - for
    standard input. Without --kernel the running one is asked, and for a header-only
    area a kernel with the ghost swapfile patches, too. Nothing is swapped on, nothing
    is written.
    """
    place = params.place(offset, partition)
    # Imported here: construct takes longer to start than --help may, and the child
    # that asks libblkid starts meanwhile.
    from swaptools.observe.blkid import PROBER

    if files or files0 is not None:
        PROBER.start()
    from swaptools.check import select_rules
    from swaptools.cli import verdicts
    from swaptools.errors import SelectionError
    from swaptools.kernel.releases import find_kernel

    if "list" in kernels:
        from swaptools.cli.kernels import print_kernels

        print_kernels(as_json)
        return
    try:
        rules = select_rules(select, ignore)
        for name in set(kernels) - {"running"}:
            find_kernel(name)
    except SelectionError as exc:
        raise click.UsageError(str(exc)) from exc
    if list_rules:
        verdicts.print_rules(rules)
        return
    if not files and files0 is None:
        raise click.UsageError("no FILE to check")
    checking = verdicts.Checking(
        params.all_files(files, files0),
        place,
        kernels=kernels,
        page_size=pagesize,
        ram_bytes=ram_bytes,
        rules=rules,
    )
    show = verdicts.print_json if as_json else verdicts.print_reports
    show(checking.reports())
    output.finish(checking.code)
