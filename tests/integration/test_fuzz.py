"""What reads bytes from outside is fed with what atheris makes of every format, a few seconds each (loadtests/fuzz.py)."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.fuzz import TARGETS
from loadtests.fuzz_targets import held, seeds
from rtadapt.errors import InvalidEvent, Unavailable

needs_atheris = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no build for this machine")


@needs_atheris
@pytest.mark.parametrize("target", TARGETS)
def test_strange_bytes_are_read_or_refused(target: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loadtests.fuzz", "--seconds", "3", "--keep", str(tmp_path), target]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert f"{target}: " in done.stdout
    assert " held" in done.stdout
    assert len(list((tmp_path / target).iterdir())) > len(seeds(target))  # it found something that no seed reaches


def test_only_a_fault_of_the_sender_counts_as_a_refusal() -> None:
    def raising(error: Exception) -> None:
        def target(data: bytes) -> None:
            raise error

        held(target, b"")

    raising(InvalidEvent("text is missing", field="text"))
    with pytest.raises(AssertionError):
        raising(Unavailable("the log is away"))
    with pytest.raises(KeyError):
        raising(KeyError("text"))
