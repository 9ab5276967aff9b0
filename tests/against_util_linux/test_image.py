"""The image example: no root, the same bytes twice, nothing beside it touched."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.searching import PATH

pytestmark = pytest.mark.util_linux

SCRIPT = Path(__file__).parents[2] / "examples" / "image.sh"
#: Sector 67584 and 61440 sectors, as the script's partition table has it.
START, LENGTH = 34603008, 30 << 20

missing = [
    name
    for name in ("sfdisk", "mkfs.ext4", "blkid", "ghost-mkswap")
    if shutil.which(name, path=PATH) is None
]
if missing:
    pytest.skip(f"no {', '.join(missing)} here", allow_module_level=True)


def run(*command: str | Path) -> str:
    environment = {**os.environ, "PATH": PATH}
    return subprocess.check_output(command, env=environment, text=True)


def outside(image: Path) -> str:
    data = image.read_bytes()
    return hashlib.sha256(data[:START] + data[START + LENGTH :]).hexdigest()


@pytest.mark.slow
def test_the_same_command_writes_the_same_image(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    run("sh", SCRIPT, first)
    run("sh", SCRIPT, second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_a_swap_area_leaves_what_is_around_it(tmp_path: Path) -> None:
    image = tmp_path / "image"
    run("sh", SCRIPT, image)
    before = outside(image)
    options = ["--real", "-f", "-o", str(START), "-L", "again"]
    run("ghost-mkswap", *options, image, str(LENGTH))
    assert outside(image) == before
    seen = run("blkid", "-p", "-O", str(START), "-S", str(LENGTH), image)
    assert 'LABEL="again"' in seen
    assert 'TYPE="swap"' in seen
    assert 'TYPE="ext4"' in run(
        "blkid", "-p", "-O", str(1 << 20), "-S", str(32 << 20), image
    )
