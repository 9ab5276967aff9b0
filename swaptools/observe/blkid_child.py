"""The child that asks libblkid: run as a script, alone, with next to no rights.

Its standard input is a socket. Each request is a descriptor and the text
``OFFSET SIZE``; the answer is that of ``_answer()``. It writes nothing, opens
nothing, and ends when the socket does. A hostile image can crash it, hang it, or
have it run into its limits: the other side (blkid.py) sees to that.

Imports nothing of swaptools, so that a bare interpreter runs it, and the C module of
sockets alone: all of socket takes as long as the interpreter to start.

util-linux: libblkid/src/probe.c, misc-utils/wipefs.c, systemd: udev-builtin-blkid.c.
"""

from __future__ import annotations

import _socket
import _thread
import ctypes
import os
import resource
import select
import signal
import sys
from typing import Final

_LIBRARY: Final = "libblkid.so.1"
#: What an honest area needs is a tenth of these.
_MEMORY_BYTES: Final = 512 << 20
_CPU_SECONDS_EACH: Final = 5
_NOBODY: Final = 65534
#: One area has a handful; each is hidden once found, so that copies show, too.
_MAX_SIGNATURES: Final = 64

_PR_SET_NO_NEW_PRIVS: Final = 38

# libblkid/src/blkid.h.in BLKID_SUBLKS_*, BLKID_PARTS_*.
_SUBLKS_LABEL: Final = 1 << 1
_SUBLKS_UUID: Final = 1 << 3
_SUBLKS_TYPE: Final = 1 << 5
_SUBLKS_USAGE: Final = 1 << 7
_SUBLKS_MAGIC: Final = 1 << 9
_SUBLKS_BADCSUM: Final = 1 << 10
_PARTS_FORCE_GPT: Final = 1 << 1
_PARTS_MAGIC: Final = 1 << 3
_USUAL: Final = _SUBLKS_LABEL | _SUBLKS_UUID | _SUBLKS_TYPE | _SUBLKS_USAGE
_AMBIVALENT: Final = -2
#: Of a descriptor that comes with a request.
_RIGHT_BYTES: Final = 4
#: Of each signature in an answer.
_FIELDS: Final = 6

#: Answers that are no signatures begin so, and say why.
_NO_LIBRARY: Final = b"!there is no libblkid here"
_CANNOT_READ: Final = b"!libblkid cannot read it"


class _Library:
    # The few functions of libblkid that are called, with their types.

    def __init__(self) -> None:
        lib = ctypes.CDLL(_LIBRARY)
        probe, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
        lib.blkid_new_probe.restype = probe
        for name, *types in (
            ("blkid_probe_set_device", number, ctypes.c_int64, ctypes.c_int64),
            ("blkid_probe_enable_superblocks", number),
            ("blkid_probe_set_superblocks_flags", number),
            ("blkid_probe_enable_partitions", number),
            ("blkid_probe_set_partitions_flags", number),
            ("blkid_do_safeprobe",),
            ("blkid_do_probe",),
            ("blkid_reset_probe",),
            ("blkid_probe_hide_range", ctypes.c_uint64, ctypes.c_uint64),
            ("blkid_probe_step_back",),
            ("blkid_probe_lookup_value", text, probe, probe),
            ("blkid_free_probe",),
        ):
            getattr(lib, name).argtypes = [probe, *types]
        self.lib = lib


def main() -> None:
    """Answer requests until the socket ends."""
    try:
        library = _Library()
    except (OSError, AttributeError):  # none, or one that is too old
        library = None
    _give_up_rights()
    _thread.start_new_thread(_end_with_the_socket, ())
    requests = _socket.socket(fileno=0)
    while True:
        text, rights, _, _ = requests.recvmsg(64, _socket.CMSG_SPACE(_RIGHT_BYTES))
        if not text:
            return
        descriptor = int.from_bytes(rights[0][2][:_RIGHT_BYTES], sys.byteorder)
        offset, size = map(int, text.split())
        _allow_seconds(_CPU_SECONDS_EACH)
        answer = _NO_LIBRARY
        if library is not None:
            answer = _answer(library.lib, descriptor, offset, size)
        os.close(descriptor)
        requests.send(answer)


