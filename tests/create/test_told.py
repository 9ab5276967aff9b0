"""What is said of what is replaced, and of an area within an area."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from swaptools.cli.ghost_mkswap import main
from swaptools.create import CreateRequest, create
from swaptools.errors import CreateRefused
from tests.builders import header_page
from tests.create.witness import untouched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGE = 4096


def make(path: Path, **wishes: Any) -> tuple[str, ...]:
    return create(CreateRequest(path=str(path), page_size=PAGE, **wishes)).warnings


def run(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)), prog_name="ghost-mkswap")


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (1, "has 1 other name (hard links), which keeps the old file"),
        (2, "has 2 other names (hard links), which keep the old file"),
    ],
)
@pytest.mark.usefixtures("on_filesystem")
def test_the_other_names_of_a_file_that_is_replaced_keep_it(
    others: int, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "area"
    path.write_bytes(b"old" * 5000)
    for number in range(others):
        os.link(path, tmp_path / f"other{number}")
    wishes: dict[str, Any] = {"size_bytes": 1 << 30, "force": True}
    assert make(path, dry_run=True, **wishes)[0] == said
    assert make(path, **wishes)[0] == said
    assert (tmp_path / "other0").read_bytes() == b"old" * 5000
    assert not any("other name" in one for one in make(path, **wishes))


def test_of_a_file_that_is_rewritten_nothing_is_said(
    area_file: Callable[..., Path],
) -> None:
    """Its other names show the new area as well."""
    path = area_file(last_page=9)
    os.link(path, path.with_name("other"))
    assert not any("other name" in one for one in make(path, size_bytes=1 << 30))


class TestWithinAnotherArea:
    """Its pages that hold nothing yet are zeros, as free room is."""

    @pytest.fixture
    def swap(self, tmp_path: Path) -> Path:
        path = tmp_path / "swap"
        path.write_bytes(header_page(last_page=255) + bytes(255 * PAGE))
        path.chmod(0o600)
        return path

    @pytest.mark.parametrize("offset", [PAGE, 100 * PAGE, 200 * PAGE])
    def test_one_needs_force(self, offset: int, swap: Path) -> None:
        wishes: dict[str, Any] = {
            "is_ghost": False,
            "offset": offset,
            "size_bytes": 50 * PAGE,
        }
        with (
            untouched(swap),
            pytest.raises(
                CreateRefused,
                match=f"byte {offset} is within the swap area of {256 * PAGE} bytes",
            ),
        ):
            make(swap, **wishes)
        make(swap, force=True, **wishes)
        assert swap.read_bytes()[offset + PAGE - 10 : offset + PAGE] == b"SWAPSPACE2"

    def test_behind_its_end_there_is_room(self, swap: Path) -> None:
        os.truncate(swap, 400 * PAGE)
        make(swap, is_ghost=False, offset=256 * PAGE, size_bytes=100 * PAGE)

    def test_a_ghost_that_was_made_longer_has_no_pages(self, tmp_path: Path) -> None:
        path = tmp_path / "image"
        page = header_page(last_page=255, ghost_flag=True)
        path.write_bytes(page + bytes(255 * PAGE))
        make(path, is_ghost=False, offset=100 * PAGE, size_bytes=50 * PAGE)


def test_a_command_in_a_warning_is_whole(tmp_path: Path) -> None:
    """Half a command, pasted, changes something else."""
    place = tmp_path
    while len(str(place)) < 3000:
        place /= "d" * 200
        place.mkdir()
    path = place / "area"
    path.write_bytes(bytes(1 << 20))
    path.chmod(0o644)
    said = run("--real", "-f", path).stderr
    assert f"fix with: chmod 0600 {path}\n" in said
