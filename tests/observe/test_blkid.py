"""The child that asks libblkid: what it says, and that it can do no harm."""

from __future__ import annotations

import errno
import os
import signal
import textwrap
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from swaptools.contents import Held
from swaptools.observe import contents
from swaptools.observe.blkid import MOST_WAITING, Answer, Prober, Question
from tests.builders import BTRFS_SUPERBLOCK, SAMPLE_UUID, header_page
from tests.conftest import needs_proc
from tests.disks import Part, gpt_pieces, mbr_entry, mbr_sector, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SWAP = Held("swap", "other", "sample", str(SAMPLE_UUID), 4086, b"SWAPSPACE2")
BTRFS = (65600, BTRFS_SUPERBLOCK)
CRASHED = "libblkid crashed"


def has_libblkid() -> bool:
    prober = Prober()
    try:
        with open("/dev/null", "rb") as file:
            return "no libblkid" not in (prober.ask(file.fileno(), 0, 0).reason or "")
    finally:
        prober.close()


@pytest.fixture
def prober() -> Iterator[Prober]:
    made = Prober(timeout_seconds=20)
    yield made
    made.close()


@pytest.fixture(scope="module")
def libblkid() -> None:
    if not has_libblkid():
        pytest.skip("there is no libblkid here")


@pytest.fixture
def area(tmp_path: Path) -> Path:
    return write(tmp_path / "area", 1 << 20, {0: header_page(last_page=255)})


@pytest.fixture
def acting(tmp_path: Path) -> Iterator[Callable[..., Prober]]:
    """Call with the body of a child that answers each request in its own way."""
    made = []

    def make(body: str, timeout_seconds: float = 20) -> Prober:
        script = tmp_path / "child.py"
        script.write_text(
            "import os, socket, sys, time\n"
            "s = socket.socket(fileno=0)\n"
            "while s.recv(64):\n" + textwrap.indent(body, "    ") + "\n"
        )
        made.append(Prober(timeout_seconds=timeout_seconds, child=str(script)))
        return made[-1]

    yield make
    for prober in made:
        prober.close()


def ask(prober: Prober, path: Path, offset: int = 0, size: int | None = None) -> Answer:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = path.stat().st_size - offset if size is None else size
        return prober.ask(descriptor, offset, size)
    finally:
        os.close(descriptor)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 20
    while is_running(pid):
        assert time.monotonic() < end, f"process {pid} is still there"
        time.sleep(0.01)


