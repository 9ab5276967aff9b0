"""Family U: what could not be looked at, so that nothing is guessed in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.check.registry import rule
from swaptools.kernel.activation import KNOWN_FILESYSTEMS
from swaptools.kernel.opening import WITHOUT_READ_FOLIO
from swaptools.rulebook import Remedy, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.check.case import Case

_KNOWN: Final = KNOWN_FILESYSTEMS | WITHOUT_READ_FOLIO


#: How the area's sentence about libblkid begins.
_CONTENTS: Final = "what else lies there: "


def _ask_again(case: Case) -> Remedy:
    if all(sentence.startswith(_CONTENTS) for sentence in case.area.unseen):
        return Remedy("the verdict does not depend on it, what is advised does")
    # Root need not be told to be root.
    is_root = case.caller is not None and case.caller.has_sys_admin
    ask = "" if is_root else "ask again as root; "
    if any("/proc is not mounted" in sentence for sentence in case.area.unseen):
        ask = "ask again with /proc mounted; "
    return Remedy(f"{ask}the verdict takes it to be in order")


@rule(
    "U901",
    "something could not be looked at",
    Severity.NOTE,
    hint=_ask_again,
    needs_header=False,
)
def not_seen(case: Case) -> Iterator[str]:
    """The verdict may be too kind where a question had no answer.

    *Trips on:* ``swap_area(unseen=("extents: Permission denied",))``
    *Quiet on:* ``swap_area()``
    """
    yield from case.area.unseen


@rule(
    "U902",
    "file system not known here",
    Severity.NOTE,
    hint="swapon(2) will say",
)
def unknown_filesystem(case: Case) -> Iterator[str]:
    """Whether and how it takes swapfiles is not modelled; it is taken to.

    *Trips on:* ``swap_area(filesystem="newfs")``
    *Quiet on:* ``swap_area(filesystem="xfs")``
    """
    filesystem = case.backing.filesystem
    if filesystem is None or not case.is_judged_by_filesystem:
        return
    if filesystem not in _KNOWN:
        yield f"{filesystem}: its answer is not modelled"
