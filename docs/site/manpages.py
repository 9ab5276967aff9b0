"""Man pages as sources of the site, read by pandoc: they are the one source.

Not here: whether groff likes them (man/lint.sh).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pypandoc
from sphinx.parsers import RSTParser

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

MAN = Path(__file__).parents[2] / "man"
#: What another page of ours is called where it is spoken of: ``**swapinfo**\ (8)``.
_OURS = re.compile(
    r"\*\*({})\*\*\\ \((\d)\)".format(
        "|".join(page.stem for page in sorted(MAN.glob("*.[158]")))
    )
)
_TITLE = re.compile(r"^\.TH (\S+) (\d)", re.MULTILINE)

#: Several terms that one paragraph explains (.TQ), for which there is no such thing.
_TERMS = re.compile(r"^(?:\*\*.+\n){2,}(?=   \S)", re.MULTILINE)


class ManParser(RSTParser):
    """Reads a man page by way of reStructuredText."""

    supported: ClassVar[tuple[str, ...]] = ("man",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Read a page."""
        super().parse(to_rst(inputstring), document)


def to_rst(roff: str) -> str:
    """Return a man page as reStructuredText, with a title and links to the others."""
    found = _TITLE.search(roff)
    if found is None:
        raise ValueError("a man page without .TH")
    title = f"{found[1].lower()}({found[2]})"
    as_they_are = ["--shift-heading-level-by=1", "--wrap=none"]
    body = pypandoc.convert_text(roff, "rst", format="man", extra_args=as_they_are)
    body = _without_link_to(title, _TERMS.sub(_one_term, body))
    linked = _OURS.sub(r":doc:`\1(\2) </man/\1>`", body)
    return f"{title}\n{'=' * len(title)}\n\n{linked}"


def _one_term(found: re.Match[str]) -> str:
    return " or ".join(found[0].splitlines()) + "\n"


def _without_link_to(title: str, body: str) -> str:
    # A page does not lead to itself.
    name, _, section = title.rstrip(")").partition("(")
    return body.replace(f"**{name}**\\ ({section})", f"**{name}** ({section})")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parser."""
    app.add_source_parser(ManParser)
    return {"parallel_read_safe": True}
