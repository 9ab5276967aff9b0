"""Hibernation's settings, from a fake /sys and command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from swaptools.observe.names import NamedDevice
from swaptools.observe.power import Hibernation, read_hibernation

if TYPE_CHECKING:
    from pyfakefs.fake_filesystem import FakeFilesystem


def test_a_machine_that_is_set_up(fs: FakeFilesystem) -> None:
    fs.create_file("/sys/power/state", contents="freeze mem disk\n")
    fs.create_file("/sys/power/resume", contents="8:2\n")
    fs.create_file("/sys/power/resume_offset", contents="34816\n")
    fs.create_file("/proc/cmdline", contents="resume=8:2 resume_offset=0x8800\n")
    assert read_hibernation() == Hibernation(
        is_possible=True,
        resume_device=os.makedev(8, 2),
        resume_offset_pages=34816,
        cmdline_resume="8:2",
        cmdline_offset="0x8800",
        cmdline_device=NamedDevice(os.makedev(8, 2)),
    )


def test_a_machine_that_cannot(fs: FakeFilesystem) -> None:
    fs.create_file("/sys/power/state", contents="freeze mem\n")
    fs.create_file("/proc/cmdline", contents="quiet\n")
    assert read_hibernation() == Hibernation(is_possible=False)


def test_without_proc_and_sys_nothing_is_known(fs: FakeFilesystem) -> None:
    assert not fs.exists("/proc")
    assert read_hibernation() == Hibernation()


def test_the_last_of_several_words_counts(fs: FakeFilesystem) -> None:
    words = "resume=8:1 resume_offset=1.. resume=8:2 resume_offset=2"
    fs.create_file("/proc/cmdline", contents=words)
    found = read_hibernation()
    assert (found.cmdline_resume, found.cmdline_offset) == ("8:2", "2")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("noresume", "noresume"),
        ("hibernate=noresume", "hibernate=noresume"),
        ("nohibernate quiet", "nohibernate"),
        ("hibernate=no", "hibernate=no"),
        ("hibernate=nocompress", None),
        ("noresume=x", None),
    ],
)
def test_a_word_that_forbids_it(
    words: str, expected: str | None, fs: FakeFilesystem
) -> None:
    fs.create_file("/proc/cmdline", contents=words)
    assert read_hibernation().forbidden_by == expected
