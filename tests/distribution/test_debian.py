"""debian/ makes a package with Debian's own tools, and what is in it runs."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

import swaptools
from tests.distribution.trees import ROOT, copied, run

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = ("dpkg-buildpackage", "dh", "pybuild", "dpkg-deb", "man")
PYTHON = "/usr/bin/python3"
WANTED = (
    "import sys, hatchling, build, click, construct;"
    " sys.exit(sys.version_info < (3, 11))"
)
PAGES = ("ghost-mkswap", "swapinfo", "swapcheck", "swapemu", "swap-header")


def why_not() -> str | None:
    """Say what is missing, as a Debian package where it is one."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"not here: {', '.join(missing)}"
    done = subprocess.run([PYTHON, "-c", WANTED], capture_output=True, check=False)
    return "Debian's Python lacks what builds the package" if done.returncode else None


def test_the_version_is_the_packages() -> None:
    first = (ROOT / "debian" / "changelog").read_text().splitlines()[0]
    assert first.startswith(f"swaptools ({swaptools.__version__}-")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that was built, unpacked."""
    if reason := why_not():
        pytest.skip(reason)
    place = tmp_path_factory.mktemp("debian")
    tree = copied(place / f"swaptools-{swaptools.__version__}")
    run("dpkg-buildpackage", "-b", "-us", "-uc", cwd=tree)
    (made,) = place.glob("swaptools_*_all.deb")
    run("dpkg-deb", "-x", made, place / "root", cwd=place)
    return place / "root"


@pytest.mark.release
def test_the_commands_run(package: Path) -> None:
    library = str(package / "usr/lib/python3/dist-packages")
    for name in ("ghost-mkswap", "swapinfo", "swapcheck", "swapemu"):
        command = package / "usr/bin" / name
        said = run(command, "--version", cwd=package, PYTHONPATH=library)
        assert said == f"{name} from swaptools {swaptools.__version__}\n"
    run(package / "usr/bin/swapinfo", cwd=package, PYTHONPATH=library)


@pytest.mark.release
def test_man_finds_the_pages(package: Path) -> None:
    for page in PAGES:
        found = run(
            "man", "-w", page, cwd=package, MANPATH=str(package / "usr/share/man")
        )
        assert found.startswith(str(package))


@pytest.mark.release
def test_the_shells_find_the_completions(package: Path) -> None:
    share = package / "usr/share"
    for name in ("ghost-mkswap", "swapinfo", "swapcheck", "swapemu"):
        assert (share / "bash-completion/completions" / name).is_file()
        assert (share / "zsh/vendor-completions" / f"_{name}").is_file()
        assert (share / "fish/vendor_completions.d" / f"{name}.fish").is_file()
