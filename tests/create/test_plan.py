from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

import pytest

from swaptools.create.plan import SEED_NAMESPACE, plan_area, seeded_uuid
from swaptools.errors import CreateRefused
from tests.builders import PAGE_SIZES, SAMPLE_UUID, header_page
from tests.cases import every_case


@pytest.mark.parametrize("page_size", PAGE_SIZES)
def test_a_ghost_takes_one_page_and_claims_the_rest(page_size: int) -> None:
    plan = plan_area(size_bytes=64 << 30, page_size=page_size, is_ghost=True)
    assert plan.area_bytes == page_size
    assert plan.page == header_page(
        page_size=page_size,
        last_page=(64 << 30) // page_size - 1,
        uuid=None,
        label=b"",
        ghost_flag=True,
    )


def test_a_real_area_takes_what_it_claims_and_never_carries_the_flag() -> None:
    plan = plan_area(
        size_bytes=1 << 20,
        page_size=4096,
        is_ghost=False,
        byte_order="big",
        label="x",
        uuid=SAMPLE_UUID,
        badpages=(3, 2),
        ghost_flag=True,
        offset=512,
    )
    assert (plan.area_bytes, plan.offset) == (1 << 20, 512)
    assert plan.page == header_page(
        byte_order="big", last_page=255, label=b"x", badpages=(3, 2)
    )


@pytest.mark.parametrize(
    ("size_bytes", "last_page"),
    [(8192, 1), (12287, 1), (12288, 2), (1 << 44, 0xFFFFFFFF)],
)
def test_the_size_is_rounded_down_to_pages(size_bytes: int, last_page: int) -> None:
    plan = plan_area(size_bytes=size_bytes, page_size=4096, is_ghost=True)
    assert plan.header.last_page == last_page


GOOD: dict[str, Any] = {"size_bytes": 1 << 20, "page_size": 4096, "is_ghost": False}


@every_case(
    ("change", "sentence"),
    [
        ({"page_size": 4095}, "page size 4095 is not a power of two"),
        ({"page_size": 1024}, "from 2048 to 262144"),
        ({"page_size": 524288}, "from 2048 to 262144"),
        ({"page_size": 0}, "page size 0"),
        ({"page_size": -4096}, "page size -4096"),
        ({"size_bytes": 8191}, "8191 bytes are less than 2 pages of 4096"),
        ({"size_bytes": 0}, "less than 2 pages"),
        ({"size_bytes": (1 << 44) + 4096}, "4294967297 pages of 4096 are more"),
        ({"label": "sixteen letters."}, "label of 16 bytes does not fit"),
        ({"label": "ü" * 8}, "label of 16 bytes does not fit"),
        ({"label": "a\0b"}, "NUL"),
        ({"badpages": (0,)}, "bad page 0 is not between 1 and 255"),
        ({"badpages": (256,)}, "bad page 256 is not between 1 and 255"),
        ({"badpages": (3, 4, 3)}, "listed twice"),
        ({"badpages": tuple(range(1, 256))}, "every page is bad"),
        (
            {"size_bytes": 1 << 22, "badpages": tuple(range(1, 639))},
            "638 bad pages, the header has room for 637",
        ),
    ],
)
@every_case("is_ghost", [False, True])
def test_what_cannot_be_is_refused_in_a_sentence(
    change: dict[str, Any], sentence: str, is_ghost: bool
) -> None:
    with pytest.raises(CreateRefused, match=sentence):
        plan_area(**(GOOD | change | {"is_ghost": is_ghost}))


def test_a_label_of_fifteen_bytes_fits() -> None:
    plan = plan_area(**(GOOD | {"label": "fifteen letters"}))
    assert plan.header.sws_volume == b"fifteen letters\0"


def test_a_seed_stands_for_the_same_uuid_for_ever() -> None:
    """These are golden: images made with a seed must not change."""
    assert seeded_uuid("build-42", "swap") == UUID(
        "1f1edc3e-c44a-5394-9fcd-4aa23767c930"
    )
    assert seeded_uuid("build-42", "") == UUID("c2511f64-3cc8-5106-b520-67e178f8122d")
    assert seeded_uuid("build-42", "swap").version == 5


def test_a_seed_and_a_label_need_not_be_utf8() -> None:
    """Words of a command line are bytes; as UTF-8 they give what they always gave."""
    seeded = [
        seeded_uuid("\udcff", "x"),
        seeded_uuid("x", "\udce9"),
        seeded_uuid("é", ""),
    ]
    assert [each.version for each in seeded] == [5, 5, 5]
    assert len(set(seeded)) == 3
    assert seeded[2] == uuid5(SEED_NAMESPACE, "é\0")


def test_seed_and_label_cannot_be_shifted_into_one_another() -> None:
    made = {seeded_uuid("a", "bc"), seeded_uuid("ab", "c"), seeded_uuid("abc", "")}
    assert len(made) == 3
