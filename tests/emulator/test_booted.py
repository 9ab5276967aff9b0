"""A Machine puts pages where a booted kernel of its release put them.

Two programs of one kernel here, of each with ``make test-slow``, all of them with
``make test-compiled``.
"""

from __future__ import annotations

import pytest

from tests.against_kernels.programs import ask_machine
from tests.emulator import booted

RELEASES = booted.releases()
#: What cannot be foreseen: 6.12 writes large folios past zswap when it likes.
NOT_FORESEEN = {"6.12": {"fork, seed 0"}}
#: Of each kernel, every so many-eth program is in the default suite.
SAMPLE = 24


def differences(release: str, recorded: list[booted.Recorded]) -> list[str]:
    """Do programs again; the first difference of each."""
    found = []
    series = ".".join(release.split(".")[:2])
    for name, program, states in recorded:
        if name in NOT_FORESEEN.get(series, ()):
            continue
        ours = ask_machine(program, release)
        for line, here, there in zip(program, ours, states, strict=False):
            if different := list(here.differences(there)):
                found.append(f"{name}, after {line!r}: {different[0]}")
                break
            if here.unpredictable:
                break
    return found


@pytest.mark.sampled(5)
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
