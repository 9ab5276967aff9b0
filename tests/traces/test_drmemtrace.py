"""drmemtrace: one thread, a run of several, and what lies beside them."""

from __future__ import annotations

import gzip
import io
import os
import struct
import threading
import tracemalloc
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from swaptools.errors import TraceError
from swaptools.references import CODE, WRITE
from swaptools.traces.formats import open_trace
from tests.traces import samples
from tests.traces.samples import Reference, read_all

TASK = 77
EXPECTED = [
    Reference(0x401, CODE, TASK),
    Reference(0x402, CODE, TASK),
    Reference(0x7FFF0, 0, TASK),
    Reference(0x602, WRITE, TASK),
    Reference(0xFFFFFFFFFFFFF, CODE, TASK),
    Reference(0x603, 0, TASK),
    *[Reference(0x10 + page, 0, TASK) for page in range(16)],
]
#: Samples of the DynamoRIO project, where somebody has put them.
REAL = Path(os.environ.get("SWAPTOOLS_DRMEMTRACE", "samples/drmemtrace"))


@pytest.fixture(params=[True, False], ids=["numpy", "plain"])
def _either_way(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if request.param:
        pytest.importorskip("numpy")
    else:
        name = "swaptools.traces.drmemtrace_records.has_numpy"
        monkeypatch.setattr(name, lambda: False)


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("kind", ["zip", "plain", "gzip"])
def test_accesses_and_instructions(tmp_path: Path, kind: str) -> None:
    """Over chunks, and over the ends of pages; what is fetched again is not counted."""
    path = tmp_path / "t"
    data = samples.drmemtrace(as_zip=kind == "zip")
    path.write_bytes(gzip.compress(data) if kind == "gzip" else data)
    assert read_all(path) == EXPECTED
    with open_trace(str(path)) as found:
        times = [(one.first_ns, one.last_ns) for one in found]
    assert times[0] == (1_000_000, 1_000_000)
    assert times[-1] == (2_000_000, 2_000_000)


def thread(task: int, parts: list[tuple[int, int]]) -> bytes:
    """One access at a time: (microseconds, page)."""
    records = [(25, 0, 9), (28, 12, 3), (24, 4, task)]
    for time_us, page in parts:
        records += [(28, 2, time_us), (0, 1, page << 12)]
    return zipped(b"".join(struct.pack("<HHQ", *record) for record in records))


def zipped(data: bytes) -> bytes:
    """Records as the one chunk of a thread."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("chunk.0000", data)
    return file.getvalue()


@pytest.mark.parametrize("below", ["", "trace"])
def test_threads_of_a_directory_are_put_together(tmp_path: Path, below: str) -> None:
    """By their timestamps, one that goes back included; other files are not read."""
    folder = tmp_path / below
    folder.mkdir(exist_ok=True)
    (folder / "a.trace.zip").write_bytes(thread(1, [(10, 1), (30, 3), (20, 4)]))
    (folder / "b.trace.zip").write_bytes(thread(2, [(15, 2), (40, 5)]))
    (folder / "cpu_schedule.bin.zip").write_bytes(b"something else")
    found = read_all(tmp_path)
    assert [(one.page, one.task) for one in found] == [
        (1, 1),
        (2, 2),
        (3, 1),
        (4, 1),
        (5, 2),
    ]


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("as_zip", [True, False])
def test_the_size_of_pages_is_what_a_marker_says(tmp_path: Path, as_zip: bool) -> None:
    path = tmp_path / "t"
    records = [(25, 0, 9), (28, 12, 3), (24, 4, TASK), (28, 18, 1 << 16), (28, 2, 5)]
    records += [(0, 8, 0x2FFFE), (1, 4, 0x50000)]
    data = b"".join(struct.pack("<HHQ", *record) for record in records)
    path.write_bytes(zipped(data) if as_zip else data)
    with open_trace(str(path)) as found:
        assert found.about.page_size == 1 << 16
    assert read_all(path) == [
        Reference(2, 0, TASK),
        Reference(3, 0, TASK),
        Reference(5, WRITE, TASK),
    ]


@pytest.mark.parametrize("size", [0, 1, 3000, 1 << 40, (1 << 64) - 1])
def test_pages_of_no_such_size_are_broken(tmp_path: Path, size: int) -> None:
    path = tmp_path / "t"
    records = [(25, 0, 9), (28, 12, 3), (28, 18, size), (24, 4, TASK), (0, 8, 0x5000)]
    path.write_bytes(b"".join(struct.pack("<HHQ", *record) for record in records))
    with pytest.raises(TraceError, match=f"byte 24: pages of {size} bytes"):
        open_trace(str(path))
    with open_trace(str(path), skip_broken=True) as found:
        assert [list(batch.pages) for batch in found] == [[5]]


@pytest.mark.slow
def test_a_member_that_expands_without_end_is_streamed(tmp_path: Path) -> None:
    """A thousand to one, in the memory of a piece."""
    path = tmp_path / "t"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("chunk.0000", struct.pack("<HHQ", 0, 1, 0) * 3_000_000)
    tracemalloc.start()
    with open_trace(str(path)) as found:
        count = sum(len(one.pages) for one in found)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 3_000_000
    assert peak < 24 << 20


def test_a_zip_that_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "t"
    whole = bytearray(samples.drmemtrace())
    path.write_bytes(whole[:-30])
    with pytest.raises(TraceError, match="is compressed is broken: File is not a zip"):
        read_all(path)
    whole[45] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(TraceError, match="what is compressed is broken"):
        read_all(path)


def test_chunks_of_one_name_are_two(tmp_path: Path) -> None:
    path = tmp_path / "t.trace.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for page in (1, 2):
            data = struct.pack("<HHQ", 0, 8, page << 12)
            with (
                pytest.warns(UserWarning, match="Duplicate")
                if page == 2
                else nullcontext()
            ):
                archive.writestr("chunk.0000", data)
    assert [each.page for each in read_all(str(path))] == [1, 2]


def test_a_zip_from_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t"
    os.mkfifo(path)
    feeding = threading.Thread(target=path.write_bytes, args=(zipped(b""),))
    feeding.start()
    with pytest.raises(TraceError, match="t: a zip cannot be read from a pipe"):
        read_all(str(path))
    feeding.join()


def test_records_that_a_chunk_cuts_are_told(tmp_path: Path) -> None:
    path = tmp_path / "t"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("chunk.0000", struct.pack("<HHQ", 0, 1, 4096) + b"more")
    said: list[str] = []
    assert read_all(path, tell=said.append) == [Reference(1)]
    assert "chunk.0000 ends within a record" in said[0]


@pytest.mark.skipif(not REAL.exists(), reason="no samples of DynamoRIO here")
def test_a_real_one() -> None:
    """Counted with numpy alone, by the types of the records."""
    (path,) = REAL.glob("*x86_64*2328*.zip")
    with open_trace(str(path)) as found:
        kinds = [0] * 8
        for one in found:
            for flags in one.flags:
                kinds[flags] += 1
    assert sum(kinds) == 108_417
    assert kinds[CODE] == 79_937
    assert kinds[WRITE] == 10_426
