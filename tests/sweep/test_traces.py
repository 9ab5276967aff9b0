"""Cells that replay traces: what their values are, and that they are replays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.emulator.replays.lengths import Lengths
from swaptools.emulator.replays.machines import machine_for
from swaptools.emulator.replays.replay import replay
from swaptools.errors import StudyError, TraceError
from swaptools.sweep import read_study, sweep, trace_files, traces
from swaptools.sweep.trace_files import digest_of, keep, lacking, place_of
from swaptools.traces.formats import open_trace
from swaptools.working_set.next_use import PageNames

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.sweep.results import Results

STUDY = """\
moments = 4
slots = true
[fixed]
trace = "loop.lackey"
lengths = "fixed:900"
[axes]
design = ["plain", "ghost"]
policy = ["lru", "opt"]
ram = ["50%", "800K"]
"""


def write_trace(folder: Path, nr_pages: int = 400, name: str = "loop.lackey") -> Path:
    """A loop over pages, every third reference a write."""
    lines = [
        f" {'S' if n % 3 == 0 else 'L'} {0x10000000 + 4096 * (n % nr_pages):08x},8\n"
        for n in range(2000)
    ]
    path = folder / name
    path.write_text("".join(lines))
    return path


def study(folder: Path, text: str = STUDY) -> Path:
    write_trace(folder)
    path = folder / "loop.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Results]:
    """The whole study, and where it is."""
    folder = tmp_path_factory.mktemp("swept")
    return folder, sweep(read_study(str(study(folder))), str(folder / "rows"))


@pytest.mark.slow
def test_a_cell_counts_what_a_replay_counts(swept: tuple[Path, Results]) -> None:
    folder, found = swept
    rows = {tuple(row.cell.values()): row for row in found.rows}
    assert {row.error for row in found.rows} == {None}
    assert len(rows) == 8
    machine = machine_for(819200, 800, design="ghost", policy="lru", compiled=False)
    with open_trace(str(folder / "loop.lackey")) as trace:
        batches = list(trace)
    row = rows["ghost", "lru", "800K"]
    done = replay(batches, machine, 819200, lengths=Lengths.fixed(900))
    counts = {name: row.metrics[name] for name in done.stats.counts}
    assert counts == done.stats.counts
    assert row.metrics["miss_ratio"] == done.miss_ratio
    assert row.metrics["oom_kills"] == done.oom_kills == 1  # a ghost holds too little
    assert row.metrics["pages"] == 400
    lru, bound = (
        rows["plain", policy, "800K"].metrics["misses"] or 0
        for policy in ("lru", "opt")
    )
    assert bound < lru
    # Half of 400 pages is 800 KiB.
    assert rows["plain", "lru", "50%"].metrics == rows["plain", "lru", "800K"].metrics


@pytest.mark.slow
def test_moments_and_slots_are_of_the_same_references(
    swept: tuple[Path, Results],
) -> None:
    row = swept[1].rows[0]
    assert row.series["references"] == sorted(row.series["references"])
    assert row.series["references"][-1] == 2000
    assert len(row.series["references"]) == 4
    (area,) = row.slots
    assert area["area"] == "/disk"
    assert [used.count("0") < 96 for used in area["used"]] == [
        held > 0 for held in row.series["slots_held"]
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (('ram = ["50%", "800K"]', "seed = [1]"), "no ram, fixed or as an axis"),
        (('"50%"', '"x%"'), "line 9: ram: could not convert string to float: 'x'"),
        (('"50%"', '"0%"'), "line 9: ram: 0% is no share from 0% to 1000%"),
        (('"lru"', '"clock"'), "line 8: policy: no policy 'clock'"),
        (('"ghost"', '"tape"'), "line 7: design: no design 'tape'"),
        (('"fixed:900"', '"many"'), "line 5: lengths: many is neither fixed:BYTES"),
        (('"fixed:900"', '"trace"'), "trace: there are no lengths"),
        (('"fixed:900"', "9999"), "fixed:9999: lengths are from 0 to 4096"),
        (("[axes]", 'zswap = "on"\n[axes]'), "line 6: zswap: on is neither true"),
        (("[axes]", "seed = -1\n[axes]"), "line 6: seed: -1 is no seed"),
        (("[axes]", "pages = 3\n[axes]"), "line 6: pages: is nothing of a replay"),
        (("[axes]", '"zswap.x" = 3\n[axes]'), "line 6: zswap.x: no knob 'zswap.x'"),
        (("[axes]", 'script = "disk-only"\n[axes]'), "more than one workload"),
        (("loop.lackey", "gone"), "line 4: trace: "),
        (("loop.lackey", "loop.toml"), "line 4: trace: "),
    ],
)
def test_what_cannot_be_is_said_where_it_stands(
    change: tuple[str, str], reason: str, tmp_path: Path
) -> None:
    path = study(tmp_path, STUDY.replace(*change))
    with pytest.raises(StudyError) as caught:
        list(read_study(str(path)).cells())
    assert reason in str(caught.value)


@pytest.mark.slow
def test_a_memory_that_a_trace_says_nothing_of_is_named(tmp_path: Path) -> None:
    text = STUDY.replace("loop.lackey", "scan").replace('"50%", "800K"', '"252K"')
    reason = (
        "scan says nothing of fewer than 256 pages, and ram 252K is 63: "
        "record it with a smaller --k"
    )
    with pytest.raises(StudyError, match=reason):
        list(read_study(str(study(tmp_path, text))).cells())


def test_a_trace_of_nothing_is_named(tmp_path: Path) -> None:
    path = study(tmp_path)
    (tmp_path / "loop.lackey").write_text("I  10000000,3\n")
    reason = "has 1 references, all to code and files"
    with pytest.raises(StudyError, match=reason):
        list(read_study(str(path)).cells())


GENERATOR = """\
#regions
a, 4194304

