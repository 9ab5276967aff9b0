"""Whether the site holds together: ``links.py SITE`` follows every link within it.

A page that is missing, an anchor that is not there, and anything that a browser would
fetch from elsewhere to show a page is told, one line each. Links that lead elsewhere
are counted, not followed: checking needs no network.

Not here: links between sources, which Sphinx checks while it reads them.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What a browser fetches by itself, and where it stands.
_FETCHED: Final = {
    *(("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")),
    *(("link", "href"), ("object", "data"), ("video", "src"), ("audio", "src")),
}
#: Of these, what is a link to follow, not a thing to fetch.
_RELATED: Final = {"next", "prev", "index", "search", "canonical", "help", "author"}
_OF_STYLE: Final = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")


class Link(NamedTuple):
    """Something that a page leads to."""

    target: str
    #: It is fetched for the page to be shown.
    is_fetched: bool


class Page(HTMLParser):
    """What a page leads to, and what can be led to in it."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.links: list[Link] = []
        self.anchors: set[str] = set()
        self.feed(text)
        self.links += [Link(found, True) for found in _OF_STYLE.findall(text)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of an element."""
        found = dict(attrs)
        self.anchors |= {found[key] or "" for key in ("id", "name") if key in found}
        for key in ("href", "src", "data"):
            target = found.get(key)
            if target:
                words = (found.get("rel") or "").split()
                is_fetched = (tag, key) in _FETCHED and _RELATED.isdisjoint(words)
                self.links.append(Link(target, is_fetched))


@cache
def page(path: Path) -> Page:
    """Return a page, read once."""
    return Page(path.read_text(encoding="utf-8"))


def problems(site: Path) -> Iterator[str]:
    """Yield what is wrong, a line each."""
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site)
        for link in page(path).links:
            wrong = _wrong(path, link)
            if wrong:
                yield f"{name}: {link.target}: {wrong}"
    for path in sorted(site.rglob("*.css")):
        for target in _OF_STYLE.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)}: {target}: fetched from elsewhere"


def _wrong(path: Path, link: Link) -> str:
    parts = urlsplit(link.target)
    if parts.scheme or parts.netloc:
        is_elsewhere = parts.scheme in ("http", "https") or parts.netloc
        return "fetched from elsewhere" if link.is_fetched and is_elsewhere else ""
    target = path if not parts.path else path.parent / unquote(parts.path)
    if not target.is_file():
        return "not there"
    if not parts.fragment or target.suffix != ".html":
        return ""
    is_there = unquote(parts.fragment) in page(target).anchors
    return "" if is_there else "no such anchor"


def elsewhere(site: Path) -> set[str]:
    """Return what the site leads to outside of it."""
    links = (link for path in site.rglob("*.html") for link in page(path).links)
    return {link.target for link in links if urlsplit(link.target).scheme == "https"}


def main(site: Path) -> int:
    """Print what is wrong, and how much was looked at; return the exit status."""
    found = list(problems(site))
    print(*found, sep="\n", end="\n" * bool(found))
    pages = [page(path) for path in site.rglob("*.html")]
    links = sum(len(one.links) for one in pages)
    print(
        f"links: {links} in {len(pages)} pages, {len(found)} wrong;"
        f" {len(elsewhere(site))} lead elsewhere and were not followed"
    )
    return 1 if found or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
