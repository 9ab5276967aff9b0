"""Images with partitions, and what is no swap, in swapinfo and swapcheck."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from swaptools.cli import swapcheck, swapinfo
from swaptools.observe.blkid import PROBER
from tests.builders import header_page
from tests.disks import GPT_LINUX, GPT_SWAP, Part, gpt_pieces, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import click


def run(*words: str | Path, stdin: bytes | None = None) -> Result:
    """Run swapinfo."""
    return invoke(swapinfo.main, "swapinfo", *words, stdin=stdin)


def check(*words: str | Path) -> Result:
    """Run swapcheck, as 6.18 with pages of 4 KiB."""
    machine = ("--kernel", "6.18", "-p", "4096")
    return invoke(swapcheck.main, "swapcheck", *machine, *words)


def invoke(
    command: click.Command, name: str, *words: str | Path, stdin: bytes | None = None
) -> Result:
    arguments = [str(word) for word in words]
    return CliRunner().invoke(command, arguments, prog_name=name, input=stdin)


@pytest.fixture
def image(tmp_path: Path, swaps: Callable[..., None]) -> Path:
    """Root in 1, swap in 2, swap without a header in 3."""
    parts = (
        Part(2048, 2048, GPT_LINUX),
        Part(4096, 2048, name="swap"),
        Part(6144, 2048),
    )
    pieces = gpt_pieces(parts, 16384) | {2 << 20: header_page(last_page=255)}
    swaps()
    return write(tmp_path / "disk.img", 16384 * 512, pieces)


class TestRows:
    """Of swapinfo: one for each partition that is for swap."""

    def test_a_row_has_its_partition_and_ends_with_it(self, image: Path) -> None:
        result = run("--json", image)
        first, second = json.loads(result.stdout)["swapareas"]
        assert first["partition"] == {
            "number": 2,
            "type": str(GPT_SWAP),
            "name": "swap",
            "uuid": str(Part(4096, 0).guid),
            "start_bytes": 2 << 20,
            "size_bytes": 1 << 20,
        }
        assert (first["offset"], first["area_bytes"]) == (2 << 20, 1 << 20)
        assert (first["kind"], first["holds"], first["error"]) == ("image", None, None)
        assert (second["partition"]["number"], second["holds"]) == (3, [])
        assert second["error"] == "no swap signature found"
        assert result.exit_code == 1
        assert result.stderr == (
            f"swapinfo: {image}: partition 3: no swap signature found\n"
        )

    def test_the_table_shows_which_partition(self, image: Path) -> None:
        heading, row, _ = run(image).stdout.splitlines()
        assert heading.split()[:4] == ["PATH", "PARTITION", "OFFSET", "KIND"]
        assert row.split()[1:4] == ["2", "2097152", "image"]

    def test_columns_that_were_chosen_stay(self, image: Path) -> None:
        result = run(
            "-o", "PARTITION,OFFSET,HOLDS", "-n", "-r", "--partition", "2", image
        )
        number, offset, holds = result.stdout.rstrip("\n").split(" ")
        assert (number, offset) == ("2", "2097152")
        assert holds in ("swap", "")  # without libblkid

    def test_names_of_the_partition(self, image: Path) -> None:
        words = ("-n", "-r", "--partition", "2", "-o", "PARTLABEL,PARTUUID")
        assert run(*words, image).stdout == f"swap {Part(4096, 0).guid}\n"

    def test_one_partition(self, image: Path) -> None:
        (row,) = json.loads(run("--json", "--partition", "3", image).stdout)[
            "swapareas"
        ]
        assert row["partition"]["number"] == 3

    def test_a_partition_that_is_not_there(self, image: Path) -> None:
        result = run("--partition", "7", image)
        assert result.exit_code == 2
        assert result.stderr == (
            f"swapinfo: {image}: has no partition 7; there are: 1, 2, 3\n"
        )

    def test_the_dump_of_a_partition(self, image: Path) -> None:
        assert run("--dump", image).stdout.startswith(f"{image}, partition 2:\n")

    def test_one_place_at_a_time(self, image: Path) -> None:
        result = run("--partition", "2", "--offset", "1M", image)
        assert result.exit_code == 2
        assert "--offset and --partition exclude each other" in result.stderr


class TestHolds:
    """What is no swap is named."""

    def test_the_reason_says_what_is_there(self, tmp_path: Path) -> None:
        path = write(tmp_path / "image", 1 << 20, {0: b"QFI\xfb\0\0\0\3"})
        result = run(path)
        assert result.stderr == (
            f"swapinfo: {path}: holds a disk image of a virtual machine (qcow2)\n"
        )
        (row,) = json.loads(run("--json", path).stdout)["swapareas"]
        assert row["holds"] == [
            {
                "type": "qcow2",
                "usage": "container",
                "label": None,
                "uuid": None,
                "offset_bytes": 0,
            }
        ]
        assert row["other_signatures"] == [{"signature": "qcow2", "offset": 0}]

    def test_a_good_area_starts_no_child(
        self, area_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_args: object) -> None:
            raise AssertionError("a child was started")

        monkeypatch.setattr("swaptools.observe.blkid._spawn", refuse)
        assert run(area_file()).exit_code == 0

    def test_a_stream_is_looked_into(self) -> None:
        result = run("-", stdin=b"\xfd7zXZ\0" + bytes(99))
        assert result.stderr == "swapinfo: -: holds compressed data (xz)\n"


class TestChecks:
    """Of swapcheck: one for each partition that is for swap."""

    def test_each_has_a_report(self, image: Path) -> None:
        result = check(image)
        assert f"{image}, partition 2 at byte 2097152: swap area" in result.stdout
        assert f"{image}, partition 3 at byte 3145728: 1048576 bytes" in result.stdout
        assert result.exit_code == 1

    def test_each_is_in_json(self, image: Path) -> None:
        second, third = json.loads(check("--json", image).stdout)["checks"]
        assert (second["offset"], second["partition"]["number"]) == (2 << 20, 2)
        assert [one["accepted"] for one in second["verdicts"]] == [True]
        assert second["findings"] == []
        assert [one["code"] for one in third["findings"]] == ["H101"]

    def test_the_image_around_it_is_not_judged(self, image: Path) -> None:
        """Nor its mode, nor its holes, nor what lies behind the partition."""
        image.chmod(0o666)
        result = check("--partition", "2", image)
        assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)

    def test_an_area_cannot_leave_its_partition(self, image: Path) -> None:
        with image.open("r+b") as file:
            file.seek(2 << 20)
            file.write(header_page(last_page=256))
        result = check("--partition", "2", "--select", "S", image)
        assert "last_page 256 needs 1052672 bytes, area has 1048576" in result.stdout


class TestChild:
    """The process that asks libblkid may hang or die; the command does not."""

    @pytest.fixture
    def child(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
        """Call for the process number of a fresh one, waited for 0.3 seconds."""
        monkeypatch.setattr(PROBER, "_timeout_seconds", 0.3)
        monkeypatch.setattr(PROBER, "_failures", 0)
        monkeypatch.setattr(PROBER, "_reason", None)
        PROBER.close()

        def start() -> int:
            PROBER.fork_first()
            with open("/dev/null", "rb") as file:
                PROBER.ask(file.fileno(), 0, 0)
            return PROBER.pid

        yield start
        PROBER.close()

    @pytest.mark.slow
    def test_one_that_hangs_is_done_without(
        self, child: Callable[[], int], tmp_path: Path
    ) -> None:
        path = write(tmp_path / "area", 1 << 20, {0: b"LUKS\xba\xbe\0\1"})
        os.kill(child(), signal.SIGSTOP)
        (done,) = json.loads(check("--json", path).stdout)["checks"]
        assert [held["type"] for held in done["holds"]] == ["crypto_LUKS"]
        said = {one["code"]: one["message"] for one in done["findings"]}
        assert said["U901"] == (
            "what else lies there: libblkid did not come to an end;"
            " only a short table was asked"
        )
        assert "LUKS encryption (crypto_LUKS)" in said["H301"]
        hints = {one["code"]: one["hint"] for one in done["findings"]}
        assert "does not depend on it" in hints["U901"]

    def test_one_that_was_killed_is_replaced(
        self,
        child: Callable[[], int],
        area_file: Callable[..., Path],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = area_file(last_page=255, file_bytes=1 << 20, patches=((1100, b"x"),))
        pid = child()
        # The next one is an interpreter of its own, which takes a while to start.
        monkeypatch.setattr(PROBER, "_timeout_seconds", 60.0)
        os.kill(pid, signal.SIGKILL)
        (done,) = json.loads(check("--json", path).stdout)["checks"]
        assert "U901" not in {one["code"] for one in done["findings"]}
        assert PROBER.pid != pid

    @pytest.mark.slow
    def test_three_that_hang_are_enough(
        self, child: Callable[[], int], area_file: Callable[..., Path]
    ) -> None:
        """Thousands of such areas would take hours."""
        path = area_file(last_page=255, file_bytes=1 << 20, patches=((1100, b"x"),))
        for _ in range(3):
            os.kill(child(), signal.SIGSTOP)
            check(path)
        (done,) = json.loads(check("--json", path).stdout)["checks"]
        said = {one["code"]: one["message"] for one in done["findings"]}
        assert "3 times now; only a short table was asked" in said["U901"]
        assert PROBER.pid == 0
