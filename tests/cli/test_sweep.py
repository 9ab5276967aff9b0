"""swapemu sweep as a person sees it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from swaptools.cli import sweep
from swaptools.cli.swapemu import main
from swaptools.compile_cache import COMPILE_CACHE
from swaptools.emulator.core import compiler
from swaptools.sweep import local_cluster
from tests.sweep.studies import STUDY, lines, rows, study

if TYPE_CHECKING:
    from pathlib import Path


def run(*words: str | Path) -> Result:
    named = ["sweep", *map(str, words)]
    return CliRunner().invoke(main, named, prog_name="swapemu")


@pytest.mark.slow
def test_cells_and_an_estimate_first_and_what_came_of_them(tmp_path: Path) -> None:
    path = study(tmp_path)
    done = run(path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        f"{path}: 4 cells (design 2, pages 2); about 1 s\n"
        f"{tmp_path}/small.jsonl: 4 rows more, 4 in all\n"
    )


@pytest.mark.slow
def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path, results = study(tmp_path), tmp_path / "rows"
    first = run(path, "-o", results, "--only", "design=plain")
    assert "2 cells" in first.stdout
    whole = results.read_bytes()
    results.write_bytes(whole[:-7])
    second = run(path, "-o", results)
    assert second.exit_code == 0
    assert second.stderr.startswith(f"swapemu: {results}: cut a torn line of ")
    assert "4 cells (design 2, pages 2), 1 of them done; about 1 s" in second.stdout
    third = run(path, "-o", results)
    assert third.stdout == (
        f"{path}: 4 cells (design 2, pages 2), 4 of them done\n"
        f"{results}: 0 rows more, 4 in all\n"
    )
    other = tmp_path / "other"
    run(path, "-o", other)
    assert rows(results) == rows(other)


def test_a_dry_run_makes_nothing(tmp_path: Path) -> None:
    path = study(tmp_path)
    done = run("-n", path)
    assert done.stdout == f"{path}: 4 cells (design 2, pages 2); about 1 s\n"
    assert not (tmp_path / "small.jsonl").exists()


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("words", [(), ("--interpreted",)])
def test_a_dry_run_tells_of_compiling_where_nothing_is_kept(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    *,
    is_kept: bool,
) -> None:
    monkeypatch.setattr(sweep, "WORTH_COMPILING_PAGES", 1)
    monkeypatch.setattr(sweep, "_has_numba", lambda: True)
    monkeypatch.setattr(compiler, "version_of", lambda function: function.__name__)
    monkeypatch.setattr(COMPILE_CACHE, "has", lambda _version: is_kept)
    told = "Before that: compiling the emulator, which takes a minute or two the first"
    is_told = not is_kept and not words
    assert (told in run("-n", study(tmp_path), *words).stdout) == is_told


@pytest.mark.parametrize(
    ("words", "prepared"),
    [
        (["--jobs", "2"], [None]),
        (["--jobs", "2", "--interpreted"], [False]),
        (["--jobs", "1"], []),
        (["--jobs", "2", "-n"], []),
        ([], []),
    ],
)
def test_what_workers_are_forked_from_is_made_ready_before_the_study_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    prepared: list[bool | None],
) -> None:
    seen = []
    monkeypatch.setattr(
        local_cluster, "prepare", lambda *, compiled: seen.append(compiled)
    )
    assert run(tmp_path / "none", *words).exit_code == 2
    assert seen == prepared


def test_a_cell_that_fails_is_told_and_the_others_run(tmp_path: Path) -> None:
    text = STUDY.replace('"ghost"]', '"plain-6.18"]')
    script = "ram 1M\nswapon disk block 2M\nwrite 0 $pages length=$length\n"
    script += "pageout 0 $pages\nswapoff disk\n"
    path = study(tmp_path, text, script)
    done = run(path)
    failed = [line for line in lines(tmp_path / "small.jsonl") if line.get("error")]
    assert done.exit_code == (1 if failed else 0)
    assert len(failed) == 2
    assert done.stdout.endswith("4 rows more, 4 in all, 2 failed\n")
    assert "design=plain pages=300: line 5: swapoff: " in done.stderr


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--only", "ram=5"), "--only: no axis 'ram'; the study has design, pages"),
        (("--only", "pages"), "--only: pages is not ''; it has 100, 300"),
        (("--jobs", "2", "--scheduler", "x"), "--jobs is of this machine"),
        (("--jobs", "0"), "0 is not in the range"),
        (("-o", "/dev/null"), "/dev/null: rows are appended to a file"),
        (("-o", "/nowhere/x"), "No such file or directory"),
        (("--jobs", "2"), "--jobs needs: pip install 'swaptools[sweep]'"),
        (("--scheduler", "x"), "--scheduler needs: pip install 'swaptools[sweep]'"),
    ],
)
def test_what_cannot_be(
    words: tuple[str, ...],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = run(*words, study(tmp_path))
    if isinstance(done.exception, OSError):
        assert reason in str(done.exception)
    else:
        assert done.exit_code == 2
        assert reason in done.stderr
    assert not (tmp_path / "small.jsonl").exists() or "needs" in reason


def test_a_study_that_is_not_there(tmp_path: Path) -> None:
    done = run(tmp_path / "gone.toml")
    assert done.exit_code == 2
    assert done.stderr == f"swapemu: {tmp_path}/gone.toml: No such file or directory\n"


def test_a_study_that_is_none_is_told_with_its_line(tmp_path: Path) -> None:
    path = study(tmp_path, STUDY.replace('"ghost"', '"tape"'))
    done = run(path)
    assert done.exit_code == 2
    assert done.stderr.startswith(
        f"swapemu: {path}: line 9: design: no design 'tape'; known: "
    )
