"""docs/designs.md says what its commands say."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from swaptools.emulator.machine.design import design_names
from swaptools.kernel.profiles import K6_12, K6_18

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "designs.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tables() -> Any:
    return load_tables()


def load_tables() -> Any:
    """Return docs/tables.py as a module."""
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs/tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tables"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


SHOWN = dict(re.findall(r"<!-- table: (\S+) -->\n(.*?)<!-- end -->", PAGE, re.DOTALL))
#: Made of the scenarios that take longest to run; ``make test-compiled`` does.
LONG = {
    *("zswap-only", "lookups-zswap", "writeback", "tiers", "fragmentation", "swapoff"),
    *("zram", "large-folios", "incompressible", "lookups-disk", "overgrown"),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.compiled] if name in LONG else [])
        for name in SHOWN
    ],
)
def test_a_table_is_what_its_command_gives(name: str, tables: Any) -> None:
    """``make designs`` mends this, if the new numbers are the right ones."""
    assert tables.TABLES[name]() == SHOWN[name]


def test_every_table_that_can_be_made_is_in_a_page(tables: Any) -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in tables.PAGES)
    assert set(re.findall(r"<!-- table: (\S+) -->", text)) == set(tables.TABLES)


def test_all_eleven_claims_are_there() -> None:
    assert re.findall(r"^## (\d+)\.", PAGE, re.M) == [str(n) for n in range(1, 12)]


def test_every_claim_says_who_made_it_and_where_to_read_it() -> None:
    """By a date in the thread, whose messages are named at their first claim."""
    claims = re.split(r"^## \d+\.", PAGE, flags=re.M)[1:]
    openings = [claim.partition("\n\n")[2].partition("\n\n")[0] for claim in claims]
    assert [o for o in openings if not re.search(r"2[14] November 2025", o)] == []
    assert "in the thread" not in PAGE


def test_every_design_is_shown_where_it_wins_and_where_it_loses() -> None:
    verdicts = PAGE.partition("## Where each one stands")[2]
    rows = re.findall(r"^\| (\S+) \| (.+) \| (.+) \|$", verdicts, re.M)
    assert {name for name, _, _ in rows} - {"tiers", "design"} == (
        set(design_names()) - {"plain-6.18"}
    )


def test_6_12_has_arrays_of_the_sizes_of_6_18() -> None:
    """As claim 7 says."""
    slots = 16 << 40 >> 12
    clusters = slots // 512
    shorter = K6_18.swapon.static_bytes(slots) - K6_12.swapon.static_bytes(slots)
    assert shorter == 8 * clusters


def test_its_message_ids_are_those_of_the_designs() -> None:
    sources = "".join(
        path.read_text() for path in (ROOT / "swaptools/emulator").rglob("*.py")
    )
    quoted = set(re.findall(r"\b2\d{7}[\w.-]+@[\w.-]+\b", PAGE))
    assert len(quoted) >= 8
    assert {each for each in quoted if each not in sources} == set()
