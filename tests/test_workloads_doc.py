"""docs/workloads.md says what its commands say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from swaptools.traces.shipped import path_of, shipped_names
from tests.test_designs_doc import load_tables

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "workloads.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"<!-- table: (\S+) -->\n(.*?)<!-- end -->", PAGE, re.DOTALL))
#: Of hundreds of thousands of references; ``make test-long`` does.
LONG = {"scan", "scan-policies", "compiler", "compiler-policies", "server"}
#: Of fewer, which ``make test-compiled`` does.
COMPILED = {"server-time"}


@pytest.fixture(scope="module")
def tables() -> Any:
    return load_tables()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=[pytest.mark.long] * (name in LONG)
            + [pytest.mark.compiled] * (name in COMPILED),
        )
        for name in SHOWN
    ],
)
def test_a_table_is_what_its_command_gives(name: str, tables: Any) -> None:
    """``make designs`` mends this, if the new numbers are the right ones."""
    assert tables.TABLES[name]() == SHOWN[name]


def test_every_trace_is_told_of() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M)) == set(shipped_names())


def test_traces_of_the_package_are_small() -> None:
    sizes = [Path(path_of(name)).stat().st_size for name in shipped_names()]
    assert sum(sizes) < 2_000_000


def test_the_programs_are_there() -> None:
    folder = ROOT / "examples" / "workloads"
    text = (folder / "record.sh").read_text()
    for name in ("unit.c", "scan.py", "server.py"):
        assert name in text
        assert (folder / name).exists()
