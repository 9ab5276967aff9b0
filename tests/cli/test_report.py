"""swapemu report as a person sees it: pages, mails, rows."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING

import pytest

from tests.report.samples import HOSTILE, printed, run, slots, trace

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("bokeh")


@pytest.mark.slow
def test_one_page_with_everything(tmp_path: Path) -> None:
    files = [slots(tmp_path), trace(tmp_path)]
    files.append(printed(tmp_path, "o", "overhead"))
    target = tmp_path / "r.html"
    done = run("report", *files, "-o", target)
    assert (done.exit_code, done.stderr) == (0, "")
    page = target.read_text()
    assert done.stdout.startswith(f"{target}: 1,")
    assert page.count('class="chart"') == page.count('type="application/json"') > 10
    for told in ("How many?", "Time.", "1 cells failed", "swaptools 0.2.0"):
        assert told in page
    assert "swapemu sweep slots.toml --only design=plain --only ram=64M" in page
    # Nothing is loaded: what is named lies within strings of the library.
    head = page.partition("/* BEGIN bokeh.min.js */")
    assert "default-src 'none'" in head[0]
    assert "src=" not in head[0].replace("script-src", "").replace("default-src", "")


@pytest.mark.slow
def test_a_thousand_rows_stay_below_five_megabytes(tmp_path: Path) -> None:
    path, target = slots(tmp_path, 167), tmp_path / "r.html"
    assert path.read_text().count("\n") > 1000
    assert run("report", path, "-o", target).exit_code == 0
    assert target.stat().st_size < 5_000_000


@pytest.mark.slow
def test_what_a_file_says_is_no_part_of_the_page(tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    done = run("report", slots(tmp_path, title=HOSTILE), "-o", target)
    assert done.exit_code == 0
    page = target.read_text()
    assert "<script>throw" not in page
    assert "\x1b" not in page
    assert "&lt;/script&gt;&lt;script&gt;throw 1&lt;/script&gt;\\x1b[2J" in page


def test_the_same_rows_make_the_same_text_of_72_columns(tmp_path: Path) -> None:
    path = slots(tmp_path)
    first, second = (run("report", "--text", path) for _ in range(2))
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    lines = first.stdout.splitlines()
    assert max(map(len, lines)) <= 72
    assert "How many?" in lines
    assert "plain        1,000 to 80,000       6,144 to 9,216" in lines
    assert "- 1 cells have not been run yet." in lines


def test_flat_rows_for_a_data_frame(tmp_path: Path) -> None:
    done = run("report", "--csv", slots(tmp_path), trace(tmp_path))
    assert done.exit_code == 0
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    assert found[0]["disk_slots_held_peak"] == "1000"
    assert found[0]["command"].endswith("--only share=1")
    assert len({tuple(row) for row in found}) == 1
    assert {row["section"] for row in found} == {
        "Slots",
        f"The trace {tmp_path}/small.lackey",
    }


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--text", "--csv"), "--text and --csv: one of them"),
        (("--over", "x"), "no axis 'x' in Slots; it has design, ram, share"),
        (("--against", "tape"), "design is never 'tape' in Slots"),
    ],
)
def test_what_cannot_be(words: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    done = run("report", slots(tmp_path), *words, "-o", tmp_path / "r")
    assert done.exit_code == 2
    assert reason in done.stderr
    assert not (tmp_path / "r").exists()


def test_the_extra_is_named_where_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bokeh.models", None)
    done = run("report", slots(tmp_path), "-o", tmp_path / "r")
    assert done.exit_code == 2
    assert "report needs: pip install 'swaptools[report]'" in done.stderr


def test_files_that_are_not_there_or_nothing(tmp_path: Path) -> None:
    assert run("report").exit_code == 2
    done = run("report", tmp_path / "gone")
    assert done.stderr == f"swapemu: {tmp_path}/gone: No such file or directory\n"
    assert done.exit_code == 2
