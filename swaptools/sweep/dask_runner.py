"""Many processes, or many machines: cells run by Dask.

Dask is imported here alone, when a cluster is asked for. What is sent to a worker are
jobs, which name code of this package: each worker has to have it, in this version.
Workers of this machine are forked by a process that has it already.

Not here: which cells there are (study.py), how many go together (parcels.py), writing
rows (run.py).
"""

from __future__ import annotations

import logging
import signal
import warnings
from contextlib import ExitStack, contextmanager
from importlib import import_module
from multiprocessing import forkserver, resource_tracker
from typing import TYPE_CHECKING, Any, Final, Self

from swaptools import __version__
from swaptools.errors import ClusterError, MissingExtra
from swaptools.sweep.parcels import Parcels
from swaptools.sweep.runners import Ended, run_job
from swaptools.sweep.trace_files import keep, lacking, to_send

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from types import TracebackType

    from swaptools.sweep.cells import Cell, Job

#: Parcels that are on the way for each worker: none of them waits for the next.
_AHEAD: Final = 2
#: Workers that may end while they run one cell before it is given up.
_ALLOWED_FAILURES: Final = 10
_ANSWER_S: Final = 20
#: What a worker needs, imported once for all that are forked.
_PRELOADED: Final = ("distributed.nanny", "swaptools.sweep.workloads")
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
    from importlib.util import find_spec

    return find_spec("distributed") is not None


def prepare(*, compiled: bool | None) -> None:
    """Start what workers of this machine are forked from; it is ready in a second.

    What this process imports meanwhile costs no time, then.
    """
    modules = [*_PRELOADED, *(() if compiled is False else ("numba",))]
    with _deaf_to_interrupts():
        forkserver.set_forkserver_preload(modules)
        forkserver.ensure_running()


class DaskRunner:
    """Workers of a cluster, or of this machine."""

    def __init__(
        self, *, jobs: int = 0, address: str | None = None, compiled: bool | None
    ) -> None:
        """Start so many workers here, or go to the scheduler at an address.

        Raises:
            MissingExtra: Dask is not installed.
            ClusterError: Nobody answers, or has another version.
        """
        if address is None and has_dask():
            prepare(compiled=compiled)
        try:
            self._distributed: Any = import_module("distributed")
        except ImportError as exc:
            asked = "--jobs" if address is None else "--scheduler"
            raise MissingExtra(asked, "sweep") from exc
        self._compiled = compiled
        with ExitStack() as stack:
            self._client = self._connected(stack, jobs, address)
            self._check_versions(address or "this machine")
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
            self.nr_workers = sum(each["nthreads"] for each in workers.values())
            self._stack = stack.pop_all()

    def _connected(self, stack: ExitStack, jobs: int, address: str | None) -> Any:
        if address is None:
            cluster = self._started(stack, jobs)
            client = stack.enter_context(self._distributed.Client(cluster))
        else:
            logging.getLogger("distributed").setLevel(logging.CRITICAL)
            client = stack.enter_context(self._reached(address))
        return client

    def _started(self, stack: ExitStack, jobs: int) -> Any:
        # It would import whatever its workers might have a use for, to preload it.
        self._distributed.utils._forkserver_preload_set = True
        settings = import_module("dask").config.set(_SETTINGS)  # while they may restart
        stack.enter_context(settings)
        with _deaf_to_interrupts(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of disks that are slow, and the like
            cluster = self._distributed.LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
                security=self._security(),
                scheduler_kwargs={
                    "allowed_failures": _ALLOWED_FAILURES,
                    **_NO_DASHBOARD,
                },
            )
        stack.callback(cluster.close, timeout=5)
        return cluster

    def _reached(self, address: str) -> Any:
        try:
            client = self._distributed.Client(address, timeout=_ANSWER_S)
        except (OSError, ValueError) as exc:
            raise ClusterError(f"{address}: no scheduler answers") from exc
        try:
            client.wait_for_workers(1, timeout=_ANSWER_S)
        except TimeoutError as exc:
            client.close()
            raise ClusterError(f"{address}: has no worker") from exc
        return client

    # Ports of this machine are anybody's who is on it; with keys, which take
    # cryptography, they are ours.
    def _security(self) -> Any:
        try:
            return self._distributed.Security.temporary()
        except ImportError:
            return None

    def _check_versions(self, where: str) -> None:
        try:
            found = self._client.run(version)
        except Exception as exc:  # what a worker raises when it has no such module
            reason = f"a worker has no swaptools {__version__}: {exc}"
            raise ClusterError(f"{where}: {reason}") from exc
        for worker, other in found.items():
            if other != __version__:
                reason = f"{worker} has swaptools {other}, this is {__version__}"
                raise ClusterError(f"{where}: {reason}")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _exc: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop the workers that were started, and leave those that were there."""
        self._stack.close()

    def run(self, cells: Iterable[Cell]) -> Generator[tuple[Cell, Ended], None, None]:
        """Run all of them; each comes when those that were sent with it have ended.

        Raises:
            TraceError: A worker lacks a file that is too large to be sent.
        """
        cells = list(cells)
        self._send({d: p for cell in cells for d, p in cell.job.files.items()})
        parcels = Parcels(cells, self.nr_workers)
        running: dict[Any, list[Cell]] = {}
        ended = self._distributed.as_completed()

        def submit() -> None:
            if parcel := parcels.next():
                running[self._submit(parcel, ended)] = parcel

        for _ in range(_AHEAD * self.nr_workers):
            submit()
        try:
            while running:
                future = next(ended)
                parcel = running.pop(future)
                found = self._result(future, len(parcel))
                for cell, each in zip(parcel, found, strict=True):
                    parcels.learn(cell, each.seconds)
                submit()
                yield from zip(parcel, found, strict=True)
        finally:
            self._client.cancel(list(running))

    # What some worker lacks, to each of them, those that come later among them.
    def _send(self, files: dict[str, str]) -> None:
        if not files:
            return
        answers = self._client.run(lacking, files)
        for digest in sorted({each for found in answers.values() for each in found}):
            path = files[digest]
            self._client.register_plugin(self._copy(digest, path, to_send(path)))

    def _copy(self, digest: str, path: str, data: bytes) -> Any:
        def setup(_plugin: object, worker: object) -> None:
            keep(digest, path, data)

        made = {"name": f"swaptools-{digest}", "setup": setup}
        return type("Copy", (self._distributed.WorkerPlugin,), made)()

    def _submit(self, parcel: Sequence[Cell], ended: Any) -> Any:
        jobs = [cell.job for cell in parcel]
        future = self._client.submit(
            run_jobs, jobs, compiled=self._compiled, pure=False
        )
        ended.add(future)
        return future

    def _result(self, future: Any, nr_jobs: int) -> list[Ended]:
        try:
            found: list[Ended] = future.result()
        except self._distributed.KilledWorker:
            reason = "each worker that ran it ended"
        except Exception as exc:  # of Dask: what a job raises is in what it returns
            reason = f"{type(exc).__name__}: {exc}"
        else:
            return found
        return [Ended(None, reason, __version__, 0.0)] * nr_jobs


def run_jobs(jobs: Sequence[Job], *, compiled: bool | None) -> list[Ended]:
    """Run jobs where they were sent, one after the other."""
    return [run_job(job, compiled=compiled) for job in jobs]


def version() -> str:
    """Return the version that a worker has."""
    return __version__


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
