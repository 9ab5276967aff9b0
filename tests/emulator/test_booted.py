"""A Machine puts pages where a booted kernel of its release put them.

A few programs of each kernel here, all of them with ``make test-compiled``.
"""

from __future__ import annotations

import pytest

from tests.against_kernels.programs import ask_machine
from tests.emulator import booted

#: Kernels that hand out slots ahead, which no Machine does yet.
_AHEAD = ("5.10.", "6.1.", "6.12.")
_NOT_YET = pytest.mark.xfail(reason="slots are handed out ahead", strict=False)
RELEASES = [
    pytest.param(release, marks=_NOT_YET if release.startswith(_AHEAD) else ())
    for release in booted.releases()
]
#: Of each kernel, every so many-eth program is in the default suite.
SAMPLE = 6


def differences(release: str, recorded: list[booted.Recorded]) -> list[str]:
    """Do programs again; the first difference of each."""
    found = []
    for name, program, states in recorded:
        ours = ask_machine(program, release)
        for line, here, there in zip(program, ours, states, strict=False):
            if different := list(here.differences(there)):
                found.append(f"{name}, after {line!r}: {different[0]}")
                break
            if here.unpredictable:
                break
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_sample(release: str) -> None:
    """Some of all."""
    assert differences(release, booted.load(release)[::SAMPLE]) == []


@pytest.mark.compiled
@pytest.mark.parametrize("release", RELEASES)
def test_all(release: str) -> None:
    """Every program."""
    recorded = booted.load(release)
    assert len(recorded) >= 24
    assert differences(release, recorded) == []
