"""The kernel command line's words."""

from __future__ import annotations

import pytest

from swaptools.config.cmdline import parse_cmdline


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("quiet\n", [("quiet", None)]),
        ("a=1  a=2\tb=", [("a", "1"), ("a", "2"), ("b", "")]),
        ("resume=UUID=x", [("resume", "UUID=x")]),
        ("resume-offset=3 z-a.b-c=d-e", [("resume_offset", "3"), ("z_a.b_c", "d-e")]),
        ('a="b c" "d=e f" g', [("a", "b c"), ("d", "e f"), ("g", None)]),
        ('a="never closed b', [("a", "never closed b")]),
        ('a=b"c d"', [("a", 'b"c d"')]),
        ("a -- b=c", [("a", None)]),
        ("a --b", [("a", None), ("__b", None)]),
    ],
)
def test_words_are_the_kernels(text: str, expected: list[tuple[str, str]]) -> None:
    assert [tuple(word) for word in parse_cmdline(text)] == expected
