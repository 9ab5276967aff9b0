from __future__ import annotations

import subprocess

import pytest

from swaptools.errors import SelectionError
from swaptools.recipe import DANGEROUS, RECIPES, make_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_script_that_a_shell_can_read(name: str) -> None:
    script = make_recipe(name, "/var/my $(swap)\n'x", 1 << 30, 4096)
    subprocess.run(["sh", "-n"], input=script.encode(), check=True)


@pytest.mark.parametrize("name", RECIPES)
def test_a_path_with_a_line_end_stays_one_word(name: str) -> None:
    """Comments name the file by its variable, so that no line of it is run."""
    script = make_recipe(name, "a\nreboot", 1 << 30, 4096)
    said = subprocess.run(
        ["sh"],
        input="\n".join(
            line if not line.startswith("set") else f"{line}\nexit 7"
            for line in script.splitlines()
        ).encode(),
        capture_output=True,
    )
    assert said.returncode == 7
    assert script.count("reboot") == 1


def test_the_error_target_begins_behind_the_header_page() -> None:
    script = make_recipe("dm-error", "/g", 1 << 30, 4096)
    assert "\n0 8 linear $device 0\n8 2097144 error\n" in script


def test_the_header_page_of_another_page_size_is_mapped_whole() -> None:
    script = make_recipe("dm-error", "/g", 1 << 30, 65536)
    assert "\n0 128 linear $device 0\n128 2097024 error\n" in script


@pytest.mark.parametrize("name", DANGEROUS)
def test_what_loses_data_or_cannot_work_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(SelectionError, match=f"^no recipe for {name}: "):
        make_recipe(name, "/g", 1 << 30, 4096)


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(SelectionError, match=r"known: loop, dm-error"):
        make_recipe("tape", "/g", 1 << 30, 4096)
