"""A folder is a system: its files, what it runs on, and every word that is printed.

``root/`` has its files, ``case.toml`` what cannot be one (devices, swapfiles, memory)
or what no archive may have (links, some of which lead out of it),
``expected.txt`` what swapcheck prints and its exit status. ``python -m
tests.doctor.cases NAME...`` writes ``expected.txt`` anew, to be read before it is kept.

Not here: the comparison (test_cases.py).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from swaptools.backing import Extent
from swaptools.cli.doctor import diagnosis_lines, exit_status
from swaptools.doctor import diagnose
from swaptools.observe.mounts import Mount, Mounts
from swaptools.observe.resume import FirstByte
from swaptools.observe.survey import read_system
from swaptools.units import parse_size
from tests.builders import header_page
from tests.disks import GPT_LINUX, GPT_SWAP, Part, gpt_pieces, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from swaptools.doctor import Diagnosis

CASES = Path(__file__).parent / "cases"
_ROOT = "root"
_PAGE = 4096


def names() -> list[str]:
    """Return all cases."""
    return sorted(path.name for path in CASES.iterdir())


def printed(name: str, scratch: Path) -> str:
    """Return what is printed about a case, put up in an empty directory."""
    diagnosis = diagnosed(name, scratch)
    text = click.unstyle("\n".join(diagnosis_lines(diagnosis)))
    return f"{text}\nexit {exit_status(diagnosis)}\n".replace(f"{scratch}/", "")


def diagnosed(name: str, scratch: Path) -> Diagnosis:
    """Put a case up in an empty directory and ask the doctor."""
    case = tomllib.loads((CASES / name / "case.toml").read_text())
    root = scratch / _ROOT
    _put_files(CASES / name / _ROOT, root, case.get("links", {}))
    is_running = case.get("running", True)
    for number, device in enumerate(case.get("device", []), 1):
        _put_device(root, number, device)
    for file in case.get("swapfile", []):
        _put_file(root, file)
    if is_running:
        _put_kernel(root, case)
    images = [str(_put_image(scratch, image)) for image in case.get("image", [])]
    system = read_system(
        str(root),
        images,
        is_running=is_running,
        kernel=None if is_running else case.get("kernel"),
        page_size=_PAGE,
        ram_bytes=parse_size(case["ram"]) if "ram" in case else None,
    )
    # It is not the directory that runs.
    return diagnose(replace(system, root=None if is_running else "DIR"))


def _put_files(files: Path, root: Path, links: dict[str, str]) -> None:
    root.mkdir()
    if files.exists():  # of some all is links
        shutil.copytree(files, root, dirs_exist_ok=True)
    for path, target in links.items():
        link = root / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


def first_bytes(name: str) -> Callable[[str], FirstByte]:
    """Stand in for find_first_byte(): what the case says of its swapfiles."""
    case = tomllib.loads((CASES / name / "case.toml").read_text())
    known = {file["path"]: file for file in case.get("swapfile", [])}

    def find(path: str) -> FirstByte:
        file = known["/" + path.partition(f"/{_ROOT}/")[2]]
        if "offset_pages" not in file:
            return FirstByte(None, "not known", None, None)
        major, minor = map(int, file["device"].split(":"))
        uuid = UUID(file["filesystem_uuid"]) if "filesystem_uuid" in file else None
        physical_bytes = file["offset_pages"] * os.sysconf("SC_PAGE_SIZE")
        number = os.makedev(major, minor)
        return FirstByte(physical_bytes, None, number, None, uuid)

    return find


def _put_device(root: Path, number: int, device: dict[str, Any]) -> None:
    name = device["name"]
    size_bytes = parse_size(device.get("size", "8G"))
    node = root / "sys" / "class" / "block" / name
    node.mkdir(parents=True)
    major_minor = device.get("number", f"8:{number}")
    (node / "dev").write_text(f"{major_minor}\n")
    (node / "size").write_text(f"{size_bytes // 512}\n")
    if "discard" in device:
        (node / "queue").mkdir()
        (node / "queue" / "discard_max_bytes").write_text(f"{device['discard']}\n")
    if "mapped" in device:
        (node / "dm").mkdir()
        (node / "dm" / "name").write_text(device["mapped"] + "\n")
        (node / "dm" / "uuid").write_text(device.get("mapping", "LVM-x") + "\n")
        _link(root / "dev" / "mapper" / device["mapped"], f"../{name}")
    for link in device.get("links", []):
        _link(root / link.lstrip("/"), f"/dev/{name}")
    _put_notes(root, major_minor, device)
    path = root / "dev" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    page = b""
    if device.get("type") == "swap":
        uuid = UUID(device["uuid"]) if "uuid" in device else None
        label = device.get("label", "").encode()
        page = header_page(last_page=size_bytes // _PAGE - 1, uuid=uuid, label=label)
    path.write_bytes(page)
    os.truncate(path, size_bytes)


def _put_notes(root: Path, number: str, device: dict[str, Any]) -> None:
    notes = {
        "ID_FS_TYPE": device.get("type"),
        "ID_FS_UUID_ENC": device.get("uuid"),
        "ID_FS_LABEL_ENC": device.get("label"),
        "ID_PART_ENTRY_UUID": device.get("partuuid"),
        "ID_PART_ENTRY_NAME": device.get("partlabel"),
        "ID_PART_TABLE_TYPE": None if "type" in device else "gpt",
    }
    lines = [f"E:{name}={value}\n" for name, value in notes.items() if value]
    data = root / "run" / "udev" / "data"
    data.mkdir(parents=True, exist_ok=True)
    (data / f"b{number}").write_text("".join(lines))


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def _put_file(root: Path, file: dict[str, Any]) -> None:
    path = root / file["path"].lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    size_bytes = parse_size(file.get("size", "1M"))
    claimed_bytes = parse_size(file.get("claims", str(size_bytes)))
    uuid = UUID(file["uuid"]) if "uuid" in file else None
    page = header_page(last_page=claimed_bytes // _PAGE - 1, uuid=uuid, label=b"")
    path.write_bytes(b"" if file.get("blank") else page)
    os.truncate(path, size_bytes)
    path.chmod(int(file.get("mode", "600"), 8))


def _put_kernel(root: Path, case: dict[str, Any]) -> None:
    proc = root / "proc"
    (proc / "self").mkdir(parents=True)
    if case.get("subset_pid"):
        return
    for path, text in {
        "sys/kernel/osrelease": case["kernel"],
        "meminfo": f"MemTotal:       {parse_size(case['ram']) // 1024} kB",
        "sys/vm/swappiness": case.get("swappiness", "60"),
        "sys/vm/overcommit_memory": case.get("overcommit", "0"),
        "cmdline": case.get("cmdline", "quiet"),
    }.items():
        (proc / path).parent.mkdir(parents=True, exist_ok=True)
        (proc / path).write_text(f"{text}\n")
    if "swaps" in case:
        rows = "".join(f"{row}\n" for row in case["swaps"])
        (proc / "swaps").write_text(f"Filename\tType\tSize\tUsed\tPriority\n{rows}")
    if case.get("no_sys"):
        return
    (root / "sys" / "class" / "block").mkdir(parents=True, exist_ok=True)
    if "power" in case:
        (root / "sys" / "power").mkdir()
        (root / "sys" / "power" / "state").write_text(f"{case['power']}\n")
    parameters = root / "sys" / "module" / "zswap" / "parameters"
    parameters.mkdir(parents=True)
    for key, value in case.get("zswap", {}).items():
        (parameters / key).write_text(f"{value}\n")


def _put_image(scratch: Path, image: dict[str, Any]) -> Path:
    path = scratch / str(image["name"])
    parts = tuple(
        Part(2048 * number, 2048, GPT_SWAP if swap else GPT_LINUX, f"part{number}")
        for number, swap in enumerate(image["swap"], 1)
    )
    write(path, 1 << 23, gpt_pieces(parts, 1 << 14))
    with path.open("r+b") as file:
        for part, swap in zip(parts, image["swap"], strict=True):
            if swap:
                file.seek(part.first * 512)
                file.write(header_page(last_page=255, uuid=UUID(swap)))
    return path


def everything_on_ext4() -> Iterator[tuple[object, str, object]]:
    """Yield what to put in place of what, so that no test sees where it runs."""

    def extents(_descriptor: int, size_bytes: int, **_: bool) -> tuple[Extent, ...]:
        return (Extent(0, 1 << 20, size_bytes),)

    mount = Mount("ext4", "/dev/vdx", None, frozenset({"rw"}), frozenset({"rw"}))
    import swaptools.observe.backing as backing

    yield backing, "find_extents", extents
    yield Mounts, "of_descriptor", lambda *_: mount


def main() -> None:
    """Write what is printed now."""
    import swaptools.observe.resume as resume

    for name in sys.argv[1:] or names():
        for owner, attribute, value in everything_on_ext4():
            setattr(owner, attribute, value)
        setattr(resume, "find_first_byte", first_bytes(name))  # noqa: B010
        with tempfile.TemporaryDirectory() as scratch:
            text = printed(name, Path(scratch))
        (CASES / name / "expected.txt").write_text(text)
        sys.stdout.write(f"== {name}\n{text}")


if __name__ == "__main__":
    main()
