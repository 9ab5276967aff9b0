"""Words of commands: the target under any name, storage in whatever way there is."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.cases import every_case
from tests.check.examples import Example, examples
from tests.check.remedies.cases import IDENTITY, command, finding
from tests.check.samples import swap_area

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
SHELLS = [name for name in ("bash", "dash", "sh") if shutil.which(name)]
NASTY = (
    "-f",
    "a b",
    "$(touch harm)",
    "`touch harm`",
    "it's",
    'a"b',
    "a\nb",
    "end\n",
    "a\tb\x1b[31m",
    "caf\udce9",
    "ID=1234",
    "=ls",
    "~",
    "a;b&c|d>e",
    "!!",
    "#x",
    "\\",
    "*",
    "é\u202e",
)


@pytest.mark.sampled(8)
@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_paste_names_the_file_and_runs_nothing_else(
    name: str, shell: str, tmp_path: Path
) -> None:
    """Whatever shell it is pasted into."""
    (tmp_path / name).write_bytes(b"x" * 100)
    pasted = command("I405", path=name, mode=0o644)
    assert pasted is not None
    assert pasted.isprintable()
    (tmp_path / "chmod").write_text('#!/bin/sh\nshift 1\nprintf %s "$*" > said\n')
    (tmp_path / "chmod").chmod(0o700)
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run([shell, "-c", pasted], check=True, cwd=tmp_path, env={"PATH": path})
    said = os.fsdecode((tmp_path / "said").read_bytes())
    assert said.removeprefix("./") == name
    assert not said.startswith(("-", "=", "ID="))
    assert not (tmp_path / "harm").exists()


def test_a_descriptor_or_a_tag_becomes_the_path() -> None:
    """What names it for one process only, or for mount(8) only."""
    for path in ("/proc/self/fd/3", "/dev/fd/3", "UUID=1234-abcd", "LABEL=swap"):
        pasted = command("S203", path=path, area_bytes=2 * MIB, resolved_path="/vault")
        assert pasted is not None
        assert shlex.split(pasted)[-2] == "/vault"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, IDENTITY),
        ({"label": ""}, IDENTITY.removesuffix(" -L sample")),
        ({"uuid": None}, "-p 4096 -U clear -L sample"),
        ({"label": "my swap"}, IDENTITY.replace("sample", "'my swap'")),
        ({"label": "-x"}, IDENTITY.replace("sample", "-x")),
        # What is cut through in its middle goes whole.
        ({"label": "0123456789abcdé"}, IDENTITY.replace("sample", "0123456789abcd")),
    ],
)
def test_uuid_and_label_stay(changes: dict[str, Any], words: str) -> None:
    """Both as they are, but for what leaves no room for the label's NUL."""
    pasted = command("S203", area_bytes=2 * MIB, **changes)
    assert pasted == f"ghost-mkswap --real -f {words} /swap {2 * MIB}"


def test_a_version_0_header_has_no_identity() -> None:
    """It is a bitmap."""
    found = finding("H103", magic=b"SWAP-SPACE", area_bytes=256 * MIB)
    assert found.hint_command == f"ghost-mkswap --real -f -p 4096 /swap {256 * MIB}"
    assert "stay" not in found.hint


class TestAllocate:
    """fallocate(1) where it works, bytes where it does not."""

    HALF: tuple[tuple[int, int, int], ...] = ((0, 0, MIB // 2),)

    def test_promised(self) -> None:
        """One call, whatever is missing."""
        assert command("F701", extents=self.HALF) == f"fallocate -l {MIB} /swap"
        assert command("S201", area_bytes=MIB // 2) == f"fallocate -l {MIB} /swap"

    def test_holes_are_written(self) -> None:
        """The file is copied over itself."""
        pasted = command("F701", extents=self.HALF, can_fallocate=False)
        assert pasted == ("dd if=/swap of=/swap bs=1M conv=notrunc,fsync status=none")

    def test_the_end_is_written(self) -> None:
        """Zeros are put behind what is there."""
        pasted = command("S201", area_bytes=MIB // 2, can_fallocate=False)
        assert pasted == (
            "dd if=/dev/zero of=/swap bs=1M iflag=count_bytes count=524288"
            " oflag=append conv=notrunc,fsync status=none"
        )

    def test_both(self) -> None:
        """Holes first."""
        pasted = command(
            "S201",
            area_bytes=MIB // 2,
            extents=[(0, 0, 4096)],
            can_fallocate=False,
        )
        assert pasted is not None
        assert [one.split()[1] for one in pasted.split(" && ")] == [
            "if=/swap",
            "if=/dev/zero",
        ]

    def test_a_name_with_a_blank(self) -> None:
        """The operand is quoted whole."""
        pasted = command("F701", path="a b", extents=self.HALF, can_fallocate=False)
        assert pasted is not None
        assert shlex.split(pasted)[1:3] == ["if=a b", "of=a b"]


@every_case(
    "example", [e for e in examples() if e.trips], ids=lambda example: example.rule.code
)
def test_a_command_is_one_line_and_no_comment(example: Example) -> None:
    """The sentence stands beside it, and says what is lost."""
    for found in example.report().findings:
        assert found.hint
        if found.hint_command is not None:
            assert found.hint_command.isprintable()
            assert "#" not in found.hint_command
        if found.hint_loses is not None:
            assert found.hint_loses in found.hint


def test_the_sample_is_where_these_tests_take_it_to_be() -> None:
    """Its path, and that it can be mended at all."""
    area = swap_area()
    assert area.path == "/swap"
    assert area.holds == ()
