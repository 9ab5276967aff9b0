"""Where compiled code is kept: ours alone, or nowhere."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from swaptools import compile_cache
from swaptools.compile_cache import CompileCache

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory that nobody has made yet, in a home of our own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def said() -> list[str]:
    """What a cache has to say to people."""
    return []


@pytest.fixture
def cache(said: list[str]) -> CompileCache:
    return CompileCache(said.append)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_all_that_is_made_is_for_its_owner_alone(
    umask: int, base: Path, cache: CompileCache
) -> None:
    before = os.umask(umask)
    try:
        folder = cache.folder("v1")
        assert folder is not None
        with cache.compiling("v1"):
            (folder / "code").write_bytes(b"x")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert folder == base / "swaptools" / "v1"
    assert [mode(path) for path in (base, base / "swaptools", folder)] == [0o700] * 3
    assert mode(folder / "code") == 0o600


@pytest.mark.parametrize("what", ["v1", "swaptools", "cache"])
def test_what_another_process_removed_is_made_again(
    what: str, base: Path, cache: CompileCache, said: list[str]
) -> None:
    """By --clear-cache, or since other versions were used more lately."""
    folder = cache.folder("v1")
    assert folder is not None
    shutil.rmtree({"v1": folder, "swaptools": folder.parent, "cache": base}[what])
    with cache.compiling("v1"):
        assert cache.folder("v1") == folder
        assert folder.is_dir()
    assert said == [
        "compiling the emulator, which takes a minute or two the first time"
    ]


@pytest.mark.parametrize(
    ("named", "where"),
    [
        ("relative/is/ignored", "{}/.cache/swaptools/v1"),
        ("", "{}/.cache/swaptools/v1"),
        ("{}/cache", "{}/cache/swaptools/v1"),
    ],
)
def test_the_place_is_that_of_the_xdg_specification(
    named: str,
    where: str,
    base: Path,
    cache: CompileCache,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", named.format(base.parent))
    assert str(cache.folder("v1")) == where.format(base.parent)


def open_to_all(base: Path) -> None:
    base.mkdir()
    base.chmod(0o777)


def open_to_a_group(base: Path) -> None:
    (base / "swaptools").mkdir(parents=True)
    (base / "swaptools").chmod(0o770)


def a_link(base: Path) -> None:
    base.mkdir(0o700)
    (base.parent / "elsewhere").mkdir(0o700)
    (base / "swaptools").symlink_to(base.parent / "elsewhere")


def a_link_below(base: Path) -> None:
    (base / "swaptools").mkdir(parents=True)
    (base.parent / "elsewhere").mkdir(0o700)
    (base / "swaptools" / "v1").symlink_to(base.parent / "elsewhere")


def a_file(base: Path) -> None:
    base.write_bytes(b"")


def a_file_below(base: Path) -> None:
    base.mkdir(0o700)
    (base / "swaptools").write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (open_to_all, "{}: somebody else can change it"),
        (open_to_a_group, "{}/swaptools: somebody else can write to it"),
        (a_link, "{}/swaptools: is not a directory"),
        (a_link_below, "{}/swaptools/v1: is not a directory"),
        (a_file, "{}/swaptools: Not a directory"),
        (a_file_below, "{}/swaptools: is not a directory"),
    ],
)
def test_what_is_not_ours_alone_is_not_used_and_said_once(
    spoil: Callable[[Path], None],
    reason: str,
    base: Path,
    cache: CompileCache,
    said: list[str],
) -> None:
    spoil(base)
    assert [cache.folder("v1"), cache.folder("v1"), cache.folder("v2")] == [None] * 3
    assert said == [f"compiled code is not kept: {reason.format(base)}"]
    assert list(base.parent.glob("elsewhere/*")) == []


@pytest.mark.skipif("os.geteuid() != 0", reason="only root can give files away")
@pytest.mark.parametrize("name", ["cache", "cache/swaptools", "cache/swaptools/v1"])
def test_what_belongs_to_somebody_else_is_not_used(
    name: str, base: Path, cache: CompileCache, said: list[str]
) -> None:
    """So root leaves nothing behind in the home of a user, either."""
    (base / "swaptools" / "v1").mkdir(parents=True, mode=0o700)
    os.chown(base.parent / name, 1234, 1234)
    assert cache.folder("v1") is None
    assert "somebody else" in said[0]


def test_a_shared_directory_will_do_if_it_is_sticky(
    base: Path, cache: CompileCache, said: list[str]
) -> None:
    base.mkdir()
    base.chmod(0o1777)
    assert cache.folder("v1") is not None
    assert said == []


def test_a_directory_that_others_may_read_is_closed(
    base: Path, cache: CompileCache
) -> None:
    (base / "swaptools").mkdir(parents=True)
    (base / "swaptools").chmod(0o755)
    assert cache.folder("v1") is not None
    assert mode(base / "swaptools") == 0o700


@pytest.mark.parametrize("home", ["/nonexistent", "/proc/1", "relative", "/dev/null"])
def test_a_home_that_takes_no_files_is_said_and_not_made(
    home: str, cache: CompileCache, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache.folder("v1") is None
    assert [line.partition(":")[0] for line in said] == ["compiled code is not kept"]
    assert not os.path.exists("/nonexistent")  # noqa: PTH110


def test_a_cache_that_cannot_be_had_stops_no_compiling(
    cache: CompileCache, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    with cache.compiling("v1"):
        pass
    cache.conclude()
    assert said == [
        "compiled code is not kept: /nonexistent: No such file or directory",
        "compiling the emulator, which takes a minute or two the first time",
        "compiled in 0 s",
    ]


def test_old_versions_go(base: Path, cache: CompileCache) -> None:
    for number in range(6):
        folder = cache.folder(f"v{number}")
        assert folder is not None
        os.utime(folder, (number, number))
    kept = sorted(path.name for path in (base / "swaptools").iterdir())
    assert kept == ["v2", "v3", "v4", "v5"]


def test_what_was_added_to_a_source_goes_with_it(
    base: Path, cache: CompileCache
) -> None:
    """However many policies were compiled with each."""
    for number, name in enumerate(
        ["v0", "v0-a", "v0-b", "v1-a", "v2", "v3-a", "v3-b", "v4", "v4-a"]
    ):
        folder = cache.folder(name)
        assert folder is not None
        os.utime(folder, (number, number))
    kept = sorted(path.name for path in (base / "swaptools").iterdir())
    assert kept == ["v1-a", "v2", "v3-a", "v3-b", "v4", "v4-a"]


def test_whether_something_is_kept_is_told_and_nothing_made(
    base: Path, cache: CompileCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not cache.has("v1")
    assert not base.exists()
    folder = base / "swaptools" / "v1"
    folder.mkdir(parents=True)
    assert not cache.has("v1")
    (folder / "code").write_bytes(b"x")
    assert cache.has("v1")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "nowhere")
    assert not cache.has("v1")


def test_compiling_is_announced_once_and_its_time_told(
    base: Path, cache: CompileCache, said: list[str]
) -> None:
    for _ in range(3):
        with cache.compiling("v1"):
            pass
    cache.conclude()
    assert said == [
        "compiling the emulator, which takes a minute or two the first time",
        f"compiled in 0 s, kept in {base}/swaptools",
    ]


def test_what_is_there_already_needs_no_word(
    base: Path, cache: CompileCache, said: list[str]
) -> None:
    (base / "swaptools" / "v1").mkdir(parents=True)
    (base / "swaptools" / "v1" / "code").write_bytes(b"x")
    with cache.compiling("v1"):
        pass
    cache.conclude()
    assert said == []


def test_a_cache_that_fails_on_the_way_is_given_up(
    base: Path, cache: CompileCache, said: list[str]
) -> None:
    assert cache.folder("v1") == base / "swaptools" / "v1"
    cache.give_up("No space left on device")
    cache.give_up("No space left on device")
    assert cache.folder("v1") is None
    assert said == ["compiled code is not kept: No space left on device"]


def test_clear_removes_ours_and_nothing_else(base: Path, cache: CompileCache) -> None:
    assert compile_cache.clear() == (base / "swaptools", 0)
    folder = cache.folder("v1")
    assert folder is not None
    (folder / "code").write_bytes(bytes(5000))
    (base / "other").mkdir()
    where, size_bytes = compile_cache.clear()
    assert (where, size_bytes >= 5000) == (base / "swaptools", True)
    assert [path.name for path in base.iterdir()] == ["other"]


def test_clear_follows_no_link(base: Path) -> None:
    a_link(base)
    (base.parent / "elsewhere" / "precious").write_bytes(b"")
    with pytest.raises(OSError, match="is not a directory"):
        compile_cache.clear()
    assert (base.parent / "elsewhere" / "precious").exists()


@pytest.mark.slow
def test_the_command_clears_and_says_so(base: Path, cache: CompileCache) -> None:
    folder = cache.folder("v1")
    assert folder is not None
    (folder / "code").write_bytes(bytes(1 << 20))
    words = [sys.executable, "-c", "from swaptools.cli import start; start.swapemu()"]
    done = [
        subprocess.run([*words, "--clear-cache"], capture_output=True, text=True)
        for _ in range(2)
    ]
    assert done[0].stdout.startswith(f"removed {base}/swaptools, 1 MiB")
    assert done[1].stdout == f"{base}/swaptools is not there\n"
    assert [one.stderr for one in done] == ["", ""]


#: Does one thing after the other, and says of what it waited for whether it is there.
IN_TURN = """
import sys
from pathlib import Path
from swaptools.compile_cache import one_at_a_time
folder = Path(sys.argv[1])
with one_at_a_time(folder, "other"):
    print("other", flush=True)
