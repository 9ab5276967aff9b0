"""Making areas: create() looks, decides, judges, refuses or writes, in that order.

place.py and look.py hold on to what is there, defaults.py and plan.py say what it is
to be, way.py how, judge.py asks what a kernel will say, refuse.py refuses, write.py
writes. create_ghost() and create_real() are create() for library users.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from swaptools.create.content import unreadable_pages
from swaptools.create.defaults import is_as_asked, plan_for
from swaptools.create.judge import judge_made, judge_new, judge_there
from swaptools.create.look import looked_at
from swaptools.create.plan import Wipe
from swaptools.create.refuse import refuse_always, refuse_replacing, refuse_useless
from swaptools.create.request import CreateRequest, CreateResult
from swaptools.create.warn import warnings
from swaptools.create.way import Way, choose_way
from swaptools.errors import CreateRefused
from swaptools.format.constants import MAGIC_BYTES
from swaptools.records import NamedTuple

if TYPE_CHECKING:
    from typing import Unpack

    from swaptools.backing import Backing
    from swaptools.contents import Contents
    from swaptools.create.look import Target
    from swaptools.create.plan import CreatePlan
    from swaptools.create.request import AreaOptions
    from swaptools.kernel.attempt import Verdict

__all__ = ["CreateRequest", "CreateResult", "create", "create_ghost", "create_real"]


class _Decision(NamedTuple):
    # What is to be done, and what a kernel will say to it.
    plan: CreatePlan
    way: Way
    verdict: Verdict
    backing: Backing | None
    #: The verdict would be better on a new file in the same place.
    is_curable: bool
    wipes: tuple[Wipe, ...] = ()


def create(request: CreateRequest) -> CreateResult:
    """Make an area as asked, or change nothing.

    Raises:
        CreateRefused: It cannot be, or would destroy something.
        AreaInUse: Swapped on, mounted, locked, or changed meanwhile.
        NotKnownOnDisk: It is made, and may be gone after a crash.
        AreaError: The operating system refused.
    """
    with looked_at(request) as target:
        decision = _decide(request, target, plan_for(request, target))
        if request.if_needed and is_as_asked(request, target, decision.plan):
            return _unchanged(request, target, decision)
        decision = _refuse(request, target, decision)
        if not request.dry_run:
            decision = _write(request, target, decision)
        return CreateResult(
            path=request.path,
            header=decision.plan.header,
            is_ghost=decision.plan.is_ghost,
            file_bytes=_file_bytes(target, decision),
            changed=True,
            wiped=tuple(place.name for place in decision.wipes),
            verdict=decision.verdict,
            warnings=_warnings(target, decision),
        )


def create_ghost(
    path: str | os.PathLike[str], **options: Unpack[AreaOptions]
) -> CreateResult:
    """Make a header-only swapfile that claims ``size_bytes``; see CreateRequest."""
    return create(CreateRequest(path=os.fspath(path), is_ghost=True, **options))


def create_real(
    path: str | os.PathLike[str], **options: Unpack[AreaOptions]
) -> CreateResult:
    """Make an ordinary swap area of ``size_bytes``; see CreateRequest."""
    return create(CreateRequest(path=os.fspath(path), is_ghost=False, **options))


def _decide(request: CreateRequest, target: Target, plan: CreatePlan) -> _Decision:
    new, new_backing = judge_new(target, plan)
    if target.area is None:
        return _Decision(plan, Way.NEW_FILE, new, new_backing, is_curable=False)
    there = judge_there(target.area, plan)
    is_curable = target.is_whole_file and new.accepted and not there.accepted
    way = choose_way(request, target, plan, is_good=not is_curable)
    if way is Way.NEW_FILE:
        return _Decision(plan, way, new, new_backing, is_curable=False)
    return _Decision(plan, way, there, target.area.backing, is_curable)


def _refuse(request: CreateRequest, target: Target, decision: _Decision) -> _Decision:
    # Or go on, with what could not be known before it was sure to be written.
    plan = decision.plan
    refuse_always(target, plan, decision.way)
    contents = _contents(target, plan)
    if not request.force:
        refuse_replacing(target, plan, contents, request.progress)
        if target.area is None:
            refuse_useless(decision.verdict, decision.backing, plan)
    if request.check:
        plan = _without_unreadable(request, target, plan)
    wipes = () if decision.way is Way.NEW_FILE else _to_wipe(target, plan, contents)
    return decision._replace(plan=plan, wipes=wipes)


def _contents(target: Target, plan: CreatePlan) -> Contents | None:
    # Nothing lies in a ghost but its page, and what is to be replaced by one is
    # known by less.
    if target.descriptor is None or plan.is_ghost:
        return None
    from swaptools.observe.contents import find_contents  # a new file holds nothing

    return find_contents(target.descriptor, plan.offset, plan.area_bytes)


def _write(request: CreateRequest, target: Target, decision: _Decision) -> _Decision:
    # A dry run has no use for it.
    from swaptools.create.write import write_in_place, write_new_file

    plan, way = decision.plan, decision.way
    if way is not Way.NEW_FILE:
        write_in_place(target, plan, way, decision.wipes, request.progress)
        return decision
    made: list[tuple[Verdict, Backing]] = []

    def approve(descriptor: int) -> None:
        made.append(judge_made(target, plan, descriptor))
        if target.area is None and not request.force:
            refuse_useless(*made[-1], plan)

    write_new_file(target, plan, approve, request.progress)
    verdict, backing = made[-1]
    return decision._replace(verdict=verdict, backing=backing)


def _unchanged(
    request: CreateRequest, target: Target, decision: _Decision
) -> CreateResult:
    area = target.area
    if area is None or area.header is None:
        raise CreateRefused("vanished while it was looked at")
    return CreateResult(
        path=request.path,
        header=area.header,
        is_ghost=area.is_ghost,
        file_bytes=target.size_bytes,
        changed=False,
        verdict=decision.verdict,
        warnings=_warnings(target, decision),
    )


def _without_unreadable(
    request: CreateRequest, target: Target, plan: CreatePlan
) -> CreatePlan:
    header = plan.header
    pages = header.last_page + 1
    bad = unreadable_pages(
        target.file(), plan.offset, pages, header.page_size, request.progress
    )
    if 0 in bad:
        raise CreateRefused("the header page cannot be read")
    return plan.with_badpages(tuple(sorted({*bad, *header.badpages})))


def _to_wipe(
    target: Target, plan: CreatePlan, contents: Contents | None
) -> tuple[Wipe, ...]:
    # What else lies inside the area.
    if target.area is None or contents is None:
        return ()
    own = plan.header.page_size - MAGIC_BYTES
    found = [
        Wipe(seen.name, seen.offset, MAGIC_BYTES)
        for seen in target.area.signatures
        if seen.offset != own and seen.offset + MAGIC_BYTES <= plan.area_bytes
    ]
    # libblkid knows suspend images, too, by a name of its own.
    ours = {place.offset for place in found}
    found += [
        Wipe(held.type, held.offset_bytes, len(held.magic))
        for held in contents.holds
        if held.offset_bytes not in ours and held.type != "swap"
    ]
    return tuple(found)


def _file_bytes(target: Target, decision: _Decision) -> int:
    # Also of one that a dry run did not make.
    if decision.way is Way.HEADER:
        return target.size_bytes
    return decision.plan.area_bytes


def _warnings(target: Target, decision: _Decision) -> tuple[str, ...]:
    return tuple(
        warnings(
            target,
            decision.plan,
            decision.way,
            decision.verdict,
            decision.backing,
            is_curable=decision.is_curable,
        )
    )
