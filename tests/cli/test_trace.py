"""swapemu trace as a person sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from swaptools.cli.swapemu import main
from swaptools.references import Description, Order
from tests.traces import samples
from tests.traces.samples import LACKEY, Reference, batch, read_all

#: Twice over ten pages, then one again and again.
PAGES = [*range(10), *range(10), *[3] * 80]


def invoke(*args: str, stdin: bytes | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, args, input=stdin, prog_name="swapemu")
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "t"
    references = [Reference(page, page == 3) for page in PAGES]
    about = Description("swap-trace", source="sort big.txt")
    path.write_bytes(samples.compact([batch(references)], about))
    return str(path)


def test_show(trace: str) -> None:
    code, out, err = invoke("trace", "show", trace)
    assert (code, err) == (0, "")
    assert (
        out
        == f"""\
{trace}: swap-trace, every reference
from sort big.txt

references 100
reads      18
writes     82
pages      10 of 4 KiB, 40 KiB
tasks      1: sort big.txt
span       pages 0x0 to 0x9

A reference after another: same page 79.8 %, next page 18.2 %, page before 0.0 %, \
within 8 pages 1.0 %, elsewhere 1.0 %
longest run of pages, one after another: 10

In windows of 64 references
          UP TO  WORKING SET    FOOTPRINT
             64           10           10     40 KiB
            100            1           10     40 KiB

Other pages used since a page was used before
                      PAGES      REFERENCES   SHARE
                          0              79  79.00%
                          1               0   0.00%
                     2 to 3               0   0.00%
                     4 to 7               1   1.00%
                    8 to 15              10  10.00%
               never before              10  10.00%

What LRU misses in a memory
       PAGES       SIZE FOOTPRINT   MISSES
           1      4 KiB     10.0%   21.00%
           2      8 KiB     20.0%   21.00%
           3     12 KiB     30.0%   21.00%
           4     16 KiB     40.0%   21.00%
           5     20 KiB     50.0%   21.00%
           6     24 KiB     60.0%   21.00%
           7     28 KiB     70.0%   20.00%
           8     32 KiB     80.0%   20.00%
           9     36 KiB     90.0%   20.00%
          10     40 KiB    100.0%   10.00%
