"""Areas and what booted kernels said to them, one file a release.

A file is xz of JSON: ``kernel`` (uname -r), ``ram_bytes``, ``seed``; ``areas``, what
is known of each without its header; ``cases``, each the number of an area, a page
written at its beginning (hexadecimal, ``zN`` for N zeros; null for what was there,
whose page the area has), and the answer: ``errno``, ``message``, ``kib`` that were
added.

Written by tests/against_kernels/record.py.
"""

from __future__ import annotations

import json
import lzma
from enum import IntFlag
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from swaptools.area import AreaKind, SwapArea
from swaptools.backing import (
    Backing,
    Chunk,
    Extent,
    ExtentFlags,
    FileType,
    InodeFlags,
)
from tests.builders import with_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DIRECTORY = Path(__file__).with_name("booted")


class Case(NamedTuple):
    """One area and the answer to it."""

    #: The header included.
    area: SwapArea
    errno: str | None
    message: str | None
    #: What the log said was added; None for a refusal.
    kib: int | None


class Recording(NamedTuple):
    """What one kernel said."""

    #: As uname(2) has it.
    release: str
    ram_bytes: int
    cases: tuple[Case, ...]


def releases() -> list[str]:
    """Name the kernels that there are answers of."""
    return sorted(path.name.removesuffix(".json.xz") for path in DIRECTORY.glob("*.xz"))


def load(release: str) -> Recording:
    """Read one file."""
    packed = (DIRECTORY / f"{release}.json.xz").read_bytes()
    recorded = json.loads(lzma.decompress(packed))
    areas = [_area(shown) for shown in recorded["areas"]]
    cases = tuple(_case(areas, shown) for shown in recorded["cases"])
    return Recording(recorded["kernel"], recorded["ram_bytes"], cases)


def save(
    release: str, ram_bytes: int, seed: int, asked: Iterable[tuple[SwapArea, Case, str]]
) -> Path:
    """Write one file.

    Args:
        release: As uname(2) has it.
        ram_bytes: The machine's.
        seed: What the pages were drawn with.
        asked: What was known without the page, the case, and the page packed.
    """
    areas: dict[str, int] = {}
    cases = []
    for area, case, page in asked:
        shown = json.dumps(_shown_area(area))
        number = areas.setdefault(shown, len(areas))
        cases.append([number, page, case.errno, case.message, case.kib])
    text = json.dumps(
        {
            "kernel": release,
            "ram_bytes": ram_bytes,
            "seed": seed,
            "areas": [json.loads(shown) for shown in areas],
            "cases": cases,
        }
    )
    DIRECTORY.mkdir(exist_ok=True)
    path = DIRECTORY / f"{release}.json.xz"
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    return path


def _case(areas: list[SwapArea], shown: list[Any]) -> Case:
    number, page, errno, message, kib = shown
    return Case(with_page(areas[number], unpacked(page)), errno, message, kib)


def unpacked(page: str) -> bytes:
    """Return the bytes that pieces stand for."""
    return b"".join(
        bytes(int(piece[1:])) if piece.startswith("z") else bytes.fromhex(piece)
        for piece in page.split()
    )


# --- areas as JSON -------------------------------------------------------------


def _shown_area(area: SwapArea) -> dict[str, Any]:
    names = ("path", "kind", "area_bytes", "allocated_bytes", "active")
    shown = {name: getattr(area, name) for name in names}
    return shown | {"backing": _shown_backing(area.backing) if area.backing else None}


def _shown_backing(backing: Backing) -> dict[str, Any]:
    # Fields at their defaults are left out.
    plain = Backing(file_type=backing.file_type)
    shown = {"file_type": backing.file_type.value}
    for name, value in backing._asdict().items():
        if value != getattr(plain, name):
            shown[name] = _plain(value)
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, IntFlag):
        return int(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def _area(shown: dict[str, Any]) -> SwapArea:
    area = SwapArea(
        path=shown["path"],
        kind=AreaKind(shown["kind"]),
        area_bytes=shown["area_bytes"],
        allocated_bytes=shown["allocated_bytes"],
        active=shown["active"],
    )
    backing = shown["backing"]
    return area._replace(backing=_backing(backing)) if backing else area


def _backing(shown: dict[str, Any]) -> Backing:
    made: dict[str, Callable[[Any], Any]] = {
        "file_type": FileType,
        "inode_flags": InodeFlags,
        "extents": lambda rows: tuple(_extent(*row) for row in rows),
        "chunks": lambda rows: tuple(Chunk(*row) for row in rows),
        "data_profiles": frozenset,
    }
    values = {
        name: made[name](value) if name in made else value
        for name, value in shown.items()
    }
    return Backing(**values)


def _extent(offset: int, physical: int | None, length: int, flags: int) -> Extent:
    return Extent(offset, physical, length, ExtentFlags(flags))
