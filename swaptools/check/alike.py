"""Many areas judged by the same kernels: of those that are alike, one is.

Most of thousands of areas are taken, and no rule has anything to say of them. They
differ in what no kernel asks for, nor any condition of a rule: their name, label and
UUID, and where on the device they lie.

Not here: how one is judged (report.py), what a rule's conditions are (conditions.py).
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from swaptools.area import SwapArea
from swaptools.backing import Backing
from swaptools.check.conditions import rooms_about
from swaptools.check.report import Report, judged, report_on
from swaptools.contents import Held
from swaptools.format.constants import MAX_LABEL_BYTES
from swaptools.format.header import SwapHeader

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from swaptools.caller import Caller
    from swaptools.check.registry import Rule
    from swaptools.kernel.attempt import Verdict

#: Kinds of areas that are remembered, each with its header page.
_MOST: Final = 64


class Judge:
    """Says of one area after the other what check_area() does.

    The arguments are those of check_area(), but that the page size is known.
    """

    def __init__(
        self,
        kernels: Sequence[str],
        page_size: int,
        ram_bytes: int | None,
        *,
        rules: tuple[Rule, ...] | None,
        caller: Caller | None,
    ) -> None:
        self._kernels = kernels
        self._page_size = page_size
        self._ram_bytes = ram_bytes
        self._rules = rules
        self._caller = caller
        #: None for those of which a rule may have something to say.
        self._known: dict[Hashable, tuple[Verdict, ...] | None] = {}

    def check(self, area: SwapArea) -> Report:
        """Say what swapon(2) answers, and why, and what else is odd."""
        kind = kind_of(area, self._page_size)
        known = self._known.get(kind)
        if known is not None:
            return Report(area, self._page_size, known, ())
        cases = judged(
            *(area, self._kernels, self._page_size, self._ram_bytes), self._caller
        )
        report = report_on(cases, self._rules)
        if kind not in self._known and len(self._known) < _MOST:
            is_usual = kind is not None and not any(map(rooms_about, cases))
            self._known[kind] = report.verdicts if is_usual else None
        return report


def kind_of(area: SwapArea, page_size: int) -> Hashable:
    """Return what areas have in common that are alike; None for one that is no other's.

    All that is known of an area is in it, but for what the module says.

    Args:
        area: The area.
        page_size: The machine's, in bytes.
    """
    header, backing, holds = area.header, area.backing, area.holds
    if header is None or backing is None or area.other_headers or area.table:
        return None
    extents: Any = backing.extents
    if extents is not None and len(extents) == 1:
        # Only whether it lies on page bounds matters. Of several, how they follow.
        ((begin, physical, length, flags),) = extents
        extents = begin, physical and physical % page_size, length, flags
    return (
        _rest_of_area(area),
        _rest_of_header(header),
        header.sws_volume[MAX_LABEL_BYTES:],
        holds and tuple(map(_rest_of_held, holds)),
        _rest_of_backing(backing),
        extents,
    )


def _all_but(fields: tuple[str, ...], *names: str) -> Callable[[Any], Any]:
    # A field that is new is among them.
    return itemgetter(*(at for at, field in enumerate(fields) if field not in names))


_rest_of_area = _all_but(SwapArea._fields, "path", "header", "holds", "backing")
_rest_of_header = _all_but(SwapHeader._fields, "sws_uuid", "sws_volume")
_rest_of_held = _all_but(Held._fields, "label", "uuid")
_rest_of_backing = _all_but(Backing._fields, "resolved_path", "free_bytes", "extents")