@pytest.mark.usefixtures("libblkid")
class TestLibblkid:
    """What it says, through the child."""

    def test_a_swap_area(self, prober: Prober, area: Path) -> None:
        assert ask(prober, area) == Answer((SWAP,), "swap")

    def test_a_file_of_zeros_holds_nothing(
        self, prober: Prober, tmp_path: Path
    ) -> None:
        assert ask(prober, write(tmp_path / "z", 1 << 20, {})) == Answer()

    def test_a_second_signature_is_found_and_nothing_is_believed(
        self, prober: Prober, tmp_path: Path
    ) -> None:
        pieces = dict([(0, header_page(last_page=255)), BTRFS])
        answer = ask(prober, write(tmp_path / "both", 4 << 20, pieces))
        assert answer.believed == "ambivalent"
        assert answer.holds == (
            SWAP,
            Held("btrfs", "filesystem", None, None, 65600, b"_BHRfS_M"),
        )

    def test_on_a_device_like_a_floppy_the_first_is_believed(
        self, prober: Prober, tmp_path: Path
    ) -> None:
        pieces = dict([(0, header_page(last_page=255)), BTRFS])
        answer = ask(prober, write(tmp_path / "both", 1 << 20, pieces))
        assert answer.believed == "swap"
        assert [held.type for held in answer.holds] == ["swap", "btrfs"]

    def test_all_of_a_gpt(self, prober: Prober, tmp_path: Path) -> None:
        pieces = gpt_pieces((Part(2048, 4096),), 8192)
        answer = ask(prober, write(tmp_path / "disk", 8192 * 512, pieces))
        assert answer.believed == "gpt"
        assert {(held.type, held.offset_bytes) for held in answer.holds} == {
            ("gpt", 512),
            ("gpt", 8191 * 512),
            ("PMBR", 510),
        }
        assert {held.usage for held in answer.holds} == {"partitions"}

    def test_places_count_from_the_start_of_the_area(
        self, prober: Prober, tmp_path: Path
    ) -> None:
        pieces = {1 << 20: header_page(last_page=255), (1 << 20) + 65600: BTRFS[1]}
        path = write(tmp_path / "image", 4 << 20, pieces)
        answer = ask(prober, path, 1 << 20, 1 << 20)
        assert [held.offset_bytes for held in answer.holds] == [4086, 65600]

    def test_neighbours_are_not_seen(self, prober: Prober, tmp_path: Path) -> None:
        table = mbr_sector(mbr_entry(0x82, 2048, 2048))
        pieces = {
            0: table,
            1 << 20: header_page(last_page=15),
            (1 << 20) + BTRFS[0]: BTRFS[1],
        }
        path = write(tmp_path / "image", 4 << 20, pieces)
        answer = ask(prober, path, 1 << 20, 65536)
        assert (answer.believed, answer.holds) == ("swap", (SWAP,))

    def test_many_areas_have_one_child(
        self, prober: Prober, tmp_path: Path, area: Path
    ) -> None:
        empty = write(tmp_path / "z", 1 << 20, {})
        pids = set()
        for _ in range(200):
            assert ask(prober, area).believed == "swap"
            assert ask(prober, empty).believed is None
            pids.add(prober.pid)
        assert len(pids) == 1

    @needs_proc
    def test_the_child_has_next_to_nothing(self, prober: Prober, area: Path) -> None:
        ask(prober, area)
        lines = Path(f"/proc/{prober.pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert status["NoNewPrivs"].strip() == "1"
        if os.geteuid() == 0:
            assert set(status["Uid"].split()) == {"65534"}
            assert set(status["CapEff"]) == {"0"}
        descriptors = Path(f"/proc/{prober.pid}/fd").iterdir()
        assert sorted(each.name for each in descriptors) == ["0", "1", "2"]
        limits = Path(f"/proc/{prober.pid}/limits").read_text()
        assert "Max address space         536870912" in limits
        assert "Max file size             0" in limits

    @needs_proc
    def test_the_child_keeps_no_directory_busy(
        self,
        prober: Prober,
        area: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What we work in may be unmounted as soon as we have left it."""
        monkeypatch.chdir(tmp_path)
        ask(prober, area)
        assert Path(f"/proc/{prober.pid}/cwd").readlink() == Path("/")

    @pytest.mark.slow
    def test_a_child_that_was_killed_between_two_areas_is_replaced(
        self, prober: Prober, area: Path
    ) -> None:
        for _ in range(5):
            assert ask(prober, area) == Answer((SWAP,), "swap")
            os.kill(prober.pid, signal.SIGKILL)
            wait_until_gone(prober.pid)
        assert ask(prober, area) == Answer((SWAP,), "swap")

    def test_threads_take_turns(self, prober: Prober, area: Path) -> None:
        answers: list[Answer] = []

        def look() -> None:
            for _ in range(50):
                answers.append(ask(prober, area))

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [Answer((SWAP,), "swap")] * 200

    def test_the_child_outlives_the_thread_that_started_it(
        self, prober: Prober, area: Path
    ) -> None:
        thread = threading.Thread(target=ask, args=(prober, area))
        thread.start()
        thread.join()
        pid = prober.pid
        time.sleep(0.05)
        assert ask(prober, area) == Answer((SWAP,), "swap")
        assert prober.pid == pid

    def test_a_fork_has_a_child_of_its_own(self, prober: Prober, area: Path) -> None:
        ask(prober, area)
        read, sent = os.pipe()
        pid = os.fork()
        if not pid:
            answer = ask(prober, area)
            os.write(sent, f"{answer.believed} {prober.pid}".encode())
            prober.close()
            os._exit(0)
        os.waitpid(pid, 0)
        believed, other = os.read(read, 100).decode().split()
        os.close(read)
        os.close(sent)
        assert believed == "swap"
        assert int(other) != prober.pid
        assert ask(prober, area).believed == "swap"

    def test_the_child_ends_with_us(self, area: Path) -> None:
        """However we end: nothing is left running."""
        read, sent = os.pipe()
        pid = os.fork()
        if not pid:
            prober = Prober()
            ask(prober, area)
            os.write(sent, str(prober.pid).encode())
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        child = int(os.read(read, 100))
        os.close(read)
        os.close(sent)
        wait_until_gone(child)

    @pytest.mark.slow
    def test_a_hanging_child_is_ended(self, prober: Prober, area: Path) -> None:
        hasty = Prober(timeout_seconds=0.2)
        hasty.fork_first()
        ask(hasty, area)
        pid = hasty.pid
        os.kill(pid, signal.SIGSTOP)
        answer = ask(hasty, area)
        assert answer.reason == "libblkid did not come to an end"
        wait_until_gone(pid)
        hasty.close()

    def test_a_child_that_stopped_for_a_while_is_waited_for(
        self, prober: Prober, area: Path
    ) -> None:
        ask(prober, area)
        os.kill(prober.pid, signal.SIGSTOP)
        threading.Timer(0.1, os.kill, (prober.pid, signal.SIGCONT)).start()
        assert ask(prober, area) == Answer((SWAP,), "swap")


def test_a_crash_is_said_and_the_next_area_is_looked_at(
    acting: Callable[..., Prober], area: Path
) -> None:
    prober = acting("os.abort() if not os.path.exists(sys.argv[0] + '.once') else 0")
    assert ask(prober, area) == Answer(reason=CRASHED)
    prober = acting("if os.getpid() % 1 == 0: s.send(b'swap\\0')")
    assert ask(prober, area) == Answer((), "swap")


@pytest.mark.slow
def test_after_three_crashes_it_is_left_alone(
    acting: Callable[..., Prober], area: Path
) -> None:
    prober = acting("os.abort()")
    reasons = [ask(prober, area).reason for _ in range(5)]
    last = f"{CRASHED}, 3 times now"
    assert reasons == [CRASHED, CRASHED, last, last, last]
    assert prober.pid == 0


def test_a_child_that_eats_memory_is_a_crash(
    acting: Callable[..., Prober], area: Path
) -> None:
    prober = acting(
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))\n"
        "s.send(bytes(1 << 30))"
    )
    assert ask(prober, area).reason == CRASHED


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff",
        b"swap",
        b"swap\0too\0few\0",
        b"swap\0a\0b\0c\0d\0not a number\0ff\0",
        b"swap\0a\0b\0c\0d\0" + b"7\0not hexadecimal\0",
    ],
)
def test_an_answer_that_makes_no_sense_is_none(
    answer: bytes, acting: Callable[..., Prober], area: Path
) -> None:
    prober = acting(f"s.send({answer!r})")
    assert ask(prober, area) == Answer(reason="libblkid's answer makes no sense")


def test_labels_that_are_no_utf_8_survive(
    acting: Callable[..., Prober], area: Path
) -> None:
    prober = acting("s.send(b'swap\\0swap\\0other\\0a\\xffb\\0\\0' + b'4086\\0ff\\0')")
    (held,) = ask(prober, area).holds
    assert held.label == "a\udcffb"
    assert held.uuid is None


def test_a_machine_without_libblkid_says_so(
    acting: Callable[..., Prober], area: Path
) -> None:
    prober = acting("s.send(b'!there is no libblkid here')")
    assert ask(prober, area) == Answer(reason="there is no libblkid here")


def test_without_an_interpreter_there_is_no_child(
    prober: Prober, area: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "")
    reason = ask(prober, area).reason
    assert reason is not None
    assert reason.startswith("no process to ask libblkid")


def test_without_libblkid_a_short_table_is_asked(
    acting: Callable[..., Prober], tmp_path: Path
) -> None:
    prober = acting("s.send(b'!there is no libblkid here')")
    pieces = {0: header_page(last_page=255), 65600: BTRFS_SUPERBLOCK, 1080: b"\x53\xef"}
    path = write(tmp_path / "area", 1 << 20, pieces)
    descriptor = os.open(path, os.O_RDONLY)
    found = contents.find_contents(descriptor, 0, 1 << 20, prober)
    os.close(descriptor)
    assert [held.type for held in found.holds] == ["ext4", "btrfs"]
    assert found.believed is None
    assert found.unseen == (
        "what else lies there: there is no libblkid here; only a short table was asked"
    )


def test_a_stream_without_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "memfd_create", refuse)
    found = contents.look_into_bytes(b"XFSB" + bytes(4096))
    assert [held.type for held in found.holds] == ["xfs"]
    assert found.unseen is not None


def test_a_stream_is_looked_into_as_far_as_it_was_read() -> None:
    found = contents.look_into_bytes(b"\xfd7zXZ\0" + bytes(4096))
    assert [held.type for held in found.holds] == ["xz"]


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def ask_ahead(prober: Prober, path: Path) -> Question:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return prober.ask_ahead(descriptor, 0, path.stat().st_size)
    finally:
        os.close(descriptor)


@pytest.mark.usefixtures("libblkid")
class TestAhead:
    """The child looks while we do something else, and has more to do then."""

    @pytest.fixture
    def labelled(self, tmp_path: Path) -> list[Path]:
        pages = [header_page(last_page=9, label=b"a%d" % n) for n in range(40)]
        return [
            write(tmp_path / f"a{n}", 40960, {0: page}) for n, page in enumerate(pages)
        ]

    def labels(self, questions: list[Question]) -> list[str | None]:
        return [question.answer().holds[0].label for question in questions]

    def test_an_answer_that_nobody_wanted_is_not_the_next_ones(
        self, prober: Prober, area: Path, tmp_path: Path
    ) -> None:
        ask_ahead(prober, area)
        assert ask(prober, write(tmp_path / "z", 1 << 20, {})) == Answer()

    def test_it_is_the_same_answer_when_called_again(
        self, prober: Prober, area: Path
    ) -> None:
        question = ask_ahead(prober, area)
        assert question.answer() is question.answer()
        assert question.answer().believed == "swap"

    def test_a_child_that_is_killed_meanwhile_is_replaced(
        self, prober: Prober, area: Path
    ) -> None:
        ask(prober, area)
        os.kill(prober.pid, signal.SIGSTOP)
        question = ask_ahead(prober, area)
        os.kill(prober.pid, signal.SIGKILL)
        assert question.answer() == Answer((SWAP,), "swap")

    def test_each_has_its_own_answer_in_whatever_order_it_is_wanted(
        self, prober: Prober, labelled: list[Path]
    ) -> None:
        expected = [path.name for path in labelled]
        questions = [ask_ahead(prober, path) for path in labelled]
        assert self.labels(questions) == expected
        questions = [ask_ahead(prober, path) for path in labelled]
        assert self.labels(questions[::-1]) == expected[::-1]

    def test_few_descriptors_are_open(
        self, prober: Prober, labelled: list[Path]
    ) -> None:
        ask(prober, labelled[0])
        before = open_descriptors()
        questions = [ask_ahead(prober, path) for path in labelled]
        assert open_descriptors() == before + MOST_WAITING
        self.labels(questions)
        assert open_descriptors() == before

    @pytest.mark.slow
    def test_those_that_wait_outlive_their_child(
        self, prober: Prober, labelled: list[Path]
    ) -> None:
        for _ in range(5):
            ask(prober, labelled[0])
            os.kill(prober.pid, signal.SIGSTOP)
            questions = [ask_ahead(prober, path) for path in labelled[:MOST_WAITING]]
            os.kill(prober.pid, signal.SIGKILL)
            names = [path.name for path in labelled[:MOST_WAITING]]
            assert self.labels(questions) == names

    def test_a_fork_has_answers_of_its_own(
        self, prober: Prober, labelled: list[Path]
    ) -> None:
        questions = [ask_ahead(prober, path) for path in labelled[:5]]
        names = [path.name for path in labelled[:5]]
        pid = os.fork()
        if not pid:
            try:
                is_right = self.labels(questions) == names
                prober.close()
            finally:
                os._exit(0 if is_right else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert self.labels(questions) == names


@pytest.mark.sampled(3)
@pytest.mark.parametrize("number", [0, 3, 7])
def test_only_what_was_too_much_for_the_child_has_no_answer(
    number: int, acting: Callable[..., Prober], tmp_path: Path
) -> None:
    """Not those that were asked about before it, nor those behind it."""
    body = f"""data, rights, _, _ = s.recvmsg(64, socket.CMSG_SPACE(4))
while data:
    os.abort() if data == b'0 {number}' else s.send(data + bytes(1))
    data, rights, _, _ = s.recvmsg(64, socket.CMSG_SPACE(4))
"""
    script = tmp_path / "choosy.py"
    script.write_text(f"import os, socket\ns = socket.socket(fileno=0)\n{body}")
    prober = Prober(timeout_seconds=20, child=str(script))
    with open("/dev/null", "rb") as file:
        questions = [prober.ask_ahead(file.fileno(), 0, size) for size in range(20)]
    answers = [question.answer() for question in questions]
    prober.close()
    expected = [Answer((), f"0 {size}") for size in range(20)]
    expected[number] = Answer(reason=CRASHED)
    assert answers == expected


@pytest.mark.slow
def test_with_no_child_at_all_each_is_told_so(
    acting: Callable[..., Prober], area: Path
) -> None:
    prober = acting("os.abort()")
    questions = [ask_ahead(prober, area) for _ in range(5)]
    last = f"{CRASHED}, 3 times now"
    reasons = [question.answer().reason for question in questions]
    assert reasons == [CRASHED, CRASHED, last, last, last]
