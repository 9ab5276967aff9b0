"""How Sphinx makes the site; ``make docs`` runs it, from the root of the repository.

Sources are the pages as they stand in the repository: README, docs/, man/. Nothing is
fetched when the site is read.

Not here: how a man page is read (site/manpages.py), how a schema is (site/schemas.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import swaptools

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs" / "site"))

project = "swaptools"
author = "the swaptools developers"
copyright = author
version = release = swaptools.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "myst_parser",
    "manpages",
    "schemas",
]
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/*.md",
    "man/*.[158]",
]
source_suffix = {".md": "markdown", ".1": "man", ".5": "man", ".8": "man"}
#: A session is no program.
suppress_warnings = ["misc.highlighting_failure"]

#: Options begin with two hyphens, and stay what can be typed.
smartquotes = False

myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False}
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"swaptools {release}"
html_copy_source = False
html_show_sphinx = False
html_permalinks_icon = "#"
html_static_path: list[str] = []
html_extra_path = ["schema"]
#: The first page that a reader of the folder opens leads to the root document.
html_additional_pages = {"index": "start.html"}
templates_path = ["site"]


def _keep_colons(
    _app: Sphinx, what: str, _name: str, _it: object, _options: object, lines: list[str]
) -> None:
    """Have napoleon take no sentence up to a colon for the type of an attribute."""
    if what in ("attribute", "data", "property"):
        lines[:0] = ["..", ""]  # a comment, which is the first line then


def setup(app: Sphinx) -> None:
    """Look at docstrings before napoleon does, which asks at 500."""
    app.connect("autodoc-process-docstring", _keep_colons, priority=400)
