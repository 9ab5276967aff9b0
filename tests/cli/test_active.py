"""swapinfo without FILE: the active areas, and what works behind them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from swaptools.cli import active
from swaptools.cli.swapinfo import main
from swaptools.observe import cmdline, power, proc, zram, zswap

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pyfakefs.fake_filesystem import FakeFilesystem

UUID_TEXT = "6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


ROWS = (
    "/dev/no-such partition\t8388604\t\t1048576\t\t-2",
    "/no\\040such file\t\t1020\t\t0\t\t5",
)
COLUMNS = ("-o", "NAME,TYPE,SIZE,USED,PRIO")


@pytest.fixture
def machine(
    swaps: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A machine without zswap and zram; the directory is zswap's, to be made."""
    swaps()
    monkeypatch.setattr(zswap, "_PARAMETERS", tmp_path / "zswap")
    monkeypatch.setattr(zram, "_BLOCK", tmp_path / "no-block")
    monkeypatch.setattr(cmdline, "_CMDLINE", tmp_path / "cmdline")
    monkeypatch.setattr(proc, "_MEMINFO", tmp_path / "no-meminfo")
    monkeypatch.setattr(proc, "_SYSFS", tmp_path)
    monkeypatch.setattr(power, "_POWER", tmp_path / "no-power")
    return tmp_path / "zswap"


