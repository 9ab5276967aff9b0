"""Results give what the commands print as JSON, and rows for a data frame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import swaptools
from swaptools.deprecation import DEPRECATED
from swaptools.info import AreaInfo
from tests.schema.outputs import problems
from tests.swapmap.test_document import sample
from tests.test_docs import command

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).parents[1] / "docs"


def printed(name: str, *words: object) -> Any:
    result = CliRunner().invoke(command(name), [*map(str, words), "--json"])
    return json.loads(result.stdout)


def as_json(value: object) -> Any:
    return json.loads(json.dumps(value))


def test_a_report(area_file: Callable[..., Path]) -> None:
    path = area_file(file_bytes=8192)
    area = swaptools.read_area(str(path), holds=True)
    report = swaptools.check_area(area, "6.18", 4096, 1 << 33)
    (check,) = printed("swapcheck", path, *("--kernel", "6.18", "--ram", "8G"))[
        "checks"
    ]
    assert as_json(report.to_dict()) == check
    rows = report.to_rows()
    assert [row["path"] for row in rows] == [str(path)] * len(check["findings"])
    assert as_json([{**row, "path": None} for row in rows]) == check["findings"]


def test_an_area(area_file: Callable[..., Path]) -> None:
    path = area_file(file_bytes=4 << 20, badpages=(3, 4))
    (row,) = printed("swapinfo", path)["swapareas"]
    info = AreaInfo.from_area(swaptools.read_area(str(path), below=False))
    assert as_json(info.to_dict()) == row


def test_a_new_area(tmp_path: Path) -> None:
    path = tmp_path / "g"
    words = ("-f", "--uuid-seed", "a", "-L", "b", path, "1G")
    made = printed("ghost-mkswap", *words)
    again = swaptools.create_ghost(
        str(path), size_bytes=1 << 30, label="b", uuid_seed="a", force=True
    )
    assert as_json(again.to_dict()) | {"verdict": None} == made | {"verdict": None}


def test_a_system() -> None:
    root = Path(__file__).parent / "doctor" / "cases" / "bad-lines" / "root"
    diagnosis = swaptools.diagnose(
        swaptools.read_system(str(root), kernel="6.18", page_size=4096)
    )
    (check,) = printed("swapcheck", "--root", root, "--kernel", "6.18", "-p", "4096")[
        "checks"
    ]
    assert as_json(diagnosis.to_dict()) == check
    assert as_json(diagnosis.to_rows()) == check["findings"]
    assert check["findings"] != []


def test_a_map() -> None:
    found = sample()
    assert problems(as_json(found.to_dict())) == []
    assert [(row["first_slot"], row["nr_slots"]) for row in found.to_rows()] == [
        (run.first, run.nr_slots) for area in found.areas for run in area.held.runs()
    ]


@pytest.mark.parametrize("one", DEPRECATED, ids=lambda one: one.name)
def test_what_goes_is_in_the_table_of_the_documentation(one: Any) -> None:
    row = f"| `{one.name}` | {one.since} | {one.until} | `{one.use}` |"
    assert row in (DOCS / "stability.md").read_text()
