"""Stopped by a signal, swapemu replay goes on, and tells what it would have told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.cli.replay_inputs import machine_of
from swaptools.emulator.core.arena import Arena
from swaptools.emulator.core.references import touch_range
from swaptools.references import Description
from tests.cli.test_replay import invoke, references
from tests.parts import one_in
from tests.traces import samples
from tests.traces.samples import batch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from swaptools.emulator.machine.machine import Machine

WORDS = ("--policy", "lru", "--ram", "30%")
TWO = ("--design", "plain", "--design", "vswap")


def made(path: Path, count: int) -> str:
    """Write a trace of eight batches."""
    found, size = references(count), count // 8
    parts = [batch(found[at : at + size]) for at in range(0, count, size)]
    path.write_bytes(samples.compact(parts, Description("swap-trace")))
    return str(path)


@pytest.fixture
def trace(tmp_path: Path) -> str:
    return made(tmp_path / "t", 600)


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have a signal come at that look, counted from now on."""
    looks = 0

    def at(place: int) -> None:
        nonlocal looks
        looks = place

    def noted() -> int:
        nonlocal looks
        looks -= 1
        return signal.SIGINT if looks == 0 else 0

    monkeypatch.setattr("swaptools.cli.interrupts.noted", noted)
    return at


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        TWO,
        ("--bound", "--design", "plain", "--json"),
        ("--policy", "opt", "--design", "plain", "--csv"),
        ("--all-pages", "--lengths", "fixed:100", "--design", "zram", "--json"),
    ],
)
def test_wherever_it_stops_it_tells_the_same(
    more: tuple[str, ...], trace: str, tmp_path: Path, stops: Any
) -> None:
    words = (*WORDS, *more, trace)
    want = invoke(*words)[:2]
    file = tmp_path / "kept"
    rounds = 0
    while True:
        stops(5)
        code, out, err = invoke("--checkpoint", str(file), *words)
        rounds += 1
        if code == 0:
            break
        assert (code, out) == (128 + signal.SIGINT, "")
        assert f"{file}: kept; the same command goes on from there\n" in err
    assert (code, out) == want
    assert rounds > 1
    assert not file.exists()


@pytest.mark.slow
def test_where_it_goes_on_is_told(trace: str, tmp_path: Path, stops: Any) -> None:
    words = ("--checkpoint", str(tmp_path / "kept"), *WORDS, *TWO, trace)
    for place, where in ((3, None), (8, "225 of plain"), (1, "225 of vswap")):
        stops(place)
        _, _, err = invoke(*words)
        assert where is None or f"kept: goes on at reference {where}\n" in err


def test_what_was_kept_is_of_one_command_and_trace(
    trace: str, tmp_path: Path, stops: Any
) -> None:
    file = str(tmp_path / "kept")
    stops(3)
    assert invoke("--checkpoint", file, *WORDS, *TWO, trace)[0] == 130
    for words in ((*WORDS, "--design", "plain", trace), (*WORDS, "--no-zswap", trace)):
        code, out, err = invoke("--checkpoint", file, *words)
        assert (code, out) == (2, "")
        assert f"{file}: of another command or version, or its trace has changed" in err
    os.utime(trace, (1, 1))
    assert invoke("--checkpoint", file, *WORDS, *TWO, trace)[0] == 2


@pytest.mark.parametrize("data", [b"", b"x", b"\x1f\x8b", b"precious\n" * 99])
def test_another_file_is_refused_and_stays(
    data: bytes, trace: str, tmp_path: Path
) -> None:
    file = tmp_path / "kept"
    file.write_bytes(data)
    code, out, err = invoke("--checkpoint", str(file), *WORDS, *TWO, trace)
    assert (code, out) == (2, "")
    assert re.search(r"kept: .+\n", err)
    assert file.read_bytes() == data


