"""make's first steps: what it asks for, and an environment that was half made."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")

#: Answers as Python does: its version, its modules, and venv, which makes a link to
#: itself. What it was asked for is noted; pip fails where ``pip-fails`` is.
PYTHON = """\
#!/bin/sh
here={here}
echo "$*" >>"$here/asked"
case "$*" in
*version_info*) test ! -e "$here/is-old" ;;
*ensurepip*) test ! -e "$here/no-ensurepip" ;;
'-m venv'*)
    rm -rf .venv && mkdir -p .venv/bin && ln -s "$here/python3" .venv/bin/python ;;
'-m pip'*) test ! -e "$here/pip-fails" ;;
esac
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A directory with a Python of ours, and nothing that installs packages."""
    place = tmp_path / "tools"
    place.mkdir()
    program(place / "python3", PYTHON.format(here=place))
    for name in ("sh", "rm", "mkdir", "ln", "touch", "test"):
        found = shutil.which(name)
        assert found is not None
        (place / name).symlink_to(found)
    return place


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def make(tmp_path: Path, tools: Path) -> Callable[[], subprocess.CompletedProcess[str]]:
    """Call to have the virtual environment made in a directory of its own."""
    for name in ("Makefile", "needs.sh", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    command = [str(shutil.which("make")), "-s", ".venv/installed"]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={"PATH": str(tools)},
            capture_output=True,
            text=True,
        )

    return run


def asked(tools: Path, what: str) -> int:
    """How often Python was asked for something."""
    return (tools / "asked").read_text().count(what)


@pytest.mark.parametrize(
    ("manager", "line"),
    [
        ("apt-get", "make: run as root:  apt-get install python3-venv\n"),
        ("dnf", "make: run as root:  dnf install python3\n"),
        (None, ""),
    ],
)
@pytest.mark.parametrize(
    ("lacks", "reason"),
    [
        ("no-ensurepip", "make: python3 comes without venv or ensurepip\n"),
        (None, "make: there is no python3\n"),
    ],
)
def test_the_line_that_helps_is_said_before_anything_is_made(
    lacks: str | None,
    reason: str,
    manager: str | None,
    line: str,
    tools: Path,
    make: Callable[[], subprocess.CompletedProcess[str]],
) -> None:
    if lacks is None:
        (tools / "python3").unlink()
    else:
        (tools / lacks).touch()
    if manager is not None:
        program(tools / manager, "#!/bin/sh\nexit 1\n")
    ran = make()
    assert ran.returncode == 2
    assert ran.stderr.startswith(reason + line)
    assert not (tools.parent / ".venv").exists()


def test_an_old_python_is_refused(
    tools: Path, make: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    (tools / "is-old").touch()
    ran = make()
    assert ran.returncode == 2
    assert ran.stderr.startswith("make: python3 is older than 3.11; name another one")


def test_half_an_environment_is_made_anew_and_a_whole_one_is_kept(
    tools: Path, make: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    fails = tools / "pip-fails"
    fails.touch()
    assert make().returncode == 2
    fails.unlink()
    assert make().returncode == 0
    assert make().returncode == 0
    assert asked(tools, "-m venv --clear") == 2


def test_a_left_over_of_venv_alone_is_made_anew(
    tools: Path, make: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    """As it stands there after venv has found no ensurepip."""
    place = tools.parent / ".venv" / "bin"
    place.mkdir(parents=True)
    (place / "python").symlink_to(tools / "python3")
    assert make().returncode == 0
    assert asked(tools, "-m venv --clear") == 1


def test_an_environment_whose_python_is_gone_is_made_anew(
    tools: Path, make: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    assert make().returncode == 0
    python = tools.parent / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(tools / "python3.9")
    assert make().returncode == 0
    assert asked(tools, "-m venv --clear") == 2
