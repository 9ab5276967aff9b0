"""A profile says what a booted kernel of its series said."""

from __future__ import annotations

import pytest

from swaptools.kernel.releases import find_kernel
from swaptools.kernel.swapon import judge
from tests.kernel import booted

RELEASES = booted.releases()


@pytest.mark.sampled(6)
@pytest.mark.parametrize("release", RELEASES)
def test_profile_says_what_the_kernel_said(release: str) -> None:
    """Error, line, and usable pages of what was taken."""
    profile = find_kernel(release).profile
    recording = booted.load(release)
    differences = []
    for case in recording.cases:
        verdict = judge(case.area, profile, 4096, recording.ram_bytes)
        kib = 4 * verdict.pages & 0xFFFFFFFF if verdict.accepted else None
        ours = (verdict.errno, verdict.message, kib)
        theirs = (case.errno, case.message, case.kib)
        if ours != theirs:
            differences.append((case.area, ours, theirs))
    assert differences == []
    assert len(recording.cases) >= 300


@pytest.mark.sampled(6)
@pytest.mark.parametrize("release", RELEASES)
def test_every_kind_of_answer_was_recorded(release: str) -> None:
    """Silent refusals, each line that headers can earn, and areas that were taken."""
    cases = booted.load(release).cases
    said = {
        (case.errno, (case.message or "").partition(" version")[0]) for case in cases
    }
    assert said >= {
        (None, ""),
        ("EINVAL", ""),
        ("EINVAL", "Empty swap-file"),
        ("EINVAL", "Swap area shorter than signature indicates"),
        ("EINVAL", "Unable to find swap-space signature"),
        ("EINVAL", "Unable to handle swap header"),
    }
