"""What Tab offers for words that this package or this machine knows.

Names with what they stand for, lists of them, areas, processes, cgroups.

Not here: how shells ask and are answered (shells.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import click
    from click.shell_completion import CompletionItem

    #: As click's ``shell_complete`` has it.
    Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
    #: Names, and of each what it is, where that is known.
    Names = Mapping[str, str] | Iterable[str]

#: In the place of names, of which an option takes any number: all that there are.
ALL: Final = "all"
#: What directories that say what is installed end with, and ours begins with.
_ABOUT: Final = (".dist-info", ".egg-info")
_OURS: Final = "swaptools-"


def listed(names: Names, begun: str, *, plus: bool = False) -> list[CompletionItem]:
    """Return what a list with commas could go on with, each name once.

    Args:
        names: All that are known.
        begun: What is written of the list.
        plus: A ``+`` may stand before it.

    >>> [item.value for item in listed(["S201", "S202", "H101"], "S201,S")]
    ['S201,S202']
    """
    sign = "+" if plus and begun.startswith("+") else ""
    before, comma, last = begun.removeprefix(sign).rpartition(",")
    taken = before.split(",")
    items = beginning(names, last)
    for item in items:
        item.value = f"{sign}{before}{comma}{item.value}"
    return [item for item in items if item.value.rpartition(",")[2] not in taken]


def beginning(names: Names, begun: str) -> list[CompletionItem]:
    """Return the names that begin so."""
    from click.shell_completion import CompletionItem  # only for Tab

    helps = names if isinstance(names, Mapping) else {}
    return [
        CompletionItem(name, help=helps.get(name))
        for name in names
        if name.startswith(begun)
    ]


def one_of(names: Callable[[], Names]) -> Completer:
    """Offer names that are looked up when Tab is pressed."""
    return lambda _ctx, _param, begun: beginning(names(), begun)


def all_or(names: Callable[[], dict[str, str]]) -> Completer:
    """Offer such names, and behind them the word for all of them."""
    return one_of(lambda: {**names(), ALL: "all of them"})


def directory(
    _ctx: click.Context, _param: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Offer directories."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="dir")]


def script(
    _ctx: click.Context, _param: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Offer the scripts that come with the package, and files."""
    from click.shell_completion import CompletionItem

    from swaptools.script_files import package_scripts

    return [CompletionItem(begun, type="file"), *beginning(package_scripts(), begun)]


def trace(
    _ctx: click.Context, _param: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Offer the traces that come with the package, and files."""
    from click.shell_completion import CompletionItem

    from swaptools.traces.shipped import shipped_names

    return [CompletionItem(begun, type="file"), *beginning(shipped_names(), begun)]


def area(
    _ctx: click.Context, _param: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Offer files, and devices by UUID= and the like."""
    from click.shell_completion import CompletionItem

    from swaptools.observe.tags import TAGS, linked_tags

    tags = beginning([f"{tag}=" for tag in TAGS], begun) if begun else []
    if any(begun.startswith(f"{tag}=") for tag in TAGS):
        tags = beginning(linked_tags(), begun)
    return [CompletionItem(begun, type="file"), *tags]


def command_line(
    ctx: click.Context, param: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Offer programs for the first word of a command, and files."""
    from click.shell_completion import CompletionItem

    is_first = not ctx.params.get(param.name or "")
    names = _programs(begun) if is_first and begun and "/" not in begun else []
    return [CompletionItem(begun, type="file"), *beginning(names, begun)]


def _programs(begun: str) -> list[str]:
    from pathlib import Path  # only for Tab

    found: set[str] = set()
    for folder in map(Path, os.get_exec_path()):
        try:
            places = [one for one in folder.iterdir() if one.name.startswith(begun)]
        except OSError:
            continue
        found |= {one.name for one in places if os.access(one, os.X_OK)}
    return sorted(found)


def processes(
    _ctx: click.Context, _param: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Offer the processes that run, by number, with their names."""
    from swaptools.observe.processes import list_pids, read_process

    try:
        pids = [pid for pid in list_pids() if str(pid).startswith(begun)]
        found = [one for pid in pids if (one := read_process(pid))]
    except OSError:
        return []
    return beginning({str(one.pid): one.name for one in found}, begun)


def cgroups(
    _ctx: click.Context, _param: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Offer memory cgroups, one level of them at a time."""
    from swaptools.observe.cgroups import find_hierarchy, read_cgroups

    hierarchy = find_hierarchy()
    paths = [one.path for one in read_cgroups(hierarchy)] if hierarchy else []
    level = max(begun.count("/"), 1)
    return beginning([path for path in paths if path.count("/") == level], begun)


def known_designs() -> dict[str, str]:
    """Return the designs that are installed, and what each is."""
    from swaptools.cli.offered import DESIGNS
    from swaptools.plugins import DESIGNS_GROUP

    if not _are_there_others(DESIGNS_GROUP):
        return DESIGNS
    from swaptools.emulator.machine.design import design_names, find_design

    return _described(design_names(), lambda name: find_design(name).title)


def known_policies() -> dict[str, str]:
    """Return the policies that are installed, and what each is."""
    from swaptools.cli.offered import POLICIES
    from swaptools.plugins import POLICIES_GROUP

    if not _are_there_others(POLICIES_GROUP):
        return POLICIES
    from swaptools.emulator.pressure.policy import find_policy, policy_names

    return _described(policy_names(), lambda name: find_policy(name).summary)


def _described(
    names: Iterable[str], description_of: Callable[[str], str]
) -> dict[str, str]:
    from swaptools.errors import SelectionError

    found = {}
    for name in names:
        try:
            found[name] = description_of(name)
        except SelectionError:  # of somebody else, and broken
            continue
    return found


def _are_there_others(group: str) -> bool:
    # Whether another package brings one. importlib.metadata would say it as well, and
    # takes half as long as click to start.
    heading = f"[{group}]".encode()
    return any(heading in text for text in _entry_points_of_others())


def _entry_points_of_others() -> Iterator[bytes]:
    # As they lie beside what is installed.
    for folder in sys.path:
        try:
            names = os.listdir(folder or os.curdir)  # noqa: PTH208 (slow to start)
        except OSError:  # an archive, or not there
            continue
        for name in names:
            if name.startswith(_OURS) or not name.endswith(_ABOUT):
                continue
            try:
                with open(f"{folder}/{name}/entry_points.txt", "rb") as file:
                    yield file.read()
            except OSError:
                continue


def overhead_rows() -> dict[str, str]:
    """Return the designs whose metadata is known, and what each is."""
    from swaptools.cli.offered import OVERHEAD_ROWS

    return OVERHEAD_ROWS


def trace_formats() -> Iterable[str]:
    """Return the names of all formats of traces."""
    from swaptools.cli.offered import TRACE_FORMATS

    return TRACE_FORMATS.keys()


def codes(
    _ctx: click.Context, _param: click.Parameter, begun: str
) -> list[CompletionItem]:
    """Offer codes of rules, in capitals as they are printed."""
    from swaptools.cli.offered import RULES

    return listed(RULES, begun.upper())
