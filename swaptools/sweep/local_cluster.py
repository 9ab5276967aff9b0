"""Workers of this machine: started for one sweep, and ended with it.

They are forked by a process that has imported what they need. Dask is imported where
a cluster is asked for, and by nobody else.

Not here: sending cells to workers (dask_runner.py).
"""

from __future__ import annotations

import logging
import signal
import warnings
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import forkserver, resource_tracker
from typing import TYPE_CHECKING, Any, Final

from swaptools.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

#: Workers that may end while they run something before it is given up: Dask's own
#: number, and so what other clusters have.
_ALLOWED_FAILURES: Final = 3
#: What a worker needs, imported once for all that are forked; the last one of those
#: that compile.
_PRELOADED: Final = ("distributed.nanny", "swaptools.sweep.workloads")
_COMPILING: Final = "swaptools.sweep.forked"
#: Of Dask, which looks at itself all the time, and serves what it sees: to nobody here.
_SETTINGS: Final = {
    "distributed.worker.multiprocessing-method": "forkserver",
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}
_NO_DASHBOARD: Final = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}


def has_dask() -> bool:
    """Tell whether the extra is installed, without importing it."""
    return find_spec("distributed") is not None


def prepare(*, compiled: bool | None) -> None:
    """Start what workers of this machine are forked from; it is ready in a second.

    What this process does meanwhile costs no time, then. It is started once, and where
    there is no Dask not at all.
    """
    if not has_dask():
        return
    modules = [*_PRELOADED, *(() if compiled is False else (_COMPILING,))]
    with _deaf_to_interrupts():
        forkserver.set_forkserver_preload(modules)
        forkserver.ensure_running()


def start(distributed: Any, stack: ExitStack, nr_workers: int) -> Any:
    """Start so many workers, which end with the stack.

    Raises:
        ClusterError: They cannot be started.
    """
    preload_no_more(distributed.utils)
    # While they may restart:
    stack.enter_context(import_module("dask").config.set(_SETTINGS))
    with _deaf_to_interrupts(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of disks that are slow, and the like
        try:
            cluster = distributed.LocalCluster(
                n_workers=nr_workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
                security=_security(distributed),
                scheduler_kwargs={
                    "allowed_failures": _ALLOWED_FAILURES,
                    **_NO_DASHBOARD,
                },
            )
        except (OSError, RuntimeError) as exc:
            raise ClusterError(f"workers cannot be started: {exc}") from exc
    stack.callback(cluster.close, timeout=5)
    return cluster


def preload_no_more(utils: Any) -> None:
    """Keep Dask from importing whatever its workers might have a use for.

    It takes seconds, and is for their start alone. Where Dask has no such note of its
    own, it does as it likes.
    """
    if hasattr(utils, "_forkserver_preload_set"):
        utils._forkserver_preload_set = True


# Ports of this machine are anybody's who is on it; with keys, which take
# cryptography, they are ours.
def _security(distributed: Any) -> Any:
    try:
        return distributed.Security.temporary()
    except ImportError:
        return None


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    # Ctrl-C is for this process; what it starts is told to end. Threads made within,
    # and what those start, have the mask that is set here. Python's own tracker, which
    # the first of them would start, lets interrupts through again behind itself.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
