"""The inside of a container: on an overlay a folder of a lower layer cannot be renamed, and that is said as it is."""

import errno
import os
import subprocess
from pathlib import Path

import pytest

from baileys_cleanup.store.folder.overlay import why_not_switched

from .conditions import needs_mounts
from .runner import in_mounts, mount

pytestmark = pytest.mark.slow


def test_the_way_out_of_a_lower_layer_works(tmp_path: Path) -> None:
    """The rename fails with EXDEV; the command that the sentence names makes it possible, and loses nothing."""
    needs_mounts()

    def work() -> None:
        base = tmp_path / "base"
        base.mkdir()
        mount("-t", "tmpfs", "tmpfs", base)
        lower, upper, spare, root = (base / name for name in ("lower", "upper", "spare", "root"))
        for folder in (lower / "company_1", upper, spare, root):
            folder.mkdir(parents=True)
        (lower / "company_1" / "creds.json").write_text("{}")
        mount("-t", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={spare}", "overlay", root)
        live = root / "company_1"
        with pytest.raises(OSError, match="cross-device") as caught:
            live.rename(root / "aside")
        fd = os.open(root, os.O_RDONLY)
        said = why_not_switched(caught.value, fd, str(root), "company_1")
        os.close(fd)
        assert "lies on an overlay" in said
        subprocess.run(["sh", "-ec", said.partition("again: ")[2]], check=True)
        live.rename(root / "aside")
        assert (root / "aside" / "creds.json").read_text() == "{}"

    in_mounts(work)


def test_another_mount_is_no_overlay(tmp_path: Path) -> None:
    """Elsewhere EXDEV is what it always was."""
    fd = os.open("/proc", os.O_RDONLY)
    said = why_not_switched(OSError(errno.EXDEV, os.strerror(errno.EXDEV)), fd, str(tmp_path), "company_1")
    os.close(fd)
    assert "another mount" in said
