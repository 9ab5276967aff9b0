"""An empty word, as "$NAME" is where nobody set it: never what was not said."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from tests.cli.test_defaults import SCRIPT, TRIED, all_commands
from tests.report.samples import run as run_swapemu
from tests.test_docs import command
from tests.traces.samples import LACKEY

if TYPE_CHECKING:
    from pathlib import Path

STUDY = '[axes]\nscript = ["zswap-only"]\ndesign = ["plain", "ghost"]\n'
#: As in test_defaults.py; of options that are not alone, the others.
USED = TRIED | {
    "swapcheck": "",
    "swapemu record": "-- true",
    "swapemu replay": "{trace} --ram 50%",
    "swapemu report": "--text {rows}",
    "swapemu run": "{script}",
    "swapemu sweep": "{study}",
}
#: What may be empty: a label and a seed of the user's, what says the same with and
#: without a value, and what Dask is asked.
MAY_BE = {
    ("ghost-mkswap", "--label"),
    ("ghost-mkswap", "--uuid-seed"),
    ("swapcheck", "--list"),
    ("swapemu report", "--title"),
    ("swapemu sweep", "--scheduler"),
    ("swapinfo", "--map"),
}


def empty_words() -> list[tuple[str, str]]:
    """Each option that takes a value, and the arguments of each command."""
    return [
        (words, one.opts[-1] if isinstance(one, click.Option) else "")
        for words, command_ in all_commands()
        for one in command_.params
        if not isinstance(command_, click.Group)
        and (words, one.opts[-1]) not in MAY_BE
        and not (isinstance(one, click.Option) and one.is_flag)
    ]


@pytest.mark.sampled(12)
@pytest.mark.parametrize(("words", "option"), empty_words())
def test_an_empty_word_is_an_error_that_shows_it(
    words: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    files = {"script": SCRIPT.encode(), "trace": LACKEY, "study": STUDY.encode()}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    if "report" in words:
        made = run_swapemu("sweep", tmp_path / "study", "-o", tmp_path / "rows")
        assert made.exit_code == 0
    names = {name: str(tmp_path / name) for name in (*files, "rows", "counts", "new")}
    name, *others = words.split()
    rest = [word.format(**names) for word in USED[words].split()]
    if option == "--ram" and option in rest:
        del rest[rest.index(option) :]
    if option:
        asked = [*others, f"{option}=", *rest]
    else:
        asked = [*others, "", *(["1M"] if name == "ghost-mkswap" else [])]
        asked += [str(tmp_path / "out")] if "convert" in words else []
    found = sorted(tmp_path.rglob("*"))
    result = CliRunner().invoke(command(name), asked, prog_name=name)
    if isinstance(result.exception, FileNotFoundError):  # told by start.py
        assert result.exception.filename == ""
        assert sorted(tmp_path.rglob("*")) == found
        return
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (1, 2, 125, 127)
    last = result.stderr.splitlines()[-1]
    assert ": :" not in last
    assert re.search(r"''| needs | exclude | and --ram belong", last)
    assert sorted(tmp_path.rglob("*")) == found


@pytest.mark.sampled(2)
@pytest.mark.parametrize("words", ["trace convert {}", "report {} -o"])
def test_nothing_is_written_over_the_directory(tmp_path: Path, words: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(
        LACKEY
        if words.startswith("trace")
        else run_swapemu("overhead", "--json").stdout.encode()
    )
    start = "from swaptools.cli.start import swapemu; raise SystemExit(swapemu())"
    result = subprocess.run(
        [sys.executable, "-c", start, *words.format(path).split(), ""],
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (
        2,
        "swapemu: '': No such file or directory\n",
    )


def test_threads_of_the_directory_are_not_those_of_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.trace.zip").write_bytes(b"PK")
    monkeypatch.chdir(tmp_path)
    result = run_swapemu("trace", "show", "")
    assert result.stderr == "swapemu: '': No such file or directory\n"


@pytest.mark.parametrize("option", ["--over", "--lines", "--against", "--metric"])
def test_what_is_not_in_counts_that_were_printed_is_named(
    tmp_path: Path, option: str
) -> None:
    """Not that nobody printed them."""
    (tmp_path / "s").write_text(SCRIPT)
    asked = ("--design", "plain", "--design", "ghost", tmp_path / "s")
    counts = tmp_path / "counts"
    counts.write_text(run_swapemu("compare", "--json", *asked).stdout)
    assert len(json.loads(counts.read_text())["designs"]) == 2
    result = run_swapemu("report", "--text", option, "nope", counts)
    assert result.exit_code == 2
    assert "'nope'" in result.stderr
    assert "prints no such thing" not in result.stderr
