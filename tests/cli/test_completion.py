"""What Tab offers, asked of the commands."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from click.shell_completion import ShellComplete

from swaptools.emulator.machine import design
from swaptools.emulator.pressure import policy
from swaptools.observe.cgroups import Hierarchy
from swaptools.plugins import DESIGNS_GROUP, POLICIES_GROUP, Plugins
from tests.cases import every_case
from tests.cli.offered import MODULE, module_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import click


def offered(words: str) -> list[str]:
    """What is offered for the last word, which may be empty."""
    return [value for value, _ in described(words)]


def described(words: str) -> list[tuple[str, str | None]]:
    """The same, and what is said of each."""
    name, *before, begun = words.split(" ")
    main: click.Command = import_module(f"swaptools.cli.{name.replace('-', '_')}").main
    found = ShellComplete(main, {}, name, "").get_completions(before, begun)
    return [(item.value, item.help) for item in found]


@every_case(
    ("words", "expected"),
    [
        ("swapinfo -o na", "NAME"),
        ("swapinfo -o part", "PARTITION PARTLABEL PARTUUID"),
        ("swapinfo a -o na", ""),
        ("swapinfo --output=US", "USED USE% USABLE"),
        ("swapinfo a -o PATH,part", "PATH,PARTITION PATH,PARTLABEL PATH,PARTUUID"),
        ("swapinfo -o +ZR", "+ZRAM"),
        ("swapinfo -o NOTHING,X", ""),
        ("swapinfo --who=process -o pi", "PID"),
        ("swapinfo --who=cgroup -o t", "TREE"),
        ("swapinfo --who=ma", "mapping"),
        ("swapinfo --color ", "auto always never"),
        ("swapcheck --list M6", "M601 M602 M603 M604"),
        ("swapcheck --explain d20", " ".join(f"D20{n}" for n in range(1, 10))),
        ("swapcheck -p ", "4096 16384 65536"),
        ("swapcheck --root /et", "/et"),
        ("swapcheck U", "U UUID="),
        ("swapcheck PARTLA", "PARTLA PARTLABEL="),
        ("ghost-mkswap L", "L LABEL="),
        ("ghost-mkswap a ", ""),
        ("swapcheck --kernel ghost", "ghost-rfc ghost-rfc-6.12 ghost-rfc-dynamic"),
        ("swapcheck --kernel li", "list"),
        ("swapcheck --select M6", "M601 M602 M603 M604"),
        ("swapcheck --ignore G501,M60", "G501,M601 G501,M602 G501,M603 G501,M604"),
        ("ghost-mkswap --recipe ", "loop dm-error"),
        ("ghost-mkswap --recipe=d", "dm-error"),
        ("ghost-mkswap -U ", "clear random time"),
        ("ghost-mkswap -e b", "big"),
        ("swapemu run --design gho", "ghost ghost-dynamic"),
        ("swapemu compare --design vsw", "vswap vswap-ste"),
        ("swapemu overhead --design xsw", "xswap+zswap"),
        ("swapemu overhead --design al", "all"),
        ("swapemu compare --design al", "all"),
        ("swapemu replay --design al", "all"),
        ("swapemu run --design al", ""),
        ("swapemu run zsw", "zsw zswap-only zswap-writeback"),
        ("swapemu compare gh", "gh ghost.swap"),
        ("swapemu compare ./a", "./a"),
        ("swapemu res", "resolution"),
    ],
)  # fmt: skip
def test_what_a_word_could_become(words: str, expected: str) -> None:
    assert offered(words) == expected.split()


def test_names_have_descriptions() -> None:
    assert dict(described("swapcheck --select M60"))["M601"] == (
        "kernel memory for this size is not to be had"
    )
    assert ("PATH,LABEL", "label") in described("swapinfo a -o PATH,LA")
    assert described("swapcheck --kernel ghost-rfc-6") == [
        ("ghost-rfc-6.12", "Linux 6.12 with the ghost swapfile patch")
    ]
    assert all(text for _, text in described("swapemu run --design "))
    assert all(text for _, text in described("swapemu overhead --design "))


def test_what_is_offered_at_once_is_what_the_package_has() -> None:
    assert MODULE.read_text(encoding="utf-8") == module_text()


def test_names_of_another_package_stand_behind_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be loaded is left out."""
    asked = ("swapemu run --design ", "swapemu replay --policy ")
    ours = [described(words) for words in asked]
    told = tmp_path / "other-1.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (told / "entry_points.txt").write_text(
        f"[{DESIGNS_GROUP}]\nmine = other:DESIGN\nbroken = no_such:DESIGN\n\n"
        f"[{POLICIES_GROUP}]\nmy-own = other:POLICY\n"
    )
    (tmp_path / "other.py").write_text(
        "from swaptools.emulator.machine.design import Design\n"
        "from swaptools.emulator.pressure.policy import Policy\n"
        "DESIGN = Design(name='mine', title='of ours', source='<1@a>')\n"
        "POLICY = Policy(name='my-own', summary='whoever')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for room, name, group, kind in (
        (design, "DESIGNS", DESIGNS_GROUP, design.Design),
        (policy, "POLICIES", POLICIES_GROUP, policy.Policy),
    ):
        monkeypatch.setattr(room, name, Plugins(group, "one", kind))
    assert [described(words) for words in asked] == [
        [*ours[0], ("mine", "of ours")],
        [*ours[1], ("my-own", "whoever")],
    ]


