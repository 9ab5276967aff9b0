from __future__ import annotations

import pytest

from swaptools.format.header import SwapHeader
from swaptools.format.hibernation import SuspendHeader, flag_names
from tests.builders import COMMON, header_page, suspend_tail


@pytest.mark.parametrize(("page_size", "byte_order"), COMMON)
def test_the_kernels_image_fills_every_field(page_size: int, byte_order: str) -> None:
    page = header_page(
        page_size=page_size,
        byte_order=byte_order,
        patches=(suspend_tail(byte_order=byte_order),),
    )
    assert SwapHeader.parse(page).hibernation == SuspendHeader(
        signature="S1SUSPEND",
        orig_sig="SWAPSPACE2",
        image=0x99AABBCC,
        flags=5,
        hw_sig=0x11223344,
        crc32=0x55667788,
    )


@pytest.mark.parametrize("sig", [b"S2SUSPEND\0", b"ULSUSPEND\0"])
def test_user_space_suspend_keeps_the_old_magic_only(sig: bytes) -> None:
    page = header_page(patches=(suspend_tail(sig=sig),))
    name = sig.rstrip(b"\0").decode()
    assert SwapHeader.parse(page).hibernation == SuspendHeader(name, "SWAPSPACE2")


@pytest.mark.parametrize("sig", [b"LINHIB0001", bytes.fromhex("edc302e99856e50c0000")])
def test_a_writer_that_keeps_no_old_magic_leaves_it_unknown(sig: bytes) -> None:
    header = SwapHeader.parse(header_page(magic=sig))
    assert header.hibernation is not None
    assert header.hibernation.orig_sig is None
    assert header.hibernation.image is None


def test_residue_after_a_resume_is_no_image() -> None:
    """Resume puts the magic back and leaves the other fields where they were."""
    page = header_page(patches=(suspend_tail(sig=b"SWAPSPACE2"),))
    header = SwapHeader.parse(page)
    assert header.hibernation is None
    assert header.build() == page


def test_flags_have_the_kernels_names() -> None:
    assert flag_names(0) == ()
    assert flag_names(31) == (
        "PLATFORM_MODE",
        "NOCOMPRESS_MODE",
        "CRC32_MODE",
        "HW_SIG",
        "COMPRESSION_ALG_LZ4",
    )
    assert flag_names(0x80000008) == ("HW_SIG", "0x80000000")
