"""The formats that are read: by name, or known by what a file begins with.

Not here: the formats (a module each), compressed files (decompress.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from swaptools.errors import SelectionError
from swaptools.traces import (
    blocks,
    compact,
    damon,
    drmemtrace,
    faults,
    fltrace,
    lackey,
    lcs,
    masim,
    oracle,
)
from swaptools.traces.lines import why_no_text
from swaptools.traces.source import Source, to_nobody
from swaptools.traces.strangers import stranger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from swaptools.references import Description, References


class Format(NamedTuple):
    """One format: three functions, and what it is called."""

    name: str
    #: In a list of formats.
    title: str
    #: Of the first bytes, decompressed, and the path.
    looks_like: Callable[[bytes, str], bool]
    #: What is known before the first reference; may read a header.
    describe: Callable[[Source], Description]
    read: Callable[[Source], Iterator[References]]
    #: Of the first bytes, where they do not look like it: why no file of it begins
    #: so; None where one may.
    why_none: Callable[[bytes], str | None]


def _nothing_against(_head: bytes) -> None:
    # Formats with a magic look for it themselves, and say more.
    return None


#: Those without a magic; all others are text.
_WHY_NONE: Final[dict[str, Callable[[bytes], str | None]]] = {
    compact.NAME: _nothing_against,
    lcs.NAME: _nothing_against,
    damon.NAME: _nothing_against,
    drmemtrace.NAME: drmemtrace.why_none,
    oracle.NAME: oracle.why_none,
}

#: The surest first: the last ones have no magic.
FORMATS: Final = tuple(
    Format(
        *(name, title, room.looks_like, room.describe, room.read),
        _WHY_NONE.get(name, why_no_text),
    )
    for name, title, room in (
        (compact.NAME, "what record and trace convert write", compact),
        (lcs.NAME, "libCacheSim's, versions 1 to 8", lcs),
        (drmemtrace.NAME, "DynamoRIO's, of a thread or of a directory", drmemtrace),
        (lackey.NAME, "valgrind --tool=lackey --trace-mem=yes", lackey),
        (faults.NAME, "perf script and ftrace, page faults", faults),
        (fltrace.NAME, "faults under a memory of some size", fltrace),
        (blocks.MSR.name, "requests to disks, CSV of MSR Cambridge", blocks.MSR),
        (blocks.ALIBABA.name, "requests to disks, CSV of Alibaba", blocks.ALIBABA),
        (blocks.TENCENT.name, "requests to disks, CSV of Tencent", blocks.TENCENT),
        (damon.NAME, "regions that DAMON saw used, JSON of damo", damon),
        (masim.NAME, "regions and phases, made up", masim),
        (oracle.NAME, "libCacheSim's records of 24 bytes", oracle),
    )
)


def format_names() -> list[str]:
    """Return the names of all formats."""
    return [one.name for one in FORMATS]


def find_format(name: str) -> Format:
    """Return a format by name.

    Raises:
        SelectionError: There is none of that name.
    """
    for one in FORMATS:
        if one.name == name:
            return one
    known = ", ".join(format_names())
    raise SelectionError(f"no format of traces is {name!r}; there are {known}")


class Trace:
    """A trace that is open: what is known of it, and its references, once.

    Attributes:
        source: Where its bytes come from; says what was told and passed over.
        about: What is known before the first reference.
    """

    def __init__(self, source: Source, chosen: Format | None) -> None:
        """Look at the first bytes.

        Raises:
            TraceError: No format is known by them, or another than the one that is
                given; or the header is broken.
        """
        self.source = source
        self._format = _known_by(source, chosen)
        self.about = self._format.describe(source)

    def __iter__(self) -> Iterator[References]:
        """Yield the references, a batch at a time.

        Raises:
            TraceError: Something is broken, and not to be passed over.
        """
        return self._format.read(self.source)

    def __enter__(self) -> Trace:
        """Close it at the end."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Let go of the file."""
        self.source.close()


def _known_by(source: Source, chosen: Format | None) -> Format:
    # The one that is chosen may begin in another way than those that are known by it,
    # but not as another format does, nor as no file of its own can.
    head = source.peek()
    if chosen and (not head or chosen.looks_like(head, source.path)):
        return chosen
    if not head:
        raise source.error("is empty")
    for one in FORMATS:
        if one.looks_like(head, source.path):
            if chosen:
                raise source.error(f"looks like {one.name}, and not like {chosen.name}")
            return one
    sentence = stranger(head)
    if chosen and not sentence and (reason := chosen.why_none(head)):
        sentence = f"is not {chosen.name}: {reason}"
    if sentence or not chosen:
        raise source.error(sentence or "no format of traces begins like this")
    return chosen


def open_trace(
    path: str,
    *,
    format_name: str | None = None,
    skip_broken: bool = False,
    seed: int = 0,
    tell: Callable[[str], None] = to_nobody,
) -> Trace:
    """Open a trace, compressed or not; ``-`` is standard input.

    Args:
        path: The file.
        format_name: Or None, to know it by its first bytes. What does not look like
            any format is believed to be of the one that is named.
        skip_broken: Pass broken records over, and count them.
        seed: Of what is made from a description.
        tell: Called with a sentence where a file ends too early.

    Raises:
        AreaError: The file cannot be read.
        TraceError: No format is known by its first bytes, or another than the one that
            is named; or its header is broken.
        SelectionError: There is no format of that name.
    """
    chosen = None if format_name is None else find_format(format_name)
    source = Source(path, skip_broken=skip_broken, seed=seed, tell=tell)
    try:
        return Trace(source, chosen)
    except BaseException:
        source.close()
        raise
