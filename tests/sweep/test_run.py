"""Sweeps in this process: rows, going on, and what a file may not be."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import StudyError
from swaptools.sweep import read_results, read_study, runners, sweep
from swaptools.sweep.results_file import ResultsFile
from swaptools.sweep.rows import BEGINNING
from swaptools.sweep.runners import engine_for
from tests.sweep.studies import SCRIPT, STUDY, lines, rows, study

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.sweep.cells import Job


def swept(folder: Path, text: str = STUDY, script: str = SCRIPT) -> Path:
    """Run a study, and return its file of rows."""
    path = folder / "rows.jsonl"
    sweep(read_study(str(study(folder, text, script))), str(path))
    return path


def test_each_cell_is_a_row_behind_what_the_study_is(tmp_path: Path) -> None:
    first, *found = lines(swept(tmp_path))
    assert first["about"]["question"] == "Does it work?"
    assert first["about"]["axes"] == {"design": ["plain", "ghost"], "pages": [100, 300]}
    assert [(row["cell"]["design"], row["cell"]["pages"]) for row in found] == [
        *(("plain", 100), ("plain", 300)),
        *(("ghost", 100), ("ghost", 300)),
    ]
    assert [row["metrics"]["disk_slots_held_peak"] for row in found] == [100, 300, 0, 0]
    assert {row["error"] for row in found} == {None}
    assert {row["study"] for row in found} == {first["study"]}


@pytest.mark.slow
def test_what_has_a_row_is_not_run_again(tmp_path: Path) -> None:
    path = swept(tmp_path)
    before = path.read_bytes()
    swept(tmp_path)
    assert path.read_bytes() == before


def test_an_axis_that_grew_adds_what_is_new(tmp_path: Path) -> None:
    path = swept(tmp_path)
    before = path.read_text()
    swept(tmp_path, STUDY.replace("300]", "300, 400]"))
    added = path.read_text().removeprefix(before).splitlines()
    assert len(added) == 3  # what the study is now, and two rows
    assert len(read_results(str(path)).rows) == 6


def test_another_study_has_its_rows_in_the_same_file(tmp_path: Path) -> None:
    swept(tmp_path)
    path = swept(tmp_path, STUDY.replace("1400", "700"))
    found = read_results(str(path))
    assert [len(each.rows) for each in found.studies.values()] == [4, 4]
    assert [each.about["fixed"]["length"] for each in found.studies.values()] == [
        *(1400, 700)
    ]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("torn", [1, 20, 5000])
def test_a_torn_line_is_cut_and_its_cell_run(torn: int, tmp_path: Path) -> None:
    path = swept(tmp_path)
    whole, data = rows(path), path.read_bytes()
    last = data.rstrip(b"\n").rpartition(b"\n")[2]
    path.write_bytes(data[: len(data) - 1 - len(last)] + last[: min(torn, len(last))])
    swept(tmp_path)
    assert rows(path) == whole


def test_a_cell_that_fails_is_a_row_with_its_error(tmp_path: Path) -> None:
    """It is not tried again: the same would come out."""
    script = SCRIPT + "drop 0 1\nswapoff disk\nshow swaps\n" + "fork a\nfork b\n"
    text = STUDY.replace('"plain", "ghost"', '"plain"').replace("16M", "1M")
    path = swept(tmp_path, text, script.replace("ram 16M", "ram 1M"))
    found = [line for line in lines(path) if "cell" in line]
    assert [bool(row["error"]) for row in found] == [
        not row["metrics"] for row in found
    ]
    assert all("line 10: swapoff" in row["error"] for row in found if row["error"])
    assert any(row["error"] for row in found)
    before = path.read_bytes()
    swept(tmp_path, text, script.replace("ram 16M", "ram 1M"))
    assert path.read_bytes() == before


def test_metrics_that_are_chosen_alone(tmp_path: Path) -> None:
    text = STUDY.replace("[fixed]", 'metrics = ["pages_in", "pages_out"]\n[fixed]')
    found = read_results(str(swept(tmp_path, text))).to_rows()
    assert list(found[0]) == [
        *("design", "pages", "pages_in", "pages_out"),
        *("study", "error", "version", "seconds"),
    ]


def test_two_sweeps_do_not_share_a_file(tmp_path: Path) -> None:
    path = swept(tmp_path)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(StudyError, match="another sweep writes to it"):
            ResultsFile(str(path))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"precious", "no rows of a study: nothing is appended to it"),
        (b"precious\n", "line 1: not a line of JSON"),
        (b"{}\n", "line 1: no row of a study"),
        (b"[1]\n", "line 1: not an object"),
        (b'{"study": "x", "about": {}, "version": "1"}\n', "line 1: no row of a study"),
        (b"\xff\n", "line 1: no rows of a study"),
        (b"[" * 100_000 + b"\n", "line 1: not a line of JSON"),
    ],
)
def test_a_file_of_others_is_left_alone(
    data: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "other"
    path.write_bytes(data)
    with pytest.raises(StudyError, match=reason):
        ResultsFile(str(path))
    assert path.read_bytes() == data


def test_a_broken_line_in_the_middle_is_told_with_its_number(tmp_path: Path) -> None:
    path = swept(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"seconds": ', b'"seconds": "', 1))
    with pytest.raises(StudyError, match="line 2: not a line of JSON"):
        ResultsFile(str(path))


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_of_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = swept(tmp_path)
    before = path.read_bytes()
    with ResultsFile(str(path)) as file:
        row = file.results.rows[0]
        written = os.write

        def half(descriptor: int, data: bytes) -> int:
            if data.startswith(BEGINNING.encode()):
                return written(descriptor, data[:40])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", half)
        with pytest.raises(OSError, match="No space left") as caught:
            file.append(row)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before


def test_rows_are_a_table_in_a_notebook(tmp_path: Path) -> None:
    found = read_results(str(swept(tmp_path)))
    html = found._repr_html_()
    assert html.count("<tr>") == 5
    assert "<th>disk_slots_held_peak</th>" in html


@pytest.mark.parametrize(
    ("nr_pages", "nr_workers", "engine"),
    [(1 << 18, 1, None), ((1 << 18) - 1, 1, False), (1 << 18, 2, False)],
)
def test_what_is_short_is_interpreted(
    nr_pages: int,
    nr_workers: int,
    engine: bool | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From Python as well: nobody waits minutes for a few cells to be compiled."""
    cells = list(read_study(str(study(tmp_path))).cells())
    parts = iter([1, 2, 3, nr_pages - 6])
    monkeypatch.setattr(type(cells[0].job), "nr_pages", property(lambda _: next(parts)))
    assert engine_for(cells, nr_workers) is engine


def test_a_sweep_from_python_asks_for_that_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool | None] = []
    ran = runners.run_job

    def run_job(job: Job, *, compiled: bool | None) -> runners.Ended:
        asked.append(compiled)
        return ran(job, compiled=compiled)

    monkeypatch.setattr(runners, "run_job", run_job)
    swept(tmp_path)
    assert asked == [False] * 4
