"""A new file, or the header over what is there: decided once, before anything else.

Not here: whether it may be done (refuse.py), doing it (write.py).
"""

from __future__ import annotations

import os
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from swaptools.create.look import Target
    from swaptools.create.plan import CreatePlan
    from swaptools.create.request import CreateRequest


class Way(Enum):
    """How a plan is carried out."""

    #: A new file, which takes the name of an old one in one step.
    NEW_FILE = auto()
    #: One write of the header page over what is there.
    HEADER = auto()
    #: The same, and the file gets another length: there is no room for two.
    RESIZE = auto()


def choose_way(
    request: CreateRequest, target: Target, plan: CreatePlan, *, is_good: bool
) -> Way:
    """Choose how the plan is carried out.

    Args:
        request: What was asked for; ``-f`` lets an ordinary file be replaced.
        target: What is there.
        plan: What it is to be.
        is_good: A new file would be no better than the one that is there.
    """
    area = target.area
    if area is None or area.area_bytes is None:
        return Way.NEW_FILE
    if plan.is_ghost:
        fits = target.is_header_only and area.area_bytes == plan.area_bytes
        return Way.HEADER if fits else Way.NEW_FILE
    if not request.force or not target.is_whole_file:
        return Way.HEADER
    if not is_good:
        return Way.NEW_FILE
    if not _changes_length(request, area.area_bytes, plan):
        return Way.HEADER
    return Way.NEW_FILE if _has_room(target, plan) else Way.RESIZE


def _changes_length(request: CreateRequest, old_bytes: int, plan: CreatePlan) -> bool:
    # A file is cut only to a size that was asked for, and not for a part of a page.
    if plan.area_bytes > old_bytes:
        return True
    whole_bytes = old_bytes - old_bytes % plan.header.page_size
    return request.size_bytes is not None and plan.area_bytes < whole_bytes


def _has_room(target: Target, plan: CreatePlan) -> bool:
    space = os.fstatvfs(target.place.directory)
    return space.f_bavail * space.f_frsize >= plan.area_bytes
