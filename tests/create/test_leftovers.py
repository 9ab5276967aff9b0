"""What a killed run left is removed by the next one, and nothing else is."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Any

import pytest

from swaptools.create import CreateRequest, create, leftovers, naming
from swaptools.create.place import find_place
from tests.builders import header_page
from tests.conftest import needs_proc
from tests.create.witness import listing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEAD = ".area.ghost-mkswap.0123abcd"
#: Ways that write, and one that only looks.
WISHES: dict[str, dict[str, Any]] = {
    "new": {"path": "area", "size_bytes": 1 << 20},
    "in place": {"path": "area", "size_bytes": 1 << 20, "page_size": 4096},
    "replaced": {"path": "area", "size_bytes": 1 << 20, "page_size": 8192},
    "real": {"path": "area", "size_bytes": 1 << 20, "is_ghost": False, "force": True},
}


def run(tmp_path: Path, case: str, **more: Any) -> None:
    wishes = WISHES[case] | more
    path = tmp_path / wishes.pop("path")
    if case != "new":
        path.write_bytes(header_page())
        path.chmod(0o600)
    create(CreateRequest(path=str(path), **wishes))


def remove_leftovers_of(path: Path) -> None:
    with find_place(str(path)) as place:
        leftovers.remove_leftovers(place)


@pytest.mark.parametrize(
    "has_proc",
    [
        pytest.param(True, id="unnamed", marks=needs_proc),
        pytest.param(False, id="named"),
    ],
)
@pytest.mark.parametrize("case", WISHES)
def test_the_next_run_on_the_path_removes_it(
    case: str, has_proc: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "_has_proc", lambda: has_proc)
    (tmp_path / DEAD).write_bytes(b"half of it")
    (tmp_path / DEAD.replace("0", "f")).touch()
    run(tmp_path, case)
    assert listing(tmp_path) == ["area"]


@pytest.mark.parametrize(
    "name",
    [
        ".area.ghost-mkswap.0123abcg",
        ".area.ghost-mkswap.0123abc",
        ".area.ghost-mkswap.0123abcde",
        ".area.ghost-mkswap.0123ABCD",
        ".areas.ghost-mkswap.0123abcd",
        ".xarea.ghost-mkswap.0123abcd",
        "area.ghost-mkswap.0123abcd",
        ".area.mkswap.0123abcd",
    ],
)
def test_another_name_is_not_ours(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    run(tmp_path, "new")
    assert listing(tmp_path) == sorted(["area", name])


def test_a_name_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / DEAD).touch()
    create(CreateRequest(path=str(tmp_path / "a.*a"), size_bytes=1 << 20))
    assert DEAD in listing(tmp_path)


def test_what_a_living_run_has_locked_stays(tmp_path: Path) -> None:
    with (tmp_path / DEAD).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        run(tmp_path, "new")
        assert listing(tmp_path) == [DEAD, "area"]


def test_what_is_no_regular_file_stays(tmp_path: Path) -> None:
    made = [DEAD.replace("0", digit) for digit in "4567"]
    victim = tmp_path / "victim"
    victim.touch()
    os.mkfifo(tmp_path / made[0])
    (tmp_path / made[1]).mkdir()
    (tmp_path / made[2]).symlink_to(victim)
    (tmp_path / made[3]).symlink_to(tmp_path / "nothing")
    run(tmp_path, "new")
    assert listing(tmp_path) == sorted([*made, "area", "victim"])


def test_what_belongs_to_somebody_else_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / DEAD).touch()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    run(tmp_path, "new")
    assert listing(tmp_path) == [DEAD, "area"]


@pytest.mark.parametrize("how", ["dry run", "as asked"])
def test_who_changes_nothing_removes_nothing(how: str, tmp_path: Path) -> None:
    (tmp_path / DEAD).touch()
    if how == "dry run":
        run(tmp_path, "new", dry_run=True)
    else:
        run(tmp_path, "in place", size_bytes=None, if_needed=True)
    assert DEAD in listing(tmp_path)


@pytest.mark.parametrize("refuses", ["scandir", "flock"])
def test_what_cannot_be_looked_at_is_left_alone(
    refuses: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory that may not be read, a file system without locks."""

    def no(*_: object) -> None:
        raise PermissionError("no")

    (tmp_path / DEAD).touch()
    monkeypatch.setattr(os if refuses == "scandir" else fcntl, refuses, no)
    run(tmp_path, "new")
    monkeypatch.undo()
    assert listing(tmp_path) == [DEAD, "area"]


def test_a_file_that_another_run_took_for_a_leftover_gets_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between making a file and locking it, it looks like one of the dead."""
    monkeypatch.setattr(naming, "_has_proc", lambda: False)
    real = naming._lock
    seen: list[str] = []

    def late(file: Any) -> bool:
        if not seen:
            seen.extend(listing(tmp_path))
            remove_leftovers_of(tmp_path / "area")
        return real(file)

    monkeypatch.setattr(naming, "_lock", late)
    run(tmp_path, "new")
    assert len(seen) == 1
    assert listing(tmp_path) == ["area"]
    assert (tmp_path / "area").stat().st_size > 0


@pytest.mark.parametrize(
    "has_proc",
    [
        pytest.param(True, id="unnamed", marks=needs_proc),
        pytest.param(False, id="named"),
    ],
)
def test_a_run_beside_ours_takes_nothing_of_ours(
    has_proc: bool,
    area_file: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the first moment on, what we fill is locked."""
    monkeypatch.setattr(naming, "_has_proc", lambda: has_proc)
    path = area_file()
    real = naming._name_for_good

    def late(*args: Any) -> None:
        remove_leftovers_of(path)
        real(*args)

    monkeypatch.setattr(naming, "_name_for_good", late)
    run(path.parent, "replaced")
    assert path.stat().st_size == 8192