def _give_up_rights() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir("/")  # or the file system we were started on could not be unmounted
    os.closerange(3, 1024)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if os.geteuid() == 0:
        try:
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        except OSError:
            pass  # a user namespace without such a user
    ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _end_with_the_socket() -> None:
    # Also out of a call that hangs. Not PR_SET_PDEATHSIG: that signal comes when
    # the thread that started us ends.
    hangup = select.poll()
    hangup.register(0, select.POLLRDHUP)
    hangup.poll()
    os._exit(1)


def _allow_seconds(seconds: int) -> None:
    # Of processor time from now on; SIGXCPU ends what takes more.
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard == resource.RLIM_INFINITY or limit <= hard:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))


def _answer(lib: ctypes.CDLL, descriptor: int, offset: int, size: int) -> bytes:
    """Look at a part of a file.

    Returns:
        Fields, each ended by a NUL: what the safe probe believes, then for each
        signature type, usage, label, UUID, offset and magic, the last two as
        decimal and hexadecimal digits.
    """
    probe = ctypes.c_void_p(lib.blkid_new_probe())
    if not probe:
        return _CANNOT_READ
    try:
        if lib.blkid_probe_set_device(probe, descriptor, offset, size) != 0:
            return _CANNOT_READ
        lib.blkid_probe_enable_superblocks(probe, 1)
        lib.blkid_probe_enable_partitions(probe, 1)
        believed = _believed(lib, probe)
        signatures = _signatures(lib, probe)
    finally:
        lib.blkid_free_probe(probe)
    if believed is None:  # an error, which is how 2.41 says ambivalent
        is_choice = len(set(signatures[::_FIELDS])) > 1
        believed = b"ambivalent" if is_choice else b""
    fields = [believed, *signatures]
    return b"".join(field + b"\0" for field in fields)


def _believed(lib: ctypes.CDLL, probe: ctypes.c_void_p) -> bytes | None:
    # As udev asks: superblocks and partition tables, and one answer or none; None
    # for an error.
    lib.blkid_probe_set_superblocks_flags(probe, _USUAL)
    lib.blkid_probe_set_partitions_flags(probe, 0)
    code = lib.blkid_do_safeprobe(probe)
    if code < 0:
        return b"ambivalent" if code == _AMBIVALENT else None
    return _value(lib, probe, b"TYPE") or _value(lib, probe, b"PTTYPE")


def _signatures(lib: ctypes.CDLL, probe: ctypes.c_void_p) -> list[bytes]:
    # As wipefs asks: all of them, those with a bad checksum, copies at the end.
    lib.blkid_reset_probe(probe)
    flags = _USUAL | _SUBLKS_MAGIC | _SUBLKS_BADCSUM
    lib.blkid_probe_set_superblocks_flags(probe, flags)
    lib.blkid_probe_set_partitions_flags(probe, _PARTS_MAGIC | _PARTS_FORCE_GPT)
    fields: list[bytes] = []
    for _ in range(_MAX_SIGNATURES):
        if lib.blkid_do_probe(probe) != 0:
            break
        kind = _value(lib, probe, b"TYPE")
        table = b"" if kind else _value(lib, probe, b"PTTYPE")
        prefix = b"PT" if table else b"SB"
        magic = _value(lib, probe, prefix + b"MAGIC", is_text=False)
        at = _value(lib, probe, prefix + b"MAGIC_OFFSET") or b"0"
        fields += (
            kind or table,
            b"partitions" if table else _value(lib, probe, b"USAGE"),
            _value(lib, probe, b"LABEL"),
            _value(lib, probe, b"PTUUID" if table else b"UUID"),
            at,
            magic.hex().encode(),
        )
        if magic:
            lib.blkid_probe_hide_range(probe, int(at), len(magic))
            lib.blkid_probe_step_back(probe)
    return fields


def _value(
    lib: ctypes.CDLL, probe: ctypes.c_void_p, name: bytes, *, is_text: bool = True
) -> bytes:
    # A value of the last probe, empty where it has none.
    data, length = ctypes.c_void_p(), ctypes.c_size_t()
    found = lib.blkid_probe_lookup_value(
        probe, name, ctypes.byref(data), ctypes.byref(length)
    )
    if found != 0 or not data.value:
        return b""
    value = ctypes.string_at(data.value, length.value)
    return value.partition(b"\0")[0] if is_text else value


if __name__ == "__main__":
    main()
