"""Following the hints that need no root: ghost-mkswap mends what it says it does.

Those for mkswap(8), fallocate(1) and the rest are followed on the running kernel,
tests/against_kernel/test_swapon_remedies.py.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from swaptools.check import check_area
from swaptools.cli.ghost_mkswap import main
from swaptools.observe import read_area
from tests.builders import SAMPLE_UUID, header_page
from tests.check.examples import Example, examples
from tests.check.samples import swap_area

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from swaptools.check import Report


def check(path: Path, offset: int = 0) -> Report:
    """Ask a kernel that knows ghosts, wherever the scratch directory lies."""
    area = read_area(str(path), offset, below=False)
    return check_area(area, "ghost-rfc", 4096, 8 << 30)


def follow(report: Report, code: str) -> None:
    """Run the command of the finding with this code."""
    found = next(found for found in report.findings if found.code == code)
    assert found.hint_command is not None
    program, *words = shlex.split(found.hint_command)
    assert program == "ghost-mkswap"
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("code", "header"),
    [
        ("G502", {}),
        ("G505", {"nr_badpages": 700}),
        ("B303", {"badpages": (0,)}),
        ("B304", {"badpages": (7, 7)}),
        ("H201", {"version": 2}),
    ],
)
def test_ghost(
    code: str, header: dict[str, Any], area_file: Callable[..., Path]
) -> None:
    """Accepted afterwards, without that finding, with UUID and label."""
    path = area_file("a ghost", **header)
    follow(check(path), code)
    after = check(path)
    assert after.accepted
    assert code not in {found.code for found in after.findings}
    assert after.area.header is not None
    assert (after.area.header.uuid, after.area.header.label) == (SAMPLE_UUID, "sample")


def test_ghost_of_another_page_size(area_file: Callable[..., Path]) -> None:
    """Made anew for this kernel's pages, as large as it claimed to be."""
    path = area_file(page_size=16384, last_page=255)
    follow(check(path), "H102")
    after = check(path)
    assert after.accepted
    assert after.area.header is not None
    assert after.area.header.size_bytes == 256 * 16384


def test_area_in_an_image(tmp_path: Path) -> None:
    """Not a byte outside the area changes."""
    path = tmp_path / "image"
    path.write_bytes(b"x" * 65536 + header_page(version=2) + b"y" * (16 * 4096))
    os.truncate(path, 65536 + 16 * 4096)
    follow(check(path, 65536), "H201")
    assert check(path, 65536).accepted
    assert path.read_bytes()[:65536] == b"x" * 65536


def test_a_path_is_never_an_option() -> None:
    """Nor several words, nor standard input."""
    for path, shown in (("-f", "./-f"), ("a b", "'a b'"), ("$(x)", "'$(x)'")):
        report = check_area(swap_area(path=path, version=2), "6.18", 4096)
        command = report.findings[0].hint_command
        assert command is not None
        assert command.endswith(f" {shown}")
    report = check_area(swap_area(path="-", kind="stream", version=2), "6.18", 4096)
    assert report.findings[0].hint_command is None


@pytest.mark.parametrize(
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
