"""What an installed package brings along."""

from __future__ import annotations

import ast
import importlib.util
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from swaptools import schema

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel, built from a copy so that the tree stays clean."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed; it builds the wheel")
    tree = tmp_path_factory.mktemp("tree") / "swaptools"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for name in ("swaptools", "man", "completions"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    built = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)],
        cwd=tree,
        check=True,
        capture_output=True,
    )
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def project() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = tomllib.loads(
        (ROOT / "pyproject.toml").read_text()
    )["project"]
    return found


def shared(wheel: list[str]) -> set[str]:
    return {name.partition(".data/data/")[2] for name in wheel if ".data/data/" in name}


@pytest.mark.slow
def test_the_wheel_says_that_it_is_typed(wheel: list[str]) -> None:
    assert "swaptools/py.typed" in wheel


@pytest.mark.slow
def test_the_wheel_holds_every_module_and_no_test(wheel: list[str]) -> None:
    modules = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "swaptools").rglob("*.py")
    }
    assert modules <= set(wheel)
    assert not [name for name in wheel if name.startswith("tests")]


@pytest.mark.slow
def test_the_wheel_holds_every_schema(wheel: list[str]) -> None:
    files = {f"swaptools/schema/files/{name}.schema.json" for name in schema.names()}
    assert files <= set(wheel)


def test_every_man_page_is_in_the_wheel(wheel: list[str]) -> None:
    pages = [path.name for path in (ROOT / "man").glob("*.[0-9]")]
    assert {f"{name}.8" for name in ("ghost-mkswap", "swapinfo")} <= set(pages)
    assert {f"share/man/man{name[-1]}/{name}" for name in pages} <= shared(wheel)


def test_the_completions_of_every_command_are_in_the_wheel(wheel: list[str]) -> None:
    for name in project()["scripts"]:
        assert {
            f"share/bash-completion/completions/{name}",
            f"share/zsh/site-functions/_{name}",
            f"share/fish/vendor_completions.d/{name}.fish",
        } <= shared(wheel)


def test_the_licence_is_in_the_wheel(wheel: list[str]) -> None:
    assert any(name.endswith("licenses/LICENSE") for name in wheel)


def test_every_extra_is_used_by_something() -> None:
    import_names = {
        *("lz4", "zstandard", "lzallright", "numba", "matplotlib"),
        *("bokeh", "dask", "cryptography"),
    }
    source = "".join(
        path.read_text()
        for folder in ("swaptools", "benchmarks", "docs", "examples")
        for path in (ROOT / folder).rglob("*.py")
    )
    for wishes in project().get("optional-dependencies", {}).values():
        for wish in wishes:
            name = wish.split(">")[0].split("[")[0].strip()
            assert name in import_names
            assert name in source


@pytest.mark.slow
def test_click_gives_no_brackets_at_run_time() -> None:
    """The oldest that is allowed has no generic types; nox -s oldest runs on it."""
    subscripted = [
        f"{path.name}:{base.lineno}"
        for path in (ROOT / "swaptools" / "cli").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for base in node.bases
        if ast.unparse(base).startswith("click.") and "[" in ast.unparse(base)
    ]
    assert subscripted == []
