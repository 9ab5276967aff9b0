"""swapemu replay prints the same bytes twice, and interpreted the same as compiled."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from swaptools.cli import replay_inputs
from swaptools.cli.swapemu import main
from swaptools.emulator.pressure.policy import policy_names
from tests.cli.test_replay import references, written
from tests.engines import ENGINES, ENGINES_OF_POLICIES

DESIGNS = ("plain", "vswap", "zram")
#: A policy, and whether its second run is compiled.
RUNS = [
    pytest.param(policy, *way.values, id=f"{policy}-{way.id}", marks=way.marks)
    for policy in policy_names()
    for way in (ENGINES if policy == "two_lists" else ENGINES_OF_POLICIES)
]


def printed(*words: str) -> str:
    result = CliRunner().invoke(main, ("replay", *words), prog_name="swapemu")
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.mark.sampled(6)
@pytest.mark.parametrize(("policy", "compiled"), RUNS)
def test_the_same_bytes(
    policy: str,
    *,
    compiled: bool,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replay_inputs, "WORTH_COMPILING_PAGES", 0)
    trace = written(tmp_path_factory.mktemp("same") / "t", references(300, 100))
    words = ["--ram", "40%", "--policy", policy, trace]
    for design in DESIGNS:
        words += ["--design", design]
    for shape in ((), ("--json",), ("--csv",))[: 3 if policy == "two_lists" else 1]:
        again = () if compiled else ("--interpreted",)
        once = printed("--interpreted", *shape, *words)
        assert printed(*again, *shape, *words) == once
        assert all(design in once for design in DESIGNS)
