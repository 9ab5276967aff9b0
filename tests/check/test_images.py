"""The golden images once more: what kernels say to them, and which rules trip."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from swaptools.check import check_area
from swaptools.observe import read_area
from tests.images.make import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGES = Path(__file__).parents[1] / "images"
NO_SIGNATURE = "Unable to find swap-space signature"
SHORTER = "Swap area shorter than signature indicates"
BORDER = "Bad slot offset is out of border: 0 (last_page: -1)"
TAKEN = None


class Row(NamedTuple):
    """An image on machines with pages of one size."""

    image: str
    page_size: int
    #: The line of a refusal by 6.18 and by ghost-rfc, empty for silence.
    mainline: str | None
    patched: str | None
    codes: str


ROWS = (
    Row("bad-pages-big", 4096, "", "", "B301 B304 H204"),
    Row("cut-short", 4096, SHORTER, SHORTER, "I402 S201 S202"),
    Row("ghost", 4096, SHORTER, TAKEN, "G503 G506 I402"),
    Row("ghost-64k-big", 4096, NO_SIGNATURE, NO_SIGNATURE, "H102"),
    Row(
        "ghost-64k-big",
        65536,
        SHORTER,
        TAKEN,
        "G503 G506 H204 M602 M603 S204 S205",
    ),
    Row(
        "hostile",
        4096,
        SHORTER,
        BORDER,
        "B301 B302 B303 B304 G502 G503 G505 I402 I403 S204",
    ),
    Row("mkswap-4k", 4096, TAKEN, TAKEN, ""),
    Row("mkswap-64k", 4096, NO_SIGNATURE, NO_SIGNATURE, "H102"),
    Row("mkswap-64k", 65536, TAKEN, TAKEN, ""),
    Row("mkswap-ghost", 4096, SHORTER, TAKEN, "G502 G503 G506 I402"),
    Row("mkswap-nil-uuid", 4096, TAKEN, TAKEN, ""),
    Row("old-64k-behind-4k", 4096, TAKEN, TAKEN, "H107 S203"),
    Row("real-8k-big", 4096, NO_SIGNATURE, NO_SIGNATURE, "H102"),
    Row("real-8k-big", 8192, TAKEN, TAKEN, "H204"),
    Row("resumed", 4096, TAKEN, TAKEN, ""),
    Row("suspended", 4096, NO_SIGNATURE, NO_SIGNATURE, "H104"),
    Row("suspended-64k-big", 4096, NO_SIGNATURE, NO_SIGNATURE, "H104"),
    Row("suspended-64k-big", 65536, NO_SIGNATURE, NO_SIGNATURE, "H104"),
    Row("suspended-by-user-space", 4096, NO_SIGNATURE, NO_SIGNATURE, "H104"),
    Row("tuxonice", 4096, TAKEN, TAKEN, "H106"),
    Row("version-0", 4096, NO_SIGNATURE, NO_SIGNATURE, "H103"),
)


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"{row.image}-on-{row.page_size}" for row in ROWS]
)
def test_image(row: Row, tmp_path: Path, swaps: Callable[..., None]) -> None:
    """Both verdicts, and exactly these findings."""
    swaps()
    path = tmp_path / "area"
    path.write_bytes(lzma.decompress((IMAGES / row.image / "area.img.xz").read_bytes()))
    path.chmod(0o600)
    area = read_area(str(path), below=False)._replace(owner_uid=0)
    report = check_area(area, ["6.18", "ghost-rfc"], row.page_size, 8 << 30)
    said = [None if v.accepted else v.message or "" for v in report.verdicts]
    assert said == [row.mainline, row.patched]
    assert " ".join(sorted({found.code for found in report.findings})) == row.codes


def test_no_image_is_left_out() -> None:
    """A new folder wants a row here."""
    assert {row.image for row in ROWS} == set(CASES)
