"""The table of verbs: what it reads, what it refuses, and that it is all there is."""

from __future__ import annotations

import random
from dataclasses import fields

import pytest

from swaptools.emulator.runs.forms import KINDS
from swaptools.emulator.runs.grammar import GRAMMAR
from swaptools.emulator.runs.operation import Operation
from swaptools.emulator.runs.script import Run, parse_script, run_script
from swaptools.emulator.runs.verbs import VERBS
from swaptools.errors import ScriptError
from tests.cases import every_case
from tests.emulator.runs import garbage


def values(line: str) -> dict[str, object]:
    (operation,) = parse_script(line)
    return {
        field.name: value
        for field in fields(Operation)
        if (value := getattr(operation, field.name)) != field.default
        and field.name != "line"
    }


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("kernel ghost-rfc mended", {"kernel": "ghost-rfc", "mended": True}),
        ("zswap on max_pool_percent=0", {"word": "on", "max_pool_percent": 0}),
        ("ram 64M", {"ram": 64 << 20}),
        ("ram 8192B", {"ram": 8192}),
        ("virtual 1G prio=7", {"size": 1 << 18, "prio": 7}),
        (
            "swapon a file 4M rotational bad=3,4",
            {
                "name": "a",
                "backing": "file",
                "size": 1024,
                "rotational": True,
                "bad": (3, 4),
            },
        ),
        ("tiers +SSD:8, +HDD:-1", {"tiers": "+SSD:8, +HDD:-1"}),
        (
            "write 8 16 length=100 step=5",
            {"first": 8, "nr": 16, "length": 100, "step": 5},
        ),
        ("write 0 1 text=", {"nr": 1, "text": " "}),
        ("pageout 1 2 step=9", {"first": 1, "nr": 2, "step": 9}),
        ("shrink 4294967296", {"count": 1 << 32}),
        ("show 3 4 step=2", {"first": 3, "nr": 4, "step": 2}),
        ("show meminfo", {"word": "meminfo"}),
        ("expect fault 7", {"word": "fault", "page": 7}),
        ("expect pswpout 7", {"what": "pswpout", "number": 7}),
    ],
)
def test_words_become_values(line: str, found: dict[str, object]) -> None:
    assert values(line) == found


def test_runs_stand_behind_a_colon() -> None:
    for line in ("expect 0 3 step=2: 1-2, none", "expect 0 3 step=2 : 1-2 none"):
        (operation,) = parse_script(line)
        assert list(operation.pages) == [0, 2, 4]
        assert [run.nr_pages for run in operation.runs] == [2, 1]


@every_case(
    ("line", "reason"),
    [
        ("swapoff", "swapoff: no area"),
        ("exit now", "exit: no option 'now'; known: none"),
        ("fork a b", "fork: no option 'b'; known: none"),
        ("read 0 1 length=5", "read: no option 'length'; known: step"),
        ("write 0 1 step=2 step=3", "write: step twice"),
        ("write 0 1 order", "write: order has a value: order=ORDER"),
        ("write 0 1 order=", "write: order '' is no number"),
        ("kernel 6.18 mended=yes", "kernel: mended has no value"),
        ("swapon a block 9 bad=3,,4", "swapon: bad '' is no number"),
        ("swapon a block 9 bad=9", "swapon: bad pages outside of the area"),
        ("swapon a block 4 bad=1,2,3", "swapon: no page of the area is good"),
        ("zswap", "zswap: no on or off"),
        ("zswap maybe", "zswap: 'maybe' is not on or off"),
        ("max /a HDD 1", "max: '1' is not 0 or max"),
        ("ram 8192", "ram: size '8192' is bytes, and few"),
        ("ram 1K", "ram: size '1K' is less than a page"),
        ("virtual 1", "virtual: size '1' is less than two pages"),
        ("expect", "expect: no pages, counter or area"),
        ("expect 0 1", "expect: no colon, and no runs of slots behind it"),
        ("expect 0 1:", "expect: no runs of slots behind the colon"),
        ("expect a:b 1 2", "expect: no option '2'; known: none"),
        ("show", "show: no pages, and none of swaps, meminfo, vmstat, zswap, cgroup"),
        ("show moon", "show: no 'moon'; known: FIRST NR, swaps, meminfo"),
        ("show 0 4:", "show: page count '4:' is no number"),
        ("write 0 1 text=a length=5", "write: a page has text or a length, not both"),
        ("write 0 8 order=1 step=2", "write: large folios have no step"),
    ],
)
def test_what_has_no_meaning_is_refused(line: str, reason: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script(f"# a title\n\n{line}")
    assert str(caught.value).startswith(f"line 3: {reason}")


@pytest.mark.parametrize("verb", ["write", "pageout", "read", "drop", "expect", "show"])
def test_whatever_has_a_range_has_a_step(verb: str) -> None:
    ranges = [form for form in GRAMMAR[verb].forms if "FIRST NR" in form.usage]
    assert [form.options["step"] for form in ranges] == ["STEP"]
    others = {name for name, each in GRAMMAR.items() if "FIRST" in str(each.forms)}
    assert verb in others
    assert others - {"access", "touch"} == {
        *("write", "pageout", "read", "drop", "expect", "show")
    }


def test_every_word_of_the_table_has_a_field_and_every_verb_is_done() -> None:
    known = {field.name for field in fields(Operation)}
    for verb in GRAMMAR.values():
        for form in verb.forms:
            assert {part.key for part in form.parts} | form.options.keys() <= known
    assert VERBS.keys() == GRAMMAR.keys()
    forms = [form for verb in GRAMMAR.values() for form in verb.forms]
    used = {part.text for form in forms for part in form.parts}
    used |= {kind for form in forms for kind in form.options.values() if kind}
    assert KINDS.keys() <= used
    assert garbage.every_kind_has_words()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("seed", range(2))
def test_garbage_is_refused_with_its_line_or_done(seed: int) -> None:
    """Nothing else is ever raised, and what is refused has done nothing."""
    choose = random.Random(seed)
    texts = [garbage.some_garbage(choose) for _ in range(500)]
    errors = [error_of(text) for text in texts]
    assert 200 < sum(error is not None for error in errors) < 480
    for text, error in zip(texts, errors, strict=True):
        assert error is None or 1 <= error.line <= text.count("\n") + 1
        assert len(str(error)) < 1000


def error_of(text: str) -> ScriptError | None:
    run = Run(compiled=False)
    try:
        script = parse_script(text)
    except ScriptError as exc:
        return exc
    try:
        for _ in run_script(script, run):
            pass
    except ScriptError as exc:
        return exc
    return None
