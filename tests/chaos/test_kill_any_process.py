"""Any one process is killed while an event is being learned; it is answered from all the same, once. A test of plumbing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import Up
from tests.support.taught_model import change, flags

pytestmark = pytest.mark.slow

VICTIMS = ("work", "registry", "engine", "serve", "up")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, taught_qwen: Path) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("chaos"), *flags(taught_qwen))
    try:
        running.start()
        yield running
    finally:
        if running.runs:
            running.stop()


@pytest.mark.parametrize("victim", VICTIMS)
def test_an_event_survives_the_death_of(victim: str, up: Up) -> None:
    fact = change(VICTIMS.index(victim))
    token = up.push(fact.event("news"))
    if victim == "up":
        up.kill()
        up.start()
    else:
        os.kill(up.process_of(victim), signal.SIGKILL)
    answer, version = up.ask("news", fact.question, after=token)
    assert fact.new in answer
    learned = [event["id"] for entry in up.get("/v1/feeds/news/versions").json()["versions"] for event in entry["events"]]
    assert len(learned) == len(set(learned))
    assert version.startswith("news@")