#phases
one
200
a, 1, 4096, 100, wo
"""


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("name", "nr_read"), [("loop.lackey", 1), ("made.masim", 3)])
def test_only_what_a_seed_changes_is_read_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, nr_read: int
) -> None:
    (tmp_path / "made.masim").write_text(GENERATOR)
    seen = []

    class Seen(PageNames):
        def __init__(self) -> None:
            seen.append(self)
            super().__init__()

    monkeypatch.setattr(traces, "PageNames", Seen)
    text = STUDY.replace("loop.lackey", name).replace("[axes]", "[axes]\nseed=[3,1,2]")
    cells = list(read_study(str(study(tmp_path, text))).cells())
    assert len(seen) == nr_read
    assert {cell.job.nr_pages for cell in cells} == {
        each.nr_references for each in seen
    }


@pytest.mark.slow
def test_a_trace_of_the_package_by_its_name(tmp_path: Path) -> None:
    path = study(
        tmp_path, STUDY.replace("loop.lackey", "scan").replace('"50%", "800K"', '"8M"')
    )
    cells = list(read_study(str(path)).cells())
    assert {tuple(cell.job.inputs) for cell in cells} == {("scan",)}
    assert all(cell.job.nr_pages > 1000 for cell in cells)


@pytest.mark.slow
def test_another_trace_of_the_same_name_makes_other_cells(tmp_path: Path) -> None:
    keys = [{cell.key for cell in read_study(str(study(tmp_path))).cells()}]
    write_trace(tmp_path, 401)
    path = str(tmp_path / "loop.toml")
    keys.append({cell.key for cell in read_study(path).cells()})
    assert keys[0].isdisjoint(keys[1])


def test_a_trace_that_changed_meanwhile_is_an_error_of_its_cells(
    tmp_path: Path,
) -> None:
    cells = list(read_study(str(study(tmp_path))).cells())
    write_trace(tmp_path, 401)
    with pytest.raises(TraceError, match="is not here, or is not what it was"):
        cells[0].job.run(compiled=False)


def test_a_copy_stands_in_where_the_path_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_files, "_kept", {})
    path = write_trace(tmp_path)
    data, digest = path.read_bytes(), digest_of(str(path))
    assert place_of(str(path), digest) == str(path)
    path.unlink()
    assert lacking({digest: str(path)}) == [digest]
    keep(digest, str(path), data, str(tmp_path))
    assert lacking({digest: str(path)}) == []
    with open(place_of(str(path), digest), "rb") as file:
        assert file.read() == data


def test_a_directory_is_known_by_its_files_and_not_sent(tmp_path: Path) -> None:
    folder = tmp_path / "threads"
    folder.mkdir()
    write_trace(folder)
    before = digest_of(str(folder))
    write_trace(folder, 9, "other")
    assert digest_of(str(folder)) != before
    with pytest.raises(TraceError, match="where all workers can read it"):
        trace_files.to_send(str(folder))
