"""swapcheck without FILE: status, JSON keys, selection, and what a terminal sees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from swaptools import doctor
from swaptools.cli.swapcheck import main
from tests.builders import header_page
from tests.cli.test_swapcheck import CHECK_KEYS, FINDING_KEYS
from tests.disks import Part, gpt_pieces, write
from tests.unprivileged import as_nobody, own_directory

if TYPE_CHECKING:
    from pathlib import Path

UNDERSTOOD_KEYS = [
    "kind",
    "name",
    "file",
    "line",
    "found",
    "path",
    "size",
    "uuid",
    "active",
    "auto",
]


def run(*words: object) -> Result:
    return CliRunner().invoke(
        main, [str(word) for word in words], prog_name="swapcheck"
    )


def root_with(tmp_path: Path, fstab: str | bytes) -> Path:
    """Make a root with nothing but an fstab."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    data = fstab.encode() if isinstance(fstab, str) else fstab
    (root / "etc" / "fstab").write_bytes(data)
    return root


def check_of(*words: object) -> Any:
    (check,) = json.loads(run("--json", *words).stdout)["checks"]
    return check


class TestStatus:
    """0 without an error, 1 with one, 2 when something could not be looked at."""

    def test_a_directory_in_the_place_of_a_file_is_told(self, tmp_path: Path) -> None:
        """As a container has one where its file was not there to be mounted."""
        (tmp_path / "etc" / "fstab").mkdir(parents=True)
        result = run("--root", tmp_path)
        assert result.exit_code == 2
        assert "D901" in result.stdout
        assert "/etc/fstab: is no regular file" in result.stdout

    def test_nothing_to_say(self, tmp_path: Path) -> None:
        (tmp_path / "etc").mkdir()
        result = run("--root", tmp_path)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout == (
            f"{tmp_path}\n  nothing asks for swap or names an area to resume from\n"
        )

    def test_an_error(self, tmp_path: Path) -> None:
        root = root_with(tmp_path, "/swapfile none swap sw 0 0\n")
        assert run("--root", root).exit_code == 1

    def test_a_warning_is_none(self, tmp_path: Path) -> None:
        root = root_with(tmp_path, "/swapfile swap\n")
        result = run("--root", root)
        assert result.exit_code == 0
        assert "warning D105" in result.stdout

    def test_unseen(self, tmp_path: Path) -> None:
        root = root_with(tmp_path, "")
        (root / "etc" / "crypttab").symlink_to("crypttab")
        result = run("--root", root)
        assert result.exit_code == 2
        assert "note D901" in result.stdout
        assert run("--root", root, "--ignore", "D9").exit_code == 0

    def test_an_error_counts_more_than_what_is_unseen(self, tmp_path: Path) -> None:
        root = root_with(tmp_path, "/swapfile none swap sw 0 0\n")
        (root / "etc" / "crypttab").symlink_to("crypttab")
        assert run("--root", root).exit_code == 1

    @pytest.mark.parametrize("name", ["none", "file"])
    def test_no_directory(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").write_text("")
        result = run("--root", tmp_path / name)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"swapcheck: {tmp_path / name}: N")

    @pytest.mark.parametrize("beside", [None, "boot", "image.img"])
    def test_no_system(self, tmp_path: Path, beside: str | None) -> None:
        if beside is not None:
            (tmp_path / beside).mkdir()
        for words in ([], ["--json"]):
            result = run("--root", tmp_path, *words)
            assert (result.exit_code, result.stdout) == (2, "")
            assert f"no system below {tmp_path}" in result.stderr

    @pytest.mark.parametrize("there", ["etc", "usr/lib"])
    def test_little_of_a_system(self, tmp_path: Path, there: str) -> None:
        (tmp_path / there).mkdir(parents=True)
        assert run("--root", tmp_path).exit_code == 0

    @pytest.mark.parametrize("name", ["/dev/sda2", "UUID=1", "LABEL=a"])
    def test_what_is_not_known_is_not_ok(self, tmp_path: Path, name: str) -> None:
        root = root_with(tmp_path, "")
        (root / "etc" / "kernel").mkdir()
        (root / "etc" / "kernel" / "cmdline").write_text(f"resume={name}\n")
        alone = run("--root", root)
        assert alone.exit_code == 0
        assert "ok" not in alone.stdout
        disks = "its disks can be given as FILE"
        assert f"not judged: what {name} leads to; {disks}" in alone.stdout
        (root / "swapfile").write_bytes(
            header_page(last_page=255).ljust(1 << 20, b"\0")
        )
        (root / "swapfile").chmod(0o600)
        (root / "etc" / "fstab").write_text("/swapfile none swap sw 0 0\n")
        both = run("--root", root, "--ignore", "D121").stdout
        assert "ok: nothing found" in both
        assert f"not judged: what {name} leads to" in both

    def test_no_name(self) -> None:
        assert run("--root", "").exit_code == 2

    def test_no_image(self, tmp_path: Path) -> None:
        (tmp_path / "etc").mkdir()
        result = run("--root", tmp_path, tmp_path / "none.img")
        assert result.exit_code == 2
        assert result.stderr == (
            f"swapcheck: {tmp_path}/none.img: No such file or directory\n"
        )

    def test_what_may_not_be_read_is_said(self) -> None:
        with own_directory() as root:
            (root / "etc").mkdir(mode=0o755)
            (root / "etc" / "fstab").write_text("/swapfile none swap sw 0 0\n")
            (root / "etc" / "fstab").chmod(0)
            root.chmod(0o755)

            def body() -> None:
                result = run("--root", root)
                assert result.exit_code == 2
                assert "/etc/fstab: Permission denied" in result.stdout
                assert "ask again as root" in result.stdout

            as_nobody(body)

    def test_this_machine_can_be_asked(self) -> None:
        """Whatever it has, there is an answer, and nothing on standard error."""
        result = run("--json")
        assert result.exit_code in (0, 1, 2)
        assert result.stderr == ""
        assert json.loads(result.stdout)["checks"][0]["path"] is None


