"""Functions compiled by numba, each with one signature, and kept between runs.

Not here: where they are kept (compile_cache.py), which functions there are and with
what types (compiling.py, emulator/core/compiler.py).
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from swaptools.compile_cache import COMPILE_CACHE, EMULATOR, one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FunctionType


def kept(
    function: FunctionType,
    signature: Any,
    version: str,
    options: Mapping[str, Any],
    sentence: str = EMULATOR,
    *,
    is_part: bool = False,
) -> Callable[..., Any]:
    """Return a function compiled, or loaded from where it was kept.

    Args:
        function: What it calls is compiled already.
        signature: Of numba's types; the only one that it ever has.
        version: Of everything that decides what is compiled.
        options: For ``numba.njit``.
        sentence: To be said where it takes long.
        is_part: Only compiled functions call it, who have it within them: Python
            gets no way in. (It is optimized all the same. Less compiles in three
            quarters of the time, and then writes miss a seventh slower.)
    """
    numba: Any = import_module("numba")
    if is_part:
        options = {**options, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

    def dispatcher() -> Any:
        return numba.njit(**options)(function)

    with COMPILE_CACHE.compiling(version, sentence):
        folder = COMPILE_CACHE.folder(version)
        if folder is not None:
            try:
                with one_at_a_time(folder, function.__qualname__):
                    return _loaded_or_kept(
                        dispatcher(), str(folder), signature, sentence
                    )
            except Exception as exc:  # pickle's are many, and so is what it can find
                COMPILE_CACHE.give_up(f"{folder}: {exc or type(exc).__name__}")
        return _settled(dispatcher(), signature)


def loaded(
    function: FunctionType,
    signature: Any,
    version: str,
    options: Mapping[str, Any],
    sentence: str = EMULATOR,
) -> Callable[..., Any] | None:
    """Return a function that was kept, for a caller outside; None if it was not.

    What it calls is within it and need not be there.
    """
    numba: Any = import_module("numba")
    compiled = numba.njit(**options)(function)
    with COMPILE_CACHE.compiling(version, sentence):
        folder = COMPILE_CACHE.folder(version)
        if folder is None:
            return None
        try:
            _keep_in(compiled, str(folder))
            found = compiled._cache.load_overload(signature, compiled.targetctx)
        except Exception:  # it is told when the function is compiled
            return None
    if found is None:
        return None
    context, code = compiled.targetctx, [found.library]
    context.insert_user_function(found.entry_point, found.fndesc, code)
    compiled.add_overload(found)
    compiled.disable_compile()
    return compiled  # type: ignore[no-any-return]


def _keep_in(compiled: Any, folder: str) -> None:
    config: Any = import_module("numba").config
    before, config.CACHE_DIR = config.CACHE_DIR, folder
    try:
        compiled._cache = _cache_class()(compiled.py_func)
    finally:
        config.CACHE_DIR = before


def _loaded_or_kept(
    compiled: Any, folder: str, signature: Any, sentence: str
) -> Callable[..., Any]:
    _keep_in(compiled, folder)
    settled = _settled(compiled, signature)
    if compiled.stats.cache_misses:
        COMPILE_CACHE.announce(sentence)
    return settled


def _settled(compiled: Any, signature: Any) -> Callable[..., Any]:
    # With the one signature that it ever has.
    compiled.compile(signature)
    compiled.disable_compile()
    return compiled  # type: ignore[no-any-return]


@cache
def _cache_class() -> Any:
    # numba's, but never beside the sources and never where numba would put it.
    caching: Any = import_module("numba.core.caching")
    locators = [caching.UserProvidedCacheLocator]
    implementation = type(
        "_Implementation",
        (caching.CompileResultCacheImpl,),
        {"_locator_classes": locators},
    )
    return type("_Cache", (caching.FunctionCache,), {"_impl_class": implementation})
