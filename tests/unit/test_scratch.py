"""Temporary folders of a worker: gone when their block is, and when their process is."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rtadapt.errors import Unavailable
from rtadapt.scratch import scratch

_KILLED = """
import os, signal
from rtadapt.scratch import scratch
with scratch("candidate") as place:
    (place / "weights").write_bytes(b"0" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_what_a_killed_worker_left_is_removed_by_the_next_and_a_living_ones_stays(temporary: Path) -> None:
    subprocess.run([sys.executable, "-c", _KILLED], check=False)
    assert len(list(temporary.glob("*/candidate-*/weights"))) == 1
    with scratch("candidate") as mine:
        assert [mine] == list(temporary.glob("*/candidate-*"))
        (mine / "weights").write_bytes(b"1")
        subprocess.run([sys.executable, "-c", _KILLED], check=False)
        assert (mine / "weights").read_bytes() == b"1"
    assert not mine.exists()


def test_a_folder_that_was_swept_away_is_made_again(temporary: Path) -> None:
    with scratch("state") as place:
        shutil.rmtree(place.parent)
    with scratch("state") as again:
        assert again.is_dir()


def test_a_disk_that_takes_nothing_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="candidate"), scratch("candidate"):
        raise OSError(28, "No space left on device")
