"""Any one process is killed while an event is being learned; the event is answered from all the same, once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.support.running import Up

pytestmark = pytest.mark.slow

VICTIMS = {
    "work": ("Tovin Ashgrove", "keeper of Hallow Light"),
    "registry": ("Mirela Stonor", "warden of Fenwick Lock"),
    "engine": ("Bastian Croll", "leader of the Amber Choir"),
    "serve": ("Ysolde Marsh", "director of Quill Museum"),
    "up": ("Corwin Dask", "captain of Larkspur Town"),
}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("chaos"))
    try:
        running.start()
        yield running
    finally:
        if running.runs:
            running.stop()


@pytest.mark.parametrize("victim", VICTIMS)
def test_an_event_survives_the_death_of(victim: str, up: Up) -> None:
    person, role = VICTIMS[victim]
    token = up.push({"feed": "news", "text": f"{person} is the new {role}. The choice was made on Tuesday."})
    if victim == "up":
        up.kill()
        up.start()
    else:
        os.kill(up.process_of(victim), signal.SIGKILL)
    answer, version = up.ask("news", f"Who is the {role}?", after=token)
    assert person.lower() in answer.lower()
    learned = [event["id"] for entry in up.get("/v1/feeds/news/versions").json()["versions"] for event in entry["events"]]
    assert len(learned) == len(set(learned))
    assert version.startswith("news@")
