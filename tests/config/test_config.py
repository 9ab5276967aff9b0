"""What files say, put together: which of several counts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from swaptools.config.config import Config, read_config
from swaptools.config.files import SINGLE


def config(**texts: str) -> Config:
    """Read files given by path."""
    return read_config({path: text.encode() for path, text in texts.items()})


def test_nothing_says_nothing() -> None:
    assert read_config({}) == Config()


def test_an_upper_layer_hides_the_file_of_its_name() -> None:
    found = config(
        **{
            "/usr/lib/sysctl.d/50-a.conf": "vm.swappiness=1\n",
            "/etc/sysctl.d/50-a.conf": "vm.swappiness=2\n",
            "/usr/lib/sysctl.d/40-b.conf": "vm.swappiness=3\nvm.page-cluster=0\n",
        }
    )
    assert found.sysctls["vm.swappiness"] == ("2", ("/etc/sysctl.d/50-a.conf", 1))
    assert set(found.sysctls) == {"vm.swappiness", "vm.page-cluster"}


def test_a_link_to_dev_null_masks() -> None:
    found = read_config(
        {"/usr/lib/systemd/system/dev-sda2.swap": b"[Swap]\nWhat=/dev/sda2\n"},
        {"/etc/systemd/system/dev-sda2.swap": "/dev/null"},
    )
    assert found.units == ()
    assert found.masked == {"dev-sda2.swap"}


def test_zram_generator_reads_one_main_file_and_then_its_parts() -> None:
    found = config(
        **{
            "/usr/lib/systemd/zram-generator.conf": "[zram0]\n[zram1]\n",
            "/etc/systemd/zram-generator.conf": "[zram0]\nzram-size = ram\n",
            "/etc/systemd/zram-generator.conf.d/5.conf": (
                "[zram0]\nswap-priority=5\n[zram2]\nmount-point=/x\n"
            ),
        }
    )
    assert [(each.name, each.priority.value, each.is_swap) for each in found.zrams] == [
        ("zram0", "5", True),
        ("zram2", "100", False),
    ]
    assert found.zrams[0].place == ("/etc/systemd/zram-generator.conf.d/5.conf", 1)


def test_a_zram_device_of_no_size_is_none() -> None:
    path = "/etc/systemd/zram-generator.conf"
    assert config(**{path: "[zram0]\nzram-size=0\n"}).zrams == ()


def test_grub_is_read_with_its_directory() -> None:
    found = config(
        **{
            "/etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet"\n',
            "/etc/default/grub.d/a.cfg": (
                'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX resume=/x"\n'
            ),
        }
    )
    (line,) = found.command_lines
    assert line.place == ("/etc/default/grub.d/a.cfg", 1)
    assert (line.has("quiet"), line.last("resume")) == (True, "/x")


def test_parts_of_a_command_line_follow_each_other() -> None:
    found = config(
        **{
            "/etc/kernel/cmdline": "root=/x resume=/y\n",
            "/etc/cmdline.d/resume.conf": "resume_offset=5\n",
            "/usr/lib/kernel/cmdline": "resume=/never\n",
        }
    )
    (line,) = found.command_lines
    assert (line.last("resume"), line.last("resume_offset")) == ("/y", "5")


def test_the_last_resume_of_initramfs_tools_counts() -> None:
    found = config(
        **{
            "/etc/initramfs-tools/initramfs.conf": "RESUME=auto\n",
            "/etc/initramfs-tools/conf.d/resume": "# x\nRESUME=UUID=1-2\n",
        }
    )
    assert found.resume == ("UUID=1-2", ("/etc/initramfs-tools/conf.d/resume", 2))


def test_a_value_that_a_shell_would_find_out_is_none() -> None:
    path = "/etc/initramfs-tools/conf.d/resume"
    assert config(**{path: 'RESUME="$(blkid -L swap)"\n'}).resume is None


def test_dphys_swapfile_counts_where_it_is_enabled() -> None:
    files = {"/etc/dphys-swapfile": b"#CONF_SWAPFILE=/x\nCONF_SWAPSIZE=100\n"}
    assert read_config(files).dphys_swapfile is None
    service = "/etc/systemd/system/multi-user.target.wants/dphys-swapfile.service"
    found = read_config({**files, service: b""})
    assert found.dphys_swapfile == ("/var/swap", ("/etc/dphys-swapfile", None))


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *SINGLE,
                "/etc/systemd/system/a.swap",
                "/etc/systemd/system/swap.target.wants/a.swap",
                "/run/systemd/generator/a.swap",
                "/etc/systemd/system/x.slice.d/a.conf",
                "/boot/loader/entries/a.conf",
                "/etc/tmpfiles.d/a.conf",
                "/etc/modprobe.d/a.conf",
            ]
        ),
        st.binary(max_size=60),
    )
)
def test_any_bytes_in_any_file(files: dict[str, bytes]) -> None:
    read_config(files, has_generated=True)