"""
    )


@pytest.mark.parametrize("width", [60, 80])
def test_show_fits_a_terminal(
    width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swaptools.cli.wrapping.terminal_width", lambda: width)
    path = tmp_path / "t"
    about = Description("swap-trace", source="x " * 100, least_pages=64)
    one = batch([Reference(page) for page in range(200)], dropped=800)
    path.write_bytes(samples.compact([one], about))
    monkeypatch.chdir(tmp_path)
    for words in (("t",), ("--sample", "50%", "t")):
        lines = invoke("trace", "show", *words)[1].splitlines()
        assert max(map(len, lines)) <= width
        assert "  close for clock" in "".join(lines) or width == 80


def as_json(*args: str) -> dict[str, Any]:
    code, out, _ = invoke("trace", "show", "--json", *args)
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_show_json(trace: str) -> None:
    found = as_json(trace, "--memory", "28K", "--memory", "4000K")
    assert [found[key] for key in ("format", "order", "source", "references")] == [
        "swap-trace",
        "references",
        "sort big.txt",
        100,
    ]
    assert found["windows"][-1] == {
        "references": 100,
        "working_set_pages": 1,
        "footprint_pages": 10,
    }
    assert found["task_names"] == {"0": "sort big.txt"}
    ratios = {each["memory_pages"]: each["ratio"] for each in found["miss_ratios"]}
    assert (ratios[6], ratios[7], ratios[10], ratios[1000]) == (0.21, 0.2, 0.1, 0.1)


def test_show_says_what_a_reduced_trace_is_good_for(tmp_path: Path) -> None:
    path = tmp_path / "t"
    about = Description("swap-trace", least_pages=64)
    one = batch([Reference(page) for page in range(200)], dropped=800)
    path.write_bytes(samples.compact([one], about))
    windows = as_json(str(path))["windows"]
    assert {window["working_set_pages"] for window in windows} == {None}
    _, out, _ = invoke("trace", "show", str(path))
    assert "reduced: exact for LRU with 64 pages (256 KiB) or more" in out
    assert "references 200, and 800 dropped" in out
    assert "(it was reduced for no fewer than 64 pages)" in out
    assert "0 to 63             800" in out
    assert "A reference that was kept after another: same page 0.0 %" in out


@pytest.mark.slow
def test_show_gives_no_working_sets_of_what_was_dropped(tmp_path: Path) -> None:
    """Nor does the picture; and the last line is the end of the trace."""
    path = tmp_path / "t"
    half = [batch([Reference(page)], dropped=1000) for page in range(2)]
    path.write_bytes(samples.compact(half, Description("swap-trace", least_pages=64)))
    _, out, _ = invoke("trace", "show", str(path))
    assert "WORKING SET" not in out
    table = out.split("UP TO")[1].split("\n\n")[0].splitlines()
    assert table[0].split() == ["FOOTPRINT"]
    assert table[1].split() == ["1,024", "1", "4", "KiB"]
    assert table[2].split() == ["2,002", "2", "8", "KiB"]
    assert len(table) == 3
    pytest.importorskip("matplotlib")
    picture = tmp_path / "p.svg"
    for dropped, is_drawn in ((0, True), (1000, False)):
        one = batch([Reference(1)], dropped=dropped)
        path.write_bytes(samples.compact([one]))
        assert invoke("trace", "show", str(path), "--plot", str(picture))[0] == 0
        assert ("working set of a window" in picture.read_text()) is is_drawn


def test_show_of_faults_judges_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "t"
    about = Description("swap-trace", Order.FAULTS)
    path.write_bytes(samples.compact([batch([Reference(1)])], about))
    code, out, _ = invoke("trace", "show", str(path))
    assert code == 0
    assert "what missed in the memory that the program had" in out
    assert "other memories cannot be judged by it" in out
    assert as_json(str(path))["miss_ratios"] is None


def test_show_of_a_sample_says_so(trace: str) -> None:
    _, out, _ = invoke("trace", "show", "--sample", "50%", trace)
    assert "sample of 50 % of the pages: counts of pages are estimates" in out
    assert "(a sample says nothing of fewer than 200 pages)" in out
    assert as_json(trace, "--sample", "0.5")["sample"] == 0.5


@pytest.mark.parametrize("rate", ["0", "2", "101%", "nan", "x", "1%%", "-1"])
def test_what_is_no_share(trace: str, rate: str) -> None:
    code, _, err = invoke("trace", "show", f"--sample={rate}", trace)
    assert code == 2
    assert "is no share from 0.001% to 100%" in err


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_plot(trace: str, tmp_path: Path, suffix: str) -> None:
    """The same bytes every time."""
    pytest.importorskip("matplotlib")
    made = []
    for _ in range(2):
        path = tmp_path / f"p{suffix}"
        code, _, err = invoke("trace", "show", trace, "--plot", str(path))
        assert (code, err) == (0, "")
        made.append(path.read_bytes())
        path.unlink()
    assert made[0] == made[1]
    assert invoke("trace", "show", trace, "--plot", "x.gif")[0] == 2


def test_a_trace_that_is_cut_is_told_and_used(trace: str) -> None:
    path = Path(trace)
    path.write_bytes(path.read_bytes()[:-9])
    code, out, err = invoke("trace", "show", trace)
    assert code == 0
    assert "references 100" in out
    assert err.startswith(f"swapemu: {trace}: byte ")
    assert err.endswith("; used up to there\n")
    assert as_json(trace)["is_cut"] is True


def test_a_broken_one_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(LACKEY + b"what\n" + LACKEY)
    code, _, err = invoke("trace", "show", "--format", "lackey", str(path))
    assert code == 2
    place = len(LACKEY)
    assert err == f"swapemu: {path}: byte {place}: no line of lackey's: 'what'\n"
    code, out, err = invoke(
        "trace", "show", "--format", "lackey", "--skip-broken", str(path)
    )
    assert (code, err) == (0, f"swapemu: {path}: 1 broken records\n")
    assert "references 14" in out


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["show", "missing"], 2, "swapemu: missing: No such file or directory\n"),
        (["show", "--format", "x", "missing"], 2, "no format of traces is 'x'"),
        (["show", "empty"], 2, "swapemu: empty: is empty\n"),
        (["show", "."], 2, "swapemu: .: Is a directory\n"),
        (["convert", "missing", "out"], 2, "missing: No such file"),
        (["convert", "good", "no/out"], 2, "No such file or directory"),
    ],
)
def test_what_cannot_be_done(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").write_bytes(b"")
    Path("good").write_bytes(LACKEY)
    result = CliRunner().invoke(main, ["trace", *words], prog_name="swapemu")
    if isinstance(result.exception, OSError):  # start.py says it, with status 2
        assert code == 2
        assert reason in str(result.exception)
    else:
        assert result.exit_code == code
        assert reason in result.stderr
    assert not Path("out").exists()


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("words", "path", "reason"),
    [
        (("convert", "TRACE"), "/dev/full", "No space left on device"),
        (("convert", "TRACE"), "/no/such/t", "No such file or directory"),
        (("convert", "TRACE"), "/proc/t", "No such file or directory"),
        (("convert", "TRACE"), "x" * 255 + "y", "File name too long"),
        (("show", "TRACE", "--plot"), "full.svg", "No space left on device"),
        (("show", "TRACE", "--plot"), "full.png", "No space left on device"),
    ],
)
def test_what_cannot_be_written_has_its_name(
    trace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    path: str,
    reason: str,
) -> None:
    """As it was given, and not that of a file that was to become it."""
    if "--plot" in words:
        pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    for name in ("full.svg", "full.png"):
        Path(name).symlink_to("/dev/full")
    given = [trace if word == "TRACE" else word for word in words]
    result = CliRunner().invoke(main, ["trace", *given, path], prog_name="swapemu")
    error = result.exception  # start.py says it, with status 2
    assert isinstance(error, OSError)
    assert (error.filename, error.strerror) == (path, reason)


def test_convert(tmp_path: Path) -> None:
    """The same references, and where they came from."""
    source, target = tmp_path / "l", tmp_path / "out"
    source.write_bytes(LACKEY)
    code, out, err = invoke("trace", "convert", str(source), str(target))
    assert (code, out, err) == (0, f"{target}: 7 references\n", "")
    assert read_all(target) == read_all(source)
    assert as_json(str(target))["source"] == str(source)
    again = tmp_path / "again"
    invoke("trace", "convert", str(target), str(again))
    assert again.read_bytes() == target.read_bytes()


def test_convert_replaces_a_file_whole_or_not_at_all(tmp_path: Path) -> None:
    good, bad, target = tmp_path / "l", tmp_path / "b", tmp_path / "out"
    good.write_bytes(LACKEY)
    bad.write_bytes(LACKEY + b"what\n")
    target.write_bytes(b"before")
    target.chmod(0o640)
    words = ("trace", "convert", "--format", "lackey")
    assert invoke(*words, str(bad), str(target))[0] == 2
    assert target.read_bytes() == b"before"
    assert invoke(*words, str(good), str(target))[0] == 0
    assert len(read_all(target)) == 7
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "l", "out"]


@pytest.mark.slow
def test_convert_reduces(tmp_path: Path) -> None:
    """Once, and again; a memory of that many pages misses the same."""
    source, target, again = (tmp_path / name for name in ("t", "u", "v"))
    made = [Reference(page // 5 % 200, page & 1) for page in range(20_000)]
    source.write_bytes(samples.compact([batch(made)]))
    words = ("trace", "convert", "--k")
    assert invoke(*words, "16", str(source), str(target))[0] == 0
    assert invoke(*words, "64", str(target), str(again))[0] == 0
    whole = as_json(str(source))
    for path, least in ((target, 16), (again, 64)):
        found = as_json(str(path))
        assert found["least_pages"] == least
        assert found["references"] + found["dropped"] == 20_000
        assert found["references"] <= 8000
        ratios = [one for one in whole["miss_ratios"] if one["memory_pages"] >= least]
        assert found["miss_ratios"] == ratios


def test_what_only_missed_is_not_reduced(tmp_path: Path) -> None:
    path = tmp_path / "t"
    about = Description("swap-trace", Order.FAULTS)
    path.write_bytes(samples.compact([batch([Reference(1)])], about))
    code, _, err = invoke("trace", "convert", "--k", "2", str(path), str(path))
    assert code == 2
    assert "what only missed cannot be reduced" in err
    assert read_all(path) == [Reference(1)]


def test_convert_from_and_to_a_pipe() -> None:
    result = CliRunner().invoke(main, ["trace", "convert", "-", "-"], input=LACKEY)
    assert result.exit_code == 0
    assert result.stdout_bytes.startswith(b"\x89SWT")
    again = CliRunner().invoke(
        main, ["trace", "show", "--json", "-"], input=result.stdout_bytes
    )
    assert json.loads(again.stdout)["references"] == 7
