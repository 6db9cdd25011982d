"""A full disk is one sentence."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from contract.errors import DiskFullError
from infra.local.disk import check_free_space, clear_disk_errors


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_space_left_is_said_clearly(number: int) -> None:
    with (
        pytest.raises(DiskFullError, match="no room left on the disk of /data"),
        clear_disk_errors(Path("/data")),
    ):
        raise OSError(number, "x")


def test_a_device_that_is_really_full() -> None:
    with pytest.raises(DiskFullError), clear_disk_errors(Path("/dev/full")):
        Path("/dev/full").write_text("x")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(FileNotFoundError), clear_disk_errors(Path("/data")):
        Path("/no/such/file").read_text()


def test_too_little_space_is_refused_before_the_start(tmp_path: Path) -> None:
    check_free_space(tmp_path, 1)
    with pytest.raises(DiskFullError, match=r"expected at least 1000000000 MiB"):
        check_free_space(tmp_path, 10**9)
