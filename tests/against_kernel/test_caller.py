"""What a process lacks, as swapcheck says it and as swapon(2) says it to its face."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from swaptools import create_real
from tests.against_kernel import rig

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]

#: Makes swapon(2) end as argv[1] says (an error number, or SIGSYS for 0) from here
#: on, and becomes the command in argv[2:].
FILTER = """
import ctypes, os, struct, sys
number = {"x86_64": 167}.get(os.uname().machine, 224)
answer = 0x50000 | int(sys.argv[1]) if int(sys.argv[1]) else 0x80000000
code = struct.pack(
    "=HBBIHBBIHBBIHBBI",
    0x20, 0, 0, 0, 0x15, 0, 1, number, 0x06, 0, 0, answer, 0x06, 0, 0, 0x7FFF0000
)
buffer = ctypes.create_string_buffer(code)
program = struct.pack("=H6xQ", 4, ctypes.addressof(buffer))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, program, 0, 0) == 0
os.execvp(sys.argv[2], sys.argv[2:])
"""
SWAPCHECK = "from swaptools.cli.swapcheck import main; main()"
SWAPON = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.swapon(os.fsencode(sys.argv[1]), 0)
print(ctypes.get_errno())
"""
PLACES = {
    "as root": ([], None, "0"),
    "without CAP_SYS_ADMIN": (
        ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"],
        "P002",
        str(errno.EPERM),
    ),
    "in a user namespace": (["unshare", "-U", "-r"], "P003", str(errno.EPERM)),
    "behind a filter": (
        [sys.executable, "-c", FILTER, str(errno.EPERM)],
        "P004",
        str(errno.EPERM),
    ),
    "behind a filter that is not there": (
        [sys.executable, "-c", FILTER, str(errno.ENOSYS)],
        "P004",
        str(errno.ENOSYS),
    ),
    "behind a filter that kills": ([sys.executable, "-c", FILTER, "0"], "P004", ""),
}


@pytest.mark.parametrize(
    ("enter", "code", "answer"), PLACES.values(), ids=PLACES.keys()
)
def test_the_verdict_is_roots_and_the_finding_is_the_callers(
    enter: list[str], code: str | None, answer: str, tmp_path: Path
) -> None:
    if enter and shutil.which(enter[0]) is None:
        pytest.skip(f"{enter[0]} is not installed")
    area = tmp_path / "area"
    create_real(area, size_bytes=1 << 20)
    swapcheck = [sys.executable, "-c", SWAPCHECK]
    asked = subprocess.run(
        [*enter, *swapcheck, "--json", "--select", "P", str(area)],
        capture_output=True,
        text=True,
    )
    assert asked.stderr == ""
    (check,) = json.loads(asked.stdout)["checks"]
    assert check["verdicts"][0]["accepted"] is True
    assert [found["code"] for found in check["findings"]] == [code] * bool(code)
    tried = subprocess.run(
        [*enter, sys.executable, "-c", SWAPON, str(area)],
        capture_output=True,
        text=True,
    )
    if answer == "0":
        assert rig.swapoff_errno(area) == 0
    assert tried.stdout.strip() == answer
    if not answer:
        assert tried.returncode < 0
