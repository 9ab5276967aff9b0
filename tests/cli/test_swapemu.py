"""swapemu as a person sees it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from swaptools.cli.swapemu import main
from swaptools.compile_cache import WORTH_COMPILING_PAGES
from swaptools.emulator.runs.grammar import GRAMMAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.emulator.runs.operation import Operation
    from swaptools.emulator.runs.script import Run

SCRIPT = """\
swapon fast block 1024 prio=10
swapon slow block 4096 prio=5 rotational
write 0 2000
pageout 0 2000
show 0 2000
"""


def invoke(*args: str, stdin: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, args, input=stdin, prog_name="swapemu")
    return result.exit_code, result.stdout, result.stderr


def test_run() -> None:
    """The session of the man page."""
    code, out, err = invoke("run", "--interpreted", "-", stdin=SCRIPT)
    assert (code, out, err) == (0, "0:1-1023, 1:1-977\n", "")


@pytest.mark.parametrize("look", ["", "show 0 300\n"])
def test_a_task_that_was_killed_is_told(look: str) -> None:
    """Beside what is shown, where there are pages that nobody has any more."""
    text = "policy lru\ncgroup g\nlimit g max=50\ntask t cgroup=g\nwrite 0 300\n"
    code, out, err = invoke("run", "-", stdin=f"{text}read 0 9\n{look}")
    assert code == 0
    assert err == "swapemu: -: a task was killed for want of memory (skipped: 1)\n"
    assert ("none*300" if look else "309 pages touched") in out
    more = "task u cgroup=g\nwrite 0 300\n"
    err = invoke("run", "-", stdin=f"{text}{more}")[2]
    assert err == "swapemu: -: 2 tasks were killed for want of memory (skipped: 0)\n"


def test_json() -> None:
    code, out, _ = invoke("run", "--interpreted", "--json", "-", stdin=SCRIPT)
    value = json.loads(out)
    assert code == 0
    assert value["kernel"] == "6.18"
    assert value["operations"] == 5
    assert value["shown"] == [{"line": 5, "value": "0:1-1023, 1:1-977"}]
    assert value["vmstat"]["pswpout"] == 2000


def test_json_has_areas_and_counts_of_a_design() -> None:
    text = "zswap on\nvirtual 4M\nwrite 0 20\npageout 0 20\nswapon late block 64\n"
    words = ("--interpreted", "--json", "--design", "ghost", "-")
    code, out, err = invoke("run", *words, stdin=text)
    assert (code, err) == (0, "")
    value = json.loads(out)
    assert (value["design"], value["kernel"]) == ("ghost", "7.2")
    assert value["counts"]["pages_out"] == 20
    virtual, late = value["areas"]
    assert virtual.pop("counts")["pages_out"] == 20
    assert virtual == {
        "name": "virtual",
        "type": 0,
        "backing": "ghost",
        "priority": 100,
        "pages": 1023,
        "used_pages": 20,
    }
    assert (late["name"], late["type"], late["backing"]) == ("late", 1, "block")


def test_a_design_that_is_none() -> None:
    code, out, err = invoke("run", "--design", "ghosts", "-", stdin=SCRIPT)
    assert (code, out) == (2, "")
    assert "no design 'ghosts'; known: " in err


def test_a_kernel_that_a_design_cannot_be_had_on_is_refused_before_all() -> None:
    text = "kernel 6.1\nswapon a block 64\n"
    code, out, err = invoke("run", "--design", "xswap", "-", stdin=text)
    assert (code, out) == (2, "")
    assert err == (
        "swapemu: -: line 1: kernel: kernel 6.1 is older than 6.12 (design xswap)\n"
    )


def test_a_run_goes_on_after_what_does_not_hold_and_says_all_of_it() -> None:
    text = "swapon a block 64\nexpect a 3\nwrite 0 2\npageout 0 2\nexpect a 1\nshow 0 2"
    code, out, err = invoke("run", "--interpreted", "-", stdin=text)
    assert (code, out) == (1, "1-2\n")
    assert err == (
        "swapemu: -: line 2: expected a 3, have 0\n"
        "swapemu: -: line 5: expected a 1, have 2\n"
    )
    code, out, _ = invoke("run", "--interpreted", "--json", "-", stdin=text)
    assert code == 1
    assert json.loads(out)["failed"] == [
        {"line": 2, "reason": "expected a 3, have 0"},
        {"line": 5, "reason": "expected a 1, have 2"},
    ]


def test_a_name_in_a_script_reaches_no_terminal_raw() -> None:
    text = "swapon \x1b[31m block 64\ncgroup \x9b5m\nshow swaps\n"
    code, out, _ = invoke("run", "--interpreted", "-", stdin=text)
    assert code == 0
    assert "/\\x1b[31m" in out
    assert "\x1b" not in out
    assert len(out.splitlines()) == 2


@pytest.mark.slow
def test_wrong_expectation() -> None:
    text = SCRIPT + "expect fast 3\n"
    code, _, err = invoke("run", "--interpreted", "-", stdin=text)
    assert code == 1
    assert err == "swapemu: -: line 6: expected fast 3, have 1023\n"


def swapemu(command: str, *words: object) -> tuple[int, str, str]:
    more = ["--interpreted"] if command == "run" else ["--design", "plain"]
    return invoke(command, *more, *map(str, words))


@pytest.mark.sampled(14)
@pytest.mark.parametrize("command", ["run", "compare"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"write 0 1\n\0", "not a text file"),
        (b"\x7fELF\x02\x01\x01" + bytes(9), "not a text file"),
        (b"write 0 1\n\xff\xfe", "not a text file"),
        (b"# x\n" + b"x" * (1 << 20) + b"y", "line 2: longer than 1048576 bytes"),
        (b"# x\n\n" + b" " * (3 << 20), "line 3: longer than 1048576 bytes"),
        (b"x\n" * (5 << 20), "longer than 8388608 bytes"),
        (b"write 0 1\n" + b"x" * 5000, "line 2: no operation 'xxx"),
    ],
)
def test_what_is_no_script_is_refused(
    command: str, data: bytes, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "script"
    path.write_bytes(data)
    code, out, err = swapemu(command, path)
    assert (code, out) == (2, "")
    assert err.startswith(f"swapemu: {path}: {reason}")
    assert len(err) < 600


@pytest.mark.parametrize("command", ["run", "compare"])
@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom", "/dev/full"])
def test_a_device_without_an_end_is_no_script(command: str, path: str) -> None:
    code, _, err = swapemu(command, path)
    assert (code, err) == (2, f"swapemu: {path}: not a text file\n")


@pytest.mark.parametrize("command", ["run", "compare"])
def test_an_empty_script_has_nothing_to_do(command: str) -> None:
    assert swapemu(command, "/dev/null")[0] == 0


def test_lines_are_those_of_an_editor() -> None:
    """What else Unicode or Python call the end of a line is none."""
    text = "write 0 1 # \x0b\x0c\x1c\x85\u2028\r\nfly\n"
    code, _, err = invoke("run", "--interpreted", "-", stdin=text)
    assert (code, err.partition("; ")[0]) == (
        2,
        "swapemu: -: line 2: no operation 'fly'",
    )


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_mark_of_the_byte_order_is_no_word(mark: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.swap"
    path.write_bytes(mark + b"swapon a block 64\r\nexpect a 0\r\nshow swaps\r\n")
    code, out, err = swapemu("run", path)
    assert (code, err) == (0, "")
    assert out.startswith("Filename")


def test_operation_that_is_none() -> None:
    code, _, err = invoke("run", "--interpreted", "-", stdin="write 0 1\nfly\x1b[31m\n")
    assert code == 2
    assert "line 2: no operation 'fly\\x1b[31m'" in err
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing.swap", "No such file or directory"), (".", "Is a directory")],
)
def test_unreadable_script(name: str, reason: str) -> None:
    code, _, err = invoke("run", name)
    assert (code, err) == (2, f"swapemu: {name}: {reason}\n")


def test_script_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.swap"
    path.write_bytes(b"\xff\xfe")
    code, _, err = invoke("run", str(path))
    assert (code, err) == (2, f"swapemu: {path}: not a text file\n")


def test_scenario_that_comes_with_the_package() -> None:
    code, out, _ = invoke("run", "--interpreted", "ghost.swap")
    assert code == 0
    assert "ghost\t\t67108860\t8" in out


def test_demo_fits_on_a_screen() -> None:
    code, out, _ = invoke("demo")
    assert code == 0
    assert len(out.splitlines()) <= 24
    assert "DIFFERENT" not in out
    assert out.count("equal") == 3
    assert "ghost\t\t67108860\t8\t\t-1" in out
    assert "was refused" in out


def test_the_verbs_of_the_man_page_are_those_of_the_grammar() -> None:
    """``make verbs`` mends this."""
    path = Path(__file__).parents[2] / "man" / "verbs.py"
    spec = importlib.util.spec_from_file_location("verbs", path)
    assert spec is not None
    assert spec.loader is not None
    verbs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verbs)
    page = verbs.PAGE.read_text()
    assert "\\fBtransfer\\fP \\fISOURCE\\fP" in page
    assert verbs.renewed(page) == page


def test_help_has_every_line_that_a_script_can_have() -> None:
    _, out, _ = invoke("run", "--help")
    listed = {line.strip() for line in out.splitlines()}
    forms = [form for verb in GRAMMAR.values() for form in verb.forms]
    assert {form.usage for form in forms} <= listed


@pytest.mark.parametrize("command", ["run", "compare"])
def test_nothing_is_done_when_a_line_cannot_be(command: str) -> None:
    text = "swapon a block 64\nshow swaps\nwrite 0 1\nfork b\nfork b\n"
    code, out, err = invoke(command, "-", stdin=text)
    assert (code, out) == (2, "")
    assert err == "swapemu: -: line 5: fork: there is a task 'b'\n"


def test_every_option_is_in_the_man_page() -> None:
    page = Path(__file__).parents[2].joinpath("man/swapemu.1").read_text()
    text = page.replace("\\-", "-")
    commands = [main, *main.commands.values()]
    options = [
        name
        for command in commands
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
    ]
    assert options
    assert [name for name in (*options, "--help") if name not in text] == []
    assert all(f"swapemu {name}" in text for name in main.commands)


@pytest.mark.parametrize(
    ("nr_pages", "interpreted", "compiled"),
    [
        (3, False, False),
        (WORTH_COMPILING_PAGES - 1, False, False),
        (WORTH_COMPILING_PAGES, False, None),
        (WORTH_COMPILING_PAGES, True, False),
    ],
)
@pytest.mark.parametrize("command", [["run"], ["compare", "--design", "plain"]])
def test_short_scripts_are_interpreted(
    command: list[str],
    nr_pages: int,
    interpreted: bool,
    compiled: bool | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To compile takes minutes, and to load what was compiled takes seconds."""
    asked = []

    def note(_script: object, run: Run) -> Iterator[tuple[Operation, None]]:
        asked.append(run.compiled)
        run.compiled = False
        yield from ()

    monkeypatch.setattr("swaptools.emulator.runs.script.run_script", note)
    words = ["--interpreted"] if interpreted else []
    text = f"swapon a block 64\nwrite 0 {nr_pages}\n"
    code, _, err = invoke(*command, *words, "-", stdin=text)
    assert (code, err) == (0, "")
    assert asked == [compiled]


def test_a_run_that_shows_nothing_tells_what_was_done() -> None:
    text = "swapon a block 4096\nwrite 0 1500\npageout 0 1500\nread 0 7\nexpect 9 1: 10"
    code, out, err = invoke("run", "-", stdin=text)
    assert (code, err) == (0, "")
    assert out == (
        "5 operations, 3,007 pages touched; 1,500 pages out, 7 in; "
        "1 of 1 expectations hold\n"
    )
    assert invoke("run", "-", stdin="swapon a block 64")[1] == (
        "1 operations, 0 pages touched; 0 pages out, 0 in\n"
    )
    assert invoke("run", "-", stdin=f"{text}\nshow 9 1")[1] == "10\n"
    code, out, _ = invoke("run", "-", stdin=text.replace(": 10", ": 11"))
    assert (code, out.endswith("; 0 of 1 expectations hold\n")) == (1, True)
