"""swapemu record: what a program used, and the program's own end."""

from __future__ import annotations

import ctypes
import errno
import io
import mmap
import os
import platform
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from swaptools.cli.swapemu import main
from swaptools.errors import RecordError
from swaptools.observe.cgroups import Hierarchy
from swaptools.record import limit, tracing
from swaptools.record.connection import Connection, is_ours
from swaptools.record.faults import Faults
from swaptools.record.kernel_files import set_file
from swaptools.references import ANONYMOUS, CODE, FILE, WRITE, Description
from swaptools.traces.compact_write import TraceWriter
from swaptools.traces.formats import open_trace
from tests.cases import every_case
from tests.conftest import needs_proc
from tests.traces.samples import FTRACE, LACKEY, Reference, read_all

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.references import References

#: Speaks as valgrind does, for each process that it starts: two, one after another.
FAKE = f"""\
#!{sys.executable}
import os, socket, sys
words = sys.argv[1:]
assert words[:3] == ["--tool=lackey", "--trace-mem=yes", "--trace-children=yes"]
host, _, port = words[3].removeprefix("--log-socket=").partition(":")
assert words[4] == "--"
for _ in range(2):
    with socket.create_connection((host, int(port))) as stream:
        stream.sendall({LACKEY!r}.replace(b"25226", str(os.getpid()).encode()))
        stream.sendall(b"written by the program\\n L 00001000,4\\n" * 100)
os.execvp(words[5], words[5:])
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where valgrind is a program of ours."""
    folder = tmp_path / "bin"
    folder.mkdir()
    fake = folder / "valgrind"
    fake.write_text(FAKE)
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def swapemu(*words: str) -> list[str]:
    start = "import sys; sys.modules['numba'] = None\n"  # nothing is compiled
    start += "from swaptools.cli.start import swapemu; raise SystemExit(swapemu())"
    return [sys.executable, "-c", start, *words]


