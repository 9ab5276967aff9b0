"""D401 to D406: zswap and zram.

Not here: in which order areas are used (priorities.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools import remarks
from swaptools.config.cmdline import Parameter
from swaptools.config.text import Place, shown
from swaptools.doctor.registry import Remark, rule
from swaptools.kernel.uname import parse_release
from swaptools.rulebook import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swaptools.observe.system import System

_PARAMETERS: Final = "/sys/module/zswap/parameters/"
_ENABLED: Final = "zswap.enabled"
_YES: Final = frozenset({"1", "y", "yes", "t", "on", "true"})
_NO: Final = frozenset({"no", "n", "0", "false", "off", "f"})
#: "mm: memcontrol: add per-memcg memory.zswap.writeback" (6.8); a parent's counts
#: from 6.11 on, and from 6.10.10.
_KNOB_SERIES: Final = (6, 8)
_INHERITED_SERIES: Final = (6, 11)
_INHERITED_POINT: Final = (6, 10, 10)


def _zrams(system: System) -> list[str]:
    # Those that are swapped on, or will be.
    if system.running is not None and system.running.swaps:
        rows = [row.name for row in system.running.swaps]
        return [name for name in rows if name.startswith("/dev/zram")]
    return [f"/dev/{zram.name}" for zram in system.config.zrams if zram.is_swap]


@rule(
    "D401",
    "zswap is not as it was asked for",
    Severity.WARNING,
    hint="ask for what this kernel has, or set it at run time below"
    " /sys/module/zswap/parameters",
    is_about_kernel=True,
)
def not_as_asked(system: System) -> Iterator[Remark]:
    """A setting that zswap refuses at boot leaves the default, with a line in the log.

    Kernel: mm/zswap.c zswap_setup(), Documentation/admin-guide/mm/zswap.rst.

    *Trips on:* ``system(cmdline="zswap.enabled=1", zswap={"enabled": "N"})``
    *Quiet on:* ``system(cmdline="zswap.enabled=1", zswap={"enabled": "Y"},``
    ``swaps=["/dev/sda2 -2"])``
    """
    running = system.running
    if running is None or running.command_line is None or not running.has_sysfs:
        return
    later = {word.name for _, word in _written(system)}
    for word in running.command_line.words:
        if word.name in later:
            continue  # tmpfiles.d sets it after the boot
        for message in remarks.zswap_not_as_asked(
            _last(word, running.command_line.words), running.zswap, running.compressors
        ):
            yield Remark(message, _place_of(word, system))
    for place, word in _written(system):
        for message in remarks.zswap_not_as_asked(
            (word,), running.zswap, running.compressors, "in tmpfiles.d"
        ):
            yield Remark(message, place)


def _written(system: System) -> Iterator[tuple[Place, Parameter]]:
    # What tmpfiles.d(5) sets, as the command line would have it.
    for path, line in system.config.written:
        if line.path.startswith(_PARAMETERS):
            name = line.path.removeprefix(_PARAMETERS)
            yield Place(path, line.line), Parameter(f"zswap.{name}", line.value)


def _last(word: Parameter, words: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    # The word alone, where it is the one of its name that counts.
    named = [each for each in words if each.name == word.name]
    return (word,) if named[-1] is word else ()


def _place_of(word: Parameter, system: System) -> Place:
    for line in system.command_lines():
        if word in line.words:
            return line.place_of(word.name)
    return Place("/proc/cmdline", 1)


@rule(
    "D402",
    "zswap's options stand where nothing reads them",
    Severity.WARNING,
    hint="write zswap.NAME=VALUE on the kernel command line",
)
def unread_options(system: System) -> Iterator[Remark]:
    """The kernel has zswap built in, never as a module, and modprobe.d is for modules.

    Kernel: mm/Kconfig ZSWAP, a bool.

    *Trips on:* ``system(modprobe="options zswap enabled=1")``
    *Quiet on:* ``system(modprobe="options zram num_devices=1")``
    """
    for path, word in system.config.modules:
        if word.module == "zswap" and word.what == "options":
            said = shown(" ".join(word.words))
            yield Remark(
                f"options zswap {said}: zswap is no module", Place(path, word.line)
            )


@rule(
    "D403",
    "zswap stands in front of zram",
    Severity.WARNING,
    hint="switch one of them off: zswap.enabled=0 on the kernel command line, or zram",
    is_about_kernel=True,
)
def before_zram(system: System) -> Iterator[Remark]:
    """Pages are compressed twice, and what zswap writes back stays in memory.

    Kernel: Documentation/admin-guide/mm/zswap.rst; mm/zswap.c zswap_store() asks
    nothing of the area.

    *Trips on:* ``system(zswap={"enabled": "Y"}, swaps=["/dev/zram0 100"])``
    *Quiet on:* ``system(zswap={"enabled": "N"}, swaps=["/dev/zram0 100"])``
    """
    zrams = _zrams(system)
    if not zrams:
        return
    place = system.config.zrams[0].place if system.config.zrams else None
    if system.running is not None:
        if (system.running.zswap or {}).get("enabled") == "Y":
            for message in remarks.zswap_before_zram(zrams):
                yield Remark(message.partition("; ")[0], place, None, zrams[0])
        return
    asked = [
        (line.place_of(_ENABLED), line.last(_ENABLED))
        for line in system.command_lines()
    ]
    asked += [
        (at, word.value) for at, word in _written(system) if word.name == _ENABLED
    ]
    for where, value in asked:
        if value is not None and value.lower() in _YES:
            message = f"{_ENABLED}={value}, and {zrams[0]} is made"
            yield Remark(message, where, None, zrams[0])


@rule(
    "D404",
    "zswap is on and there is no area",
    Severity.NOTE,
    hint="swap something on, or leave it: it takes nothing",
    is_about_kernel=True,
)
def without_area(system: System) -> Iterator[Remark]:
    """What zswap keeps would go to an area otherwise; without one nothing is swapped.

    Kernel: Documentation/admin-guide/mm/zswap.rst.

    *Trips on:* ``system(zswap={"enabled": "Y"}, swaps=[])``
    *Quiet on:* ``system(zswap={"enabled": "Y"}, swaps=["/dev/sda2 -2"])``
    """
    running = system.running
    if running is None or running.swaps != ():
        return
    if (running.zswap or {}).get("enabled") == "Y":
        place = None
        for line in system.command_lines():
            if line.has(_ENABLED):
                place = place or line.place_of(_ENABLED)
        yield Remark("nothing is swapped on", place)


@rule(
    "D405",
    "zswap's compressor is not in the kernel",
    Severity.WARNING,
    hint="ask for one that is there; /proc/crypto names those that are loaded",
)
def no_compressor(system: System) -> Iterator[Remark]:
    """Instead, zswap takes its default, with a line in the log.

    Kernel: mm/zswap.c zswap_pool_create_fallback().

    *Trips on:* ``system(grub="zswap.enabled=1 zswap.compressor=lz4", running=False,``
    ``modules=["kernel/crypto/zstd.ko"])``
    *Quiet on:* ``system(grub="zswap.enabled=1 zswap.compressor=zstd", running=False,``
    ``modules=["kernel/crypto/zstd.ko"])``
    """
    if system.running is not None or system.modules is None:
        return
    for line in system.command_lines():
        name = line.last("zswap.compressor")
        if name is not None and name.removesuffix("-rle") not in system.modules:
            message = f"kernel {system.kernel} has no {shown(name)}"
            yield Remark(message, line.place_of("zswap.compressor"))


@rule(
    "D406",
    "zswap's writeback cannot be told to this kernel so",
    Severity.WARNING,
    hint="use a newer kernel, or zswap without an area that it could write to",
)
def no_writeback_knob(system: System) -> Iterator[Remark]:
    """memory.zswap.writeback came with 6.8; a cgroup heeds its parents' from 6.11 on.

    Kernel: mm/memcontrol.c mem_cgroup_zswap_writeback_enabled(), from 6.10.10 on with
    all parents.
    systemd: man systemd.resource-control, MemoryZSwapWriteback=.

    *Trips on:* ``system(writeback="no", kernel="6.6.30")``
    *Quiet on:* ``system(writeback="no", kernel="6.12.41")``
    """
    release = parse_release(system.kernel or "")
    if release is None:
        return
    for value, place in system.config.writeback:
        if value.lower() not in _NO:
            continue
        said = f"MemoryZSwapWriteback={value}"
        kernel = shown(system.kernel or "")
        if release.series < _KNOB_SERIES:
            yield Remark(f"{said}: kernel {kernel} has no such knob", place)
        elif not _is_inherited(release.series, release.point) and _is_slice(place):
            message = f"{said}: kernel {kernel} does not heed it below this cgroup"
            yield Remark(message, place)


def _is_inherited(series: tuple[int, int], point: int | None) -> bool:
    return series >= _INHERITED_SERIES or (*series, point or 0) >= _INHERITED_POINT


def _is_slice(place: Place) -> bool:
    return ".slice" in place.file
