"""The command: exit status, JSON keys, selection, and what a terminal gets to see."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner, Result

from swaptools import doctor
from swaptools.check import all_rules
from swaptools.cli.swapcheck import main
from swaptools.kernel.profiles import PROFILES
from tests.builders import header_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHECK_KEYS = [
    "path",
    "offset",
    "partition",
    "holds",
    "page_size",
    "verdicts",
    "findings",
]
VERDICT_KEYS = ["kernel", "asked", "exact", "accepted", "errno", "message", "reason"]
FINDING_KEYS = [
    "code",
    "severity",
    "title",
    "message",
    "hint",
    "hint_command",
    "hint_loses",
    "field",
    "kernel_message",
    "path",
    "file",
    "line",
]


def run(*arguments: object) -> Result:
    """Run the command as the shell would."""
    words = [
        os.fspath(word) if isinstance(word, os.PathLike) else str(word)
        for word in arguments
    ]
    return CliRunner().invoke(main, words, prog_name="swapcheck")


def checks(*arguments: object) -> Any:
    """Run with --json and return the list of checks."""
    return json.loads(run("--json", *arguments).stdout)["checks"]


@pytest.fixture
def image(
    area_file: Callable[..., Path], swaps: Callable[..., None]
) -> Callable[..., Path]:
    """Call to make an image with a good area at 1 MiB.

    It is judged as its loop device, wherever the scratch directory lies.
    """

    def make(name: str = "image", *, pages: int = 16, **changes: Any) -> Path:
        path = area_file(name)
        page = header_page(**{"last_page": 15, **changes})
        path.write_bytes(bytes(1 << 20) + page)
        os.truncate(path, (1 << 20) + pages * 4096)
        return path

    return make


class TestExitStatus:
    """0 taken, 1 refused, 2 not looked at."""

    def test_accepted(self, image: Callable[..., Path]) -> None:
        """A good area in an image, as a loop device would have it."""
        result = run("--kernel", "6.18", "--offset", "1M", image())
        assert (result.exit_code, result.stderr) == (0, "")

    def test_refused_once(self, image: Callable[..., Path]) -> None:
        """One of several is enough."""
        files = image("good"), image("bad", version=2)
        result = run("--kernel", "6.18", "--offset", "1M", *files)
        assert result.exit_code == 1

    def test_not_looked_at(self, image: Callable[..., Path], tmp_path: Path) -> None:
        """The others are checked all the same."""
        result = run("--offset", "1M", tmp_path / "none", image())
        assert result.exit_code == 2
        assert (
            result.stderr == f"swapcheck: {tmp_path}/none: No such file or directory\n"
        )
        assert "accepted" in result.stdout

    def test_only_the_first_kernel_decides(self, image: Callable[..., Path]) -> None:
        """A ghost is fine where the first kernel asked says so."""
        words = ["--offset", "1M", "-p", "4096", image(pages=1)]
        patched_first = run("--kernel", "ghost-rfc", "--kernel", "6.12", *words)
        mainline_first = run("--kernel", "6.12", "--kernel", "ghost-rfc", *words)
        assert (patched_first.exit_code, mainline_first.exit_code) == (0, 1)

    @pytest.mark.parametrize(
        "words",
        [
            ["--offset", "1M"],
            ["--root", "/", "--partition", "2"],
            ["--kernel", "6.1", "--kernel", "6.12"],
            ["--explain", "Z1"],
            ["--kernel", "linux", "x"],
            ["--select", "Z", "x"],
            ["--ignore", "S2,Q1", "x"],
            ["-p", "5000", "x"],
        ],
        ids=" ".join,
    )
    def test_usage(self, words: list[str]) -> None:
        """A wrong word is named before anything is looked at."""
        result = run(*words)
        assert result.exit_code == 2
        assert "Usage: swapcheck" in result.stderr


class TestJson:
    """One object, the keys in the order of the manual page."""

    def test_keys_and_types(self, image: Callable[..., Path]) -> None:
        """A ghost, which two kernels are asked about unless told otherwise."""
        path = image(pages=1)
        (check,) = checks("--ram", "8G", "-p", "4096", "--offset", "1M", path)
        assert list(check) == CHECK_KEYS
        assert (check["path"], check["page_size"]) == (str(path), 4096)
        assert (check["offset"], check["partition"]) == (1 << 20, None)
        assert check["holds"] == []
        verdicts = check["verdicts"]
        assert [list(verdict) for verdict in verdicts] == [VERDICT_KEYS] * 2
        assert verdicts[1] == {
            "kernel": "ghost-rfc",
            "asked": "ghost-rfc",
            "exact": True,
            "accepted": True,
            "errno": None,
            "message": None,
            "reason": None,
        }
        assert all(list(finding) == FINDING_KEYS for finding in check["findings"])

    def test_a_refusal(self, image: Callable[..., Path]) -> None:
        """The cause comes first, with the kernel's words and the field."""
        path = image(pages=1, ghost_flag=True)
        words = ["--kernel", "7.2", "-p", "4096", "--offset", "1M", "--ignore", "I"]
        (check,) = checks(*words, path)
        line = "Swap area shorter than signature indicates"
        assert check["verdicts"][0]["message"] == line
        (finding,) = check["findings"]
        assert finding["code"] == "G503"
        assert finding["severity"] == "error"
        assert finding["field"] == "last_page"
        assert finding["kernel_message"] == line

    def test_several_kernels_share_a_finding(self, image: Callable[..., Path]) -> None:
        """What only one of them says names it."""
        path = image(badpages=(7, 7))
        words = ["--kernel", "6.18", "--kernel", "7.2", "--select", "B", "-p", "4096"]
        (check,) = checks(*words, "--offset", "1M", path)
        messages = {found["code"]: found["message"] for found in check["findings"]}
        assert messages == {
            "B304": "page 7 is listed 2 times (on 7.2)",
            "B305": "page 7 is listed 2 times (on 6.18)",
        }

    def test_nothing_to_report(self, tmp_path: Path) -> None:
        """An empty list when no file could be looked at."""
        assert checks(tmp_path / "none") == []


