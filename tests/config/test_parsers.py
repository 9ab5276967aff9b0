"""Each parser: what it reads, and that nothing makes it raise."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swaptools.config.assignments import parse_assignments
from swaptools.config.boot import (
    chosen_entry,
    grub_command_line,
    loader_command_line,
    plain_command_line,
)
from swaptools.config.cmdline import parse_cmdline
from swaptools.config.crypttab import parse_crypttab
from swaptools.config.fstab import parse_fstab
from swaptools.config.modules import (
    parse_modprobe,
    parse_modules_load,
    parse_tmpfiles,
)
from swaptools.config.numbers import kernel_number, systemd_number
from swaptools.config.sysctl import parse_sysctl
from swaptools.config.text import joined_lines, unescape
from swaptools.config.units import parse_unit, swap_unit_name, swap_unit_path
from tests.cases import every_case
from tests.parts import few_or_many

if TYPE_CHECKING:
    from collections.abc import Callable

PARSERS: dict[str, Callable[[bytes], object]] = {
    "fstab": parse_fstab,
    "crypttab": parse_crypttab,
    "unit": parse_unit,
    "assignments": parse_assignments,
    "sysctl": parse_sysctl,
    "modprobe": parse_modprobe,
    "modules-load": parse_modules_load,
    "tmpfiles": parse_tmpfiles,
    "loader": lambda data: loader_command_line("x", data),
    "plain": lambda data: plain_command_line([("x", data), ("y", data)]),
    "chosen": lambda data: chosen_entry(("a-1.conf", "b.conf"), data),
    "cmdline": lambda data: parse_cmdline(data.decode("utf-8", "surrogateescape")),
    "numbers": lambda data: (
        kernel_number(data.decode("latin-1")),
        systemd_number(data.decode("latin-1")),
    ),
}

#: A word that gets twice as long with each line.
DOUBLED = b"A=xxxxxxxxxxxxxxxxxxxx\n" + b'A="$A$A"\n' * 64


class TestHostile:
    """Whatever a file holds, parsers return, and soon."""

    @pytest.mark.sampled(5)
    @pytest.mark.parametrize("name", PARSERS)
    @settings(max_examples=40)
    @given(data=st.binary(max_size=400))
    def test_random_bytes(self, name: str, data: bytes) -> None:
        PARSERS[name](data)

    @pytest.mark.sampled(13)
    @pytest.mark.parametrize("name", PARSERS)
    @settings(max_examples=60)
    @given(
        data=st.lists(
            st.sampled_from(
                [
                    *(b"UUID=", b"swap", b"none", b" ", b"\t", b"\n", b"\\", b"\\\n"),
                    *(b'"', b"'", b"=", b"+=", b"(", b")", b"[", b"]", b"#", b";"),
                    *(b"\x00", b"\xff", b"\\040", b"\\777", b"$A", b"A", b"`", b"$("),
                    *(b"options", b"w", b"-", b",", b"0x", b"9" * 40, b"\xc3\xa9"),
                    *(b"default", b"1 2 3 4 5 6 7", b"--", b"resume="),
                ]
            ),
            max_size=40,
        ).map(b"".join)
    )
    def test_their_own_words_in_any_order(self, name: str, data: bytes) -> None:
        PARSERS[name](data)

    @pytest.mark.sampled(5)
    @pytest.mark.parametrize("name", PARSERS)
    @every_case(
        "data",
        [
            (b"", b"x", b""),
            (b"", b"swap ", b""),
            (b"/x none swap ", b"pri=1,", b""),
            (b"", b"A=(", b""),
            (b"", b'A="', b""),
            (b"", b"A=(\n", b""),
            (b"", b'A="x\n', b"'"),
            (b"", b"a\\\n", b""),
            (b"", b"\\", b""),
            (b"", b"9", b""),
            (b"", b"$A", b""),
            (b"", b'A="$A$A"\n', b""),
            (DOUBLED + b'B="', b"$A", b""),
            (DOUBLED, b'"$A$A"', b""),
            (b"", b"\0", b""),
            (b"", b"\n", b""),
        ],
        ids=range(16),
    )
    @pytest.mark.parametrize("size_bytes", few_or_many(1 << 14, 1 << 18))
    def test_much_of_one_thing(
        self, name: str, data: tuple[bytes, bytes, bytes], size_bytes: int
    ) -> None:
        """Of a quarter of a megabyte, what takes the square of it takes minutes."""
        first, again, last = data
        whole = first + again * (size_bytes // len(again)) + last
        begin = time.process_time()
        PARSERS[name](whole)
        assert time.process_time() - begin < 5 * size_bytes / (1 << 18)

    @pytest.mark.parametrize("name", PARSERS)
    def test_a_number_of_many_digits(self, name: str) -> None:
        """More than int() takes."""
        PARSERS[name](b"0" * 5000)


class TestFstab:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("/dev/sda2 none swap sw 0 0", ("/dev/sda2", "none", "swap", "sw")),
            ("  /dev/sda2\tnone\tswap", ("/dev/sda2", "none", "swap", "")),
            ('UUID="1-2" none swap sw', ("UUID=1-2", "none", "swap", "sw")),
            ("LABEL='a\\040b' none swap sw", ("LABEL=a b", "none", "swap", "sw")),
            ("/a\\011b none swap sw # no", ("/a\tb", "none", "swap", "sw")),
            ("/caf\\303\\251 none swap sw", ("/café", "none", "swap", "sw")),
        ],
    )
    def test_fields(self, text: str, expected: tuple[str, ...]) -> None:
        (entry,) = parse_fstab(text.encode()).entries
        got = (entry.source, entry.target, entry.type, entry.options.text)
        assert got == expected

    def test_lines_without_three_fields(self) -> None:
        fstab = parse_fstab(b"# x\n\n/swap swap\nproc /proc proc\n")
        assert fstab.passed_over == ((3, "/swap swap"),)
        assert [entry.line for entry in fstab.entries] == [4]

    @pytest.mark.parametrize(
        ("options", "is_noauto", "is_nofail"),
        [
            ("sw", False, False),
            ("noauto,nofail", True, True),
            ("noauto,auto", False, False),
            ("auto,noauto", True, False),
            ("nofail,x-systemd.device-timeout=3", False, True),
            ("xnoauto", False, False),
        ],
    )
    def test_the_last_of_two_opposites_counts(
        self, options: str, is_noauto: bool, is_nofail: bool
    ) -> None:
        (entry,) = parse_fstab(f"/s none swap {options}".encode()).entries
        assert (entry.is_noauto, entry.is_nofail) == (is_noauto, is_nofail)

    @pytest.mark.parametrize(
        ("text", "is_meant"),
        [
            ("/swap swap sw defaults", True),
            ("/swap none sw", True),
            ("/swap swap swap sw", False),
            ("/dev/sda1 /swap btrfs subvol=swap", False),
            ("/dev/sda1 / ext4 rw", False),
        ],
    )
    def test_what_a_reader_takes_for_swap(self, text: str, is_meant: bool) -> None:
        (entry,) = parse_fstab(text.encode()).entries
        assert entry.is_meant_as_swap is is_meant

    def test_values_of_options(self) -> None:
        (entry,) = parse_fstab(b'/s none swap pri=1,discard,x="a,b",pri=7').entries
        values = [entry.options.value(name) for name in ("pri", "discard", "x", "y")]
        assert values == ["7", None, "a,b", None]
        assert entry.options.has("discard")
        assert not entry.options.has("disc")


class TestCrypttab:
    def test_the_entry_of_the_manual_page(self) -> None:
        (entry,) = parse_crypttab(b"swap /dev/sda7 /dev/urandom swap\n")
        assert (entry.path, entry.source) == ("/dev/mapper/swap", "/dev/sda7")
        assert entry.has_new_key
        assert entry.is_made_anew
        assert not entry.is_luks
        assert not entry.spares_beginning

    @pytest.mark.parametrize(
        ("text", "is_luks", "spares"),
        [
            ("s UUID=1 none luks,swap", True, False),
            ("s UUID=1 none", True, False),
            ("s UUID=1 /dev/urandom swap,offset=2048", False, True),
            ("s UUID=1 /dev/urandom swap,offset=0", False, False),
            ("s UUID=1 /key plain,swap", False, False),
        ],
    )
    def test_what_it_does_to_the_device(
        self, text: str, is_luks: bool, spares: bool
    ) -> None:
        (entry,) = parse_crypttab(text.encode())
        assert (entry.is_luks, entry.spares_beginning) == (is_luks, spares)

    def test_a_line_of_one_word_is_none(self) -> None:
        assert parse_crypttab(b"swap\n# x y z\n") == ()


class TestUnits:
    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/dev/sda2", "dev-sda2.swap"),
            ("/swap.img", "swap.img.swap"),
            ("/.swap", "\\x2eswap.swap"),
            ("/dev/disk/by-uuid/a-b", "dev-disk-by\\x2duuid-a\\x2db.swap"),
            ("/a//b/", "a-b.swap"),
            ("/é", "\\xc3\\xa9.swap"),
        ],
    )
    def test_names_are_systemds(self, path: str, name: str) -> None:
        """As systemd-escape --path --suffix=swap prints them."""
        assert swap_unit_name(path) == name
        assert swap_unit_path(name) == path.replace("//", "/").rstrip("/")

    def test_the_last_setting_counts(self) -> None:
        unit = parse_unit(b"[Swap]\nWhat=/a\n[Install]\nWhat=/c\n[Swap]\nWhat=/b\n")
        setting = unit.last("Swap", "What")
        assert setting is not None
        assert (setting.value, setting.line) == ("/b", 6)
        assert unit.last("Swap", "Options") is None
        assert unit.sections() == ("Swap", "Install")

    def test_joined_lines(self) -> None:
        assert [tuple(line) for line in joined_lines(b"a\\\n b\\\n\nc\\")] == [
            (1, "a b"),
            (4, "c"),
        ]


class TestAssignments:
    @pytest.mark.parametrize(
        ("text", "value", "line"),
        [
            ("X=1\n", "1", 1),
            ("#X=1\nX=2 # c\n", "2", 2),
            ('X="a b"\n', "a b", 1),
            ("X='a $B'\n", "a $B", 1),
            ("export X=\"a\"'b'c\n", "abc", 1),
            ('B=1\nX="$B ${B}2"\n', "1 12", 2),
            ('X+=" resume "\nX+=" lvm "\n', " resume  lvm ", 2),
            ("X=(a b\n  # no\n  c)\n", "a b c", 1),
            ('X="a \\"b\\""\n', 'a "b"', 1),
            ("X=\n", "", 1),
        ],
    )
    def test_values(self, text: str, value: str, line: int) -> None:
        found = parse_assignments(text.encode())["X"]
        assert (found.value, found.line, found.is_exact) == (value, line, True)

    @pytest.mark.parametrize(
        "text", ['X="$(rm -rf /)"', "X=`ls`", 'A="`x`"\nX="$A"', "X=$(id)"]
    )
    def test_nothing_is_run(self, text: str) -> None:
        """What a shell would have to find out is said to be open."""
        found = parse_assignments(text.encode())["X"]
        assert not found.is_exact

    def test_files_follow_each_other(self) -> None:
        known = parse_assignments(b'X="a"\n')
        assert parse_assignments(b'X="$X b"\n', known)["X"].value == "a b"


def test_sysctl_names_in_either_form() -> None:
    found = parse_sysctl(b"vm.swappiness=0\n# x\n-vm/swappiness = 5\nnothing\n;c=1\n")
    assert [tuple(each) for each in found] == [
        ("vm.swappiness", "0", 1),
        ("vm.swappiness", "5", 3),
    ]


def test_modules() -> None:
    words = parse_modprobe(b"options zswap enabled=1 \\\n max_pool_percent=9\nalias\n")
    assert [(w.module, w.what, w.words) for w in words] == [
        ("zswap", "options", ("enabled=1", "max_pool_percent=9"))
    ]
    assert parse_modules_load(b"zs-malloc\n")[0].module == "zs_malloc"
    written = parse_tmpfiles(
        b"w! /sys/module/zswap/parameters/enabled - - - - 1\nd /run/x 0755\n"
        b"L /a - - - - /b\n"
    )
    assert [tuple(each) for each in written] == [
        ("/sys/module/zswap/parameters/enabled", "1", 1)
    ]


class TestBoot:
    def test_grub_has_two_variables(self) -> None:
        text = b'GRUB_CMDLINE_LINUX="a"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet resume=/x"\n'
        variables = parse_assignments(text)
        places = dict.fromkeys(variables, "/etc/default/grub")
        line = grub_command_line(variables, places)
        assert line is not None
        assert line.place_of("a") == ("/etc/default/grub", 1)
        assert line.place_of("resume") == ("/etc/default/grub", 2)
        assert line.last("resume") == "/x"
        assert line.has("quiet")
        assert not line.has("noresume")
        assert grub_command_line({}, {}) is None

    def test_what_a_shell_would_find_out_is_no_command_line(self) -> None:
        text = b'GRUB_CMDLINE_LINUX="resume=$(findmnt -no UUID /)"\n'
        variables = parse_assignments(text)
        places = dict.fromkeys(variables, "/etc/default/grub")
        assert grub_command_line(variables, places) is None

    @pytest.mark.parametrize(
        ("paths", "conf", "chosen"),
        [
            (("l/a-6.9.conf", "l/a-6.10.conf"), b"", "l/a-6.10.conf"),
            (
                ("l/nixos-generation-9.conf", "l/nixos-generation-12.conf"),
                b"default nixos-generation-9.conf\n",
                "l/nixos-generation-9.conf",
            ),
            (
                ("l/arch.conf", "l/arch-fallback.conf"),
                b"default arch*\n",
                "l/arch.conf",
            ),
            (("l/m-0-rescue.conf",), b"", None),
            (("l/a.conf",), b"default gone\ntimeout 3\n", "l/a.conf"),
            ((), b"default\n", None),
        ],
    )
    def test_the_entry_that_is_booted(
        self, paths: tuple[str, ...], conf: bytes, chosen: str | None
    ) -> None:
        assert chosen_entry(paths, conf) == chosen

    def test_plain_files(self) -> None:
        files = [
            ("/a", b"console=x resume=/y rw\n"),
            ("/b", b"# no\n\nresume_offset=1"),
        ]
        line = plain_command_line(files)
        assert line is not None
        assert (line.last("resume"), line.last("resume_offset")) == ("/y", "1")
        assert line.place_of("resume") == ("/a", 1)
        assert line.place_of("resume_offset") == ("/b", 3)
        assert plain_command_line([("/boot/cmdline.txt", b"\n# no\n")]) is None


def test_escapes_leave_the_rest() -> None:
    assert unescape("a\\x\\9") == "a\\x\\9"
