"""swaptools: Linux swap areas, header-only ghosts included.

The front door: names are resolved when first used, so that importing the
package costs nothing. The rooms behind it are documented in README.md.
"""

# Not from typing, which would be most of what the package takes to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from swaptools.area import AreaKind, SwapArea
    from swaptools.caller import Caller
    from swaptools.check import Finding, Report, check_area
    from swaptools.create import create_ghost, create_real
    from swaptools.create.request import CreateResult
    from swaptools.doctor import Diagnosis, diagnose
    from swaptools.errors import (
        AreaError,
        AreaInUse,
        BadSignature,
        CreateRefused,
        FormatError,
        SwapToolsError,
        TruncatedHeader,
    )
    from swaptools.format.header import SwapHeader
    from swaptools.format.hibernation import SuspendHeader
    from swaptools.format.signature import Signature, find_signatures
    from swaptools.info import AreaInfo
    from swaptools.observe import read_area, read_areas
    from swaptools.observe.caller import read_caller
    from swaptools.observe.proc import read_swaps
    from swaptools.observe.survey import read_system
    from swaptools.observe.swapmap import read_swapmap
    from swaptools.observe.system import System
    from swaptools.observe.zswap import read_zswap
    from swaptools.swapmap import SwapMap
    from swaptools.who.cgroups import by_cgroup
    from swaptools.who.mappings import by_mapping
    from swaptools.who.processes import by_process

__version__ = "0.2.0"

__all__ = [
    "AreaError",
    "AreaInUse",
    "AreaInfo",
    "AreaKind",
    "BadSignature",
    "Caller",
    "CreateRefused",
    "CreateResult",
    "Diagnosis",
    "Finding",
    "FormatError",
    "Report",
    "Signature",
    "SuspendHeader",
    "SwapArea",
    "SwapHeader",
    "SwapMap",
    "SwapToolsError",
    "System",
    "TruncatedHeader",
    "by_cgroup",
    "by_mapping",
    "by_process",
    "check_area",
    "create_ghost",
    "create_real",
    "diagnose",
    "find_signatures",
    "read_area",
    "read_areas",
    "read_caller",
    "read_swapmap",
    "read_swaps",
    "read_system",
    "read_zswap",
]

_ROOMS = {
    "AreaError": "errors",
    "AreaInUse": "errors",
    "AreaInfo": "info",
    "AreaKind": "area",
    "BadSignature": "errors",
    "Caller": "caller",
    "CreateRefused": "errors",
    "CreateResult": "create.request",
    "Diagnosis": "doctor",
    "Finding": "check",
    "FormatError": "errors",
    "Report": "check",
    "Signature": "format.signature",
    "SuspendHeader": "format.hibernation",
    "SwapArea": "area",
    "SwapHeader": "format.header",
    "SwapMap": "swapmap",
    "SwapToolsError": "errors",
    "System": "observe.system",
    "TruncatedHeader": "errors",
    "by_cgroup": "who.cgroups",
    "by_mapping": "who.mappings",
    "by_process": "who.processes",
    "check_area": "check",
    "create_ghost": "create",
    "create_real": "create",
    "diagnose": "doctor",
    "find_signatures": "format.signature",
    "read_area": "observe",
    "read_areas": "observe",
    "read_caller": "observe.caller",
    "read_swapmap": "observe.swapmap",
    "read_swaps": "observe.proc",
    "read_system": "observe.survey",
    "read_zswap": "observe.zswap",
}


def __getattr__(name: str) -> object:
    from swaptools.front_door import resolve

    return resolve(globals(), _ROOMS, name)


def __dir__() -> list[str]:
    return __all__
