"""The same rows whatever runs them, and whoever is killed meanwhile.

Not here: sweeps in this process (test_run.py).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from multiprocessing.util import get_temp_dir
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from click.testing import CliRunner

from swaptools.cli.swapemu import main as swapemu
from swaptools.compile_cache import COMPILE_CACHE, EMULATOR
from swaptools.sweep import dask_runner, local_cluster, read_study
from swaptools.sweep.cells import Cell, Outcome
from swaptools.sweep.dask_runner import DaskRunner
from tests.sweep.studies import lines, rows, study

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.sweep.cells import Job

pytestmark = pytest.mark.sweep

#: Of cells that take some 20 ms each.
NR_CELLS = 200
NR_KILLS = 10
STUDY = f"""\
[fixed]
script = "fill.swap"
pages = 400
[axes]
design = ["plain", "ghost", "vswap", "zram"]
length = {[200 + 50 * number for number in range(NR_CELLS // 4)]}
"""
SWEEP = (sys.executable, "-m", "swaptools", "swapemu", "sweep", "--interpreted")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of 200 cells."""
    return study(tmp_path_factory.mktemp("study"), STUDY)


@pytest.fixture(scope="module")
def alone(path: Path) -> list[str]:
    """Its rows, made by one process."""
    swept(path, path.with_name("alone"), "--jobs", "1")
    found = rows(path.with_name("alone"))
    assert len(found) == NR_CELLS
    return found


def swept(path: Path, results: Path, *words: str) -> str:
    """Run a sweep to its end, and return what it says."""
    done = subprocess.run(
        [*SWEEP, str(path), "-o", str(results), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def started(path: Path, results: Path, *words: str) -> subprocess.Popen[str]:
    """Start a sweep."""
    return subprocess.Popen(
        [*SWEEP, str(path), "-o", str(results), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def nr_lines(results: Path) -> int:
    return results.read_bytes().count(b"\n") if results.exists() else 0


def workers_of(pid: int) -> list[int]:
    """The workers that a sweep has started: what its fork server has forked."""
    return [
        worker
        for child in children(pid)
        if b"forkserver" in Path(f"/proc/{child}/cmdline").read_bytes()
        for worker in children(child)
    ]


def children(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def test_two_workers_give_the_rows_of_one_process(
    path: Path, alone: list[str], tmp_path: Path
) -> None:
    said = swept(path, tmp_path / "rows", "--jobs", "2")
    assert f"{NR_CELLS} cells" in said
    assert "on 2 workers" in said
    assert rows(tmp_path / "rows") == alone


def test_there_are_no_more_workers_than_cells(path: Path, tmp_path: Path) -> None:
    only = ("--only", "design=plain", "--only", "length=200", "--only", "length=250")
    said = swept(path, tmp_path / "rows", "--jobs", "100", *only)
    assert "about 1 s on 2 workers" in said


class Cluster:
    """A scheduler and workers, none of them a sweep's."""

    def __init__(self, folder: Path) -> None:
        self._note = folder / "scheduler.json"
        self._log = (folder / "log").open("w")
        words = ["--port", "0", "--host", "127.0.0.1", "--no-dashboard"]
        self._scheduler = self._started("scheduler", words)
        self._workers: list[subprocess.Popen[bytes]] = []
        self.add_worker()
        self.add_worker()
        until(self._note.exists, "the scheduler's file")
        self.address = json.loads(self._note.read_text())["address"]

    def _started(self, name: str, words: list[str]) -> subprocess.Popen[bytes]:
        start = f"from distributed.cli import dask_{name} as m; m.main()"
        return subprocess.Popen(
            [sys.executable, "-c", start, *words, "--scheduler-file", str(self._note)],
            stdout=self._log,
            stderr=self._log,
            cwd=self._note.parent,
        )

    def add_worker(self) -> None:
        options = ("--no-dashboard", "--no-nanny", "--memory-limit", "0")
        words = ["--nthreads", "1", *options]
        self._workers.append(self._started("worker", words))

    def kill_workers(self) -> None:
        kill(self._workers)
        self._workers = []

    def kill_scheduler(self) -> None:
        kill([self._scheduler])

    def close(self) -> None:
        kill([*self._workers, self._scheduler])
        self._log.close()


def kill(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()
        process.wait(20)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler with two workers, until a test kills them."""
    found = Cluster(tmp_path_factory.mktemp("cluster"))
    until_workers(found.address, 2)
    yield found
    found.close()


def test_a_cluster_by_its_address_gives_them_too(
    cluster: Cluster, path: Path, alone: list[str], tmp_path: Path
) -> None:
    said = swept(path, tmp_path / "rows", "--scheduler", cluster.address)
    assert "on 2 workers" in said
    assert rows(tmp_path / "rows") == alone


def until(is_so: object, what: str, seconds: float = 40) -> None:
    """Wait for something that another process does."""
    assert callable(is_so)
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def until_rows(
    results: Path, number: int, sweep: subprocess.Popen[str] | None = None
) -> None:
    """Wait for lines of a file; less will do where the sweep has ended."""

    def is_so() -> bool:
        has_ended = sweep is not None and sweep.poll() is not None
        return nr_lines(results) >= number or has_ended

    until(is_so, "rows")


def until_workers(address: str, number: int) -> None:
    with import_module("distributed").Client(address, timeout=30) as client:
        client.wait_for_workers(number, timeout=40)


@pytest.mark.parametrize("words", [("--jobs", "1"), ("--jobs", "2")])
def test_ten_kills_and_every_cell_has_one_row(
    words: tuple[str, ...], path: Path, alone: list[str], tmp_path: Path
) -> None:
    """Over all of its life, starts and ends of rows among the moments."""
    results, chance = tmp_path / "rows", random.Random(7)
    for moment in sorted(chance.sample(range(NR_CELLS * 3 // 4), NR_KILLS)):
        is_over = nr_lines(results) >= moment
        sweep = started(path, results, *words)
        until_rows(results, moment, sweep)
        time.sleep(chance.random() * (1 if is_over else 0.03))
        assert sweep.poll() is None, sweep.communicate()
        sweep.kill()
        sweep.communicate()
    assert NR_CELLS // 2 < nr_lines(results) <= NR_CELLS
    swept(path, results, *words)
    assert rows(results) == alone
    assert nr_lines(results) == NR_CELLS + 1


def test_five_workers_are_killed_and_nobody_notices(
    path: Path, alone: list[str], tmp_path: Path
) -> None:
    results, chance = tmp_path / "rows", random.Random(8)
    sweep = started(path, results, "--jobs", "2")
    for kill in range(5):
        until_rows(results, 2 + kill * NR_CELLS // 7, sweep)
        until(lambda: len(workers_of(sweep.pid)) == 2, "two workers")
        os.kill(chance.choice(workers_of(sweep.pid)), signal.SIGKILL)
    out, err = sweep.communicate(timeout=120)
    assert (sweep.returncode, err) == (0, ""), out
    assert rows(results) == alone
    assert nr_lines(results) == NR_CELLS + 1


@pytest.mark.parametrize("words", [("--jobs", "1"), ("--jobs", "2")])
def test_an_interrupt_ends_it_without_a_word_and_without_workers(
    words: tuple[str, ...], path: Path, tmp_path: Path
) -> None:
    results = tmp_path / "rows"
    sweep = started(path, results, *words)
    until(lambda: nr_lines(results) > 5, "rows")
    workers = workers_of(sweep.pid)
    assert len(workers) == (2 if words[1] == "2" else 0)
    os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, err = sweep.communicate(timeout=30)
    assert (sweep.returncode, err) == (130, "")
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "an end")
    assert all(line for line in lines(results))


def test_a_trace_that_workers_lack_is_sent_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on machines that share no files: the path is gone when workers look."""
    from tests.sweep.test_traces import study as trace_study

    cells = list(read_study(str(trace_study(tmp_path))).cells())
    here = {str(cell): cell.job.run(compiled=False) for cell in cells}
    trace = tmp_path / "loop.lackey"
    data = trace.read_bytes()
    trace.unlink()
    monkeypatch.setattr(dask_runner, "to_send", lambda _path: data)
    get_temp_dir()  # of all processes that are started: it outlives this test
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with DaskRunner(jobs=2, compiled=False) as runner:
        there = {str(cell): ended for cell, ended in runner.run(cells)}
        assert len(list(tmp_path.rglob("loop.lackey"))) == 2
    assert list(tmp_path.rglob("loop.lackey")) == []
    assert {ended.error for ended in there.values()} == {None}
    assert {name: ended.outcome for name, ended in there.items()} == here


class Fatal(NamedTuple):
    """A job that ends its worker, as the kernel does to who takes all memory."""

    nr_pages: int = 1
    inputs: dict[str, str] = {}  # noqa: RUF012 - of a NamedTuple
    files: dict[str, str] = {}  # noqa: RUF012
    policy: str | None = None

    def run(self, *, compiled: bool | None) -> Outcome:
        os.kill(os.getpid(), signal.SIGKILL)
        return Outcome({}, {}, [])


class Quick(NamedTuple):
    """A job that does nothing."""

    nr_pages: int = 1
    inputs: dict[str, str] = {}  # noqa: RUF012
    files: dict[str, str] = {}  # noqa: RUF012
    policy: str | None = None

    def run(self, *, compiled: bool | None) -> Outcome:
        return Outcome({"done": 1}, {}, [])


def test_a_cell_that_kills_workers_is_to_blame_and_its_neighbours_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local_cluster, "_ALLOWED_FAILURES", 1)
    jobs: list[Job] = [Quick(), Fatal(), *[Quick()] * 3]
    cells = [Cell({"number": number}, job) for number, job in enumerate(jobs)]
    with DaskRunner(jobs=1, compiled=False) as runner:
        found = {str(cell): ended.error for cell, ended in runner.run(cells)}
    reason = "KilledWorker: each worker that ran it ended"
    assert found == {
        f"number={number}": reason if number == 1 else None for number in range(5)
    }


class Compiling(NamedTuple):
    """A job that says that it compiles."""

    nr_pages: int = 1
    inputs: dict[str, str] = {}  # noqa: RUF012
    files: dict[str, str] = {}  # noqa: RUF012
    policy: str | None = None

    def run(self, *, compiled: bool | None) -> Outcome:
        COMPILE_CACHE.announce()
        return Outcome({}, {}, [])


def test_that_workers_compile_is_said_once_and_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(COMPILE_CACHE, "say", said.append)
    cells = [Cell({"number": number}, Compiling()) for number in range(20)]
    with DaskRunner(jobs=2, compiled=False) as runner:
        assert {ended.error for _, ended in runner.run(cells)} == {None}
    assert said == [EMULATOR]


@pytest.mark.parametrize("has_note", [True, False])
def test_dask_is_kept_from_preloading_where_it_has_a_note_of_that(
    *, has_note: bool
) -> None:
    utils = SimpleNamespace(**{"_forkserver_preload_set": False} if has_note else {})
    local_cluster.preload_no_more(utils)
    assert vars(utils) == ({"_forkserver_preload_set": True} if has_note else {})


def ended_by(
    end: Callable[[], None], path: Path, results: Path, address: str
) -> tuple[int, str]:
    """Run a sweep, do something to its cluster after ten rows; return how it ends."""
    enough = nr_lines(results) + 10

    def watch() -> None:
        until_rows(results, enough)
        end()

    watching = Thread(target=watch)
    watching.start()
    words = ["sweep", "--interpreted", str(path), "-o", str(results)]
    done = CliRunner().invoke(
        swapemu, [*words, "--scheduler", address], prog_name="swapemu"
    )
    watching.join()
    return done.exit_code, done.stderr


def test_a_sweep_whose_cluster_goes_ends_and_goes_on(
    cluster: Cluster,
    path: Path,
    alone: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dask_runner, "_LOOK_S", 0.1)
    monkeypatch.setattr(dask_runner, "_WITHOUT_WORKERS_S", 0.5)
    results, address = tmp_path / "rows", cluster.address
    code, said = ended_by(cluster.kill_workers, path, results, address)
    reason = "no worker is left, and none has come for 0.5 s"
    assert (code, said) == (2, f"swapemu: {address}: {reason}\n")
    cluster.add_worker()
    until_workers(address, 1)
    code, said = ended_by(cluster.kill_scheduler, path, results, address)
    assert (code, said) == (2, f"swapemu: {address}: the scheduler is gone\n")
    assert 20 <= nr_lines(results) < NR_CELLS
    swept(path, results, "--jobs", "1")
    assert rows(results) == alone
    assert nr_lines(results) == NR_CELLS + 1
