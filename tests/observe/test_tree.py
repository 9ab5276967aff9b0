"""A tree is read as if it were the root: links stay inside, nothing is raised."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from swaptools.observe.tree import Tree
from tests.unprivileged import as_nobody, own_directory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with an etc, and a secret beside it."""
    (tmp_path / "secret").write_text("outside")
    (tmp_path / "root" / "etc").mkdir(parents=True)
    (tmp_path / "root" / "usr" / "etc").mkdir(parents=True)
    return tmp_path / "root"


@pytest.mark.parametrize(
    "target",
    ["/secret", "../../secret", "../../../../../../secret", "/../secret", "../secret"],
)
def test_a_link_leads_nowhere_outside(root: Path, target: str) -> None:
    (root / "etc" / "fstab").symlink_to(target)
    tree = Tree(str(root))
    assert tree.read("/etc/fstab") is None
    assert tree.unseen == []
    (root / "secret").write_text("inside")
    assert tree.read("/etc/fstab") == b"inside"


def test_absolute_links_and_links_of_directories_begin_at_the_root(root: Path) -> None:
    (root / "usr" / "etc" / "fstab").write_text("x")
    (root / "etc").rmdir()
    (root / "etc").symlink_to("/usr/etc")
    tree = Tree(str(root))
    assert tree.read("/etc/fstab") == b"x"
    assert tree.resolve("/etc/fstab") == "/usr/etc/fstab"
    assert tree.list("/etc", "tab") == ["/etc/fstab"]
    assert tree.link("/etc") == "/usr/etc"
    assert tree.link("/etc/fstab") is None


def test_a_circle_is_said(root: Path) -> None:
    (root / "etc" / "fstab").symlink_to("crypttab")
    (root / "etc" / "crypttab").symlink_to("fstab")
    (root / "loop").symlink_to("loop/loop")
    tree = Tree(str(root))
    assert tree.read("/etc/fstab") is None
    assert tree.list("/loop") == []
    assert tree.text("/etc/crypttab") is None
    assert [tuple(one) for one in tree.unseen] == [
        ("/etc/fstab", "Too many levels of symbolic links"),
        ("/loop", "Too many levels of symbolic links"),
    ]


def test_odd_files_are_not_read_and_told(root: Path) -> None:
    """But for what masks a file."""
    os.mkfifo(root / "etc" / "fifo")
    (root / "etc" / "directory").mkdir()
    (root / "etc" / "null").symlink_to("/dev/null")
    tree = Tree(str(root))
    found = [tree.read(f"/etc/{name}") for name in ("fifo", "directory", "null")]
    assert found == [None] * 3
    assert tree.read("/etc/a\0b") is None
    assert [tuple(one) for one in tree.unseen] == [
        ("/etc/fifo", "is no regular file"),
        ("/etc/directory", "is no regular file"),
        ("/etc/a\0b", "embedded null byte"),
    ]


def test_no_more_than_a_megabyte_is_read(root: Path) -> None:
    (root / "etc" / "fstab").write_bytes(b"x" * (1 << 20))
    tree = Tree(str(root))
    assert len(tree.read("/etc/fstab") or b"") == 1 << 20
    assert tree.unseen == []
    (root / "etc" / "fstab").write_bytes(b"x" * (3 << 20))
    assert len(tree.read("/etc/fstab") or b"") == 1 << 20
    assert len(tree.read("/etc/fstab") or b"") == 1 << 20
    assert [one.path for one in tree.unseen] == ["/etc/fstab"]


def test_what_may_not_be_read_is_said() -> None:
    with own_directory() as root:
        (root / "etc").mkdir(mode=0o755)
        (root / "etc" / "crypttab").write_text("x")
        (root / "etc" / "crypttab").chmod(0)
        (root / "boot").mkdir(mode=0)
        root.chmod(0o755)

        def body() -> None:
            tree = Tree(str(root))
            assert tree.read("/etc/crypttab") is None
            assert tree.list("/boot/loader/entries") == []
            assert tree.unseen == [
                ("/etc/crypttab", "Permission denied"),
                ("/boot/loader/entries", "Permission denied"),
            ]

        as_nobody(body)


@pytest.mark.parametrize("name", ["none", "file"])
def test_a_root_has_to_be_a_directory(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="directory"):
        Tree(str(tmp_path / name))