def record(
    environment: dict[str, str], path: Path, *words: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        swapemu("record", "-o", str(path), *words),
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_all_is_kept_where_it_is_asked_for(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Two processes, each a task with a name; what a program wrote is left out."""
    path = tmp_path / "t"
    done = record(environment, path, "--keep-all", "--", "echo", "a b")
    assert done.returncode == 0
    assert done.stdout == "a b\n"
    assert "some 3000 times slower" in done.stderr
    assert f"{path}: 214 references in" in done.stderr
    assert "200 lines were none of a trace" in done.stderr
    with open_trace(str(path)) as found:
        assert found.about.source == "echo 'a b'"
        assert found.about.least_pages == 1
        list(found)
    assert [name.split(": ")[1] for name in found.source.task_names.values()] == [
        "true",
        "true",
    ]
    references = read_all(path)
    assert {one.task for one in references} == {0, 1}
    first = [one._replace(task=0) for one in references if one.task == 1][:3]
    assert first == [
        Reference(0x4001, CODE),
        Reference(0x4001, CODE),
        Reference(0x1FFEFFF, WRITE),
    ]


@pytest.mark.slow
def test_what_no_memory_would_notice_is_dropped(
    environment: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "t"
    assert record(environment, path, "--k", "32", "true").returncode == 0
    with open_trace(str(path)) as found:
        assert found.about.least_pages == 32
        parts = list(found)
    assert sum(len(one.pages) + one.dropped for one in parts) == 214
    assert sum(len(one.pages) for one in parts) < 30


@every_case(
    "words",
    [
        ("-o", "out"),
        ("--output=out", "--k", "0"),
        ("--help",),
        ("-h", "--", "--bogus"),
        ("--how", "faults"),
        ("--keep-all", "--", "x"),
    ],
)
def test_options_behind_the_program_are_its_own(words: tuple[str, ...]) -> None:
    """As env(1) has it: a trace in place of its output would lose a file."""
    context = main.commands["record"].make_context("record", ["-o", "t", "say", *words])
    assert context.params["words"] == ("say", *words)
    assert context.params["path"] == "t"


@pytest.mark.slow
def test_and_it_gets_them(environment: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "say"
    program.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    program.chmod(0o700)
    words = ("--help", "-o", "out", "--how", "faults", "--", "x")
    done = record(environment, tmp_path / "t", str(program), *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == list(words)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 7", 7),
        ("kill -TERM $$", -signal.SIGTERM),
        ("kill -9 $$", -signal.SIGKILL),
    ],
)
def test_the_end_is_that_of_the_program(
    environment: dict[str, str], tmp_path: Path, script: str, code: int
) -> None:
    """And the trace is whole however it ended."""
    path = tmp_path / "t"
    assert record(environment, path, "sh", "-c", script).returncode == code
    said: list[str] = []
    assert read_all(path, tell=said.append)
    assert said == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["/no/such"], 127, "swapemu: /no/such: not found\n"),
        (["nosuchprogram"], 127, "swapemu: nosuchprogram: not found\n"),
        (["/etc/passwd"], 126, "swapemu: /etc/passwd: cannot be run\n"),
        (["-o", "/no/such/t", "true"], 125, "/no/such/t: No such file or directory"),
        (["-o", "/dev/full", "true"], 125, "swapemu: /dev/full: No space left on"),
        (["--bogus", "true"], 125, "No such option"),
    ],
)
def test_what_cannot_be_recorded(
    environment: dict[str, str],
    tmp_path: Path,
    words: list[str],
    code: int,
    reason: str,
) -> None:
    """What was there stays as it was."""
    path = tmp_path / "t"
    path.write_bytes(b"before")
    done = record(environment, path, *words)
    assert done.returncode == code
    assert reason in done.stderr
    assert path.read_bytes() == b"before"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--k", "0", "true"], "is not in the range"),
        ([], "Missing argument"),
        (["-o", "."], "is a directory"),
        (["--how", "faults", "true"], "--how faults and --ram belong together"),
        (["--ram", "1M", "true"], "--how faults and --ram belong together"),
        (["-x", "true"], "No such option"),
        *(
            (["--how", "faults", "--ram", ram, "true"], "--ram: a page at least")
            for ram in ("0", "1", "4095", "1E")
        ),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str
) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"before")
    monkeypatch.setattr(os, "fork", None)
    monkeypatch.setattr(subprocess, "Popen", None)
    given = ["record", "-o", str(path), *words]
    done = CliRunner().invoke(main, given, prog_name="swapemu")
    assert (done.exit_code, reason in done.stderr) == (125, True), done.stderr
    assert path.read_bytes() == b"before"


def test_without_valgrind(tmp_path: Path) -> None:
    done = record({**os.environ, "PATH": str(tmp_path)}, tmp_path / "t", "true")
    assert done.returncode == 125
    assert done.stderr == "swapemu: valgrind is not installed (Debian: valgrind)\n"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_to_the_program_and_leaves_a_good_file(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    path, ready = tmp_path / "t", tmp_path / "ready"
    words = ("sh", "-c", f"touch {ready}; exec sleep 60")
    running = subprocess.Popen(
        swapemu("record", "-o", str(path), *words),
        env=environment,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not ready.exists():
        time.sleep(0.02)
    time.sleep(0.1)
    running.send_signal(number)
    assert running.wait(20) == -number
    said: list[str] = []
    assert read_all(path, tell=said.append)
    assert said == []


@pytest.mark.slow
def test_a_program_that_is_deaf_to_it_is_killed_the_third_time(
    environment: dict[str, str], tmp_path: Path
) -> None:
    path, ready = tmp_path / "t", tmp_path / "ready"
    script = f"trap '' INT; touch {ready}; while :; do sleep 1; done"
    running = subprocess.Popen(
        swapemu("record", "-o", str(path), "sh", "-c", script),
        env=environment,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not ready.exists():
        time.sleep(0.02)
    for _ in range(3):
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
    assert running.wait(20) == -signal.SIGKILL
    assert read_all(path)


TRACED = FTRACE.replace(b"-5148    [000]", b"-5148    (   5140) [000]") + (
    b"CPU:1 [LOST 12 EVENTS]\n"
    b" sort-9 (     9) [001] d.... 1.000001: page_fault_kernel: "
    b"address=0xffffc90000000000 ip=x error_code=0x2\n"
    b" sort-9 (-------) [001] d.... 1.000002: page_fault_user: address=0x5000 junk\n"
    b" sort-9 (-------) [001] d.... 1.000003: page_fault_user: "
    b"address=0x5000 ip=0x1 error_code=0x6\n"
)


@needs_proc
def test_where_nobody_has_mounted_tracing_it_is_said_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "_PLACES", (tmp_path,))
    with pytest.raises(RecordError, match="mount -t tracefs tracefs /sys/kernel/trac"):
        tracing.Tracing()
    (tmp_path / "instances").mkdir()
    assert tracing.Tracing().lost == 0


def test_faults_have_the_kinds_of_their_pages(tmp_path: Path) -> None:
    """What is written to through a private mapping of a file is anonymous then."""
    with (tmp_path / "f").open("w+b") as file:
        file.truncate(mmap.PAGESIZE)
        mapped = mmap.mmap(file.fileno(), mmap.PAGESIZE, mmap.MAP_PRIVATE)
        own = mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    addresses = [
        ctypes.addressof(ctypes.c_char.from_buffer(one)) for one in (mapped, own)
    ]
    lines = "".join(
        f" x-{os.getpid()} ({os.getpid()}) [000] d.... 1.0: page_fault_user: "
        f"address={address:#x} ip=0x1 error_code={code:#x}\n"
        for address, code in (
            *((one, 4) for one in addresses),
            (addresses[0], 6),
            (addresses[0], 4),
        )
    )
    out = io.BytesIO()
    recording = Faults(TraceWriter(out, Description("t")), 1 << 20, lambda _said: None)
    recording._take(lines.encode())
    recording._finish()
    path = tmp_path / "t"
    path.write_bytes(out.getvalue())
    assert [one.flags for one in read_all(path)] == [
        FILE,
        ANONYMOUS,
        ANONYMOUS | WRITE,
        ANONYMOUS,
    ]


@pytest.mark.parametrize("size", [1, 50, 100_000])
def test_lines_of_tracing_come_in_any_pieces(tmp_path: Path, size: int) -> None:
    """A process is a task, whichever of its threads it was."""
    file = io.BytesIO()
    recording = Faults(TraceWriter(file, Description("t")), 1 << 20, lambda _said: None)
    for at in range(0, len(TRACED), size):
        recording._take(TRACED[at : at + size])
    recording._finish()
    assert (recording.seen, recording.broken) == (3, 1)
    path = tmp_path / "t"
    path.write_bytes(file.getvalue())
    assert len(read_all(path)) == 3
    with open_trace(str(path)) as found:
        list(found)
    assert found.source.task_names == {5140: "5140: bash", 9: "9: sort"}


def test_lines_come_in_any_pieces() -> None:
    text = LACKEY + b"x" * 70000 + b"\n" + LACKEY
    for size in (1, 7, 100, 1 << 16):
        connection = Connection(5)
        found: list[References] = []
        for at in range(0, len(text), size):
            found += connection.references(text[at : at + size])
        assert sum(len(one.pages) for one in found) == 14
        assert {task for one in found for task in one.tasks} == {5}
        assert connection.name == "25226: true"
        assert connection.broken in (1, 2)


@needs_proc
def test_a_connection_is_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        connection, _ = server.accept()
        with client, connection:
            assert is_ours(connection)


@needs_proc
def test_another_users_connection_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        connection, _ = server.accept()
        with client, connection:
            monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
            assert not is_ours(connection)


@pytest.mark.slow
def test_a_program_may_remove_its_trace(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = record(environment, tmp_path / "t", "rm", str(tmp_path / "t"))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "t").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 2])
def test_a_stream_that_is_closed_is_nothing_else_in_the_program(
    environment: dict[str, str], tmp_path: Path, number: int
) -> None:
    """Else the first file that is opened has its number; valgrind's ends in a crash."""
    done = subprocess.run(
        swapemu("record", "-o", str(tmp_path / "t"), "readlink", f"/dev/fd/{number}"),
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.close(number),
    )
    assert done.returncode == 0
    assert done.stdout.endswith("swaptools/cli/streams.py\n")


def test_what_the_kernel_refuses_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    for name, reason in (("full", "No space left on"), ("no/such", "No such file")):
        with pytest.raises(RecordError, match=f"/{name}: {reason}"):
            set_file(tmp_path / name, "1")


def test_a_limit_answers_for_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full while something is recorded is no error of the limit's."""
    found = Hierarchy(1, str(tmp_path))
    monkeypatch.setattr(limit, "find_hierarchy", lambda: found)
    monkeypatch.setattr(limit, "_TRIES", 1)
    full = OSError(errno.ENOSPC, "full", "the trace")
    with pytest.raises(OSError, match="the trace") as caught, limit.limited(1 << 20):
        raise full
    assert caught.value is full


needs_valgrind = pytest.mark.skipif(
    not shutil.which("valgrind"), reason="valgrind is not installed"
)
#: A program for x86-64 that has no library to load: it reads a word from the top of
#: its stack, writes it below, and ends.
TINY = bytes.fromhex("488b042448894424f8b83c00000031ff0f05")


@pytest.mark.slow
@needs_valgrind
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the program is for x86-64")
def test_a_real_tool_and_a_tiny_program(tmp_path: Path) -> None:
    """Its five instructions, one of which reads and one of which writes."""
    start, headers = 0x400000, 64 + 56
    nr_bytes = headers + len(TINY)
    elf = struct.pack(
        "<16sHHIQQQIHHHHHH",
        *(b"\x7fELF\2\1\1", 2, 62, 1, start + headers),
        *(64, 0, 0, 64, 56, 1, 0, 0, 0),
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, nr_bytes, nr_bytes, 4096)
    program = tmp_path / "tiny"
    program.write_bytes(elf + segment + TINY)
    program.chmod(0o700)
    words = ("--keep-all", "--", str(program))
    assert record(dict(os.environ), tmp_path / "t", *words).returncode == 0
    code, stack = (
        [
            (one.page, one.flags & WRITE)
            for one in read_all(str(tmp_path / "t"))
            if (one.flags == CODE) == is_code
        ]
        for is_code in (True, False)
    )
    assert code == [(start >> 12, 0)] * 5
    assert stack == [(stack[0][0], 0), (stack[0][0], WRITE)]


@needs_valgrind
@pytest.mark.compiled
def test_a_real_program(tmp_path: Path) -> None:
    """And what it starts, through a script; some seconds."""
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexec true\n")
    script.chmod(0o700)
    words = ("--sample-lengths", "--", str(script))
    done = record(dict(os.environ), tmp_path / "t", *words)
    assert done.returncode == 0
    with open_trace(str(tmp_path / "t")) as found:
        parts = list(found)
    assert sum(one.dropped for one in parts) > 100_000
    assert 300 < sum(len(one.pages) for one in parts) < 5000
    kinds = {flags >> 1 for one in parts for flags in one.flags}
    assert kinds >= {1, 2, 3}
    assert all(found.source.lengths.values())
    names = list(found.source.task_names.values())
    assert any(name.endswith("true") for name in names)
    assert not found.source.is_cut
