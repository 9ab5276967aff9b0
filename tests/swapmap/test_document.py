from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from swaptools.errors import MapError
from swaptools.swapmap import AreaMap, ExtentOfSlots, Hint, Learned, MapHolder, SwapMap
from swaptools.swapmap.document import parse
from swaptools.swapmap.held import HeldRun, HeldSlots
from tests.cases import every_case


def sample() -> SwapMap:
    held = HeldSlots()
    held.add(range(5, 9), 11)
    held.add(range(7, 9), 12)
    area = AreaMap(
        name="/swap file",
        type="file",
        priority=-2,
        type_number=3,
        nr_slots=2000,
        used_slots=6,
        held=held,
        badpages=(100,),
        extents=(ExtentOfSlots(0, 2000, 1 << 40),),
        rotational=False,
        learned=Learned((0,), (3,), (2, 1), (9, 20)),
    )
    return SwapMap(
        kernel="6.18.44",
        page_size=4096,
        areas=(area,),
        holders=(MapHolder(11, "a\x1b", {3: 4}), MapHolder(12, "b", {3: 2})),
        hint=Hint(3, 10, 1),
        unseen=("a process",),
    )


def document(found: SwapMap) -> Any:
    """What swapinfo prints, read again."""
    return json.loads(json.dumps(found.to_dict()))


def test_what_is_printed_is_read_back() -> None:
    found = sample()
    again = parse(document(found))
    assert again == found
    assert list(again.areas[0].held.runs()) == [
        HeldRun(5, 2, 1, 11),
        HeldRun(7, 2, 2, 11),
    ]
    assert document(again) == document(found)


def test_what_was_not_learned_is_none() -> None:
    value = document(sample())
    value["hint"] = value["areas"][0]["learned"] = None
    found = parse(value)
    assert (found.hint, found.areas[0].learned) == (None, None)


@pytest.mark.parametrize("value", [None, 5, [], "x", {}, {"areas": 5}])
def test_what_is_no_map_is_refused(value: object) -> None:
    with pytest.raises(MapError):
        parse(value)


def broken(*path: Any, value: object) -> Any:
    """The sample with one value of it replaced."""
    whole = document(sample())
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = copy.deepcopy(value)
    return whole


@every_case(
    ("path", "value", "reason"),
    [
        (("page_size",), 5000, "no page size"),
        (("page_size",), True, "page_size"),
        (("kernel",), None, "kernel"),
        (("areas", 0), 7, "not an object"),
        (("areas", 0, "nr_slots"), 1, "nr_slots"),
        (("areas", 0, "nr_slots"), 1 << 33, "nr_slots"),
        (("areas", 0, "nr_slots"), 2000.0, "nr_slots"),
        (("areas", 0, "badpages"), [0], "badpages"),
        (("areas", 0, "type_number"), 40, "type_number"),
        (("areas", 0, "rotational"), 1, "rotational"),
        (("areas", 0, "clusters", "slots_per_cluster"), 500, "500 slots"),
        (("areas", 0, "held"), [[5, 2, 1]], "four numbers"),
        (("areas", 0, "held"), [[5, 2, 1, "x"]], "four numbers"),
        (("areas", 0, "held"), [[0, 2, 1, 1]], "out of place"),
        (("areas", 0, "held"), [[9, 2, 1, 1], [8, 1, 1, 1]], "out of place"),
        (("areas", 0, "held"), [[1999, 2, 1, 1]], "out of place"),
        (("areas", 0, "held"), [[5, 0, 1, 1]], "out of place"),
        (("areas", 0, "held"), [[5, 1, 0, 1]], "holders"),
        (("areas", 0, "held"), [[99, 2, 1, 1]], "bad page"),
        (("areas", 0, "extents"), [[1, 2]], "three numbers"),
        (("areas", 0, "learned", "nonfull"), [4], "nonfull"),
        (("areas", 0, "learned", "nonfull"), [3], "twice"),
        (("areas", 0, "learned", "hidden"), [2000], "hidden"),
        (("hint", "type_number"), 1, "no area"),
        (("hint", "offset"), 2000, "offset"),
        (("processes", 0, "entries"), [[1]], "pairs"),
        (("processes", 0, "pid"), -1, "pid"),
        (("unseen",), None, "unseen"),
    ],
)
def test_what_no_map_has_is_said(
    path: tuple[Any, ...], value: object, reason: str
) -> None:
    with pytest.raises(MapError, match=reason):
        parse(broken(*path, value=value))


def test_two_areas_of_one_number_are_refused() -> None:
    value = document(sample())
    value["areas"] *= 2
    with pytest.raises(MapError, match="same type_number"):
        parse(value)
