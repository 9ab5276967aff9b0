from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import swaptools
from swaptools import emulator

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(swaptools.__file__).parents[1]


#: What resolves its names when they are first used.
DOORS = [swaptools, emulator]


@pytest.mark.parametrize("door", DOORS)
def test_all_is_sorted_and_every_name_resolves(door: ModuleType) -> None:
    assert door.__all__ == sorted(set(door.__all__))
    for name in door.__all__:
        assert getattr(door, name) is not None
    assert dir(door) == door.__all__


@pytest.mark.parametrize("door", DOORS)
def test_an_unknown_name_is_an_attribute_error(door: ModuleType) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = door.nothing


def test_importing_the_package_loads_none_of_its_rooms() -> None:
    """The front door costs nothing: no construct, no click, no module of ours."""
    code = (
        "import sys; before = set(sys.modules); import swaptools;"
        "new = set(sys.modules) - before;"
        "print(sorted(n for n in new"
        " if n.split('.')[0] in ('swaptools', 'construct', 'click')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['swaptools']"
