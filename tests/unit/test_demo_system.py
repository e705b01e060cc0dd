"""The demo's `rtadapt up`: started again when it dies, and not when that cannot help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rtadapt.children import QUIET_SECONDS
from rtadapt.config import Settings
from rtadapt.demo import run
from rtadapt.demo import system as system_module
from rtadapt.demo.system import System
from rtadapt.errors import Unavailable


class Ending(System):
    """Its processes end at once, one after the other with these exit statuses."""

    def __init__(self, folder: Path, *statuses: int) -> None:
        super().__init__(Settings(), folder)
        self.statuses = iter(statuses)
        self.started = 0

    def start(self) -> None:
        self.started += 1
        self._process = subprocess.Popen([sys.executable, "-S", "-c", f"raise SystemExit({next(self.statuses)})"])


async def test_what_cannot_run_here_is_not_started_again(tmp_path: Path) -> None:
    with Ending(tmp_path, 2) as system, pytest.raises(Unavailable, match="cannot run here"):
        await system.stay_up()
    assert system.started == 1


async def test_what_dies_is_started_again_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system_module, "_FIRST_PAUSE_SECONDS", 0.001)
    with Ending(tmp_path, *[1] * 10) as system, pytest.raises(Unavailable, match="died 6 times"):
        await system.stay_up()
    assert system.started == 6
    assert capsys.readouterr().out.count("starting it again") == 5


def test_a_start_that_takes_long_is_given_up_by_the_system_that_knows_why_and_not_by_the_demo() -> None:
    assert run._START_SECONDS > 3 * QUIET_SECONDS
