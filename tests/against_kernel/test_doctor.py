"""The doctor against swapon(8): an entry it has an error for is one that fails.

The system is a directory with an fstab, device nodes and files of its own, so that
nothing of the machine's configuration is touched or seen.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from swaptools.doctor import diagnose
from swaptools.observe.resume import find_first_byte
from swaptools.observe.survey import read_system
from tests.against_kernel import rig
from tests.builders import header_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.doctor import Diagnosis

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.usefixtures("kernel", "only_4k_pages"),
]

MIB = 1 << 20
OURS = UUID("d0c70001-1111-4222-8333-444444444444")
GONE = UUID("d0c70002-1111-4222-8333-444444444444")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with what a kernel says, and nothing else."""
    for folder in ("etc", "dev", "proc/sys/kernel", "sys/class/block"):
        (tmp_path / "root" / folder).mkdir(parents=True)
    found = tmp_path / "root"
    release = os.uname().release
    (found / "proc" / "sys" / "kernel" / "osrelease").write_text(release)
    (found / "proc" / "meminfo").write_text(Path("/proc/meminfo").read_text())
    (found / "proc" / "swaps").write_text(Path("/proc/swaps").read_text())
    return found


def area(path: Path, uuid: UUID, *, pages: int = 256, file_pages: int = 256) -> Path:
    """Write an area, all of its file allocated."""
    page = header_page(last_page=pages - 1, uuid=uuid, label=b"")
    path.write_bytes(page.ljust(file_pages * 4096, b"\0"))
    path.chmod(0o600)
    os.sync()
    return path


@contextmanager
def device(root: Path, image: Path) -> Iterator[str]:
    """Have a loop device over an image on both sides."""
    with rig.loop_device(image) as loop:
        number = os.stat(loop).st_rdev
        major, minor = os.major(number), os.minor(number)
        os.mknod(root / "dev" / loop.name, 0o600 | 0o060000, number)
        node = root / "sys" / "class" / "block" / loop.name
        node.mkdir()
        (node / "dev").write_text(f"{major}:{minor}\n")
        (node / "size").write_text(f"{image.stat().st_size // 512}\n")
        yield str(loop)


def asked(root: Path, *entries: str) -> Diagnosis:
    """Ask about these entries."""
    lines = "".join(f"{entry} none swap sw,pri=1 0 0\n" for entry in entries)
    (root / "etc" / "fstab").write_text(lines)
    return diagnose(read_system(str(root), is_running=True))


def is_swapped_on(root: Path, entry: str) -> bool:
    """Tell whether swapon(8) takes an entry; it is swapped off again."""
    where = entry if entry.startswith(("/dev/", "UUID=")) else f"{root}{entry}"
    done = subprocess.run(["swapon", where], capture_output=True, check=False)
    if done.returncode == 0:
        subprocess.run(["swapoff", where], check=True, capture_output=True)
    return done.returncode == 0


def test_errors_are_the_entries_that_swapon_refuses(
    root: Path, tmp_path: Path, say: Callable[[object], None]
) -> None:
    area(root / "good", UUID(int=1))
    area(root / "short", UUID(int=2), file_pages=128)
    (root / "blank").write_bytes(bytes(MIB))
    (root / "blank").chmod(0o600)
    with (root / "hole").open("wb") as file:
        file.write(header_page(last_page=255))
        file.truncate(MIB)
    (root / "hole").chmod(0o600)
    (root / "link").symlink_to("good")
    (root / "etc" / "folder").mkdir()
    with ExitStack() as stack:
        swap = stack.enter_context(device(root, area(tmp_path / "swap", OURS)))
        (tmp_path / "other").write_bytes(bytes(4 * MIB))
        subprocess.run(["mkfs.ext4", "-q", tmp_path / "other"], check=True)
        other = stack.enter_context(device(root, tmp_path / "other"))
        entries = [
            *("/good", "/short", "/blank", "/hole", "/link", "/none"),
            *(swap, other, f"UUID={OURS}", f"UUID={GONE}", "/dev/none"),
        ]
        answers = {}
        for entry in entries:
            found = [one.code for one in asked(root, entry).findings if one.line == 1]
            answers[entry] = (found, is_swapped_on(root, entry))
        say("\n".join(f"{entry}: {answer}" for entry, answer in answers.items()))
    for entry, (found, taken) in answers.items():
        assert bool(found) is not taken, entry
    assert sum(taken for _, taken in answers.values()) == 4


def test_one_area_by_two_names_is_taken_once(root: Path, tmp_path: Path) -> None:
    with device(root, area(tmp_path / "swap", OURS)) as swap:
        diagnosis = asked(root, swap, f"UUID={OURS}")
        assert [one.code for one in diagnosis.findings] == ["D106"]
        with rig.swapped_on(swap):
            assert not is_swapped_on(root, swap)


def test_the_offset_of_a_file_is_the_one_that_is_said(root: Path) -> None:
    """A command line with the right one is well, with another it is told the right."""
    area(root / "swapfile", UUID(int=1))
    first = find_first_byte(str(root / "swapfile"))
    if first.physical_bytes is None or first.device is None:
        pytest.skip(f"the scratch directory has no offsets: {first.reason}")
    offset = first.physical_bytes // 4096
    number = f"{os.major(first.device)}:{os.minor(first.device)}"
    node = root / "sys" / "class" / "block" / "vdx"
    node.mkdir()
    (node / "dev").write_text(number)
    (node / "size").write_text("2048")
    (root / "run" / "udev" / "data").mkdir(parents=True)
    (root / "run" / "udev" / "data" / f"b{number}").write_text("E:ID_FS_TYPE=ext4\n")
    for said, expected in ((offset, []), (offset + 1, ["D203"])):
        (root / "proc" / "cmdline").write_text(f"resume={number} resume_offset={said}")
        found = asked(root, "/swapfile").findings
        assert [one.code for one in found if one.code != "D207"] == expected
        if expected:
            assert found[0].hint == f"write resume_offset={offset}"


def test_a_plain_mapping_overwrites_what_its_device_is_found_by(
    root: Path, tmp_path: Path
) -> None:
    """What D301 says of crypttab(5): after one boot the UUID is gone."""
    if shutil.which("cryptsetup") is None or not Path("/dev/mapper/control").exists():
        pytest.skip("no device mapper")
    image = area(tmp_path / "swap", OURS, pages=1024, file_pages=1024)
    with device(root, image) as loop:
        (root / "etc" / "crypttab").write_text(f"cs UUID={OURS} /dev/urandom swap\n")
        (root / "etc" / "fstab").write_text("/dev/mapper/cs none swap sw 0 0\n")

        def messages() -> list[str]:
            found = diagnose(read_system(str(root), is_running=True)).findings
            return [one.message for one in found if one.code == "D301"]

        assert messages() == [f"UUID={OURS} of cs is gone after one boot"]
        name = f"swaptools-{os.getpid()}"
        opening = ["cryptsetup", "open", "--type=plain", "--cipher=aes-xts-plain64"]
        opening += ["--key-size=256", "--key-file=/dev/urandom", loop, name]
        done = subprocess.run(opening, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"cryptsetup: {done.stderr}")
        try:
            subprocess.run(["mkswap", f"/dev/mapper/{name}"], check=True)
        finally:
            subprocess.run(["cryptsetup", "close", name], check=True)
        assert messages() == [f"UUID={OURS} of cs is on no device any more"]
