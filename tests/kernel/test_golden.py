"""The 6.18 profile says what a running 6.18 said, without asking one again."""

from __future__ import annotations

from swaptools.area import AreaKind, SwapArea
from swaptools.format.header import SwapHeader
from swaptools.format.signature import find_signatures
from swaptools.kernel.profiles import K6_18
from swaptools.kernel.swapon import judge
from tests.cases import every_case
from tests.kernel.golden import Case, golden_cases

CASES = golden_cases()


def area_of(case: Case) -> SwapArea:
    """Put an area around the recorded page."""
    found = find_signatures(case.page)
    headers = [SwapHeader.parse(case.page[: s.page_size]) for s in found if s.page_size]
    return SwapArea(
        path="/swap",
        kind=AreaKind(case.kind),
        header=headers[0] if headers else None,
        other_headers=tuple(headers[1:]),
        signatures=found,
        area_bytes=case.area_bytes,
        active=False,
    )


@every_case("case", CASES, ids=range(len(CASES)))
def test_profile_says_what_the_kernel_said(case: Case) -> None:
    """Error, line, and usable pages of what was taken."""
    verdict = judge(area_of(case), K6_18, 4096)
    assert (verdict.errno, verdict.message) == (case.errno, case.message)
    if case.kib is not None:
        assert 4 * verdict.pages & 0xFFFFFFFF == case.kib


def test_every_kind_of_answer_was_recorded() -> None:
    """Silent refusals, each line, and areas that were taken."""
    messages = {
        (case.errno, (case.message or "").partition(" version")[0]) for case in CASES
    }
    assert messages == {
        (None, ""),
        ("EINVAL", ""),
        ("EINVAL", "Empty swap-file"),
        ("EINVAL", "Swap area shorter than signature indicates"),
        ("EINVAL", "Unable to find swap-space signature"),
        ("EINVAL", "Unable to handle swap header"),
    }