def test_areas_by_what_udev_calls_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label that would have to be quoted is left out."""
    for name in ("by-uuid/1d20-ab", "by-label/swap", "by-label/a\\x20b"):
        link = tmp_path / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to("/dev/null")
    monkeypatch.setattr("swaptools.observe.tags._LINKS", f"{tmp_path}/by-")
    assert described("swapcheck UUID=1d")[1:] == [("UUID=1d20-ab", "/dev/null")]
    assert described("swapinfo LABEL=")[1:] == [("LABEL=swap", "/dev/null")]


def test_a_command_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what follows it nobody knows but that it may be a file."""
    for name, mode in (("make-swap", 0o755), ("make-notes", 0o644)):
        (tmp_path / name).touch(mode)
    monkeypatch.setenv("PATH", f"/no/such:{tmp_path}")
    assert offered("swapemu record -- make-") == ["make-", "make-swap"]
    assert offered("swapemu record -- make make-") == ["make-"]
    assert offered("swapemu record -- ./make-") == ["./make-"]
    assert offered("swapemu record make make-") == ["make-"]
    assert "--keep-all" in offered("swapemu record --k")
    assert offered("swapemu record make --k") == ["--k"]
    assert offered("swapemu record make -o ma") == ["ma"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_word_of_any_bytes_is_answered(shell: str) -> None:
    """And so is a shell that says nothing of the line."""
    start = "from swaptools.cli.start import swapinfo; raise SystemExit(swapinfo())"
    asked = {**os.environ, "_SWAPINFO_COMPLETE": f"{shell}_complete"}
    for line, word in ((b"swapinfo \xff\xfe", b"\xff\xfe"), (None, b"")):
        found = subprocess.run(
            [sys.executable, "-c", start],
            env=asked if line is None else {**asked, "COMP_WORDS": os.fsdecode(line)},
            capture_output=True,
        )
        assert (found.returncode, found.stderr) == (0, b"")
        assert word in found.stdout


def test_processes_by_number() -> None:
    own = str(os.getpid())
    assert own in dict(described(f"swapinfo --pid {own}"))
    assert described("swapinfo --pid no") == []


def test_cgroups_a_level_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "user.slice" / "user-0.slice").mkdir(parents=True)
    (tmp_path / "system.slice").mkdir()
    for place in (tmp_path, *tmp_path.rglob("*")):
        for name in ("cgroup.procs", "memory.swap.current", "memory.swap.max"):
            (place / name).write_text("0\n")
    monkeypatch.setattr(
        "swaptools.observe.cgroups.find_hierarchy",
        lambda: Hierarchy(2, str(tmp_path)),
    )
    assert offered("swapinfo --estimate --cgroup /") == [
        *("/", "/system.slice", "/user.slice")
    ]
    assert offered("swapinfo --estimate --cgroup /user.slice/") == [
        "/user.slice/user-0.slice"
    ]


def test_an_area_is_one_that_is_active(swaps: Callable[..., None]) -> None:
    swaps("/dev/vdb1 partition 8 0 -2", "/swapfile file 8 0 -3")
    assert offered("swapinfo --map=/d") == ["/dev/vdb1"]
