"""Two processes print what one prints: rows, order, complaints, exit status."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import time
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from swaptools.cli import abreast, looking, swapcheck, swapinfo
from swaptools.cli.abreast import look_abreast
from tests.builders import header_page
from tests.conftest import needs_proc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import click

NAMES = [f"name{number}" for number in range(2100)]
#: In batches, as Names.batches() has them.
BATCHES = [NAMES[at : at + 512] for at in range(0, len(NAMES), 512)] + [[]]
needs_processors = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="one processor alone"
)


@pytest.fixture
def forking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork soon, on any machine, and beside any thread of the tests' own."""
    monkeypatch.setattr(abreast, "_may_fork", lambda: True)
    monkeypatch.setattr(looking, "_ALONE", 0)
    monkeypatch.setattr(looking, "_BATCH", 300)


def never() -> bool:
    return False


def look(names: Iterable[str]) -> Iterator[list[Any]]:
    """Say who looked at what."""
    for name in names:
        yield [name, [str(os.getpid())]]


def found_by(
    batches: Iterable[list[str]] = BATCHES,
    is_troubled: Callable[[], bool] = never,
    look: Callable[[Iterable[str]], Iterator[Any]] = look,
) -> dict[str, str]:
    """Look at all, and return which process looked at which, in their order."""
    found = iter(look_abreast(batches, look, is_troubled))
    return {name: pid for name in found for (pid,) in [next(found)]}


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.usefixtures("forking")
def test_two_look_and_the_order_stays() -> None:
    found = found_by()
    assert list(found) == NAMES
    (other,) = {*found.values()} - {str(os.getpid())}
    assert len({*found.values()}) == 2
    assert is_gone(int(other))


@pytest.mark.usefixtures("forking")
def test_names_that_mean_another_thing_elsewhere_are_ours() -> None:
    odd = ["-", "/dev/stdin", "/proc/self/exe"]
    for name in odd:
        found = found_by([[*NAMES[:500], name], NAMES[500:900], []])
        assert list(found) == [*NAMES[:500], name, *NAMES[500:900]]
        assert found[name] == str(os.getpid()) != found["name400"]


def dies(names: Iterable[str]) -> Iterator[list[Any]]:
    """Be no more in the other process, at the sixth file."""
    for number, one in enumerate(look(names)):
        if os.getpid() != OURS and number == 5:
            os._exit(9)
        yield one


def raises(names: Iterable[str]) -> Iterator[list[Any]]:
    """Have something happen in the other process that has no place in its answer."""
    for one in look(names):
        if os.getpid() != OURS:
            raise MemoryError
        yield one


def yields_what_marshal_has_not(names: Iterable[str]) -> Iterator[list[Any]]:
    for name, pid in look(names):
        yield [name, pid] if os.getpid() == OURS else [[Path(name)]]


def yields_too_much(names: Iterable[str]) -> Iterator[list[Any]]:
    """Have one file with more than an answer may have, in the other process."""
    for name, pid in look(names):
        if os.getpid() == OURS or name not in ("name300", "name1500"):
            yield [name, pid]
        else:
            yield ["x" * 1_000_000] * 6


OURS = os.getpid()


@pytest.mark.usefixtures("forking")
@pytest.mark.parametrize("odd", [dies, raises, yields_what_marshal_has_not])
def test_what_the_other_process_cannot_do_is_done_here(odd: Any) -> None:
    found = found_by(look=odd)
    assert list(found) == NAMES
    assert {*found.values()} == {str(os.getpid())}


