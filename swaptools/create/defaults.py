"""What is taken where nothing was asked for: a request becomes a plan.

From the header that is there with ``--keep-id``, from the file or device, from
this machine.

Not here: whether the plan may be carried out (refuse.py).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from uuid import UUID, uuid1, uuid4

from swaptools.create.plan import CreatePlan, plan_area, seeded_uuid
from swaptools.errors import CreateRefused
from swaptools.observe.proc import memory_bytes, page_size_bytes

if TYPE_CHECKING:
    from swaptools.area import SwapArea
    from swaptools.create.look import Target
    from swaptools.create.request import CreateRequest
    from swaptools.format.header import SwapHeader


def plan_for(request: CreateRequest, target: Target) -> CreatePlan:
    """Fill in what was not asked for.

    Raises:
        CreateRefused: The area cannot be, see plan_area(), its size is not known,
            or there is nothing to keep.
    """
    if request.offset or request.partition is not None:
        _need_a_whole(request, target)
    old = _kept(target) if request.keep_id else None
    label = request.label
    if label is None:
        label = old.label if old else ""
    if request.badpages or request.check:
        _need_block_device(request, target)
    return plan_area(
        size_bytes=_size_bytes(request, target, old),
        page_size=request.page_size or (old.page_size if old else page_size_bytes()),
        is_ghost=request.is_ghost,
        byte_order=request.byte_order or (old.byte_order if old else sys.byteorder),
        label=label,
        uuid=_uuid(request, old, label),
        badpages=request.badpages,
        ghost_flag=request.ghost_flag,
        offset=request.offset if target.area is None else target.area.offset,
    )


def _need_a_whole(request: CreateRequest, target: Target) -> None:
    if request.is_ghost:
        raise CreateRefused("a ghost is a whole file, not a part of one")
    if target.area is None:
        part = "an offset" if request.offset else "a partition"
        raise CreateRefused(f"{part} needs an existing file or device")


def _kept(target: Target) -> SwapHeader:
    # The header whose identity stays. A bitmap has neither label nor UUID.
    if target.area is None:
        raise CreateRefused("nothing is there whose UUID and label could be kept")
    header = target.area.header
    if header is None:
        raise CreateRefused("holds no swap header whose UUID and label could be kept")
    if header.signature == "SWAP-SPACE":
        raise CreateRefused("is of version 0, which has no UUID or label to keep")
    return header


def _size_bytes(request: CreateRequest, target: Target, old: SwapHeader | None) -> int:
    if request.size_bytes is not None:
        return request.size_bytes
    if old is not None:
        return old.size_bytes
    if not request.is_ghost:
        if target.area is None or target.area.area_bytes is None:
            raise CreateRefused("a new file needs a SIZE")
        return target.area.area_bytes
    ram_bytes = memory_bytes()
    if ram_bytes is None:
        raise CreateRefused("cannot tell the size of RAM; give a SIZE")
    return ram_bytes


def _uuid(request: CreateRequest, old: SwapHeader | None, label: str) -> UUID | None:
    if request.uuid_seed == "":  # a variable that was not set, and the same each time
        raise CreateRefused("the seed of the UUID is empty")
    if request.uuid_seed is not None:
        return seeded_uuid(request.uuid_seed, label)
    match request.uuid:
        case UUID():
            return request.uuid
        case "clear":
            return None
        case "time":
            return uuid1()
        case None if old is not None:
            return old.uuid
        case _:
            return uuid4()


def _need_block_device(request: CreateRequest, target: Target) -> None:
    if request.is_ghost or not target.is_block:
        raise CreateRefused(
            "bad pages are for block devices; a kernel refuses a file that lists any"
        )


def is_as_asked(request: CreateRequest, target: Target, plan: CreatePlan) -> bool:
    """Tell whether what is there is already what was asked for."""
    # Only what was asked for is compared: a default need not match itself twice.
    area = target.area
    if area is None or area.header is None or area.header.signature != "SWAPSPACE2":
        return False
    old, new = area.header, plan.header
    return (
        old.version == 1
        and area.is_ghost == plan.is_ghost
        and _is_sound(area, plan)
        and (request.size_bytes is None or old.last_page == new.last_page)
        and old.page_size == new.page_size
        and old.byte_order == new.byte_order
        and (request.label is None or old.sws_volume == new.sws_volume)
        and (request.ghost_flag or not old.ghost_flag)
        and _has_uuid(request, old, new)
        and (not request.badpages or old.badpages == new.badpages)
    )


def _is_sound(area: SwapArea, plan: CreatePlan) -> bool:
    # A ghost that others can read is mended; a real area has to be there whole.
    if plan.is_ghost:
        return area.mode is not None and not area.mode & 0o077
    return area.area_bytes is not None and (
        area.header is None or area.header.size_bytes <= area.area_bytes
    )


def _has_uuid(request: CreateRequest, old: SwapHeader, new: SwapHeader) -> bool:
    if request.uuid_seed is not None or isinstance(request.uuid, UUID):
        return old.sws_uuid == new.sws_uuid
    if request.uuid == "clear":
        return old.uuid is None
    return request.uuid is None or old.uuid is not None
