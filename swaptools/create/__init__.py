"""Making areas: create() looks, plans, refuses or writes, in that order.

target.py looks at what is there and refuses, settle.py fills in defaults, plan.py
decides (pure), write.py writes. create_ghost() and create_real() are create() for
library users.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from swaptools.area import AreaKind
from swaptools.create.content import unreadable_pages
from swaptools.create.plan import CreatePlan, plan_area
from swaptools.create.request import CreateRequest, CreateResult, UuidChoice
from swaptools.create.settle import is_there, settle
from swaptools.create.target import Target, look_at, refuse_always, refuse_replacing
from swaptools.create.write import locked, write_in_place, write_new_file
from swaptools.errors import AreaError, CreateRefused
from swaptools.format.constants import MAGIC_BYTES
from swaptools.observe.contents import look_into

if TYPE_CHECKING:
    from swaptools.format.layout import ByteOrder

__all__ = ["CreateRequest", "CreateResult", "create", "create_ghost", "create_real"]


class _Wipe(NamedTuple):
    # A signature to be zeroed; offset and length in bytes within the area.
    name: str
    offset: int
    length: int


def create(request: CreateRequest) -> CreateResult:
    """Make an area as asked, or change nothing.

    Raises:
        CreateRefused: It cannot be, or would destroy something.
        AreaInUse: Swapped on, mounted, locked, or changed meanwhile.
        AreaError: The operating system refused.
    """
    with ExitStack() as stack:
        target = look_at(request.path, request.offset)
        if request.lock is not None and target.area is not None:
            stack.enter_context(locked(target, wait=request.lock == "wait"))
            # Whoever held the lock may have changed everything meanwhile.
            target = look_at(request.path, request.offset)
        return _create(request, target)


def _create(request: CreateRequest, target: Target) -> CreateResult:
    plan = settle(request, target)
    if request.if_needed and is_there(request, target, plan):
        return _unchanged(request, target, plan)
    refuse_always(target, plan)
    if not request.force:
        refuse_replacing(target, plan)
    if request.check:
        plan = _without_unreadable(request, target, plan)
    wipe = _to_wipe(target, plan)
    if not request.dry_run:
        _write(target, plan, wipe)
    return CreateResult(
        path=request.path,
        header=plan.header,
        is_ghost=plan.is_ghost,
        file_bytes=_file_bytes(target, plan),
        changed=True,
        wiped=tuple(place.name for place in wipe),
        warnings=_warnings(target, plan),
    )


def create_ghost(
    path: str | os.PathLike[str],
    *,
    size_bytes: int | None = None,
    label: str = "",
    uuid: UuidChoice = "random",
    page_size: int | None = None,
    byte_order: ByteOrder | None = None,
    ghost_flag: bool = True,
    force: bool = False,
) -> CreateResult:
    """Make a header-only swapfile that claims ``size_bytes``; see create()."""
    return create(
        CreateRequest(
            path=os.fspath(path),
            size_bytes=size_bytes,
            label=label,
            uuid=uuid,
            page_size=page_size,
            byte_order=byte_order,
            ghost_flag=ghost_flag,
            force=force,
        )
    )


def create_real(
    path: str | os.PathLike[str],
    *,
    size_bytes: int | None = None,
    label: str = "",
    uuid: UuidChoice = "random",
    page_size: int | None = None,
    byte_order: ByteOrder | None = None,
    offset: int = 0,
    badpages: tuple[int, ...] = (),
    force: bool = False,
) -> CreateResult:
    """Make an ordinary swap area of ``size_bytes``; see create()."""
    return create(
        CreateRequest(
            path=os.fspath(path),
            is_ghost=False,
            size_bytes=size_bytes,
            label=label,
            uuid=uuid,
            page_size=page_size,
            byte_order=byte_order,
            offset=offset,
            badpages=badpages,
            force=force,
        )
    )


def _unchanged(
    request: CreateRequest, target: Target, plan: CreatePlan
) -> CreateResult:
    area = target.area
    if area is None or area.header is None:
        raise CreateRefused("vanished while it was looked at")
    return CreateResult(
        path=request.path,
        header=area.header,
        is_ghost=area.is_ghost,
        file_bytes=area.offset + (area.area_bytes or 0),
        changed=False,
        warnings=_warnings(target, plan),
    )


def _without_unreadable(
    request: CreateRequest, target: Target, plan: CreatePlan
) -> CreatePlan:
    header = plan.header
    try:
        with target.resolved.open("rb", buffering=0) as file:
            bad = unreadable_pages(
                file,
                plan.offset,
                header.last_page + 1,
                header.page_size,
                request.progress,
            )
    except OSError as exc:
        raise AreaError.from_os_error(target.path, exc) from exc
    if 0 in bad:
        raise CreateRefused("the header page cannot be read")
    return plan_area(
        size_bytes=header.size_bytes,
        page_size=header.page_size,
        is_ghost=False,
        byte_order=header.byte_order,
        label=header.label,
        uuid=header.uuid,
        badpages=tuple(sorted({*bad, *header.badpages})),
        offset=plan.offset,
    )


def _to_wipe(target: Target, plan: CreatePlan) -> tuple[_Wipe, ...]:
    # What else lies inside the area. A ghost is a whole new file or just its
    # page, so there is nothing else.
    area = target.area
    if area is None or plan.is_ghost or not target.takes_in_place(plan):
        return ()
    own = plan.header.page_size - MAGIC_BYTES
    found = [
        _Wipe(seen.name, seen.offset, MAGIC_BYTES)
        for seen in area.signatures
        if seen.offset != own and seen.offset + MAGIC_BYTES <= plan.area_bytes
    ]
    try:
        seen_there = look_into(str(target.resolved), plan.offset, plan.area_bytes)
    except OSError as exc:
        raise AreaError.from_os_error(target.path, exc) from exc
    # libblkid knows suspend images, too, by a name of its own.
    ours = {place.offset for place in found}
    found += [
        _Wipe(held.type, held.offset_bytes, len(held.magic))
        for held in seen_there.holds
        if held.offset_bytes not in ours and held.type != "swap"
    ]
    return tuple(found)


def _write(target: Target, plan: CreatePlan, wipe: tuple[_Wipe, ...]) -> None:
    if target.takes_in_place(plan):
        # What lies in the header page goes with it.
        places = tuple(
            (place.offset, place.length)
            for place in wipe
            if place.offset >= plan.header.page_size
        )
        write_in_place(target, plan, wipe=places)
    else:
        write_new_file(target, plan)


def _file_bytes(target: Target, plan: CreatePlan) -> int:
    area = target.area
    if area is None or area.area_bytes is None or not target.takes_in_place(plan):
        return plan.area_bytes
    return plan.offset + area.area_bytes


def _warnings(target: Target, plan: CreatePlan) -> tuple[str, ...]:
    # What swapon(8) and the kernel mind of a whole file; an image is for others.
    area = target.area
    if (
        area is None
        or area.kind is not AreaKind.FILE
        or not target.takes_in_place(plan)
    ):
        return ()
    if plan.is_ghost or area.mode is None or area.allocated_bytes is None:
        return ()
    found = []
    if area.mode & 0o077:
        found.append(
            f"insecure permissions {area.mode:04o}, fix with: chmod 0600 {target.path}"
        )
    if area.allocated_bytes < (area.area_bytes or 0):
        found.append(
            "has holes, which the kernel refuses;"
            f" fix with: fallocate -l {area.area_bytes} {target.path}"
        )
    return tuple(found)