@pytest.mark.slow
def test_a_file_that_was_cut_is_refused(trace: str, tmp_path: Path, stops: Any) -> None:
    file = tmp_path / "kept"
    words = ("--checkpoint", str(file), *WORDS, *TWO, trace)
    stops(3)
    invoke(*words)
    data = file.read_bytes()
    for length in (10, 60, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:length])
        code, out, err = invoke(*words)
        assert (code, out) == (2, ""), length
        assert "kept: " in err
    flipped = bytearray(data)
    flipped[-5] ^= 1  # of the checksum
    file.write_bytes(flipped)
    assert invoke(*words)[:2] == (2, "")


@pytest.mark.slow
@pytest.mark.parametrize("bit", one_in(4, range(8)))
def test_a_bit_that_was_flipped_changes_nothing(
    bit: int, trace: str, tmp_path: Path, stops: Any
) -> None:
    """Some mean the same to gzip, as a match that is farther away among zeros."""
    file, words = tmp_path / "kept", (*WORDS, *TWO, trace)
    want = invoke(*words)[:2]
    stops(3)
    invoke("--checkpoint", str(file), *words)
    data = bytearray(file.read_bytes())
    data[len(data) * bit // 8] ^= 1 << bit
    file.write_bytes(data)
    assert invoke("--checkpoint", str(file), *words)[:2] in {(2, ""), want}


@pytest.mark.slow
def test_sigint_amid_a_batch_does_not_cut_it(trace: str, tmp_path: Path) -> None:
    file, words = tmp_path / "kept", ("--interpreted", *WORDS, *TWO, trace)
    want = invoke(*words)[:2]
    lefts = [2, 9, 4, 0]

    def in_parts(*args: Any) -> Machine:
        machine = machine_of(*args)
        machine.state.turn_pages = 100
        return machine

    def signalled(self: Arena, function: Any, *args: Any) -> Any:
        if function is touch_range:
            lefts[0] -= 1
            if lefts[0] == 0:
                os.kill(os.getpid(), signal.SIGINT)
        return run(self, function, *args)

    run, ends = Arena.run, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("swaptools.cli.replay_passes.machine_of", in_parts)
        patch.setattr(Arena, "run", signalled)
        patch.setattr("swaptools.cli.interrupts._leave", signal.default_int_handler)
        while lefts:
            code, out, _ = invoke("--checkpoint", str(file), *words)
            ends.append(code)
            del lefts[0]
    assert ends == [130, 130, 130, 0]
    assert (code, out) == want


def test_standard_input_cannot_go_on(tmp_path: Path) -> None:
    sizes = ("--ram", "1M", "--area", "4M", "--design", "plain")
    words = ("--checkpoint", str(tmp_path / "kept"), *sizes, "-")
    code, _, err = invoke(*words, stdin=samples.SAMPLES["swap-trace"])
    assert (code, "--checkpoint: standard input is read once" in err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("number", one_in(2, [signal.SIGINT, signal.SIGTERM]))
def test_signals(number: signal.Signals, tmp_path: Path) -> None:
    """When the first design is done they stop the second one, and what is next."""
    trace, file = made(tmp_path / "t", 1000), tmp_path / "kept"
    words = (*WORDS, *TWO, "--design", "xswap", trace)
    command = (sys.executable, "-m", "swaptools", "swapemu", "replay", "--interpreted")
    keeping = (*command, *words, "--checkpoint", str(file))
    child = subprocess.Popen(keeping, stdout=-1, stderr=-1)
    while child.poll() is None and not file.exists():
        time.sleep(0.01)
    child.send_signal(number)
    out, err = child.communicate()
    assert (child.returncode, out) == (128 + number, b"")
    assert err.endswith(b"kept; the same command goes on from there\n")
    again = subprocess.run(keeping, capture_output=True, check=True)
    assert again.stdout.decode() == invoke(*words)[1]
    assert re.search(rb"goes on at reference [0-9,]+ of (vswap|xswap)\n", again.stderr)
