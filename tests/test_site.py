"""The site: what it has to have, and what makes it and looks after it."""

from __future__ import annotations

import importlib.util
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import swaptools
from tests.cases import every_case
from tests.schema.generate import comments_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = (DOCS / "python.md").read_text(encoding="utf-8")


def script(name: str) -> Any:
    """Import a script of docs/site/."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "site" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_every_name_of_the_front_door_is_in_the_reference() -> None:
    named = re.findall(r"^\.\. auto\w+:: swaptools\.(\w+)$", REFERENCE, re.MULTILINE)
    documented = [name for name in named if name not in ("emulator", "schema")]
    assert sorted(documented) == swaptools.__all__


SHOWN = re.findall(r"^\.\. autoclass:: (\S+)$", REFERENCE, re.MULTILINE)


@every_case("name", SHOWN)
def test_every_field_of_a_value_in_the_reference_is_described(name: str) -> None:
    module, _, last = name.rpartition(".")
    shape = getattr(import_module(module), last)
    comments = comments_of(shape)
    fields = getattr(shape, "_fields", getattr(shape, "__dataclass_fields__", ()))
    assert [field for field in fields if not comments.get(field)] == []


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "index.md").read_text()
    pages = [f"/man/{page.stem}" for page in (ROOT / "man").glob("*.[158]")]
    pages += [page.stem for page in DOCS.glob("*.md") if page.stem != "index"]
    pages += [f"/{page.stem}" for page in ROOT.glob("*.md")]
    named = {line.rpartition("<")[2].rstrip(">") for line in index.splitlines()}
    assert [page for page in pages if page not in named] == []


def test_the_wheel_of_the_readme_is_of_this_version() -> None:
    wheels = re.findall(r"swaptools-(\S+?)-py3", (ROOT / "README.md").read_text())
    assert set(wheels) == {swaptools.__version__}


PICTURES = sorted((DOCS / "pictures").glob("*"))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda one: one.name)
def test_a_picture_is_shown_and_fetches_nothing(picture: Path) -> None:
    """As links.py has it; a name space is no address to be asked."""
    text = picture.read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    fetched = re.findall(r"(?:url\(|href=|src=)[\"']?(?!#)([^\"')\s]+)", text)
    assert [target for target in fetched if not target.startswith("data:")] == []
    assert f"](docs/pictures/{picture.name})" in (ROOT / "README.md").read_text()


PAGE = "<html><body id='top'>{}</body></html>"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<a href='b.html#there'>b</a><a href='#top'>up</a>", []),
        ("<a href='https://example.org/'>elsewhere</a>", []),
        ("<link rel='next' href='b.html'><img src='data:image/png;base64,AA=='>", []),
        ("<a href='c.html'>c</a>", ["a.html: c.html: not there"]),
        ("<a href='b.html#lost'>b</a>", ["a.html: b.html#lost: no such anchor"]),
        ("<img src='x.png'>", ["a.html: x.png: not there"]),
        (
            "<script src='https://example.org/x.js'></script>",
            ["a.html: https://example.org/x.js: fetched from elsewhere"],
        ),
        (
            "<link rel='stylesheet' href='//example.org/x.css'>",
            ["a.html: //example.org/x.css: fetched from elsewhere"],
        ),
        (
            "<style>@font-face { src: url('https://example.org/f.woff') }</style>",
            ["a.html: https://example.org/f.woff: fetched from elsewhere"],
        ),
    ],
)
def test_links_are_followed(tmp_path: Path, body: str, said: list[str]) -> None:
    (tmp_path / "a.html").write_text(PAGE.format(body))
    (tmp_path / "b.html").write_text(PAGE.format("<p id='there'>b</p>"))
    assert list(script("links").problems(tmp_path)) == said


def test_a_style_sheet_fetches_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.css").write_text('@import "https://example.org/s.css";')
    found = list(script("links").problems(tmp_path))
    assert found == ["s.css: https://example.org/s.css: fetched from elsewhere"]


def test_a_site_without_a_page_is_not_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("links").main(tmp_path) == 1
    assert "0 pages" in capsys.readouterr().out


ROFF = r"""
.TH SWAPINFO 8 2026-11-23 "swaptools" "System Administration"
.SH NAME
swapinfo \- show areas
.SH OPTIONS
.TP
.BI \-\-one " A"
.TQ
.BI \-\-two " B"
See
.BR swapcheck (8),
.BR swapinfo (8)
and
.BR mkswap (8).
"""


def test_a_man_page_is_a_page_of_the_site() -> None:
    pytest.importorskip("pypandoc", reason="make docs installs it")
    pytest.importorskip("sphinx", reason="make docs installs it")
    text = script("manpages").to_rst(ROFF)
    assert text.startswith("swapinfo(8)\n===========\n\nNAME\n----\n\nswapinfo - show")
    assert "**--one** *A* or **--two** *B*\n   See " in text
    assert ":doc:`swapcheck(8) </man/swapcheck>`, **swapinfo** (8)" in text
    assert "**mkswap**\\ (8)" in text
