"""Thousands of random headers: swapcheck and swapon(2) give the same answer.

``SWAPTOOLS_SEED`` repeats a run. A disagreement is printed with its page and
becomes a case in tests/kernel/golden.json.
"""

from __future__ import annotations

import os
import random
import secrets
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.against_kernel import mutations, rig
from tests.against_kernel.comparison import Tally

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("kernel")]

PAGE = mutations.PAGE
HEADERS_ON_FILES = 5000
HEADERS_ON_DEVICES = 2000
#: Of those on devices, how many are valid up to their bad page list.
BAD_LISTS = 0.6
#: Around every boundary: nothing, half a header, one page, two, many.
FILE_BYTES = (0, 1535, 4095, 4096, 4097, 8191, 8192, 8193, 12288, 40959, 40960, 262144)
DEVICE_BYTES = (4096, 8192, 12288 + 512, 40960, 65536, 4 << 20)


@pytest.fixture(scope="module")
def seed() -> int:
    """The run's number: given, or a new one."""
    return int(os.environ.get("SWAPTOOLS_SEED", secrets.randbelow(1 << 32)))


def test_files(
    tmp_path: Path, seed: int, say: Callable[[object], None], only_4k_pages: None
) -> None:
    """On files of every size around a boundary, any test may fail."""
    tally = Tally("random headers on files", seed)
    rng = random.Random(seed)
    files = {size: tmp_path / f"area-{size}" for size in FILE_BYTES}
    for size, path in files.items():
        path.write_bytes(bytes(size))
        path.chmod(0o600)
    os.sync()
    for number in range(HEADERS_ON_FILES):
        size = rng.choice(FILE_BYTES)
        page = mutations.any_header(rng, size // PAGE)
        with files[size].open("r+b") as file:
            file.write(page[:size])
        tally.ask(files[size], f"file {number} of {size} bytes", page)
    say(tally)
    assert not tally.disagreements, "\n".join(tally.disagreements[:5])
    assert tally.asked >= 5000
    assert tally.accepted > 100


def test_devices(
    tmp_path: Path, seed: int, say: Callable[[object], None], only_4k_pages: None
) -> None:
    """On loop devices most headers get as far as their bad page list."""
    tally = Tally("random headers on loop devices", seed)
    rng = random.Random(seed + 1)
    with ExitStack() as devices:
        paths = {}
        for size in DEVICE_BYTES:
            image = tmp_path / f"image-{size}"
            image.touch()
            os.truncate(image, size)
            paths[size] = devices.enter_context(rig.loop_device(image))
        for number in range(HEADERS_ON_DEVICES):
            is_list = rng.random() < BAD_LISTS
            size = rng.choice(DEVICE_BYTES[is_list:])
            make = mutations.bad_list_header if is_list else mutations.any_header
            page = make(rng, size // PAGE)
            with paths[size].open("r+b", buffering=0) as device:
                device.write(page)
            tally.ask(paths[size], f"device {number} of {size} bytes", page)
    say(tally)
    assert not tally.disagreements, "\n".join(tally.disagreements[:5])
    assert tally.asked >= 2000
    assert tally.accepted > 500
    messages = {message for _, message in tally.answers}
    assert {None, "Empty swap-file"} <= messages