@pytest.mark.usefixtures("forking")
@pytest.mark.parametrize("end", [3, 8, -1])
def test_an_answer_that_is_cut_short_is_none(
    end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel may kill either of us at any time, where memory is short."""
    write = abreast._write

    def cut(file: Any, value: Any) -> None:
        if os.getpid() == OURS:
            write(file, value)
            return
        whole = io.BytesIO()
        write(whole, value)
        os.write(file.fileno(), whole.getvalue()[:end])
        os._exit(9)

    monkeypatch.setattr(abreast, "_write", cut)
    found = found_by()
    assert list(found) == NAMES
    assert {*found.values()} == {str(os.getpid())}


@pytest.mark.usefixtures("forking")
def test_nobody_has_to_be_told_of_children_that_end() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert list(found_by()) == NAMES
        assert list(found_by(look=dies)) == NAMES
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.usefixtures("forking")
def test_an_answer_that_is_too_long_ends_before_its_file() -> None:
    found = found_by(look=yields_too_much)
    assert list(found) == NAMES
    assert found["name300"] == found["name1500"] == str(os.getpid())
    assert len({*found.values()}) == 2


@pytest.mark.usefixtures("forking")
@pytest.mark.parametrize("is_ours", [True, False])
def test_after_trouble_all_is_looked_at_here(is_ours: bool) -> None:
    """What would be said of later files depends on it, in whichever process it is."""
    seen: list[str] = []

    def is_troubled() -> bool:
        return "name40" in seen if is_ours else "name300" in seen

    def noted(names: Iterable[str]) -> Iterator[list[Any]]:
        for one in look(names):
            seen.append(one[0])
            yield one

    found = found_by(is_troubled=is_troubled, look=noted)
    assert list(found) == NAMES
    first = 41 if is_ours else 300
    assert {found[name] for name in NAMES[first:]} == {str(os.getpid())}


@pytest.mark.usefixtures("forking")
def test_without_a_fork_one_looks_and_nothing_stays_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> int:
        raise BlockingIOError

    descriptors = Path("/proc/self/fd")
    before = [*descriptors.glob("*")]
    monkeypatch.setattr(os, "fork", fail)
    assert {*found_by().values()} == {str(os.getpid())}
    assert len([*descriptors.glob("*")]) == len(before)


@pytest.mark.usefixtures("forking")
def test_who_stops_in_the_middle_leaves_no_process() -> None:
    found = look_abreast(BATCHES, look, never)
    pids = {pid for one in (next(found) for _ in range(1024)) for pid in one[:1]}
    others = [int(pid) for pid in pids if pid.isdigit() and pid != str(os.getpid())]
    found.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 5
    while others and not is_gone(others[0]) and time.monotonic() < deadline:
        os.waitpid(others[0], 0)
    assert len(others) == 1


# --- the commands --------------------------------------------------------------


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Some good areas and all that can be wrong with one, thousands in disorder."""
    place = tmp_path_factory.mktemp("many")
    contents = {
        "good": header_page(label=b"good").ljust(40960, b"\0"),
        "ghost": header_page(label=b"two words"),
        "odd\nname": header_page(label=b'\x1b[31m"$`'),
        os.fsdecode(b"no\xffutf8"): header_page(label=b"\xff\xfe"),
        "empty": b"",
        "short": b"SWAPSPACE2",
        "text": b"nothing of the kind\n" * 500,
        "two": header_page().ljust(65526, b"\0") + b"SWAPSPACE2",
        "asleep": header_page()[:4086] + b"S1SUSPEND\0",
        "old": (b"\xff" * 4086 + b"SWAP-SPACE").ljust(81920, b"\0"),
    }
    for name, data in contents.items():
        (place / name).write_bytes(data)
    (place / "directory").mkdir()
    os.mkfifo(place / "fifo")
    (place / "link").symlink_to("good")
    (place / "dangling").symlink_to("nowhere")
    (place / "forbidden").write_bytes(header_page())
    (place / "forbidden").chmod(0)
    known = [
        str(place / "missing"),
        "/dev/null",
        "UUID=none",
        *map(str, place.iterdir()),
    ]
    picked = random.Random(5)
    good = [str(place / "good")] * len(known)
    found = picked.sample(known + good, 2 * len(known))
    found += picked.choices(known + good, k=1200 - len(found))
    for number in (50, 500, 1100):
        found[number] = "/dev/null"
    return found


def run(command: click.Command, words: list[str], names: list[str]) -> Result:
    given = b"".join(os.fsencode(name) + b"\0" for name in names)
    whole = [*words, "--files0-from", "-"]
    return CliRunner().invoke(command, whole, input=given, prog_name="prog")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many things came in each answer of another process."""
    read, found = abreast._read, []

    def counting(file: Any) -> Any:
        answer = read(file)
        found.append(len(answer[0]))
        return answer

    monkeypatch.setattr(abreast, "_read", counting)
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("forking")
@pytest.mark.parametrize(
    ("command", "words", "nr_names"),
    [
        (swapinfo.main, [], 1200),
        (swapinfo.main, ["--raw"], 200),
        (swapinfo.main, ["--pairs", "--output-all", "-b"], 200),
        (swapinfo.main, ["--json"], 600),
        (swapinfo.main, ["--json", "-o", "PATH,LABEL,OTHER,ERROR"], 200),
        (swapinfo.main, ["-n", "-o", "+HOLDS"], 200),
        (swapinfo.main, ["--dump"], 200),
        (swapcheck.main, ["--json"], 200),
        (swapcheck.main, [], 200),
    ],
)
def test_a_command_prints_what_one_process_prints(
    command: click.Command,
    words: list[str],
    nr_names: int,
    names: list[str],
    counted: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(looking, "_MANY", 1)
    monkeypatch.setattr(looking, "_BATCH", nr_names // 3)
    some = names[:nr_names]
    with_two = run(command, words, some)
    assert counted, "nothing came from another process"
    monkeypatch.setattr(abreast, "_may_fork", never)
    nr_answers = len(counted)
    alone = run(command, words, some)
    assert len(counted) == nr_answers
    assert with_two.stdout == alone.stdout
    assert with_two.stderr == alone.stderr
    assert with_two.exit_code == alone.exit_code == 2


def swapinfo_process(**streams: Any) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "swaptools", "swapinfo", "--json"]
    return subprocess.Popen(
        [*words, "--files0-from", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **streams,
    )


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


@pytest.mark.slow
@needs_proc
@needs_processors
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_other_process_ends_with_the_first(number: int, names: list[str]) -> None:
    """It waits for more names, the list being open still, when the signal comes."""
    with swapinfo_process(stdout=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        good = [name for name in names if name.endswith("/good")]
        given = b"".join(os.fsencode(name) + b"\0" for name in good)
        process.stdin.write(given * 5)
        process.stdin.flush()
        deadline = time.monotonic() + 20
        while not (found := children(process.pid)) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    (other,) = found
    while not is_gone(other) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_gone(other)


@needs_processors
def test_a_reader_that_has_gone_is_no_error(names: list[str]) -> None:
    read, write = os.pipe()
    with swapinfo_process(stdout=write) as process:
        os.close(write)
        os.close(read)
        good = [name for name in names if name.endswith("/good")]
        given = b"".join(os.fsencode(name) + b"\0" for name in good)
        _, said = process.communicate(given * 5)
    assert (process.returncode, said) == (141, b"")


@pytest.mark.slow
def test_few_files_are_looked_at_by_one(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> bool:
        raise AssertionError("asked for a fork")

    monkeypatch.setattr(abreast, "_may_fork", fail)
    assert run(swapinfo.main, ["--json"], names[:700]).exit_code == 2
    batches = chain([NAMES[:3]], [[]])
    monkeypatch.setattr(abreast, "_may_fork", never)
    assert list(found_by(batches)) == NAMES[:3]
