"""An area inside of a plain chroot, whose root is in no mount table."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from swaptools import create_real
from tests.against_kernel import rig

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernel

#: Looks outside first, and has all rules, so that everything is imported, then inside.
LOOK = """
import json, os, sys
from swaptools import check_area, read_area, read_caller
from swaptools.check import all_rules
from swaptools.observe import statfs
all_rules()
def look(path):
    area = read_area(path)
    report = check_area(area, caller=read_caller())
    backing = area.backing
    return {
        "filesystem": backing.filesystem,
        "extents": len(backing.extents),
        "path": backing.resolved_path,
        "active": area.active,
        "accepted": report.accepted,
        "codes": [found.code for found in report.findings],
    }
outside = look(os.path.join(sys.argv[1], "area"))
os.chroot(sys.argv[1])
os.chdir("/")
print(json.dumps([outside, look("area")]))
"""


def look(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same area, seen from outside and from inside."""
    ran = subprocess.run(
        [sys.executable, "-c", LOOK, str(root)],
        check=True,
        capture_output=True,
        text=True,
    )
    outside, inside = json.loads(ran.stdout)
    return outside, inside


@pytest.mark.parametrize("has_proc", [True, False])
def test_the_verdict_is_that_of_outside(has_proc: bool, tmp_path: Path) -> None:
    """Without /proc it is not known what is active, and nothing else."""
    create_real(tmp_path / "area", size_bytes=1 << 20)
    with ExitStack() as undo:
        if has_proc:
            undo.enter_context(
                rig.mounted("proc", tmp_path / "proc", "-t", "proc", "-o", "ro")
            )
        outside, inside = look(tmp_path)
    assert outside["accepted"] is True
    assert inside["path"] == "/area"
    same = {"path": inside["path"], "active": inside["active"]}
    assert inside["active"] is (False if has_proc else None)
    codes = outside["codes"] + ["U901"] * (not has_proc)
    assert inside == outside | same | {"codes": codes}
