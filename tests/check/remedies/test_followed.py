"""Following the hints that need no root: ghost-mkswap mends what it says it does.

All of them are followed on the running kernel, tests/against_kernel/test_paste.py.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from swaptools.check import check_area
from swaptools.cli.ghost_mkswap import main
from swaptools.observe import read_area
from tests.builders import SAMPLE_UUID, header_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from swaptools.check import Report


def check(path: Path, offset: int = 0) -> Report:
    """Ask a kernel that knows ghosts, wherever the scratch directory lies."""
    area = read_area(str(path), offset, below=False, holds=True)
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
    path.write_bytes(b"x" * 65536 + header_page(version=2, last_page=9))
    with path.open("ab") as file:
        file.write(bytes(9 * 4096) + b"y" * 65536)
    follow(check(path, 65536), "H201")
    after = check(path, 65536)
    assert after.accepted
    assert after.area.header is not None
    assert after.area.header.size_bytes == 10 * 4096
    data = path.read_bytes()
    assert (data[:65536], data[-65536:]) == (b"x" * 65536, b"y" * 65536)