class TestText:
    """For people: one line a cause, the kernel's words quoted, no surprises."""

    def test_a_field_is_shown_with_its_bytes(self, image: Callable[..., Path]) -> None:
        """Offsets count from the start of the area."""
        path = image(version=2)
        words = ["--kernel", "6.18", "-p", "4096", "--select", "H201"]
        result = run(*words, "--offset", "1M", path)
        assert result.stdout == (
            f"{path}: swap area, claims 64 KiB, 65536 bytes, label 'sample'\n"
            '  6.18  refused, EINVAL, kernel log: "Unable to handle swap header'
            ' version 2"\n'
            "  error H201 unknown header version: version 0x2, the kernel knows 1\n"
            "    bytes 1024..1027, version: 02 00 00 00\n"
            "    fix: write a new header; UUID and label stay\n"
            "      ghost-mkswap --real -f -o 1048576 -p 4096"
            f" -U 6f8a0e3c-52a1-4c3b-9d47-1c2f3a4b5c6d -L sample {path} 65536\n"
        )

    def test_silence_is_said(self, image: Callable[..., Path]) -> None:
        """Half of the refusals leave no line."""
        path = image(nr_badpages=638)
        words = ["--kernel", "6.18", "-p", "4096", "--offset", "1M", path]
        assert "refused, EINVAL, nothing in the kernel log" in run(*words).stdout

    def test_labels_and_names_are_escaped(self, image: Callable[..., Path]) -> None:
        """Nothing from a disk moves the cursor."""
        path = image("a\x1b[2J", label=b"\x1b[31mred")
        result = run("--kernel", "6.18", "--offset", "1M", path)
        assert "\x1b" not in result.stdout
        assert r"a\x1b[2J" in result.stdout
        assert r"\x1b[31mred" in result.stdout

    def test_a_kernel_between_two_profiles(
        self, image: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Judged as the older one, and it says so."""
        name = os.uname()
        fields = [name.sysname, name.nodename, "6.15.2-x", name.version, name.machine]
        monkeypatch.setattr(os, "uname", lambda: os.uname_result(fields))
        result = run("--offset", "1M", "-p", "4096", image(last_page=0))
        assert "  6.15.2-x  refused, EINVAL" in result.stdout
        assert "judged as 6.12, the next older one that is known" in result.stdout

    @pytest.mark.parametrize(
        ("kernel", "says"),
        [
            ("6.14", "6.14  refused, EINVAL, .*judged as 6.12, the next older one"),
            ("6.8.0-151-generic", "6.8.0-151-generic  .*6.8 were read, not tried"),
            ("5.14.0-570.el9", "5.14.0-570.el9  .*judged as 5.10; it has changes"),
            ("4.15", "4.15  .*judged as 4.18; it is older than"),
            ("9.1", "9.1  .*judged as 7.3; it is newer than"),
            ("7.3-rc7", '7.3-rc7  refused, .* log: "Empty swap-file" .judged as 7.3.$'),
            ("v6.1", 'v6.1  refused, .* log: "Empty swap-file" .judged as 6.1.$'),
            ("6.18", '6.18  refused, EINVAL, kernel log: "Empty swap-file"$'),
            ("6.18.50", "6.18.50  .*held against a running 6.18.44; what differs from"),
            ("6.12.0", "6.12.0  .*held against a running 6.12.* read, not tried"),
        ],
    )
    def test_any_release(
        self, image: Callable[..., Path], kernel: str, says: str
    ) -> None:
        """Judged by the nearest rules; where they are not its own, it says why."""
        words = ["--kernel", kernel, "--offset", "1M", "-p", "4096"]
        result = run(*words, image(last_page=0))
        assert re.search(rf"^  {says}", result.stdout, re.MULTILINE)
        (check,) = checks(*words, image(last_page=0))
        (verdict,) = check["verdicts"]
        assert verdict["asked"] == kernel
        assert verdict["exact"] is (verdict["reason"] is None)

    def test_areas_are_paragraphs(self, image: Callable[..., Path]) -> None:
        """An empty line between two."""
        result = run("--kernel", "6.18", "--offset", "1M", image("a"), image("b"))
        assert len(result.stdout.split("\n\n")) == 2

    def test_standard_input(self) -> None:
        """A stream is judged by its bytes."""
        page = header_page(last_page=1) + bytes(4096)
        words = ["--kernel", "6.18", "-p", "4096", "-"]
        result = CliRunner().invoke(main, words, input=page)
        assert result.exit_code == 0


class TestRules:
    """--list, --select and --ignore."""

    def test_list(self) -> None:
        """Every rule, one a line."""
        lines = run("--list").stdout.splitlines()
        assert [line.split()[0] for line in lines] == [
            rule.code for rule in (*all_rules(), *doctor.all_rules())
        ]

    def test_names_of_kernels_are_completed(self) -> None:
        """What a shell offers behind --kernel."""
        (option,) = (one for one in main.params if one.name == "kernels")
        context = click.Context(main)
        offered = [item.value for item in option.shell_complete(context, "ghost")]
        assert offered == ["ghost-rfc", "ghost-rfc-6.12", "ghost-rfc-dynamic"]
        assert "list" in [item.value for item in option.shell_complete(context, "")]

    def test_list_of_kernels(self) -> None:
        """Each with what differs from the one before, no file needed."""
        result = run("--kernel", "list")
        assert result.exit_code == 0
        listed = [
            line.split()[0] for line in result.stdout.splitlines() if line[0] > " "
        ]
        assert listed == list(PROFILES)
        assert "\n      default priority: -1 (was: -2, -3, ...)\n" in result.stdout
        kernels = json.loads(run("--kernel", "list", "--json").stdout)["kernels"]
        assert [kernel["name"] for kernel in kernels] == list(PROFILES)
        assert kernels[0]["differences"] == []
        assert kernels[2]["confirmed_by"] == "5.10.262"

    def test_list_of_a_family(self) -> None:
        """Selection applies to the list as well."""
        lines = run("--list", "--select", "g", "--ignore", "G503").stdout
        assert {line[0] for line in lines.splitlines()} == {"G"}
        assert "G501" in lines
        assert "G503" not in lines

    def test_selection_leaves_the_verdict_alone(
        self, image: Callable[..., Path]
    ) -> None:
        """What is not reported is refused all the same."""
        words = ["--kernel", "6.18", "--select", "G504", "--offset", "1M"]
        (check,) = checks(*words, image(last_page=0))
        assert check["findings"] == []
        assert check["verdicts"][0]["accepted"] is False
