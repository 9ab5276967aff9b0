from __future__ import annotations

from uuid import UUID

import pytest

from swaptools.errors import FormatError
from swaptools.format.identity import label_text, uuid_text, volume_bytes

#: As people write it, and what a header has.
LABELS = [
    ("", bytes(16)),
    ("a", b"a".ljust(16, b"\0")),
    ("Ü", b"\xc3\x9c".ljust(16, b"\0")),
    ("full to the last", b"full to the last"),
    ("not \udcff", b"not \xff".ljust(16, b"\0")),
    ("\n\x1b", b"\n\x1b".ljust(16, b"\0")),
]


@pytest.mark.parametrize(("label", "raw"), LABELS)
def test_a_label_is_read_as_it_is_written(label: str, raw: bytes) -> None:
    assert volume_bytes(label) == raw
    assert label_text(raw) == label


def test_a_label_ends_at_its_nul() -> None:
    assert label_text(b"swap\0left behind") == "swap"


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("seventeen letters", "label of 17 bytes, the header has room for 16"),
        ("Ü" * 9, "label of 18 bytes, the header has room for 16"),
        ("a\0b", "label with a NUL in it"),
    ],
)
def test_a_label_that_does_not_fit_is_refused(label: str, says: str) -> None:
    with pytest.raises(FormatError, match=f"^{says}$") as refused:
        volume_bytes(label)
    assert refused.value.field == "sws_volume"


@pytest.mark.parametrize("number", [1, 1 << 127, 0x0123456789ABCDEF << 32])
def test_a_uuid_is_written_as_everybody_does(number: int) -> None:
    uuid = UUID(int=number)
    assert uuid_text(uuid.bytes) == str(uuid)


def test_the_nil_uuid_is_none() -> None:
    assert uuid_text(bytes(16)) is None
