"""What a command does not import, so that one file is answered soon."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

#: Each takes as long to import as a tenth of the command, or more; or is a room that
#: the command has nothing to look for in.
SLOW = (
    *("pathlib", "urllib.parse", "importlib.resources", "tempfile", "subprocess"),
    *("construct", "ctypes", "hashlib", "secrets", "socket", "shutil"),
    *(
        "difflib",
        "json",
        "click.shell_completion",
        "swaptools.doctor",
        "swaptools.emulator",
    ),
)
#: Of extras, which stand for seconds; and of help, which needs no machine.
OF_EXTRAS = ("numpy", "numba", "bokeh", "matplotlib", "distributed", "dask")
OF_MACHINES = ("swaptools.emulator.core.buffers", "swaptools.kernel.profiles")
OF_HELP = (
    *(*OF_EXTRAS, *OF_MACHINES),
    *("importlib.metadata", "importlib.resources", "json", "tempfile", "pathlib"),
)
#: What has names that Tab offers, and how those of others are looked for.
OF_NAMES = (
    *("swaptools.check.registry", "swaptools.doctor.registry"),
    *("swaptools.traces.formats", "importlib.metadata"),
)

NOTHING: dict[str, str] = {}

RUN = """
import sys
from swaptools.cli import start
name, *slow = sys.argv.pop(1).split(",")
try:
    getattr(start, name)()
finally:
    print(*[module for module in slow if module in sys.modules], file=sys.stderr)
"""


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "words",
    ["swapinfo", "swapinfo {}", "swapcheck {}", "ghost_mkswap -f -n {} 1M"],
)
def test_nothing_slow_is_imported(words: str, area_file: Callable[..., Path]) -> None:
    assert imported(words.format(area_file(name="a")), SLOW) == ""


@pytest.mark.sampled(6)
@pytest.mark.parametrize("command", ["", "run", "compare", "replay", "sweep", "report"])
def test_help_brings_no_extra_and_no_machine(command: str) -> None:
    assert imported(f"swapemu {command} --help", OF_HELP) == ""


@pytest.mark.sampled(12)
@pytest.mark.parametrize(
    "begun",
    [
        *("swapemu ", "swapemu run ", "swapemu run --", "swapemu run --design "),
        *("swapemu overhead --design ", "swapemu replay --policy "),
        *("swapemu replay --machine ", "swapemu trace show --format "),
        *("swapcheck --select ", "swapcheck --explain ", "swapinfo a -o "),
    ],
)
def test_tab_brings_no_machine(begun: str) -> None:
    """Nor what is offered, where its names are known without it."""
    name = begun.split()[0]
    asked = {f"_{name.upper()}_COMPLETE": "bash_complete", "COMP_WORDS": begun}
    assert imported(name, (*OF_EXTRAS, *OF_MACHINES, *OF_NAMES), asked) == ""


@pytest.mark.slow
def test_a_short_script_brings_no_extra(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("swapon 1000\ntask a\na write 0 10\na pageout 0 10\n")
    assert imported(f"swapemu run {script}", OF_EXTRAS) == ""


def imported(
    words: str, slow: tuple[str, ...], environment: Mapping[str, str] = NOTHING
) -> str:
    """Run a command, and return what it has imported of some modules."""
    name, *rest = words.split()
    done = subprocess.run(
        [sys.executable, "-S", "-c", RUN, ",".join((name, *slow)), *rest],
        env={"PYTHONPATH": ":".join(sys.path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1]


def test_who_starts_workers_brings_no_machine() -> None:
    """They become ready while the study is read, and what reads it is imported."""
    assert set(modules_of("import swaptools.sweep.local_cluster")).isdisjoint(
        {*OF_EXTRAS, *OF_MACHINES, "swaptools.sweep.study"}
    )


def test_what_is_imported_before_workers_are_forked_is_no_garbage() -> None:
    """There, and where there is no numba, or another one."""
    text = "import gc, sys; sys.modules['numba'] = None; import swaptools.sweep.forked"
    loaded = modules_of(f"{text}; assert gc.get_freeze_count()")
    assert "swaptools.sweep.forked" in loaded


def test_until_ctrl_c_is_ours_little_is_loaded() -> None:
    """What is raised meanwhile the interpreter prints: that takes milliseconds."""
    loaded = modules_of("import swaptools.cli.start, swaptools.cli.interrupts")
    assert {"_signal", "swaptools.cli.start"} < set(loaded)
    assert set(loaded).isdisjoint({"enum", "typing", "contextlib", "re", "click"})
    assert len([name for name in loaded if name.startswith("swaptools")]) == 4


def modules_of(statement: str) -> list[str]:
    """Run a statement in a fresh interpreter; return all that is imported then."""
    return subprocess.run(
        [sys.executable, "-S", "-c", f"{statement}; import sys; print(*sys.modules)"],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