class TestJson:
    def test_keys(self, tmp_path: Path) -> None:
        root = root_with(tmp_path, "/swapfile none swap sw 0 0\n")
        check = check_of("--root", root, "--kernel", "6.12", "--ram", "8G")
        assert [key for key in check if key in CHECK_KEYS] == CHECK_KEYS
        assert (check["path"], check["verdicts"]) == (str(root), [])
        assert (check["kernel"], check["ram_bytes"]) == ("6.12", 8 << 30)
        assert check["whole"] is True
        (finding,) = check["findings"]
        assert list(finding) == FINDING_KEYS
        assert (finding["code"], finding["severity"]) == ("D104", "error")
        assert (finding["file"], finding["line"]) == ("/etc/fstab", 1)
        assert (finding["field"], finding["hint_command"]) == (None, None)
        (understood,) = check["understood"]
        assert list(understood) == UNDERSTOOD_KEYS
        assert (understood["kind"], understood["path"]) == ("swap", None)
        assert understood["found"] is False

    def test_an_image_is_the_disk_of_the_system(self, tmp_path: Path) -> None:
        parts = (Part(2048, 2048),)
        image = write(tmp_path / "a.img", 1 << 22, gpt_pieces(parts, 1 << 13))
        with image.open("r+b") as file:
            file.seek(2048 * 512)
            file.write(header_page(last_page=255, label=b"here"))
        root = root_with(tmp_path, "LABEL=here none swap sw\nLABEL=gone none swap sw\n")
        check = check_of("--root", root, image)
        found = [(one["code"], one["line"]) for one in check["findings"]]
        assert found == [("D101", 2)]
        assert check["understood"][0]["path"] == f"{image} partition 1"
        by_list = CliRunner().invoke(
            main, ["--root", str(root), "--files0-from", "-"], input=f"{image}\0"
        )
        assert "error D101" in by_list.stdout


class TestRules:
    def test_selection(self, tmp_path: Path) -> None:
        root = root_with(tmp_path, "/swapfile none swap sw\n/x swap\n")
        findings = check_of("--root", root, "--select", "D105")["findings"]
        codes = [one["code"] for one in findings]
        assert codes == ["D105"]
        assert check_of("--root", root, "--ignore", "D1")["findings"] == []

    @pytest.mark.parametrize("code", ["D301", "d301", "H101"])
    def test_explain(self, code: str) -> None:
        result = run("--explain", code)
        assert result.exit_code == 0
        assert result.stdout.startswith(code.upper())
        assert "\n* " in result.stdout
        assert "Trips" not in result.stdout

    def test_explain_a_family(self) -> None:
        text = run("--explain", "D").stdout
        assert all(f"{rule.code} {rule.title}" in text for rule in doctor.all_rules())


@pytest.mark.sampled(7)
@pytest.mark.parametrize(
    "fstab",
    [
        b"\xff\xfe\x00 none swap sw\n",
        b"/a\x1b[31m none swap sw\n",
        b"LABEL=\x1b]0;x\x07 none swap sw\n",
        b"/" + b"x" * 2_000_000 + b" none swap sw\n",
        b"UUID=1 none swap pri=" + b"9" * 100_000 + b"\n",
        b"/a none swap sw\n" * 60_000,
        b"\\" * 1_000_000,
    ],
    ids=range(7),
)
def test_hostile_text_reaches_no_terminal(tmp_path: Path, fstab: bytes) -> None:
    """Bytes that are no text are escaped, and long words cut."""
    root = root_with(tmp_path, fstab)
    result = run("--root", root)
    assert result.exit_code in (0, 1, 2)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert all(char.isprintable() or char == "\n" for char in result.stdout)
    assert max(map(len, result.stdout.splitlines())) < 2000
