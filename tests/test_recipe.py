from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from swaptools.errors import SelectionError
from swaptools.recipe import DANGEROUS, RECIPES, make_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_script_that_a_shell_can_read(name: str) -> None:
    script = make_recipe(name, "/var/my $(swap)\n'x", 1 << 30, 4096)
    subprocess.run(["bash", "-n"], input=script.encode(), check=True)


if TYPE_CHECKING:
    from pathlib import Path

#: Programs that a recipe calls; here they write down how they were called.
PROGRAMS = ("truncate", "losetup", "ghost-mkswap", "dmsetup", "swapon")
NAMES = (
    b"header.img",
    b"my swap",
    b"-x",
    b"a\nreboot",
    b"it's",
    b"$(reboot)",
    b'`reboot`"\\n',
    b"tab\tesc\x1b[31m",
    b"caf\xc3\xa9",
    b"caf\xe9",
    b"\xe2\x80\xae'\\\n",
    b"~root",
    b"*?[a]",
    b"a#b;c|d&e",
    b"\x7f\x01\xff",
)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for what recipes call; the file that has their arguments."""
    found = tmp_path / "calls"
    for program in PROGRAMS:
        stand_in = tmp_path / "bin" / program
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" >>{found}\n")
        stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "sys").mkdir()
    return found


@pytest.mark.sampled(30)
@pytest.mark.parametrize("raw", NAMES, ids=repr)
@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_script_names_the_file_that_was_meant(
    name: str, raw: bytes, ascii_only: bool, calls: Path, tmp_path: Path
) -> None:
    """Run with stand-ins, by every shell that the first line allows."""
    script = make_recipe(name, os.fsdecode(raw), 1 << 30, 4096, ascii_only=ascii_only)
    assert all(line.isprintable() for line in script.splitlines())
    assert script.isascii() or not ascii_only
    # The knobs are those of a machine that is not this one.
    text = script.replace("/sys/", f"{tmp_path}/sys/").replace(
        f"echo Y >{tmp_path}",
        f"mkdir -p {tmp_path}/sys/module/zswap/parameters\necho Y >{tmp_path}",
    )
    first_line = script.partition("\n")[0]
    shells = ["bash", "dash"] if first_line == "#!/bin/sh" else ["bash"]
    assert first_line in ("#!/bin/sh", "#!/bin/bash")
    meant = b"./" + raw if raw.startswith(b"-") else raw
    for shell in shells:
        calls.write_bytes(b"")
        done = subprocess.run(
            [shell], input=text.encode(), cwd=tmp_path, capture_output=True
        )
        assert (done.returncode, b"reboot" in done.stderr) == (0, False), done.stderr
        assert meant in calls.read_bytes().split(b"\0")


def test_only_a_name_that_needs_it_takes_bash() -> None:
    assert make_recipe("loop", "/my swap", 1 << 30, 4096).startswith("#!/bin/sh\n")
    assert make_recipe("loop", "/a\nb", 1 << 30, 4096).startswith("#!/bin/bash\n")


def test_the_error_target_begins_behind_the_header_page() -> None:
    script = make_recipe("dm-error", "/g", 1 << 30, 4096)
    assert "\n0 8 linear $device 0\n8 2097144 error\n" in script


def test_what_becomes_of_pages_that_zswap_refuses_is_said() -> None:
    """Of each device in its own way: only one of them takes them."""
    loop, error = (make_recipe(name, "/g", 1 << 30, 4096) for name in RECIPES)
    refused = 'echo "what zswap refuses or writes back'
    assert f'{refused} is written to the file" >&2\n' in loop
    assert f'{refused} fails to be written, and stays in memory" >&2\n' in error


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


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("size_bytes", [0, 1, 4096, 8191, (1 << 44) + 4096, 1 << 63])
def test_a_size_that_no_area_can_have_is_refused(name: str, size_bytes: int) -> None:
    with pytest.raises(SelectionError, match=f"no area has {size_bytes} bytes"):
        make_recipe(name, "/g", size_bytes, 4096)
