"""Studies: what comes out for every combination of some values, as rows.

    [fixed]
    script = "fill.swap"

    [axes]
    design = ["plain", "vswap"]
    pool_percent = [10, 20, 40]

A cell is one combination; it runs by itself and gives one row, the same wherever it
runs: in this process, on the cores of this machine, on a cluster.

Names are resolved when first used: workers are started before a study is read.

Not here: the command (cli/sweep.py), what is told of rows (report/).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swaptools.sweep.results import Results, read_results
    from swaptools.sweep.run import sweep
    from swaptools.sweep.study import Study, read_study

__all__ = ["Results", "Study", "read_results", "read_study", "sweep"]

_ROOMS = {
    "Results": "results",
    "Study": "study",
    "read_results": "results",
    "read_study": "study",
    "sweep": "run",
}


def __getattr__(name: str) -> object:
    from swaptools.front_door import resolve

    return resolve(globals(), _ROOMS, name)


def __dir__() -> list[str]:
    return __all__
