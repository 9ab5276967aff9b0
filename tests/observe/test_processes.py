from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.observe import processes
from swaptools.observe.processes import Process, read_process, read_processes
from tests.conftest import needs_proc
from tests.fake_proc import FakeProc, Mapped

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeProc:
    return FakeProc(tmp_path / "proc", monkeypatch)


def test_processes_come_by_number_and_kernel_threads_do_not(proc: FakeProc) -> None:
    proc.process(10, "b", Mapped(0x1000, swap=12))
    proc.kernel_thread(2)
    proc.process(9, "a")
    (proc.root / "meminfo").write_text("")
    assert read_processes().found == (
        Process(9, "a", 0, 8192),
        Process(10, "b", 12 * 1024, 8192),
    )


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("VmSwap:", "VmSwap:"),
        ("two words", "two words"),
        (r"line\nVmSwap:\t7", "line\nVmSwap:\\t7"),
        (r"back\\slash", r"back\slash"),
        ("caf\udce9", "caf\udce9"),
    ],
)
def test_a_name_may_be_anything(written: str, name: str, proc: FakeProc) -> None:
    proc.process(7, written, Mapped(0x1000, swap=4))
    found = read_process(7)
    assert found == Process(7, name, 4096, 8192)


def test_a_process_whose_first_thread_has_ended_has_memory(proc: FakeProc) -> None:
    """The kernel shows it by the numbers of the other threads."""
    proc.process(9, "worker", Mapped(0x1000, swap=12))
    (proc.root / "7" / "task" / "7").mkdir(parents=True)
    (proc.root / "7" / "task" / "9").mkdir()
    (proc.root / "9").rename(proc.root / "7" / "of-9")
    (proc.root / "9").symlink_to("7/of-9")
    status = proc.root / "7" / "status"
    status.write_text("Name:\tserver\nState:\tZ (zombie)\nThreads:\t2\n")
    assert read_process(7) == Process(9, "worker", 12 * 1024, 8192)
    status.write_text("Name:\tserver\nState:\tZ (zombie)\nThreads:\t1\n")
    assert read_process(7) is None


def test_a_process_that_has_ended_is_left_out(proc: FakeProc) -> None:
    proc.process(7)
    (proc.root / "7" / "status").unlink()
    assert read_process(7) is None
    assert read_processes().found == ()


def test_one_that_may_not_be_looked_at_is_counted(
    proc: FakeProc, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.process(7)

    def refuse(pid: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(processes, "read_process", refuse)
    assert read_processes() == ((), (7,))


def test_no_proc_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_PROC", str(tmp_path))
    with pytest.raises(OSError, match="no process is shown"):
        read_processes()


MOUNT = "22 27 0:21 / /proc rw,relatime - proc proc rw{}\n"


@pytest.mark.parametrize(
    ("namespace", "options", "said"),
    [
        (4026531836, "", []),
        (4026531836, ",hidepid=off", []),
        (4026532200, "", ["processes outside of this pid namespace are not shown"]),
        (
            4026531836,
            ",gid=5,hidepid=invisible",
            ["/proc is mounted with hidepid=invisible: processes of others are hidden"],
        ),
    ],
)
def test_what_hides_processes_is_said(
    namespace: int,
    options: str,
    said: list[str],
    proc: FakeProc,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (proc.root / "self" / "ns").mkdir(parents=True)
    (proc.root / "self" / "ns" / "pid").symlink_to(f"pid:[{namespace}]")
    (proc.root / "self" / "mountinfo").write_text(MOUNT.format(options))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert list(processes.hidden_processes()) == said


@needs_proc
def test_this_process_is_found() -> None:
    import os

    assert os.getpid() in {process.pid for process in read_processes().found}
