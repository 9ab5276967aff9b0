"""Every object that a command prints with --json, by the name of its schema.

``make schemas`` writes the files anew (``python -m tests.schema.documents``); a test
compares. A new object is a line here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from swaptools import schema
from swaptools.cli.documents import replay, swapcheck, swapemu, swapinfo, trace
from swaptools.create.request import CreateDict
from swaptools.estimate import Estimate
from swaptools.swapmap import AboutMap
from swaptools.who.cgroups import ByCgroupDict
from swaptools.who.mappings import ByMappingDict
from swaptools.who.processes import ByProcessDict
from tests.schema.generate import schema_of

FOLDER = Path(schema.__file__).parent / "files"
#: Several types are one object together; a key that two have is the later one's.
DOCUMENTS: dict[str, tuple[type, ...]] = {
    "ghost-mkswap": (CreateDict,),
    "swapcheck": (swapcheck.Checks,),
    "swapcheck-kernels": (swapcheck.Kernels,),
    "swapcheck-rules": (swapcheck.Rules,),
    "swapemu-backings": (swapemu.Backings,),
    "swapemu-break-even": (swapemu.BreakEven,),
    "swapemu-compare": (swapemu.Comparison,),
    "swapemu-designs": (swapemu.Designs,),
    "swapemu-overhead": (swapemu.Overhead,),
    "swapemu-replay": (replay.Replays,),
    "swapemu-resolution": (swapemu.Resolution,),
    "swapemu-run": (swapemu.RunResult,),
    "swapemu-scenarios": (swapemu.Scenarios,),
    "swapemu-trace-show": (trace.TraceShown,),
    "swapinfo": (swapinfo.Active,),
    "swapinfo-columns": (swapinfo.Active, swapinfo.ActiveChosen),
    "swapinfo-column-names": (swapinfo.Columns,),
    "swapinfo-estimate": (swapinfo.Estimated, Estimate, swapinfo.EstimatedBeside),
    "swapinfo-extents": (swapinfo.Extents,),
    "swapinfo-files": (swapinfo.Files,),
    "swapinfo-files-columns": (swapinfo.Files, swapinfo.FilesChosen),
    "swapinfo-map": (AboutMap, swapinfo.MapAreas),
    "swapinfo-resume-offset": (swapinfo.ResumeOffsets,),
    "swapinfo-who-cgroup": (ByCgroupDict,),
    "swapinfo-who-cgroup-columns": (ByCgroupDict, swapinfo.CgroupsChosen),
    "swapinfo-who-mapping": (ByMappingDict,),
    "swapinfo-who-mapping-columns": (ByMappingDict, swapinfo.MappingsChosen),
    "swapinfo-who-process": (ByProcessDict,),
    "swapinfo-who-process-columns": (ByProcessDict, swapinfo.ProcessesChosen),
}


def render(name: str) -> str:
    """Return the text of a schema's file."""
    made: dict[str, Any] = schema_of(name, schema.VERSION, *DOCUMENTS[name])
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write all of them, and remove what is no schema any more."""
    for name in schema.names():
        if name not in DOCUMENTS:
            (FOLDER / f"{name}{schema.SUFFIX}").unlink()
    for name in DOCUMENTS:
        (FOLDER / f"{name}{schema.SUFFIX}").write_text(render(name), encoding="utf-8")


if __name__ == "__main__":
    main()
