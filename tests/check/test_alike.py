"""What is judged once for many areas is what each of them would be told."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from swaptools.backing import Extent, ExtentFlags
from swaptools.check import check_area, report
from swaptools.check.alike import Judge, kind_of
from swaptools.contents import Held
from tests.check.broken import broken_areas
from tests.check.examples import examples
from tests.check.samples import swap_area
from tests.parts import few_or_many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from swaptools.area import SwapArea
    from swaptools.caller import Caller

PAGE = 4096
RAM_BYTES = 3 << 30
#: The kernels of one run each: a judge is for one.
KERNELS = ((), ("6.18",), ("4.18", "ghost-rfc"), ("7.2",), ("ghost-rfc-dynamic",))


def usual(path: str = "/a", label: str = "a", number: int = 1) -> SwapArea:
    """An area that is taken, and nothing to be said of it, in one extent on XFS."""
    area = swap_area(filesystem="xfs")
    assert area.header is not None
    assert area.backing is not None
    extent = Extent(0, number << 20, area.area_bytes or 0, ExtentFlags.LAST)
    uuid = UUID(int=number)
    return area._replace(
        path=path,
        header=area.header.replace(label=label, uuid=uuid),
        holds=(Held("swap", "other", label, str(uuid), PAGE - 10, b"SWAPSPACE2"),),
        backing=area.backing._replace(
            resolved_path=f"/mnt{path}", free_bytes=number << 30, extents=(extent,)
        ),
    )


def assert_same(areas: Iterable[SwapArea], caller: Caller | None = None) -> None:
    known = list(areas)
    for kernels in KERNELS:
        for page_size in (PAGE, 65536):
            given = kernels, page_size, RAM_BYTES
            judge = Judge(*given, rules=None, caller=caller)
            for area in known:
                asked = check_area(area, *given, caller=caller)
                assert judge.check(area) == asked, (kernels, page_size, area)


def test_alike_areas_are_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    nr_judged = 0

    def judged(*given: object) -> object:
        nonlocal nr_judged
        nr_judged += 1
        return real(*given)  # type: ignore[arg-type]

    real = report.judged
    monkeypatch.setattr("swaptools.check.alike.judged", judged)
    judge = Judge(("6.18",), PAGE, RAM_BYTES, rules=None, caller=None)
    areas = [usual(f"/{number}", f"l{number}", number) for number in range(1, 9)]
    told = [judge.check(area) for area in areas]
    assert nr_judged == 1
    assert [one.area for one in told] == areas
    assert all(one.accepted and not one.findings for one in told)


def test_what_may_be_spoken_of_is_judged_each_time() -> None:
    open_to_all = [usual(f"/{number}")._replace(mode=0o666) for number in range(3)]
    assert_same([usual(), *open_to_all, usual("/b")])
    judge = Judge(("6.18",), PAGE, RAM_BYTES, rules=None, caller=None)
    hints = [judge.check(area).findings[0].hint_command for area in open_to_all]
    assert len(set(hints)) == 3


@pytest.mark.parametrize("at", [512, 1024, 4095])
def test_pages_off_their_bounds_are_another_kind(at: int) -> None:
    one = usual()
    assert one.backing is not None
    assert one.backing.extents is not None
    shifted = one.backing.extents[0]._replace(physical_bytes=(1 << 20) + at)
    other = one._replace(backing=one.backing._replace(extents=(shifted,)))
    assert kind_of(one, PAGE) != kind_of(other, PAGE)
    assert_same([one, other, one])


def test_a_label_that_fills_its_place_is_another_kind() -> None:
    full = usual(label="sixteen letters!")
    assert kind_of(usual(), PAGE) != kind_of(full, PAGE)
    assert_same([usual(), full, usual("/c")])


@pytest.mark.slow
def test_examples_of_all_rules_are_told_the_same() -> None:
    by_caller: dict[Caller | None, list[SwapArea]] = {}
    for example in examples():
        area, caller = example.case()
        by_caller.setdefault(caller, []).append(area)
    for caller, areas in by_caller.items():
        again = [area._replace(path=f"/{at}") for at, area in enumerate(areas)]
        assert_same([usual(), swap_area(), *areas, *again], caller)


@pytest.mark.slow
@pytest.mark.parametrize("nr_headers", few_or_many(60, 600))
def test_broken_headers_are_told_the_same(nr_headers: int) -> None:
    areas = []
    for number, area in enumerate(broken_areas(23, nr_headers), 1):
        backing = usual(number=number).backing
        areas += [area._replace(backing=backing, mode=0o600, owner_uid=0), usual()]
    assert_same(areas)
