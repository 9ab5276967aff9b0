"""Many processes, or many machines: cells run by Dask.

Dask is imported when a cluster is asked for. What is sent to a worker are jobs, which
name code of this package: each worker has to have it, in this version.

Not here: which cells there are (study.py), how many go together (parcels.py), workers
of this machine (local_cluster.py), writing rows (run.py).
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from functools import partial
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from swaptools import __version__
from swaptools.compile_cache import COMPILE_CACHE
from swaptools.errors import ClusterError, MissingExtra
from swaptools.sweep import local_cluster
from swaptools.sweep.parcels import Parcels
from swaptools.sweep.runners import Ended, run_job
from swaptools.sweep.trace_files import keep, lacking, to_send

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from types import TracebackType

    from swaptools.sweep.cells import Cell, Job

#: Cells with what has come of each, and at the end those whose workers were killed.
_Running: TypeAlias = "Generator[tuple[Cell, Ended], None, list[Cell]]"

#: Of what workers say to people, which is compiling.
_SAID: Final = "swaptools-said"
#: Parcels that are on the way for each worker: none of them waits for the next.
_AHEAD: Final = 2
#: How long a scheduler may take to answer, and its first worker to be there.
_ANSWER_S: Final = 20
#: While nothing ends, how often is asked whether there still is a worker.
_LOOK_S: Final = 2.0
#: How long there may be none before nobody waits for another one.
_WITHOUT_WORKERS_S: Final = 60.0


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
        if address is None:
            local_cluster.prepare(compiled=compiled)
        try:
            self._distributed: Any = import_module("distributed")
        except ImportError as exc:
            asked = "--jobs" if address is None else "--scheduler"
            raise MissingExtra(asked, "sweep") from exc
        for name in ("distributed", "asyncio"):  # what is to be said is raised
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._compiled = compiled
        self._where = address or "this machine"
        with ExitStack() as stack:
            self._client = self._connected(stack, jobs, address)
            self._check_versions()
            self._client.subscribe_topic(_SAID, say_once())
            self.nr_workers = sum(self._client.nthreads().values())
            self._stack = stack.pop_all()

    def _connected(self, stack: ExitStack, jobs: int, address: str | None) -> Any:
        if address is None:
            cluster = local_cluster.start(self._distributed, stack, jobs)
            client = stack.enter_context(self._distributed.Client(cluster))
        else:
            client = stack.enter_context(self._reached(address))
        return client

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

    def _check_versions(self) -> None:
        try:
            found = self._client.run(version)
        except Exception as exc:  # what a worker raises when it has no such module
            reason = f"a worker has no swaptools {__version__}: {exc}"
            raise ClusterError(f"{self._where}: {reason}") from exc
        for worker, other in found.items():
            if other != __version__:
                reason = f"{worker} has swaptools {other}, this is {__version__}"
                raise ClusterError(f"{self._where}: {reason}")

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
            ClusterError: There is no worker, and none comes; or no scheduler.
            TraceError: A worker lacks a file that is too large to be sent.
        """
        cells = list(cells)
        self._send({d: p for cell in cells for d, p in cell.job.files.items()})
        parcels = Parcels(cells, self.nr_workers)
        suspects = yield from self._run(parcels, _AHEAD * self.nr_workers)
        # All that was on a worker is suspected when it ends. Alone, a cell is to blame.
        for cell in suspects:
            if (yield from self._run(Parcels([cell], 1), 1)):
                reason = "KilledWorker: each worker that ran it ended"
                yield cell, Ended(None, reason, __version__, 0.0)

    def _run(self, parcels: Parcels, nr_ahead: int) -> _Running:
        running: dict[Any, list[Cell]] = {}
        ended: SimpleQueue[Any] = SimpleQueue()
        killed: list[Cell] = []

        def submit() -> None:
            if parcel := parcels.next():
                future = self._submit(parcel)
                running[future] = parcel
                future.add_done_callback(ended.put)

        for _ in range(nr_ahead):
            submit()
        try:
            while running:
                future = self._wait(ended)
                try:
                    found = self._result(future, len(running[future]))
                except TimeoutError:  # it went with its worker, and is run again
                    future.add_done_callback(ended.put)
                    continue
                parcel = running.pop(future)
                if found is None:
                    killed += parcel
                    submit()
                    continue
                for cell, each in zip(parcel, found, strict=True):
                    parcels.learn(cell, each.seconds)
                submit()
                yield from zip(parcel, found, strict=True)
        finally:
            self._client.cancel(list(running))
        return killed

    def _wait(self, ended: SimpleQueue[Any]) -> Any:
        # For what ends next, as long as somebody is there who runs it.
        seen = time.monotonic()
        while True:
            with suppress(Empty):
                return ended.get(timeout=_LOOK_S)
            if self._has_workers():
                seen = time.monotonic()
            elif time.monotonic() - seen > _WITHOUT_WORKERS_S:
                reason = "no worker is left, and none has come for"
                raise ClusterError(f"{self._where}: {reason} {_WITHOUT_WORKERS_S:g} s")

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.nthreads())
        except OSError as exc:
            raise ClusterError(f"{self._where}: the scheduler is gone") from exc

    # What some worker lacks, to each of them, those that come later among them. Who
    # ends meanwhile lacks nothing.
    def _send(self, files: dict[str, str]) -> None:
        if not files:
            return
        answers = self._client.run(lacking, files, on_error="ignore")
        for digest in sorted({each for found in answers.values() for each in found}):
            path = files[digest]
            self._client.register_plugin(self._copy(digest, path, to_send(path)))

    def _copy(self, digest: str, path: str, data: bytes) -> Any:
        def setup(_plugin: object, worker: Any) -> None:
            keep(digest, path, data, worker.local_directory)

        made = {"name": f"swaptools-{digest}", "setup": setup}
        return type("Copy", (self._distributed.WorkerPlugin,), made)()

    def _submit(self, parcel: Sequence[Cell]) -> Any:
        jobs = [cell.job for cell in parcel]
        return self._client.submit(run_jobs, jobs, compiled=self._compiled, pure=False)

    def _result(self, future: Any, nr_jobs: int) -> list[Ended] | None:
        # None where workers were killed.
        try:
            found: list[Ended] = future.result(timeout=_WITHOUT_WORKERS_S)
        except self._distributed.KilledWorker:
            return None
        except TimeoutError:
            raise
        except CancelledError as exc:  # by Dask: nobody does that here meanwhile
            raise ClusterError(f"{self._where}: the scheduler is gone") from exc
        except Exception as exc:  # of Dask: what a job raises is in what it returns
            reason = f"{type(exc).__name__}: {exc}"
            return [Ended(None, reason, __version__, 0.0)] * nr_jobs
        return found


def say_once() -> Callable[[tuple[float, str]], None]:
    """Return what says here what a worker said, with its time, and nothing twice."""
    said = set()

    def say(event: tuple[float, str]) -> None:
        if event[1] not in said:
            said.add(event[1])
            COMPILE_CACHE.say(event[1])

    return say


def run_jobs(jobs: Sequence[Job], *, compiled: bool | None) -> list[Ended]:
    """Run jobs where they were sent, one after the other."""
    worker = import_module("distributed").get_worker()
    COMPILE_CACHE.say = partial(worker.log_event, _SAID)
    return [run_job(job, compiled=compiled) for job in jobs]


def version() -> str:
    """Return the version that a worker has."""
    return __version__
