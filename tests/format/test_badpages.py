"""The words of a bad page list."""

from __future__ import annotations

import pytest

from swaptools.errors import FormatError
from swaptools.format.badpages import build_words, parse_words


def test_words_follow_the_byte_order() -> None:
    assert build_words((1, 0x01020304), "little") == bytes.fromhex("01000000 04030201")
    assert build_words((1, 0x01020304), "big") == bytes.fromhex("00000001 01020304")
    assert parse_words(b"\0\0\0\7\0\0\0\5", "big") == (7, 5)


@pytest.mark.parametrize("word", [-1, 1 << 32])
def test_a_word_out_of_range_is_a_format_error(word: int) -> None:
    with pytest.raises(FormatError) as caught:
        build_words((7, word), "little")
    assert caught.value.field == "badpages"
    assert caught.value.__cause__ is not None
