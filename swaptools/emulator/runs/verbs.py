"""What each line of a script does to a machine.

Not here: reading lines (grammar.py), names (names.py), what is expected and shown
(looks.py).

Kernel: none.
Same: operations as machine.py has them.
Changed: nothing.
Left out: by-hand use of a device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from swaptools.emulator.machine.knobs import read_setting
from swaptools.emulator.runs.looks import do_expect, do_show
from swaptools.emulator.runs.patterns import Pattern
from swaptools.emulator.runs.words import PAGE_SIZE
from swaptools.errors import InvariantBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from swaptools.emulator.runs.looks import Shown
    from swaptools.emulator.runs.operation import Operation
    from swaptools.emulator.runs.run import Run

#: What a page compresses to when a line does not say: half a page.
_DEFAULT_LENGTH_BYTES: Final = PAGE_SIZE // 2

# --- the machine -----------------------------------------------------------


def _kernel(run: Run, operation: Operation) -> None:
    run.settings["kernel"] = operation.kernel
    run.settings["mended"] = operation.mended


def _cpus(run: Run, operation: Operation) -> None:
    run.settings["cpus"] = operation.cpus


def _ram(run: Run, operation: Operation) -> None:
    run.settings["ram_bytes"] = operation.ram


def _policy(run: Run, operation: Operation) -> None:
    run.settings["policy"] = operation.policy
    run.settings["memcg_version"] = 1 if operation.v1 else 2


def _zswap(run: Run, operation: Operation) -> None:
    run.zswap = operation.word == "on"
    if operation.max_pool_percent is not None:
        run.max_pool_percent = operation.max_pool_percent
    if run.machine is not None:
        run.switch_zswap(run.machine)


def _set(run: Run, operation: Operation) -> None:
    setting = read_setting(operation.knob, operation.value)
    if operation.knob == "zswap.enabled":
        run.zswap = bool(setting.value)
        run.switch_zswap(run.started())
    else:
        setting.apply(run.started(), run.devices)


def _cgroup(run: Run, operation: Operation) -> None:
    run.started().cgroups.create(operation.path)


def _limit(run: Run, operation: Operation) -> None:
    given = {
        "max_bytes": operation.max,
        "high_bytes": operation.high,
        "swap_max_bytes": operation.swap,
        "zswap_max_bytes": operation.zswap,
        "memsw_max_bytes": operation.memsw,
    }
    limits = {
        name: None if pages < 0 else pages * PAGE_SIZE
        for name, pages in given.items()
        if pages is not None
    }
    run.started().limit(operation.path, **limits)


def _reclaim(run: Run, operation: Operation) -> None:
    run.started().reclaim(operation.path, operation.amount * PAGE_SIZE)


def _flush(run: Run, _operation: Operation) -> None:
    run.started().flush()


def _cpu(run: Run, operation: Operation) -> None:
    run.started().cpu = operation.cpu


# --- areas -----------------------------------------------------------------


def _swapon(run: Run, operation: Operation) -> None:
    name, machine = operation.name, run.started()
    if run.is_disk(name) and name not in run.plans():
        return
    run.devices[name] = machine.swapon_pages(
        operation.size,
        operation.backing,
        rotational=operation.rotational,
        priority=operation.prio,
        bad_pages=operation.bad,
        discard=operation.discard,
        path=f"/{name}",
    )


def _virtual(run: Run, _operation: Operation) -> None:
    run.swapon_virtual()


# Of an area that the design does not make, as of the next two, nothing is left to do.
def _swapoff(run: Run, operation: Operation) -> None:
    area = run.area(operation.area)
    if area is not None:
        run.started().swapoff(area)
        run.forget_area(area)


def _transfer(run: Run, operation: Operation) -> None:
    source, target = run.area(operation.source), run.area(operation.target)
    if source is not None and target is not None and source is not target:
        run.started().transfer(source, target, operation.count)
    run.count(operation.count)


def _shrink(run: Run, operation: Operation) -> None:
    run.started().write_back(operation.count)
    run.count(operation.count)


def _tiers(run: Run, operation: Operation) -> None:
    run.started().write_tiers(operation.tiers)


def _max(run: Run, operation: Operation) -> None:
    path = run.cgroup(operation.path)
    run.started().tiers.write_max(path, f"{operation.tier} {operation.word}")


# --- tasks -----------------------------------------------------------------


def _task(run: Run, operation: Operation) -> None:
    run.task_name, run.shm_name = operation.name, ""
    cgroup = operation.cgroup
    if cgroup is not None:
        task = run.started().task(run.task_name, run.cgroup(cgroup))
        run.tasks[run.task_name] = task


def _fork(run: Run, operation: Operation) -> None:
    name = operation.name
    run.tasks[name] = run.task.fork(name)
    run.contents.fork((run.task_name, ""), (name, ""))


def _exit(run: Run, _operation: Operation) -> None:
    run.task.exit()
    del run.tasks[run.task_name]
    run.contents.forget((run.task_name, ""))
    run.shm_name = ""


def _shm(run: Run, operation: Operation) -> None:
    if operation.nr:
        run.shms[operation.name] = run.started().shm(operation.nr)
    run.shm_name = operation.name


def _unlink(run: Run, operation: Operation) -> None:
    run.shms[operation.name].unlink()


# --- pages -----------------------------------------------------------------


def _write(run: Run, operation: Operation) -> None:
    length = operation.length
    data = None if operation.text is None else _page_of(operation.text)
    content: bytes | int = _DEFAULT_LENGTH_BYTES if length is None else length
    if data is not None:
        content = data
    order, memory = operation.order, run.memory

    def write(first: int, nr_pages: int) -> None:
        memory.write(first, nr_pages, order, data, length=length)
        run.contents.write(run.key, range(first, first + nr_pages), content)

    def write_each(pages: range) -> None:
        memory.each("write", pages, data, length=length)
        run.contents.write(run.key, pages, content)

    _do_pages(run, operation.pages, write, write_each)


# A range is one operation; of pages that are apart, each is.
def _do_pages(
    run: Run,
    pages: range,
    do: Callable[[int, int], None],
    do_each: Callable[[range], None],
) -> None:
    if pages.step > 1:
        run.in_steps(pages, do_each)
    else:
        run.in_parts(pages, do)


# One word over and over.
def _page_of(text: str) -> bytes:
    word = text.encode()
    return (word * (PAGE_SIZE // len(word) + 1))[:PAGE_SIZE]


# A range is one call, which tells itself how far it is.
def _pageout(run: Run, operation: Operation) -> None:
    memory, pages = run.memory, operation.pages
    if pages.step > 1:
        run.in_steps(pages, lambda part: memory.each("pageout", part))
        return
    end = run.touched + len(pages)
    with run.watching():
        memory.pageout(pages.start, len(pages))
    run.count(end - run.touched)


def _read(run: Run, operation: Operation) -> None:
    memory = run.memory

    def check(pages: range, found: list[bytes | int]) -> None:
        if run.task.is_killed:  # it has read no further
            return
        page = run.contents.difference(run.key, pages, found)
        # Nobody but a backing that loses pages may return another one.
        if page is not None and not run.started().losses:
            raise InvariantBroken(f"page {page} is not what was written")

    def read(first: int, nr_pages: int) -> None:
        pages = range(first, first + nr_pages)
        check(pages, memory.read_pages(first, nr_pages))

    def read_each(pages: range) -> None:
        check(pages, memory.each("read", pages))

    _do_pages(run, operation.pages, read, read_each)


def _access(run: Run, operation: Operation) -> None:
    length = _length(operation)

    def access(part: range) -> None:
        if operation.write:
            run.memory.each("write", part, length=length)
            run.contents.write(run.key, part, length)
        else:
            run.memory.each("read", part)

    run.in_steps(operation.pages, access)


def _length(operation: Operation) -> int:
    length = operation.length
    return _DEFAULT_LENGTH_BYTES if length is None else length


def _touch(run: Run, operation: Operation) -> None:
    times, length = operation.times, _length(operation)
    pattern = Pattern(
        operation.word, operation.nr, times, operation.alpha, operation.seed
    )

    def touch(numbers: range) -> None:
        pages = pattern.take(operation.first, numbers)
        run.refer(pages, length if operation.write else None)

    run.in_steps(range(times), touch)


def _drop(run: Run, operation: Operation) -> None:
    memory = run.memory

    def drop(first: int, nr_pages: int) -> None:
        memory.drop(first, nr_pages)
        run.contents.drop(run.key, range(first, first + nr_pages))

    def drop_each(pages: range) -> None:
        memory.each("drop", pages)
        run.contents.drop(run.key, pages)

    _do_pages(run, operation.pages, drop, drop_each)


#: By verb; what a line shows is returned.
VERBS: Final[Mapping[str, Callable[[Run, Operation], Shown | None]]] = {
    "kernel": _kernel,
    "cpus": _cpus,
    "ram": _ram,
    "policy": _policy,
    "zswap": _zswap,
    "set": _set,
    "cgroup": _cgroup,
    "limit": _limit,
    "reclaim": _reclaim,
    "flush": _flush,
    "swapon": _swapon,
    "swapoff": _swapoff,
    "virtual": _virtual,
    "shrink": _shrink,
    "transfer": _transfer,
    "tiers": _tiers,
    "max": _max,
    "cpu": _cpu,
    "task": _task,
    "write": _write,
    "pageout": _pageout,
    "read": _read,
    "access": _access,
    "touch": _touch,
    "drop": _drop,
    "fork": _fork,
    "exit": _exit,
    "shm": _shm,
    "unlink": _unlink,
    "expect": do_expect,
    "show": do_show,
}
