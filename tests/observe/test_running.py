"""What a kernel says of its boot, below any directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from swaptools.observe.running import is_container, memory_bytes, read_running
from swaptools.observe.tree import Tree

if TYPE_CHECKING:
    from pathlib import Path


def tree(root: Path, files: dict[str, str]) -> Tree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return Tree(str(root))


def test_nothing_is_known_of_nothing(tmp_path: Path) -> None:
    found = tree(tmp_path, {})
    running = read_running(found)
    assert running.swaps is None
    assert (running.command_line, running.zswap, running.has_sysfs) == (
        None,
        None,
        False,
    )
    assert running.mounts == frozenset({"/"})
    assert found.unseen == [("/proc/swaps", "/proc is not mounted")]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"proc/self/status": ""}, "hidden by a /proc with subset=pid"),
        ({"proc/meminfo": "MemTotal: 1 kB\n"}, None),
        ({"proc/swaps": "Filename\n"}, None),
    ],
)
def test_why_no_area_is_known(
    tmp_path: Path, files: dict[str, str], reason: str | None
) -> None:
    """A kernel without swap has /proc, and no /proc/swaps."""
    found = tree(tmp_path, files)
    assert read_running(found).swaps == (() if reason is None else None)
    assert [one.reason for one in found.unseen] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("state", "bits", "expected"),
    [
        ("Mitigation: PTE Inversion\n", 46, 1 << 45),
        ("Mitigation: PTE Inversion; VMX: conditional\n", 36, 1 << 43),
        ("Not affected\n", 46, None),
        ("Vulnerable\n", 46, None),
    ],
)
def test_how_much_of_an_area_is_used(
    tmp_path: Path, state: str, bits: int, expected: int | None
) -> None:
    """Against L1TF a slot number must not look like memory."""
    cpuinfo = f"address sizes\t: {bits} bits physical, 48 bits virtual\n"
    files = {
        "sys/devices/system/cpu/vulnerabilities/l1tf": state,
        "proc/cpuinfo": f"processor\t: 0\n{cpuinfo}\n",
    }
    assert read_running(tree(tmp_path, files)).max_area_bytes == expected


def test_settings(tmp_path: Path) -> None:
    files = {
        "proc/sys/vm/swappiness": "0\n",
        "proc/crypto": "name         : lzo\ndriver       : lzo-scomp\n",
        "proc/self/mountinfo": "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "2 1 0:5 / /my\\040place rw - tmpfs x rw\n",
        "sys/module/zswap/parameters/enabled": "Y\n",
        "sys/power/image_size": "1000\n",
        "sys/power/state": "freeze mem disk\n",
        "proc/cmdline": "quiet resume=8:2\n",
    }
    running = read_running(tree(tmp_path, files))
    assert running.sysctls == {"vm.swappiness": "0"}
    assert running.compressors == frozenset({"lzo"})
    assert running.mounts == frozenset({"/", "/my place"})
    assert running.zswap == {"enabled": "Y"}
    assert (running.image_size_bytes, running.can_hibernate) == (1000, True)
    assert running.command_line is not None
    assert running.command_line.last("resume") == "8:2"


@pytest.mark.parametrize(
    ("state", "lockdown", "expected"),
    [
        ("freeze mem disk", "[none] integrity confidentiality", None),
        ("freeze mem", "[none] integrity confidentiality", "/sys/power/state has no"),
        ("freeze", "none [integrity] confidentiality", "locked down (integrity)"),
        ("", "none integrity [confidentiality]", "locked down (confidentiality)"),
    ],
)
def test_why_a_kernel_cannot_hibernate(
    tmp_path: Path, state: str, lockdown: str, expected: str | None
) -> None:
    files = {
        "sys/power/state": f"{state}\n",
        "sys/kernel/security/lockdown": f"{lockdown}\n",
    }
    why = read_running(tree(tmp_path, files)).no_hibernation
    assert (why is None) if expected is None else (expected in (why or ""))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("run/systemd/container", "lxc\n"),
        (".dockerenv", ""),
        ("run/.containerenv", ""),
        ("proc/1/environ", "A=1\0container=lxc\0"),
    ],
)
def test_containers(tmp_path: Path, path: str, text: str) -> None:
    assert not is_container(tree(tmp_path, {"proc/1/environ": "PATH=container=x\0"}))
    assert is_container(tree(tmp_path, {path: text}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("MemFree: 1 kB\nMemTotal:    16 kB\n", 16384), ("MemTotal: x kB\n", None)],
)
def test_memory(tmp_path: Path, text: str, expected: int | None) -> None:
    assert memory_bytes(tree(tmp_path, {"proc/meminfo": text})) == expected
