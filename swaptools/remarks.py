"""What is odd about a machine's swap as it runs: sentences, for swapinfo. Pure.

Not here: finding out (observe/), what an area itself has wrong (check/).

Kernel: mm/zswap.c; kernel/params.c param_set_bool(), lib/kstrtox.c.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from swaptools.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from swaptools.config.cmdline import Parameter

_ZSWAP: Final = "zswap."
#: Settings of zswap that newer kernels have as if they were on, beside zpool.
_GONE: Final = frozenset(
    {"same_filled_pages_enabled", "non_same_filled_pages_enabled", "exclusive_loads"}
)
# As text: few command lines have a word of zswap's.
_TRUE: Final = r"[eytEYT1]|[oO][nN]"
_FALSE: Final = r"[dnfDNF0]|[oO][fF]"
_NUMBER: Final = r"(0[xX][0-9a-fA-F]+)|(0[0-7]+)|([0-9]+)"


def sizes_wrapped(missing_bytes: int) -> str:
    """Say that /proc/swaps leaves out more than could be given back to an area."""
    return (
        f"{format_size(missing_bytes)} more are active than these sizes say:"
        " /proc/swaps shows them modulo 4 TiB, and no header tells whose they are"
    )


def zswap_before_zram(zrams: Iterable[str | None]) -> Iterator[str]:
    """Say what zswap does in front of zram.

    Args:
        zrams: The zram device that each active area lies on, while zswap is on.
    """
    names = sorted(set(filter(None, zrams)))
    if names:
        yield (
            f"zswap is on in front of {', '.join(names)}: pages are compressed twice,"
            " and what zswap writes back stays in memory; switch one of them off"
        )


def zswap_not_as_asked(
    words: Iterable[Parameter],
    settings: Mapping[str, str] | None,
    compressors: frozenset[str] | None,
    where: str = "on the kernel command line",
) -> Iterator[str]:
    """Compare the ``zswap.*`` of the kernel command line with what runs.

    Args:
        words: Of the command line.
        settings: Of zswap, as the kernel writes them; None without zswap.
        compressors: Algorithms that the kernel has; None when it does not say.
        where: The words stand, when it is not the command line.
    """
    asked = {word.name: word.value for word in words if word.name.startswith(_ZSWAP)}
    for name, value in asked.items():
        said = name if value is None else f"{name}={value}"
        said = f"{said} {where}"
        setting = name.removeprefix(_ZSWAP)
        if (
            settings is not None
            and setting not in settings
            and _is_done(setting, value)
        ):
            continue
        if settings is None:
            yield f"{said}: this kernel has no zswap"
        elif setting not in settings:
            yield f"{said}: the zswap of this kernel has no such setting"
        elif not _is_same(value, settings[setting]):
            runs = settings[setting]
            why = _why(value, runs, compressors if setting == "compressor" else None)
            yield f"{said} is not what runs: {setting} is {runs}{why}"


def _is_done(setting: str, value: str | None) -> bool:
    # A setting that went because all does as it said.
    if setting == "zpool":
        return value == "zsmalloc"
    return setting in _GONE and _flag(value) == "Y"


def _is_same(asked: str | None, runs: str) -> bool:
    # By the kind of what runs: a flag, a number, a word.
    if runs in ("Y", "N"):
        return _flag(asked) == runs
    if runs.isdigit():
        return _number(asked) == int(runs)
    return asked == runs


def _flag(text: str | None) -> str | None:
    # A word alone switches on what takes it at all.
    if text is None or re.match(_TRUE, text):
        return "Y"
    return "N" if re.match(_FALSE, text) else None


def _number(text: str | None) -> int | None:
    match = re.fullmatch(_NUMBER, (text or "").removeprefix("+"))
    if match is None:
        return None
    base = 16 if match[1] else 8 if match[2] else 10
    return int(match[0], base)


def _why(asked: str | None, runs: str, compressors: frozenset[str] | None) -> str:
    if asked is None:
        return " (it needs a value)"
    if runs in ("Y", "N"):
        return "" if _flag(asked) else f" ({asked} is neither yes nor no)"
    if runs.isdigit():
        return "" if _number(asked) is not None else f" ({asked} is no number)"
    if compressors is None or asked in compressors:
        return ""
    return (
        f" ({asked} is not in /proc/crypto:"
        " not built, or its module was not loaded when zswap began)"
    )
