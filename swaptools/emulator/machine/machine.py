"""A machine: areas, zswap, tasks and CPUs together, one operation at a time.

Not here: how its state is made (assembly.py), areas that it swaps on (swapping.py),
what is seen of it (looks.py), anything an operation does (task.py, areas.py,
device.py).

Kernel: 6.18 exactly, others as their profile says.
Same: for operations made one after another, on backings that answer at once,
each page gets the slot that the running kernel gives it.
Changed: a worker of the kernel runs when the operation that woke it has ended, once,
however many pages of it were refused. So 6.18 was seen to do (one MADV_PAGEOUT of 60
pages before a full pool writes nothing back, 60 of one page do); on a second CPU its
worker may begin before.
Left out: parallel CPUs, slots that a kernel before 6.12 draws at random (map_scan.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swaptools.emulator.core.engine import Engine
from swaptools.emulator.machine.areas import SwapAreas
from swaptools.emulator.machine.assembly import check_parts, fit, put_together
from swaptools.emulator.machine.backing import BACKINGS
from swaptools.emulator.machine.from_map import start_from
from swaptools.emulator.machine.invariants import check_machine
from swaptools.emulator.machine.limits import Limits
from swaptools.emulator.machine.policies import fit_policy
from swaptools.emulator.machine.references import touch
from swaptools.emulator.machine.shmem import Shm
from swaptools.emulator.machine.swapping import Swapping
from swaptools.emulator.machine.task import Task
from swaptools.emulator.machine.watermarks import check_watermarks
from swaptools.emulator.store.within import (
    MANY_PAGES,
    check_kind,
    check_whole,
    within,
)
from swaptools.errors import IllegalOperation
from swaptools.references import References
from swaptools.swapmap import SwapMap

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence
    from types import EllipsisType

    from swaptools.emulator.machine.design import Design
    from swaptools.emulator.machine.watermarks import Watermarks
    from swaptools.emulator.pressure.policy import Policy


class Machine(Swapping, Limits):
    """One kernel's swap, driven by calls.

    >>> machine = Machine(kernel="6.18")
    >>> device = machine.swapon_pages(4096)
    >>> task = machine.task()
    >>> task.write(0, 3)
    >>> task.pageout(0, 3)
    >>> task.entries(0, 4)
    [(0, 1), (0, 2), (0, 3), None]
    """

    def __init__(
        self,
        kernel: str | None = None,
        cpus: int = 1,
        zswap: bool = False,
        page_size: int = 4096,
        ram_bytes: int | None = None,
        *,
        design: str | Design | None = None,
        policy: str | Policy | None = None,
        memcg_version: int = 2,
        watermarks: Watermarks | EllipsisType | None = ...,
        compressor: str = "deflate",
        mended: bool = False,
        compiled: bool | None = None,
    ) -> None:
        """Start a machine with no area and no task.

        Args:
            kernel: The name of a profile, or any release; None for 6.18, or with a
                design for its own, which is 7.2 mostly.
            cpus: How many; ``cpu`` says which one works.
            zswap: Whether it is switched on.
            page_size: In bytes.
            ram_bytes: What zswap's limit is a percentage of, what swapoff can fill
                and swapon(2) tests with, and, with a policy, all that there is; None
                is memory without end.
            design: What it is fitted with, by name (see design.py) or itself.
            policy: Who leaves memory when it runs out, by name (see
                pressure/policy.py) or itself; None where it never does.
            memcg_version: Of the memory controller, 1 or 2: whose rules charges follow.
            watermarks: At which ``ram_bytes`` run out, once there is a policy; as the
                kernel makes them if they are not said, None if only limits run out.
            compressor: zswap's, and that of zram devices.
            mended: Without the defects of the ghost patch, see GhostRules.
            compiled: Run compiled; None for where the ``fast`` extra is installed.
                The first operation of all then takes a minute or two, and under each
                policy as long again, without a word; what was compiled is kept. False
                begins at once, which is better at a prompt.

        Raises:
            SelectionError: No such kernel, design, policy or compressor.
            IllegalOperation: No such number of CPUs, size of a page, version of the
                memory controller, or not a page of memory; or watermarks that no
                machine of that memory has.
        """
        check_parts(cpus, page_size, ram_bytes, memcg_version)
        self.design, self.profile = fit(kernel, design, mended=mended)
        self.page_size = page_size
        self.ram_bytes = ram_bytes
        self.nr_cpus = cpus
        self.tasks: list[Task] = []
        #: Objects of shared memory that somebody can reach.
        self.shms: list[Shm] = []
        #: What its parts work on.
        self.state = put_together(
            Engine(compiled=compiled),
            self.profile,
            self.design,
            compressor=compressor,
            cpus=cpus,
            page_size=page_size,
            ram_bytes=ram_bytes,
            tasks=self.tasks,
            shms=self.shms,
        )
        self.cgroups = self.state.cgroups
        self.zswap = self.state.zswap
        self.zswap.enabled = zswap
        self.policy = None
        self._watermarks, self._memcg_version = watermarks, memcg_version
        if watermarks is not ...:
            check_watermarks(self.state, watermarks)
        if policy is not None:
            self.policy = fit_policy(self.state, policy, memcg_version, watermarks)
        kinds = BACKINGS | {ops.name: ops for ops in self.design.backings}
        self.areas = SwapAreas(self.state, kinds)
        if self.design.redirects:
            self.areas.make_space()

    @classmethod
    def from_map(
        cls,
        found: SwapMap,
        kernel: str | None = None,
        *,
        cpus: int = 1,
        zswap: bool = False,
        compiled: bool | None = None,
    ) -> Machine:
        """Start a machine in the state that a slot map shows.

        What it takes for granted is said by from_map.assumptions().

        Args:
            found: The map; its page size is the machine's.
            kernel: The kernel; None for the one that the map is of.
            cpus: As for any machine; so are the others.
            zswap: Whether it is switched on.
            compiled: Run compiled; None for where the ``fast`` extra is installed.

        Raises:
            MapError: No such machine can be in that state.
            SelectionError: No such kernel.
            IllegalOperation: That is no map.
        """
        check_kind(found, SwapMap, "map")
        kernel = found.kernel if kernel is None else kernel
        machine = cls(kernel, cpus, zswap, found.page_size, compiled=compiled)
        start_from(machine.state, machine.areas, found)
        return machine

    def __repr__(self) -> str:
        zswap = "on" if self.zswap.enabled else "off"
        parts = [
            f"{self.nr_cpus} CPUs",
            f"pages of {self.page_size} bytes",
            f"zswap {zswap}",
            f"{len(self.areas)} areas",
            f"{len(self.tasks)} tasks",
        ]
        return f"<Machine {self.profile.name}, {', '.join(parts)}>"

    # --- tasks and CPUs ----------------------------------------------------

    @property
    def cpu(self) -> int:
        """Which CPU makes the next operation."""
        return self.state.totals.cpu

    @cpu.setter
    def cpu(self, number: int) -> None:
        check_whole("CPU", number)
        if not 0 <= number < self.nr_cpus:
            raise IllegalOperation(f"no CPU {number} of {self.nr_cpus}")
        self.state.totals.cpu = number

    def task(self, name: str | None = None, cgroup: str = "/") -> Task:
        """Start a task with no pages in a control group that cgroups has."""
        self.state.check_alive()
        return Task(self.state, self.tasks, self.cgroups[cgroup], name)

    def shm(self, nr_pages: int) -> Shm:
        """Make an object of shared memory, empty and mapped by nobody."""
        self.state.check_alive()
        return Shm(self.state, self.shms, nr_pages)

    def touch(
        self,
        tasks: Sequence[Task],
        references: References,
        length: int | array[int] | None = None,
        future: memoryview[int] | None = None,
    ) -> None:
        """Let tasks read and write pages, in the order of a trace.

        Each reference is an operation of its own.

        >>> from array import array
        >>> from swaptools.references import References, one_task
        >>> machine = Machine(compiled=False)
        >>> task = machine.task()
        >>> pages, flags = array("Q", [3, 5, 3]), array("B", [1, 0, 0])
        >>> machine.touch([task], References(pages, flags, one_task(3)))
        >>> task.entries(3, 3)
        ['present', None, 'present']

        Args:
            tasks: Those that the references have by number.
            references: A batch of them.
            length: What a page that is written would compress to, in bytes; None for
                half a page. A power of two of them, of format ``q``, for pages of
                different lengths, one for each all its life.
            future: Of each reference the number of the next one to the same page, for
                policies that ask for that; a large one for never (format ``q``).

        Raises:
            DeviceReadError: A page was swapped out and nothing holds it (SIGBUS); the
                references before it are made.
            IllegalOperation: A page or a task that is none, or no length; nothing
                changed.
        """
        check_kind(references, References, "references")
        for task in tasks:
            check_kind(task, Task, "task")
        touch(self.state, tasks, references, length, future)

    # --- workers -----------------------------------------------------------

    def write_back(self, nr_pages: int) -> int:
        """Let zswap, and zrams that have a backing device, write their oldest pages.

        Returns:
            How many were written; fewer when there are no more, or nobody takes them.

        Raises:
            IllegalOperation: No such number of pages.
        """
        nr_pages = within(nr_pages, MANY_PAGES, "pages to write back")
        self.state.find_allowed_areas()
        nr_written = self.state.shrinker.write_back_oldest(nr_pages)
        for backing in self.state.backings.values():
            nr_written += backing.write_back(nr_pages - nr_written)
        self.state.settle()
        return nr_written

    def drop_slab(self) -> int:
        """Let the dynamic shrinker work, if it is on; return pages written back.

        What writing 2 to /proc/sys/vm/drop_caches comes to.
        """
        self.state.find_allowed_areas()
        nr_written = self.state.shrinker.drop_slab()
        self.state.settle()
        return nr_written

    def check_invariants(self) -> None:
        """Compare everything with everything else; InvariantBroken says where."""
        check_machine(self.state, self.areas, self.tasks, self.shms, self.policy)
