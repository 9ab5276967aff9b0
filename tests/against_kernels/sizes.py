"""Areas that claim more than the machine's memory can describe, up to 16 TiB.

Some kernels end in the OOM killer or a panic there: such a guest is booted anew, and
swapcheck has to have warned of it.

Not here: other headers (headers.py).
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from swaptools.area import AreaKind, SwapArea
from swaptools.backing import Backing, FileType
from swaptools.check import check_area
from swaptools.rulebook import Severity
from tests.against_kernels import headers
from tests.against_kernels.guest import Disk, Guest, GuestDied
from tests.against_kernels.headers import Question
from tests.against_kernels.targets import PAGE, Target
from tests.builders import header_page, with_page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.against_kernels.packages import Kernel

#: One page less than 16 TiB, which is what last_page can say.
DEVICE_BYTES = (1 << 44) - (1 << 12)
#: From small to large, since the first that kills a kernel ends its list.
LAST_PAGES = tuple((1 << power) - 1 for power in range(22, 33))
PATH = "/disk/3"
QUESTION_SECONDS = 300
#: The kernel logs one failed allocation in ten seconds, and swallows the others.
REST = "rest 10500"


def ask_sizes(kernel: Kernel) -> Iterator[str | None]:
    """Yield, for each size that was asked about, what differs or None."""
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "large.qcow2"
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", str(image), str(DEVICE_BYTES)],
            check=True,
        )
        with Guest(kernel, [Disk(image, format="qcow2")]) as guest:
            for last_page in LAST_PAGES:
                page = header_page(last_page=last_page)
                question = Question(
                    Target(f"{last_page + 1} pages", PATH, _area()), page
                )
                try:
                    guest.ask([REST])
                    (answer,) = headers.ask(guest, [question], QUESTION_SECONDS)
                except GuestDied as why:
                    yield _unforeseen(guest, question, why)
                    return
                found = headers.disagreement(guest, question, answer)
                yield f"{question}: {found}" if found else None


def _area() -> SwapArea:
    return SwapArea(
        path=PATH,
        kind=AreaKind.BLOCK,
        area_bytes=DEVICE_BYTES,
        active=False,
        backing=Backing(file_type=FileType.BLOCK, resolved_path=PATH, block_bytes=512),
    )


def _unforeseen(guest: Guest, question: Question, why: GuestDied) -> str | None:
    # A kernel that dies of an area is told about beside the verdict.
    assert question.page is not None
    area = with_page(question.target.area, question.page)
    report = check_area(area, guest.release, PAGE, guest.ram_bytes)
    if any(finding.severity == Severity.ERROR for finding in report.findings):
        return None
    return f"{question}: the guest died, unforeseen: {why}"
