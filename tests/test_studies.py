"""docs/studies: rows, tables and break-even points are what the commands give."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from swaptools.cli.swapemu import main
from swaptools.sweep import read_results, read_study

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]
STUDIES = ROOT / "docs" / "studies"
PAGE = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
NAMES = sorted(path.stem for path in STUDIES.glob("*.toml"))


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_studies", STUDIES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BLOCKS = re.findall(
    r"<!-- (pivot|break-even): (.+?) -->\n(.*?)<!-- end -->", PAGE, re.DOTALL
)


@pytest.mark.parametrize(("kind", "words", "shown"), BLOCKS)
def test_a_table_is_what_the_rows_give(
    kind: str, words: str, shown: str, make: Any
) -> None:
    """``make studies`` mends this, if the new numbers are the right ones."""
    assert make.block(kind, words) == shown


def test_each_study_is_told() -> None:
    assert {words.split()[0] for _, words, _ in BLOCKS} == set(NAMES)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", NAMES)
def test_every_cell_has_a_row_and_none_failed(name: str) -> None:
    study = read_study(str(STUDIES / f"{name}.toml"))
    found = read_results(str(STUDIES / f"{name}.jsonl")).studies[study.hash]
    assert {cell.key for cell in study.cells()} == found.rows.keys()
    assert [row for row in found.rows.values() if row.error is not None] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "only"),
    [
        ("wasted-slots", ("design=xswap", "ram=16M", "zswap.max_pool_percent=40")),
        ("extra-layer", ("design=vswap-ste", "pages=1024", "order=4")),
        ("folio-fallback", ("design=plain", "holes=2560", "order=4")),
        pytest.param(
            *("less-memory", ("trace=compiler", "design=ghost", "ram=25%")),
            marks=pytest.mark.compiled,  # of a hundred thousand references
        ),
    ],
)
def test_a_cell_that_is_run_again_gives_its_row(
    name: str, only: tuple[str, ...], tmp_path: Path
) -> None:
    """One of each study; without its rows ``make studies`` runs all of them."""
    for file in (*STUDIES.glob(f"{name}.toml"), *STUDIES.glob(f"{name}.swap")):
        shutil.copy(file, tmp_path)
    path = tmp_path / f"{name}.toml"
    words = [word for each in only for word in ("--only", each)]
    done = CliRunner().invoke(main, ["sweep", str(path), "--jobs", "1", *words])
    assert done.exit_code == 0, done.stderr
    known = read_results(str(STUDIES / f"{name}.jsonl")).rows
    by_cell = {json.dumps(row.cell): row for row in known}
    again = read_results(str(path.with_suffix(".jsonl"))).rows
    assert again
    for row in again:
        was = by_cell[json.dumps(row.cell)]
        assert row._replace(seconds=0, version="") == was._replace(
            seconds=0, version=""
        )
