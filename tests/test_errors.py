from __future__ import annotations

import errno

import pytest

from swaptools import errors


@pytest.mark.parametrize(
    ("leaf", "builtin"),
    [
        (errors.FormatError, ValueError),
        (errors.TruncatedHeader, errors.FormatError),
        (errors.BadSignature, errors.FormatError),
        (errors.AreaError, OSError),
        (errors.AreaInUse, errors.AreaError),
        (errors.CreateRefused, ValueError),
        (errors.SelectionError, ValueError),
        (errors.ScriptError, ValueError),
        (errors.SwapOnError, OSError),
        (errors.GhostWriteRefused, OSError),
        (errors.DeviceReadError, OSError),
        (errors.DeviceWriteError, OSError),
        (errors.SwapOffError, OSError),
        (errors.KernelOops, RuntimeError),
        (errors.InvariantBroken, AssertionError),
    ],
)
def test_each_leaf_is_one_of_ours_and_the_fitting_builtin(
    leaf: type[Exception], builtin: type[Exception]
) -> None:
    assert issubclass(leaf, errors.SwapToolsError)
    assert issubclass(leaf, builtin)


def test_an_area_error_keeps_errno_and_path_and_says_both_in_words() -> None:
    cause = PermissionError(errno.EACCES, "whatever", "/elsewhere")
    error = errors.AreaError.from_os_error("/swap file", cause)
    assert error.errno == errno.EACCES
    assert error.path == "/swap file"
    assert str(error) == "/swap file: Permission denied"


def test_an_os_error_without_a_number_keeps_its_own_words() -> None:
    error = errors.AreaError.from_os_error("f", OSError("odd"))
    assert (error.errno, str(error)) == (None, "f: odd")


def test_a_subclass_stays_itself_when_made_from_an_os_error() -> None:
    made = errors.AreaInUse.from_os_error("f", OSError(errno.EBUSY, "busy"))
    assert type(made) is errors.AreaInUse


def test_a_script_error_begins_with_its_line() -> None:
    assert str(errors.ScriptError("what?", 7)) == "line 7: what?"


def test_a_refused_swapon_carries_the_kernels_words() -> None:
    error = errors.SwapOnError(errno.EINVAL, "Empty swap-file")
    assert (error.errno, error.kernel_message) == (errno.EINVAL, "Empty swap-file")
