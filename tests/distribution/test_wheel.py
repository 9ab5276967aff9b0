"""What pip and pipx get: from the source archive to commands in a fresh environment."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import tarfile
import venv
from typing import TYPE_CHECKING

import pytest

import swaptools
from tests.distribution.trees import copied, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.release

COMMANDS = ("ghost-mkswap", "swapinfo", "swapcheck", "swapemu")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that was built from the source archive alone."""
    place = tmp_path_factory.mktemp("built")
    tree = copied(place / "tree")
    hatchling = (sys.executable, "-m", "hatchling", "build")
    run(*hatchling, "-t", "sdist", "-d", place, cwd=tree)
    (archive,) = place.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(place, filter="data")  # as pip and build do
    unpacked = place / archive.name.removesuffix(".tar.gz")
    run(*hatchling, "-t", "wheel", "-d", place, cwd=unpacked)
    (made,) = place.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel, and what it asks for."""
    place = tmp_path_factory.mktemp("fresh")
    venv.create(place, with_pip=True, symlinks=True)
    run(place / "bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=place)
    return place


def test_the_commands_run(fresh: Path) -> None:
    for name in COMMANDS:
        said = run(fresh / "bin" / name, "--version", cwd=fresh)
        assert said == f"{name} from swaptools {swaptools.__version__}\n"
    run(fresh / "bin/ghost-mkswap", "-q", "ghost", "1G", cwd=fresh)
    rows = json.loads(run(fresh / "bin/swapinfo", "--json", "ghost", cwd=fresh))
    assert rows["swapareas"][0]["is_ghost"] is True


def test_nothing_but_click_and_construct_comes_along(fresh: Path) -> None:
    listed = json.loads(
        run(fresh / "bin/python", "-m", "pip", "list", "--format=json", cwd=fresh)
    )
    names = {each["name"].lower() for each in listed} - {"pip", "setuptools", "wheel"}
    assert names == {"swaptools", "click", "construct"}


@pytest.mark.skipif(shutil.which("man") is None, reason="no man here")
def test_man_finds_the_pages_by_the_commands(fresh: Path) -> None:
    """It looks beside the directories of PATH, so that an environment will do."""
    for page in (*COMMANDS, "swap-header"):
        path = f"{fresh}/bin:/usr/bin:/bin"
        found = run("man", "-w", page, cwd=fresh, PATH=path)
        assert found.strip() == str(next((fresh / "share/man").rglob(f"{page}.[0-9]")))


@pytest.mark.skipif(shutil.which("pipx") is None, reason="no pipx here")
def test_pipx_installs_it(wheel: Path, tmp_path: Path) -> None:
    places = {f"PIPX_{name}": str(tmp_path / name) for name in ("HOME", "BIN_DIR")}
    run("pipx", "install", str(wheel), cwd=tmp_path, **places)
    said = run(tmp_path / "BIN_DIR/swapinfo", "--version", cwd=tmp_path)
    assert said == f"swapinfo from swaptools {swaptools.__version__}\n"


@pytest.mark.skipif(
    importlib.util.find_spec("cyclonedx_py") is None, reason="no cyclonedx-bom here"
)
def test_the_parts_list_names_what_is_in_it(fresh: Path) -> None:
    made = run(
        *(sys.executable, "-m", "cyclonedx_py", "environment", fresh / "bin/python"),
        *("--output-reproducible", "--of", "JSON"),
        cwd=fresh,
    )
    parts = {each["name"]: each for each in json.loads(made)["components"]}
    assert {"swaptools", "click", "construct"} <= set(parts)
    ours = parts["swaptools"]
    assert ours["version"] == swaptools.__version__
    assert "MIT" in json.dumps(ours["licenses"])