with one_at_a_time(folder, "same"):
    print((folder / "done").exists())
"""


def test_of_two_processes_one_waits_for_what_the_other_does(tmp_path: Path) -> None:
    with compile_cache.one_at_a_time(tmp_path, "same"):
        child = subprocess.Popen(
            [sys.executable, "-c", IN_TURN, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "other\n"
        (tmp_path / "done").touch()
    assert child.communicate()[0] == "True\n"


#: Says whether it has what another process does not let go.
IMPATIENT = """
import sys
from pathlib import Path
from swaptools import compile_cache
compile_cache._PATIENCE_S = 0.1
with compile_cache.one_at_a_time(Path(sys.argv[1]), "same"):
    print("goes on")
"""


def test_who_has_stopped_is_not_waited_for(tmp_path: Path) -> None:
    with compile_cache.one_at_a_time(tmp_path, "same"):
        words = [sys.executable, "-c", IMPATIENT, str(tmp_path)]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said == "goes on\n"


def test_each_process_begins_with_another_thing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orders = []
    for pid in (6, 7, 8):
        monkeypatch.setattr(os, "getpid", lambda pid=pid: pid)
        orders.append(compile_cache.in_our_order(["a", "b", "c"]))
    assert orders == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]
    assert compile_cache.in_our_order([]) == []


def test_where_nothing_can_be_locked_nobody_waits(tmp_path: Path) -> None:
    with compile_cache.one_at_a_time(tmp_path / "nowhere", "name"):
        assert [*tmp_path.iterdir()] == []


def test_after_the_end_it_says_no_more(
    base: Path, cache: CompileCache, said: list[str]
) -> None:
    """The command that listened is over; a library's user goes on."""
    cache.conclude()
    cache.announce()
    assert said == []
