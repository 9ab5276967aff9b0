from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import swaptools

ROOT = Path(swaptools.__file__).parents[1]


def test_all_is_sorted_and_every_name_resolves() -> None:
    assert swaptools.__all__ == sorted(set(swaptools.__all__))
    for name in swaptools.__all__:
        assert getattr(swaptools, name) is not None
    assert dir(swaptools) == swaptools.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = swaptools.nothing


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
