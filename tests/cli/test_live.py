"""swapinfo --who, --map and --watch: words, JSON, statuses."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from swaptools import estimate
from swaptools.cli import estimate as cli_estimate
from swaptools.cli.swapinfo import main
from swaptools.observe import cgroups as observed_cgroups
from swaptools.observe import proc, shm, swapmap
from swaptools.observe.pages import PageSample
from swaptools.swapmap import Hint, Learned, SwapMap
from swaptools.who import processes
from tests.conftest import needs_proc
from tests.fake_proc import PAGE, PRESENT, FakeProc, Mapped, swapped
from tests.observe.test_cgroups import V2, write
from tests.unprivileged import as_nobody

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


EXCLUSIVE = 1 << 56


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
    device = tmp_path.stat().st_dev
    node = tmp_path / "sys" / f"{os.major(device)}:{os.minor(device)}" / "queue"
    node.mkdir(parents=True)
    (node / "rotational").write_text("1\n")
    monkeypatch.setattr(swapmap, "_DEVICES", str(tmp_path / "sys"))
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
        assert "unknown column 'NAME'" in run("--who", "-o", "NAME").stderr

    def test_json_has_the_columns_that_are_named(self) -> None:
        found = told("--who", "-o", "pid,USE%")
        assert found["processes"][1] == {"pid": 8, "used_percent": 33.33}
        assert found["rest"]

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
            *("kernel", "page_size", "swap_cached_bytes", "hint", "processes"),
            "unseen",
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
            "rotational": True,
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
            "learned": None,
            "held": [[4, 2, 1, 7], [700, 2, 1, 8]],
        }

    def test_one_area_is_picked_by_any_path_or_by_its_last_part(
        self, tmp_path: Path
    ) -> None:
        for name in ("area", str(tmp_path / "area")):
            assert len(told(f"--map={name}")["areas"]) == 1
        (tmp_path / "link").symlink_to(tmp_path / "area")
        for name in (f"{tmp_path}//area", str(tmp_path / "link")):
            assert len(told(f"--map={name}")["areas"]) == 1
        missing = run("--map=other")
        assert missing.exit_code == 2
        assert missing.stderr == "swapinfo: other: not an active swap area\n"

    def test_no_area_is_said(self, swaps: Callable[..., None]) -> None:
        swaps()
        assert run("--map").stdout == "no swap area is active\n"

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["map.png", "map.svg"])
    def test_it_is_drawn(self, name: str, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib")
        path = tmp_path / name
        assert run("--map", "--plot", str(path)).exit_code == 0
        first = path.read_bytes()
        assert first.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml")
        assert run("--map", "--plot", str(path)).exit_code == 0
        assert path.read_bytes() == first

    @pytest.mark.slow
    @needs_proc
    def test_what_cannot_be_drawn_is_said(self) -> None:
        """A directory may be there, and take no file; the map is printed then, too."""
        pytest.importorskip("matplotlib")
        result = run("--map", "--plot", "/proc/a.png")
        assert result.exit_code == 1
        assert result.stdout
        assert result.stderr.endswith("/proc/a.png: No such file or directory\n")

    @pytest.mark.parametrize("option", ["--probe", "--settle"])
    def test_what_learning_costs_is_said_first(
        self, option: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        learned = Learned((1, 0), (), (), (9,))

        def learn(found: SwapMap) -> SwapMap:
            (area,) = found.areas
            if option == "--settle":
                area = replace(area, learned=learned)
            return replace(found, hint=Hint(0, 12, 1), areas=(area,))

        monkeypatch.setattr("swaptools.probe.probe", learn)
        monkeypatch.setattr("swaptools.probe.settle", learn)
        result = run("--map", option)
        assert result.exit_code == 0
        assert result.stderr == (
            "--probe: pages out one page, and drops it\n"
            if option == "--probe"
            else "--settle: pages out up to 1530 pages of zeros (6 MiB), twice\n"
        )
        assert "  CPU 1 goes on at slot 12\n" in result.stdout
        told = json.loads(run("--map", option, "--json").stdout)
        assert told["hint"] == {"type_number": 0, "offset": 12, "cpu": 1}
        if option == "--settle":
            assert "in the order in which they are tried: 1, 0\n" in result.stdout
            assert told["areas"][0]["learned"] == {
                "nonfull": [1, 0],
                "frag": [],
                "recycled": [],
                "hidden": [9],
            }

    def test_many_holders_are_cut(self, machine: FakeProc) -> None:
        for pid in range(10, 30):
            entries = (swapped(0, 100 + pid),)
            machine.process(pid, "x", Mapped(0x10000, entries))
        assert "and 12 more (--who, --json)" in run("--map").stdout


class TestEstimate:
    @pytest.fixture(autouse=True)
    def memory(
        self, machine: FakeProc, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Process 8 has five pages, one of zeros, and 9 has 128 times the same.

        There are 400 KiB of RAM, and pools have 20 %. Two more pages of 8 are in swap.
        """
        five = bytes(PAGE) + b"".join(bytes([n]) * PAGE for n in b"aabc")
        there = PRESENT | EXCLUSIVE
        swap = swapped(0, 1), swapped(0, 2)
        machine.process(
            8, "little", Mapped(0x10000, (there,) * 5), Mapped(0x90000, swap)
        )
        machine.process(9, "big", Mapped(0x10000, (there,) * 640))
        for pid, data in ((8, five), (9, five * 128)):
            with (machine.root / str(pid) / "mem").open("wb") as file:
                file.seek(0x10000)
                file.write(data)
        monkeypatch.setattr(estimate, "CODEC_NAMES", ("deflate",))
        monkeypatch.setattr(cli_estimate, "memory_bytes", lambda: 400 << 10)
        monkeypatch.setattr(cli_estimate, "read_zswap", lambda: None)
        monkeypatch.setattr(cli_estimate, "read_writeback", lambda: (True, None))
        monkeypatch.setattr("os.uname", lambda: SimpleNamespace(release="6.18.44"))

    def test_one_that_ends_before_a_page_is_read(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cli_estimate, "read_pages", lambda *_, **__: iter(()))
        result = run("--estimate", "--pid", "9")
        reason = "swapinfo: /proc/9: ended before a page could be read\n"
        assert (result.exit_code, result.stdout, result.stderr) == (2, "", reason)

    def test_the_tables(self) -> None:
        result = run("--estimate", "--pid", "9", "--size", "1M")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.splitlines() == [
            "9 (big): 2.5 MiB of anonymous memory, 640 pages",
            "read 640: 20.0 % zero, 80.0 % of one word, 99.38 % (or more) duplicates",
            "",
            "CODEC   ZSWAP   +-  RATIO NOT-SMALLER ZRAM +- RATIO  RAW",
            "deflate   16K 0.0% 160.00        0.0%   0B          0.0%",
            "",
            "CODEC   POOL-HOLDS ZRAM-TAKES GHOST-TAKES GHOST-HOLDS",
            "deflate      12.5M         4K        6.4K          1M",
            "POOL-HOLDS: such memory in a zswap pool of 20 % of RAM (80 KiB)",
            "ZRAM-TAKES: memory of a zram device of 1 MiB when it is full",
            "GHOST-TAKES, GHOST-HOLDS: pool for a full ghost of 1 MiB, and",
            "  what it holds before it or that pool is full",
        ]

    def test_of_few_pages_no_pool_is_foretold(self) -> None:
        """One zspage of 128 objects for four: the ratio is that of rounding."""
        result = run("--estimate", "--pid", "8")
        lines = result.stdout.splitlines()
        assert lines[1] == "8 KiB more is in swap already; not sampled"
        assert lines[4:6] == [
            "CODEC   ZSWAP   +- RATIO NOT-SMALLER ZRAM +- RATIO  RAW",
            "deflate    4K 0.0%  5.00        0.0%   0B          0.0%",
        ]
        assert "POOL-HOLDS" not in result.stdout
        assert "of so few pages that rounding decides" in result.stdout
        found = told("--estimate", "--pid", "8")
        assert (found["swap_bytes"], found["holds"]["codecs"]) == (8192, [])

    def test_json_has_every_key(self) -> None:
        found = told("--estimate", "--pid", "9", "--pool", "50", "--samples", "9")
        codec = found["codecs"][0]
        pool = [
            *("pool_bytes", "error_bytes", "ratio", "refused_percent", "raw_percent"),
            "bytes_a_page",
        ]
        assert list(found) == [
            *("pid", "name", "swap_bytes", "kernel", "page_size", "nr_pages"),
            "nr_sampled",
            *("zero_percent", "same_filled_percent", "duplicate_percent", "codecs"),
            *("missing", "nr_shared", "nr_gone", "holds", "unseen"),
        ]
        assert list(codec) == ["codec", "zswap", "zram", "library_short_percent"]
        assert list(codec["zswap"]) == list(codec["zram"]) == pool
        assert list(found["holds"]) == [
            *("pool_percent", "pool_limit_bytes", "size_bytes", "codecs"),
        ]
        assert found["holds"]["pool_limit_bytes"] == 200 << 10
        assert list(found["holds"]["codecs"][0]) == [
            *("codec", "zswap_holds_bytes", "zram_takes_bytes"),
            *("ghost_takes_bytes", "ghost_holds_bytes"),
        ]

    def test_a_cgroup_is_all_its_processes(self, tmp_path: Path) -> None:
        write(tmp_path / "c")
        (tmp_path / "c" / "cgroup.procs").write_text("8\n9\n77\n")
        found = told("--estimate", "--cgroup", str(tmp_path / "c"))
        assert (found["cgroup"], found["processes"], found["nr_pages"]) == (
            str(tmp_path / "c"),
            3,
            645,
        )
        assert found["swap_bytes"] == 8192

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            (["--pid", "77"], "/proc/77: no such process, or one without memory"),
            (["--cgroup", "/no/such"], "/no/such: no such cgroup"),
        ],
    )
    def test_what_is_not_there_is_said(self, words: list[str], reason: str) -> None:
        result = run("--estimate", *words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == f"swapinfo: {reason}\n"

    def test_what_may_not_be_read_is_said(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(pids: list[int]) -> PageSample:
            return PageSample(unreadable=pids)

        monkeypatch.setattr(cli_estimate, "find_pages", refuse)
        result = run("--estimate", "--pid", "9")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == "swapinfo: /proc/9/mem: Permission denied\n"


@pytest.mark.usefixtures("machine")
def test_watching_a_process_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("nothing to wait for"))
    result = run("--who=mapping", "--pid", "77", "--watch", "0.5")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("there is no such process") == 1


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
        (["--who=process", "/a"], "or a FILE"),
        (["--map", "--dump"], "or a FILE"),
        (["--watch", "1"], "--watch needs"),
        (["--watch", "0", "--who"], "0"),
        (["--watch", "nan", "--who"], "no finite number"),
        (["--watch", "inf", "--who"], "x<="),
        (["--watch", "1e300", "--who"], "x<="),
        (["--plot", "a.png"], "--plot needs --map"),
        (["--map", "--plot", "a.pdf"], "neither .svg nor .png"),
        (["--map", "--plot", "/none/a.svg"], "/none/a.svg: No such file or"),
        (["--who=mapping"], "--who=mapping needs --pid"),
        (["--who", "--pid", "1"], "--pid needs --who=mapping or --estimate"),
        (["--pid", "1"], "--pid needs --who=mapping or --estimate"),
        (["--map", "-k"], "no columns and no units"),
        (["--estimate"], "one of --pid and --cgroup"),
        (["--estimate", "--pid", "1", "--cgroup", "/"], "one of --pid and --cgroup"),
        (["--estimate", "--pid", "1", "-o", "PID"], "no columns and no units"),
        (["--estimate", "--map", "--pid", "1"], "exclude each other"),
        (["--samples", "5"], "--samples needs --estimate"),
        (["--pool", "5", "--who"], "--pool needs --estimate"),
        (["--size", "5", "--map"], "--size needs --estimate"),
        (["--cgroup", "/", "--who"], "--cgroup needs --estimate"),
        (["--probe"], "--probe needs --map"),
        (["--settle", "--who"], "--settle needs --map"),
        (["--map", "--probe", "--settle"], "one of them"),
        (["--map", "--pid", "1"], "--pid needs --who=mapping or --estimate"),
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