@pytest.mark.usefixtures("machine")
class TestActive:
    def test_none_is_said_and_is_no_error(self) -> None:
        result = run()
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout == "no swap area is active\n"

    def test_why_there_are_no_counters_stands_apart_from_what_follows(
        self, machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("_DEBUGFS", "_MOUNTINFO", "_FILESYSTEMS"):
            monkeypatch.setattr(zswap, name, tmp_path / "missing")
        machine.mkdir()
        (machine / "enabled").write_text("Y\n")
        line = run().stdout.splitlines()[1]
        assert line.startswith(
            "zswap: on, no counters (debugfs is not mounted), writeback "
        )

    def test_one_has_no_total(self, swaps: Callable[..., None]) -> None:
        swaps(ROWS[0])
        assert run("-k", *COLUMNS).stdout.splitlines()[:-1] == [
            "NAME         TYPE         SIZE    USED PRIO",
            "/dev/no-such partition 8388604 1048576   -2",
        ]

    def test_several_have_a_total(self, swaps: Callable[..., None]) -> None:
        swaps(*ROWS)
        assert run("-m", *COLUMNS).stdout.splitlines()[:-1] == [
            "NAME         TYPE      SIZE USED PRIO",
            "/dev/no-such partition 8191 1024   -2",
            "/no such     file         0    0    5",
            "Total                  8192 1024",
        ]

    def test_scripts_get_no_total_and_no_further_lines(
        self, swaps: Callable[..., None]
    ) -> None:
        swaps(*ROWS)
        assert run("-rb", "-o", "NAME,USED").stdout == (
            "NAME USED\n/dev/no-such 1073741824\n/no\\x20such 0\n"
        )
        assert run("-n", "-o", "NAME").stdout == "/dev/no-such\n/no such\n"
        assert run("-P", "-o", "NAME,USE%").stdout == (
            'NAME="/dev/no-such" USE_PCT="12%"\nNAME="/no such" USE_PCT="0%"\n'
        )

    def test_json_begins_with_the_promised_keys_in_bytes(
        self, swaps: Callable[..., None]
    ) -> None:
        swaps(ROWS[0])
        found = json.loads(run("--json").stdout)
        assert found["zswap"] is None
        (area,) = found["swaps"]
        assert list(area.items())[:5] == [
            ("name", "/dev/no-such"),
            ("type", "partition"),
            ("size", 8589930496),
            ("used", 1073741824),
            ("priority", -2),
        ]

    def test_json_has_the_columns_that_are_named(
        self, swaps: Callable[..., None]
    ) -> None:
        swaps(*ROWS)
        told = json.loads(run("--json", "-o", "name,avail,use%").stdout)
        assert told["swaps"][0] == {
            "name": "/dev/no-such",
            "avail": 7516188672,
            "used_percent": 12.5,
        }
        assert "zswap" in told

    def test_the_header_of_an_active_area_is_read_where_it_can_be(
        self, area_file: Callable[..., Path], swaps: Callable[..., None]
    ) -> None:
        path = area_file()
        swaps(f"{path} file\t\t4092\t\t0\t\t-2")
        (area,) = json.loads(run("--json").stdout)["swaps"]
        assert (area["uuid"], area["label"]) == (UUID_TEXT, "sample")

    def test_zswap_is_a_line_below_and_an_object_in_json(
        self,
        machine: Path,
        swaps: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        swaps(ROWS[0])
        machine.mkdir()
        for name, text in (
            ("enabled", "Y"),
            ("compressor", "zstd"),
            ("max_pool_percent", "20"),
        ):
            (machine / name).write_text(f"{text}\n")
        meminfo = tmp_path / "meminfo"
        meminfo.write_text("Zswap:   1024 kB\nZswapped:  4608 kB\n")
        monkeypatch.setattr(proc, "_MEMINFO", meminfo)
        assert (
            "zswap: on, zstd, pool up to 20 % of RAM, 4.5 MiB stored in 1 MiB (4.5:1)"
            in run().stdout
        )
        found = json.loads(run("--json").stdout)["zswap"]
        assert found["enabled"] is True
        assert (found["compressor"], found["max_pool_percent"]) == ("zstd", 20)
        assert found["shrinker_enabled"] is None
        assert (found["pool_bytes"], found["stored_bytes"]) == (1 << 20, 4718592)
        (machine / "enabled").write_text("N\n")
        assert "zswap: off" in run().stdout

    def test_remarks_come_last_and_in_json(
        self,
        machine: Path,
        swaps: Callable[..., None],
        area_file: Callable[..., Path],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Zswap in front of zram, and not as the command line asks for it."""
        area = area_file()
        swaps(f"{area} partition\t4092\t\t0\t\t-2")
        monkeypatch.setattr(active, "zram_under", lambda _path: "/dev/zram1")
        machine.mkdir()
        (machine / "enabled").write_text("Y\n")
        (machine / "max_pool_percent").write_text("20\n")
        (tmp_path / "cmdline").write_text("zswap.enabled=1 zswap.max-pool-percent=30")
        remarks = [line for line in run().stdout.splitlines() if "remark: " in line]
        assert run().stdout.splitlines()[-2:] == remarks
        assert remarks[0].startswith("remark: zswap is on in front of /dev/zram1: ")
        assert remarks[1] == (
            "remark: zswap.max_pool_percent=30 on the kernel command line is not what"
            " runs: max_pool_percent is 20"
        )
        found = json.loads(run("--json").stdout)
        assert [f"remark: {remark}" for remark in found["remarks"]] == remarks
        assert found["swaps"][0]["zram"] == "/dev/zram1"
        (machine / "enabled").write_text("N\n")
        assert "in front of" not in run().stdout

    def test_sizes_over_4_tib_are_whole_in_every_form(
        self, swaps: Callable[..., None], tmp_path: Path
    ) -> None:
        swaps("/dev/no-such partition\t1073741820\t0\t\t-2")
        (tmp_path / "no-meminfo").write_text(
            "SwapTotal:       5368709116 kB\nSwapFree:        5368709116 kB\n"
        )
        assert run("-o", "SIZE,AVAIL").stdout.splitlines()[:2] == [
            "SIZE AVAIL",
            "  5T    5T",
        ]
        (area,) = json.loads(run("--json").stdout)["swaps"]
        assert area["size"] == 5368709116 * 1024

    def test_what_cannot_be_told_of_sizes_is_said(
        self, swaps: Callable[..., None], tmp_path: Path
    ) -> None:
        swaps(*ROWS)
        (tmp_path / "no-meminfo").write_text("SwapTotal: 4303356928 kB\n")
        assert "remark: 4 TiB more are active than these sizes say" in run().stdout

    def test_without_sys_nothing_is_claimed_of_zswap(
        self,
        swaps: Callable[..., None],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        swaps(ROWS[0])
        monkeypatch.setattr(proc, "_SYSFS", tmp_path / "none")
        (tmp_path / "cmdline").write_text("zswap.enabled=1")
        shown = run().stdout
        assert "zswap: not known, /sys is not mounted" in shown
        assert "hibernation: not known, /sys is not mounted" in shown
        assert "remark" not in shown

    def test_a_control_sequence_in_a_name_reaches_no_terminal(
        self, swaps: Callable[..., None]
    ) -> None:
        swaps("/\x1b[31m file\t\t1020\t\t0\t\t5")
        for words in ((), ("-r",), ("-P",), ("--json",)):
            assert "\x1b" not in run(*words).output


@pytest.mark.parametrize("words", [(), ("-n",), ("--raw",), ("--json",)])
def test_without_proc_nothing_is_claimed(
    words: tuple[str, ...], fs: FakeFilesystem
) -> None:
    assert not fs.exists("/proc")
    ran = run(*words)
    assert ran.exit_code == 2
    assert ran.stderr == "swapinfo: /proc/swaps: /proc is not mounted\n"
    assert "no swap area" not in ran.stdout
    if "--json" in words:
        assert json.loads(ran.stdout)["swaps"] is None


def test_a_kernel_without_swap_has_no_active_area(fs: FakeFilesystem) -> None:
    fs.create_file("/proc/meminfo", contents="MemTotal: 8 kB\n")
    fs.create_dir("/sys/module")
    ran = run()
    assert ran.exit_code == 0
    assert ran.stdout == (
        "no swap area is active: this kernel was built without swap\n"
    )
    assert json.loads(run("--json").stdout)["swaps"] == []
