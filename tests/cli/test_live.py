"""swapinfo --who, --map and --watch: words, JSON, statuses."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from swaptools.cli.swapinfo import main
from swaptools.observe import cgroups as observed_cgroups
from swaptools.observe import proc, shm, swapmap
from swaptools.who import processes
from tests.conftest import needs_proc
from tests.fake_proc import FakeProc, Mapped, swapped
from tests.observe.test_cgroups import V2, write
from tests.unprivileged import as_nobody

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def told(*words: str) -> Any:
    result = run(*words, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


@pytest.fixture
def machine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    swaps: Callable[..., None],
    area_file: Callable[..., Path],
) -> FakeProc:
    """An area of 1024 slots, 6 in use, of which two processes have 3 and 2."""
    area = area_file("area", last_page=1023, badpages=(9,))
    swaps(f"{area} file 4088 24 -2")
    monkeypatch.setattr(proc, "_MEMINFO", str(tmp_path / "none"))
    monkeypatch.setattr(shm, "_SHM", str(tmp_path / "none"))
    for room in (swapmap, processes):
        monkeypatch.setattr(room, "may_see_slots", lambda: True)
        monkeypatch.setattr(room, "hidden_processes", list)
    made = FakeProc(tmp_path / "proc", monkeypatch)
    both = swapped(0, 5)
    made.process(
        7,
        "first \x1b[31m",
        Mapped(0x10000, (swapped(0, 4), both), swap=8, holders=1, name="[heap]"),
    )
    made.process(8, "second", Mapped(0x20000, (swapped(0, 700), swapped(0, 701))))
    return made


@pytest.mark.usefixtures("machine")
class TestWho:
    def test_the_table_adds_up(self) -> None:
        result = run("--who", "-k")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.splitlines() == [
            "PID COMMAND        SWAP SHARE   USE% MAPPED MAPPING",
            r"  7 first \x1b[31m    8     8  33.3%      8 [heap]",
            "  8 second            8     8  33.3%      8 [anonymous]",
            "    (unmapped)              8  33.3%",
            "    Total                  24 100.0%",
            "unmapped: no page table has it",
        ]

    def test_columns_and_styles_are_those_of_other_tables(self) -> None:
        assert run("--who", "-rn", "-o", "PID,SHMEM", "-b").stdout == "7 0\n8 0\n \n"
        assert run("--who", "-P", "-o", "share").stdout.splitlines()[0] == 'SHARE="8K"'
        assert "unknown column: NAME" in run("--who", "-o", "NAME").stderr

    def test_json_has_every_key(self) -> None:
        found = told("--who")
        assert list(found) == ["who", "used_bytes", "processes", "rest", "unseen"]
        assert found["processes"][1] == {
            "pid": 8,
            "name": "second",
            "swap_bytes": 8192,
            "share_bytes": 8192,
            "shared_memory_bytes": 0,
            "mapping": "[anonymous]",
            "mapping_bytes": 8192,
            "used_percent": 33.33,
        }
        assert found["rest"] == [
            {"what": "unmapped", "bytes": 8192, "means": "no page table has it"}
        ]

    def test_nothing_in_use_is_said(
        self, swaps: Callable[..., None], machine: FakeProc
    ) -> None:
        swaps()
        for pid in (7, 8):
            machine.process(pid)
        result = run("--who")
        assert (result.exit_code, result.stdout) == (0, "no swap is in use\n")

    def test_hidden_processes_are_said_and_have_a_status(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(processes, "hidden_processes", lambda: ["some are hidden"])
        result = run("--who")
        assert result.exit_code == 2
        assert result.stdout.splitlines()[-1] == "not seen: some are hidden"

    def test_by_cgroup(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        root = tmp_path / "cgroup"
        monkeypatch.setattr(observed_cgroups, "_MOUNTINFO", str(tmp_path / "mounts"))
        (tmp_path / "mounts").write_text(V2.format(root))
        write(root, cgroup_dot_controllers="memory")
        write(root / "a", memory_dot_swap_dot_current=16384)
        assert run("--who=cgroup", "-k").stdout.splitlines() == [
            "CGROUP OWN   USE% TREE ZSWAP LIMIT",
            "/a      16  66.7%   16",
            "/        8  33.3%   24",
            "Total   24 100.0%",
        ]
        found = told("--who=cgroup")
        assert list(found) == ["who", "version", "used_bytes", "cgroups", "rest"]
        assert list(found["cgroups"][0]) == [
            *("path", "own_bytes", "tree_bytes", "zswap_bytes", "limit_bytes"),
            "used_percent",
        ]

    def test_by_mapping(self, machine: FakeProc) -> None:
        assert run("--who=mapping", "--pid", "7", "-k").stdout.splitlines() == [
            "START PERM RSS SWAP SHARE MAPPING",
            "10000 rw-p   8    8     8 [heap]",
            r"total: 8 KiB of 7 (first \x1b[31m)",
        ]
        found = told("--who=mapping", "--pid", "8")
        assert list(found) == ["who", "pid", "name", "swap_bytes", "mappings"]
        assert list(found["mappings"][0]) == [
            *("start", "end", "permissions", "offset_bytes", "device", "inode", "name"),
            *("rss_bytes", "anonymous_bytes", "swap_bytes", "swap_pss_bytes"),
        ]
        machine.process(9, "none")
        assert run("--who=mapping", "--pid", "9").stdout == (
            "9 (none) has nothing in swap\n"
        )
        gone = run("--who=mapping", "--pid", "77")
        assert gone.exit_code == 2
        assert gone.stderr == "swapinfo: /proc/77: there is no such process\n"


@pytest.mark.usefixtures("machine")
class TestMap:
    def test_the_picture_and_the_numbers(self) -> None:
        lines = run("--map").stdout.splitlines()
        assert "/area: file, priority -2, 1024 slots, 1 bad" in lines[0]
        assert lines[1:] == [
            "  6 slots (24K) in use, 4 of them in page tables",
            "  2 are in no page table: shared memory, or memory that was read back",
            "  clusters of 512: 0 free, 2 partly used, 0 full",
            "  longest free run: 690 slots",
            "  order           0     1     2     3     4     5     6     7     8     9",
            "  free blocks  1018   508   252   125    62    30    14     6     2     0",
            "  of the free  100%   99%   99%   98%   97%   94%   88%   75%   50%    0%",
            "",
            "     0 ....##...#......................................................",
            *(f"  {at:4} {'.' * 64}" for at in range(64, 640, 64)),
            "   640 ............................................................##..",
            *(f"  {at:4} {'.' * 64}" for at in range(704, 1024, 64)),
            "  a cell is 1 slot: . none held, 1-9 tenths, # all",
            "",
            "PID COMMAND        SLOTS SIZE",
            r"  7 first \x1b[31m     2   8K",
            "  8 second             2   8K",
            "",
        ]

    def test_json_has_every_key(self) -> None:
        found = told("--map")
        (area,) = found["areas"]
        assert list(found) == [
            *("kernel", "page_size", "swap_cached_bytes", "processes", "unseen"),
            "areas",
        ]
        assert found["processes"][0] == {
            "pid": 7,
            "name": "first \x1b[31m",
            "entries": [[0, 2]],
        }
        name, extents = area.pop("name"), area.pop("extents")
        assert name.endswith("/area")
        assert all(len(extent) == 3 for extent in extents)
        assert area == {
            "type": "file",
            "priority": -2,
            "type_number": 0,
            "nr_slots": 1024,
            "badpages": [9],
            "used_slots": 6,
            "held_slots": 4,
            "shared_slots": 0,
            "unseen_slots": 2,
            "clusters": {
                "slots_per_cluster": 512,
                "total": 2,
                "free": 0,
                "partly": 2,
                "full": 0,
            },
            "free_slots": 1018,
            "longest_free_run": 690,
            "free_blocks": [1018, 508, 252, 125, 62, 30, 14, 6, 2, 0],
            "error": None,
            "held": [[4, 2, 1, 7], [700, 2, 1, 8]],
        }

    def test_one_area_is_picked_by_path_or_by_its_last_part(
        self, tmp_path: Path
    ) -> None:
        for name in ("area", str(tmp_path / "area")):
            assert len(told(f"--map={name}")["areas"]) == 1
        missing = run("--map=other")
        assert missing.exit_code == 2
        assert missing.stderr == "swapinfo: other: not an active swap area\n"

    def test_no_area_is_said(self, swaps: Callable[..., None]) -> None:
        swaps()
        assert run("--map").stdout == "no swap area is active\n"

    @pytest.mark.parametrize("name", ["map.png", "map.svg"])
    def test_it_is_drawn(self, name: str, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib")
        path = tmp_path / name
        assert run("--map", "--plot", str(path)).exit_code == 0
        first = path.read_bytes()
        assert first.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")
        assert run("--map", "--plot", str(path)).exit_code == 0
        assert path.read_bytes() == first

    def test_what_cannot_be_drawn_is_said(self, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib")
        result = run("--map", "--plot", str(tmp_path / "none" / "a.png"))
        assert result.exit_code == 1
        assert result.stderr.endswith("a.png: No such file or directory\n")

    def test_many_holders_are_cut(self, machine: FakeProc) -> None:
        for pid in range(10, 30):
            entries = (swapped(0, 100 + pid),)
            machine.process(pid, "x", Mapped(0x10000, entries))
        assert "and 12 more (--who, --json)" in run("--map").stdout


@pytest.mark.usefixtures("machine")
def test_watching_goes_on_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Enough(Exception):
        pass

    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            raise Enough

    monkeypatch.setattr("time.sleep", sleep)
    result = run("--who", "--watch", "0.5")
    assert isinstance(result.exception, Enough)
    assert waited == [0.5, 0.5, 0.5]
    assert result.stdout.count("(unmapped)") == 3


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--who", "--map"], "exclude each other"),
        (["--who=process", "/a"], "no FILE"),
        (["--map", "--dump"], "no FILE"),
        (["--watch", "1"], "--watch needs"),
        (["--watch", "0", "--who"], "0"),
        (["--plot", "a.png"], "--plot needs --map"),
        (["--map", "--plot", "a.pdf"], "neither .svg nor .png"),
        (["--who=mapping"], "go together"),
        (["--who", "--pid", "1"], "go together"),
        (["--map", "-k"], "no columns and no units"),
        (["--who=thread"], "thread"),
    ],
)
def test_what_makes_no_sense_together_is_refused(words: list[str], reason: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert reason in result.stderr


@needs_proc
def test_without_privilege_a_map_is_refused_and_who_is_not() -> None:
    def body() -> None:
        refused = run("--map")
        assert refused.exit_code == 2
        assert "shows slots to root (CAP_SYS_ADMIN) alone" in refused.stderr
        assert run("--who").exit_code in (0, 2)
        assert os.geteuid() != 0

    as_nobody(body)
