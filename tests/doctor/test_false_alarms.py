"""What is written in a way that is right, if unusual: no rule finds anything.

Not here: whole systems (test_cases.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.config.config import read_config
from swaptools.doctor import diagnose
from swaptools.observe.survey import read_system
from tests.doctor.samples import system

if TYPE_CHECKING:
    from pathlib import Path

    from swaptools.doctor import Diagnosis

_AREA: dict[str, Any] = {"sda2": "swap 1111"}
_RESUMES: dict[str, Any] = {"cmdline": "resume=/dev/sda2", **_AREA}
_ZSWAP: dict[str, Any] = {
    "zswap": {"enabled": "Y", "compressor": "lzo"},
    "swaps": ["/dev/sda2 -2"],
}


def _found(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    return [(one.code, one.message) for one in diagnosis.findings]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {"cmdline": "resume=PARTUUID=1111/PARTNROFF=1", **_AREA}, id="PARTNROFF"
        ),
        pytest.param({"cmdline": 'resume=UUID="1111"', **_AREA}, id="quoted-uuid"),
        pytest.param(
            {"grub": "quiet\\\n resume=UUID=\\\n1111", **_AREA}, id="continued-in-grub"
        ),
        pytest.param(
            {**_RESUMES, "mkinitcpio": "HOOKS=(base # (all)\n  resume)\n"},
            id="comment-with-parentheses-in-hooks",
        ),
        pytest.param(
            {
                **_RESUMES,
                "mkinitcpio": 'HOOKS=(udev resume)\nHOOKS=("${HOOKS[@]}" plymouth)\n',
            },
            id="hooks-of-hooks",
        ),
        pytest.param(
            {**_RESUMES, "mkinitcpio": "HOOKS=($(cat /etc/hooks))\n"},
            id="hooks-of-a-command",
        ),
        pytest.param(
            {**_RESUMES, "mkinitcpio": 'HOOKS=("${HOOKS[@]/keymap/}" x)\n'},
            id="hooks-changed-by-the-shell",
        ),
        pytest.param(
            {"cmdline": "noresume", "resume": "UUID=9999"}, id="RESUME-and-noresume"
        ),
        pytest.param({**_RESUMES, "resume": "UUID=9999"}, id="RESUME-and-resume"),
        pytest.param({"units": {"dev-sda2.swap": ""}, **_AREA}, id="masked-by-nothing"),
        pytest.param({"cmdline": "zswap.zpool=zsmalloc", **_ZSWAP}, id="zpool"),
        pytest.param(
            {
                "cmdline": "zswap.same_filled_pages_enabled=1 zswap.exclusive_loads=Y",
                **_ZSWAP,
            },
            id="what-zswap-always-does",
        ),
        pytest.param(
            {
                "cmdline": "zswap.compressor=zstd",
                "tmpfiles": "w! /sys/module/zswap/parameters/compressor - - - - lzo\n",
                **_ZSWAP,
            },
            id="tmpfiles-after-the-command-line",
        ),
    ],
)
def test_unusual_and_right(changes: dict[str, Any]) -> None:
    assert _found(diagnose(system(**changes))) == []


def test_a_link_of_udev_is_believed() -> None:
    name = "/dev/disk/by-partuuid/aaaa"
    asked = system(fstab=f"{name} none swap sw 0 0", **_AREA)
    linked = replace(asked, links={**asked.links, name: "/dev/sda2"})
    assert [code for code, _ in _found(diagnose(asked))] == ["D102"]
    assert _found(diagnose(linked)) == []


@pytest.mark.parametrize("left", ["resume~", "resume.dpkg-old", ".resume.swp", "#x#"])
def test_what_editors_and_dpkg_leave_is_not_read(left: str) -> None:
    beside = {"/etc/initramfs-tools/conf.d/resume": b"RESUME=none\n"}
    files = {**beside, f"/etc/initramfs-tools/conf.d/{left}": b"RESUME=UUID=9999\n"}
    resume = read_config(files).resume
    assert resume is not None
    assert resume.value == "none"


def _below(root: Path, files: dict[str, str]) -> list[tuple[str, str]]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return _found(diagnose(read_system(str(root))))


def test_a_drop_in_may_say_what_is_swapped_on(tmp_path: Path) -> None:
    units = "etc/systemd/system"
    begun = {f"{units}/dev-sda2.swap": "[Unit]\nDescription=x\n"}
    assert [code for code, _ in _below(tmp_path, begun)] == ["D111"]
    rest = {f"{units}/dev-sda2.swap.d/a.conf": "[Swap]\nWhat=/dev/sda2\n"}
    assert _below(tmp_path, rest) == []
    (unit,) = read_system(str(tmp_path)).config.units
    assert unit.what == ("/dev/sda2", (f"/{units}/dev-sda2.swap.d/a.conf", 2))


def test_a_swapfile_may_lie_where_a_unit_mounts(tmp_path: Path) -> None:
    entry = {"etc/fstab": "/data/swap/1 none swap sw 0 0\n"}
    assert [code for code, _ in _below(tmp_path, entry)] == ["D104"]
    unit = {"usr/lib/systemd/system/data.mount": "[Mount]\nWhere=/data\n"}
    assert _below(tmp_path, unit) == []


def test_a_file_of_dracut_hides_the_one_of_its_name(tmp_path: Path) -> None:
    asked = {
        "etc/kernel/cmdline": "resume=UUID=1111\n",
        "usr/lib/dracut/dracut.conf.d/5.conf": 'omit_dracutmodules+=" resume "\n',
    }
    assert [code for code, _ in _below(tmp_path, asked)] == ["D209"]
    assert _below(tmp_path, {"etc/dracut.conf.d/5.conf": "hostonly=yes\n"}) == []


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("UID=1111", False),
        ("uuid=1111", False),
        ("swapfile", False),
        ("ID=ata-x-part2", True),
        ("UUID=1111", True),
        ("/dev/sda2", True),
    ],
)
def test_what_names_an_area(name: str, is_one: bool) -> None:
    found = _found(diagnose(system(fstab=f"{name} none swap nofail 0 0", **_AREA)))
    assert [code for code, _ in found] == ([] if is_one else ["D105"])


def test_a_file_that_is_masked_hides_those_of_its_name(tmp_path: Path) -> None:
    for path, text in {
        "usr/lib/systemd/zram-generator.conf": "[zram0]\n",
        "usr/lib/sysctl.d/9.conf": "vm.swappiness = 0\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    before = read_system(str(tmp_path)).config
    assert len(before.zrams) == len(before.sysctls) == 1
    for path in ("etc/systemd/zram-generator.conf", "etc/sysctl.d/9.conf"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).symlink_to("/dev/null")
    after = read_system(str(tmp_path)).config
    assert after.zrams == ()
    assert after.sysctls == {}
