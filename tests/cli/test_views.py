"""The views of a FILE beside the table: what they have no use for, and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from swaptools.backing import Extent
from swaptools.cli import columns, placement
from swaptools.cli.choosing import Asked
from swaptools.cli.swapinfo import main
from swaptools.contents import Held
from swaptools.info import AreaInfo
from swaptools.resume import ResumeOffset
from tests.builders import header_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def run(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)), prog_name="swapinfo")


@pytest.fixture
def area(tmp_path: Path) -> Path:
    path = tmp_path / "a"
    path.write_bytes(header_page())
    return path


TABLE = ["-o LABEL", "-n", "-r", "-P", "-b", "-k", "-m", "-g"]
PLACES = ["--offset 0", "--partition 1"]
USELESS = {
    "--dump": TABLE,
    "--extents": ["-o LABEL", "-b", "-k", "-m", "-g", *PLACES],
    "--resume-offset": TABLE + PLACES,
}


@pytest.mark.parametrize(
    ("view", "option"),
    [(view, option) for view, options in USELESS.items() for option in options],
)
def test_an_option_that_a_view_has_no_use_for_is_refused(
    view: str, option: str, area: Path
) -> None:
    result = run(view, *option.split(), area)
    assert (result.exit_code, result.stdout) == (2, "")
    (said,) = [line for line in result.stderr.splitlines() if "Error" in line]
    letter = {"-o LABEL": "--output", "-n": "--noheadings", "-r": "--raw"}
    name = {**letter, "-P": "--pairs"}.get(option, option.split()[0])
    assert said == f"Error: {view} has no use for {name}"


@pytest.mark.parametrize("option", PLACES)
def test_a_place_needs_a_file_to_be_in(option: str) -> None:
    result = run(*option.split())
    assert result.exit_code == 2
    assert "--offset and --partition need a FILE" in result.stderr


@pytest.mark.parametrize("words", ["-r -P", "-r --json", "-P --json"])
def test_one_form_at_a_time(words: str, area: Path) -> None:
    result = run(*words.split(), area)
    assert result.exit_code == 2
    assert "--raw, --pairs and --json exclude each other" in result.stderr


class TestExtents:
    ROWS: tuple[Extent, ...] = (Extent(0, 8192, 4096), Extent(4096, None, 4096))

    @pytest.fixture(autouse=True)
    def lying_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(placement, "extents_of", lambda _path: self.ROWS)

    def test_people_get_a_table_a_file(self) -> None:
        assert run("--extents", "a", "b").stdout.splitlines() == [
            "a:",
            "OFFSET PHYSICAL LENGTH FLAGS",
            "     0     8192   4096",
            "  4096        -   4096",
            "",
            "b:",
            "OFFSET PHYSICAL LENGTH FLAGS",
            "     0     8192   4096",
            "  4096        -   4096",
        ]

    @pytest.mark.parametrize(
        ("option", "expected"),
        [
            ("-n", ["a x    0 8192 4096", "a x 4096    - 4096"]),
            ("-nr", ["a\\x20x 0 8192 4096 ", "a\\x20x 4096 - 4096 "]),
            (
                "-P",
                [
                    'PATH="a x" OFFSET="0" PHYSICAL="8192" LENGTH="4096" FLAGS=""',
                    'PATH="a x" OFFSET="4096" PHYSICAL="-" LENGTH="4096" FLAGS=""',
                ],
            ),
        ],
    )
    def test_scripts_get_one_table_with_the_name_in_each_row(
        self, option: str, expected: list[str]
    ) -> None:
        once = run("--extents", option, "a x").stdout.splitlines()
        assert once == expected
        twice = run("--extents", option, "a x", "a x").stdout.splitlines()
        assert twice == expected * 2


class TestResumeOffsets:
    @pytest.fixture(autouse=True)
    def at_7(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def answers(names: Iterable[str]) -> Iterator[ResumeOffset]:
            return (ResumeOffset(name, 7, "8:1", "/dev/sda1", None) for name in names)

        monkeypatch.setattr(placement, "_answers", answers)

    def test_of_one_file_it_is_what_the_kernel_is_told(self) -> None:
        assert run("--resume-offset", "a").stdout == "7\n"

    def test_of_several_each_is_named(self, tmp_path: Path) -> None:
        assert run("--resume-offset", "a", "b\x1b").stdout == "a: 7\nb\\x1b: 7\n"
        names = tmp_path / "names"
        names.write_bytes(b"a\0")
        assert run("--resume-offset", "--files0-from", names).stdout == "a: 7\n"


def test_what_has_many_signatures_is_named_once() -> None:
    """As a member of ZFS has, which libblkid finds more than sixty times."""
    (column,) = columns.AREA.choose(Asked("HOLDS")).columns()
    holds = [*[Held("zfs_member").to_dict()] * 64, Held("swap").to_dict()]
    assert column.text(AreaInfo(path="z", holds=tuple(holds))) == "zfs_member,swap"
