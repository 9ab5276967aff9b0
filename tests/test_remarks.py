"""Sentences about a machine's swap as it runs."""

from __future__ import annotations

import pytest

from swaptools.config.cmdline import Parameter
from swaptools.remarks import sizes_wrapped, zswap_before_zram, zswap_not_as_asked
from tests.cases import every_case

SETTINGS = {
    "accept_threshold_percent": "90",
    "compressor": "lzo",
    "enabled": "Y",
    "max_pool_percent": "20",
    "shrinker_enabled": "N",
}


def test_zswap_in_front_of_zram_names_each_device_once() -> None:
    zrams = [None, "/dev/zram1", "/dev/zram0", "/dev/zram1"]
    assert list(zswap_before_zram(zrams)) == [
        "zswap is on in front of /dev/zram0, /dev/zram1: pages are compressed twice,"
        " and what zswap writes back stays in memory; switch one of them off"
    ]
    assert list(zswap_before_zram([None])) == []


def said(*words: tuple[str, str | None]) -> list[str]:
    """What is said of the words, without what is the same in all sentences."""
    found = zswap_not_as_asked(
        [Parameter(f"zswap.{name}", value) for name, value in words],
        SETTINGS,
        frozenset({"lzo", "lz4"}),
    )
    return [sentence.replace(" on the kernel command line", "") for sentence in found]


@every_case(
    ("name", "value"),
    [
        *(("enabled", text) for text in ("1", "Y", "y", "yes", "on", "On", "true")),
        ("enabled", None),
        *(("shrinker_enabled", text) for text in ("0", "N", "no", "off", "OFF", "f")),
        *(("max_pool_percent", text) for text in ("20", "0x14", "024", "+20")),
        ("accept_threshold_percent", "90"),
        ("compressor", "lzo"),
    ],
)
def test_what_runs_as_asked_is_not_worth_a_word(name: str, value: str | None) -> None:
    assert said((name, value)) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("enabled", "0", "enabled is Y"),
        ("enabled", "off", "enabled is Y"),
        ("enabled", "2", "enabled is Y (2 is neither yes nor no)"),
        ("shrinker_enabled", None, "shrinker_enabled is N (it needs a value)"),
        ("shrinker_enabled", "1", "shrinker_enabled is N"),
        ("max_pool_percent", "50", "max_pool_percent is 20"),
        ("max_pool_percent", "20%", "max_pool_percent is 20 (20% is no number)"),
        ("max_pool_percent", "", "max_pool_percent is 20 ( is no number)"),
        ("accept_threshold_percent", "9", "accept_threshold_percent is 90"),
        ("compressor", "lz4", "compressor is lzo"),
        ("compressor", "LZO", "compressor is lzo (LZO is not in /proc/crypto:"),
        ("compressor", "zstd", "compressor is lzo (zstd is not in /proc/crypto:"),
    ],
)
def test_what_does_not_run_as_asked_is_said(
    name: str, value: str | None, expected: str
) -> None:
    (sentence,) = said((name, value))
    word = f"zswap.{name}" if value is None else f"zswap.{name}={value}"
    assert sentence.startswith(f"{word} is not what runs: {expected}")


def test_the_last_word_counts() -> None:
    assert said(("enabled", "0"), ("enabled", "1")) == []
    assert len(said(("enabled", "1"), ("enabled", "0"))) == 1


def test_a_setting_that_the_kernel_does_not_have() -> None:
    assert said(("zpool", "z3fold")) == [
        "zswap.zpool=z3fold: the zswap of this kernel has no such setting"
    ]


def test_a_kernel_without_zswap() -> None:
    words = [Parameter("zswap.enabled", "1"), Parameter("quiet", None)]
    assert list(zswap_not_as_asked(words, None, None)) == [
        "zswap.enabled=1 on the kernel command line: this kernel has no zswap"
    ]


def test_without_proc_crypto_nothing_is_said_of_the_compressor() -> None:
    words = [Parameter("zswap.compressor", "zstd")]
    (sentence,) = zswap_not_as_asked(words, SETTINGS, None)
    assert sentence.endswith("is not what runs: compressor is lzo")


def test_sizes_that_could_not_be_told() -> None:
    assert sizes_wrapped(8 << 40).startswith("8 TiB more are active than these sizes")
