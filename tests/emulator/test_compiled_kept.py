"""Compiled code between runs of the command: kept, said, and done without."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import pytest

import swaptools
from swaptools.emulator.core.engine import can_compile
from swaptools.kept_code import kept

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(not can_compile(), reason="needs the fast extra"),
]
PACKAGE = Path(swaptools.__file__).parent
COMPILING = (
    "swapemu: compiling the emulator, which takes a minute or two the first time"
)


def run(*, nr_lines: int | None = None, **environment: str) -> list[str]:
    """Run a script that is just long enough; return the lines on standard error.

    It compiles what writes, a third of all there is. When there are so many lines,
    it is ended.
    """
    text = "import sys; from swaptools.cli import start; sys.exit(start.swapemu())"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", text, "run", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as child:
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdin.write("write 0 262144\n")
        child.stdin.close()
        said = [line.rstrip("\n") for line in islice(child.stderr, nr_lines)]
        if nr_lines is not None:
            child.kill()
    assert child.returncode == (0 if nr_lines is None else -signal.SIGKILL)
    return said


def in_package() -> set[Path]:
    return set(PACKAGE.rglob("*.nb[ci]"))


def test_the_first_run_says_that_it_compiles_and_the_next_does_not(
    tmp_path: Path,
) -> None:
    """And what lies there makes no later run fail, whatever became of it."""
    before = in_package()
    first = run(XDG_CACHE_HOME=str(tmp_path))
    assert first[0] == COMPILING
    assert first[1].startswith("swapemu: compiled in ")
    assert first[1].endswith(f" s, kept in {tmp_path}/swaptools")
    assert run(XDG_CACHE_HOME=str(tmp_path)) == []
    assert in_package() == before
    open_to_others = [
        path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o77
    ]
    assert open_to_others == []
    indexes = [*tmp_path.rglob("*.nbi")]
    assert indexes != []
    for index in indexes:
        os.truncate(index, 3)
    damaged = run(nr_lines=2, XDG_CACHE_HOME=str(tmp_path))
    assert damaged[0].startswith("swapemu: compiled code is not kept: ")
    assert damaged[1] == COMPILING


def test_without_a_home_it_runs_and_says_once_that_nothing_is_kept() -> None:
    said = run(nr_lines=2, HOME="/nonexistent", XDG_CACHE_HOME="")
    assert said == [
        "swapemu: compiled code is not kept: /nonexistent: No such file or directory",
        COMPILING,
    ]


def plus_one(number: int) -> int:
    return number + 1


def plus_two(number: int) -> int:
    return plus_one(plus_one(number))


def test_a_part_is_within_its_callers_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python, which could call it before, finds no way in; they do."""
    numba = pytest.importorskip("numba")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    signature = numba.int64(numba.int64)
    function = cast("FunctionType", plus_one)
    part: Any = kept(function, signature, "parts", {}, is_part=True)
    names = {**globals(), "plus_one": part}
    caller = FunctionType(plus_two.__code__, names, "plus_two")
    whole: Any = kept(caller, signature, "parts", {})
    assert whole(40) == 42
    for compiled, is_open in ((whole, True), (part, False)):
        (code,) = compiled.overloads.values()
        assert ("@_ZN7cpython" in code.library.get_llvm_str()) == is_open
