"""Values as a notebook shows them: tables that hold together, with nothing live."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

import swaptools
from swaptools import notebook
from swaptools.area import AreaKind
from swaptools.check import check_area
from swaptools.emulator import Machine
from swaptools.emulator.runs.stats import Samples
from swaptools.who import Rest
from swaptools.who.processes import ByProcess, ProcessRow
from tests.builders import swap_area

CASES = Path(__file__).parent / "doctor" / "cases"
HOSTILE = "<script>alert('x')</script>\x1b[2J\udcff"


def cells(markup: str) -> list[list[list[str]]]:
    """Return the cells of each table; markup that is not whole is an error."""
    root = ElementTree.fromstring(f"<div>{markup}</div>")
    return [
        [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        for table in root.iter("table")
    ]


def test_a_table_has_a_heading_and_a_row_for_each() -> None:
    rows: list[dict[str, object]] = [
        {"name": "a", "used": 3, "whole": True},
        {"name": None, "used": 0.5},
    ]
    assert cells(notebook.table(rows, "two")) == [
        [["name", "used", "whole"], ["a", "3", "yes"], ["", "0.5"]]
    ]


def test_what_is_hostile_is_text() -> None:
    markup = notebook.table([{HOSTILE: HOSTILE}], HOSTILE)
    assert "<script" not in markup
    assert markup.encode("utf-8").decode().isprintable()
    shown = "<script>alert('x')</script>\\x1b[2J\\udcff"
    assert cells(markup) == [[[shown], [shown]]]


def test_a_long_table_says_what_it_leaves_out() -> None:
    (table,) = cells(notebook.table({"n": n} for n in range(1000)))
    assert [len(table), table[-1]] == [202, ["and 800 more"]]


def test_a_report_is_its_verdicts_and_findings() -> None:
    area = swap_area(path=HOSTILE, area_bytes=8192)
    markup = check_area(area, ["6.18", "7.2"], 4096)._repr_html_()
    assert "<script" not in markup
    verdicts, findings = cells(markup)
    assert [row[0] for row in verdicts] == ["kernel", "6.18", "7.2"]
    assert verdicts[1][4] == "EINVAL"
    assert findings[1][:2] == ["error", "S201"]


def test_a_report_without_findings_is_its_verdicts() -> None:
    area = swap_area(kind=AreaKind.BLOCK)
    assert len(cells(check_area(area, "6.18", 4096)._repr_html_())) == 1


def test_a_diagnosis_is_what_was_understood_and_findings() -> None:
    root = str(CASES / "bad-lines" / "root")
    diagnosis = swaptools.diagnose(swaptools.read_system(root, kernel="6.18"))
    understood, findings = cells(diagnosis._repr_html_())
    assert understood[0][:2] == ["kind", "name"]
    assert len(findings) == 1 + len(diagnosis.findings)


@pytest.fixture
def machine() -> Machine:
    made = Machine(cpus=2, compiled=False)
    made.swapon_pages(100, "block", path="/<fast>", priority=5)
    task = made.task()
    task.write(0, 3)
    task.pageout(0, 3)
    return made


def test_a_machine_is_its_areas(machine: Machine) -> None:
    (areas,) = cells(machine._repr_html_())
    row = ["/<fast>", "partition", str(99 * 4096), str(3 * 4096), "5"]
    assert areas == [["name", "type", "size", "used", "priority"], row]
    assert [str(value) for value in machine.to_rows()[0].values()] == row


def test_counts_are_a_table_and_a_dictionary(machine: Machine) -> None:
    counts = machine.counts()
    (table,) = cells(counts._repr_html_())
    assert ["pages_out", "3"] in table
    assert {"count": "pages_out", "value": 3} in counts.to_rows()
    assert counts["pages_out"] == dict(counts)["pages_out"] == 3
    assert machine.counts(area=next(iter(machine.areas)))["pages_out"] == 3


def test_what_a_run_comes_to_is_its_counts_and_a_row_a_sample(machine: Machine) -> None:
    samples = Samples()
    samples.take(machine, 3)
    stats = samples.stats(machine)
    (table,) = cells(stats._repr_html_())
    assert ["pages_out", "3"] in table
    (row,) = stats.to_rows()
    assert (row["design"], row["pages_touched"]) == (stats.design, 3)


def test_swap_by_process_is_a_row_each() -> None:
    rows = (ProcessRow(7, "<i>", 8192, 4096, None, None, None, 50.0),)
    found = ByProcess(8192, rows, (Rest("unmapped", 4096, "nobody's"),), (), True)
    (table,) = cells(found._repr_html_())
    assert table[1][:4] == ["7", "<i>", "8192", "4096"]
