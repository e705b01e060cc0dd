"""The drill of docs/operations.md, with its own commands: backed up while it runs, lost as a whole, restored and gone on from."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from rtadapt.config import Settings, load_settings
from rtadapt.records import EventState, Head
from rtadapt.registry.embedded import server_url
from rtadapt.registry.registry import Registry
from rtadapt.training.learner import Learner
from tests.support.one_machine import System, drive, learned_ids, story
from tests.support.redis_server import RedisServer
from tests.support.watched_engine import Replica, running, until
from tests.unit.test_docs import ROOT

soon = partial(until, seconds=60.0)
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


class OneMachine:
    """What `rtadapt up` keeps in its folder, with the processes that use it."""

    def __init__(self, folder: Path, base: dict[str, object], learner: Learner) -> None:
        self.folder, self._base, self._learner = folder, base, learner
        self.data = folder / "rtadapt-data"
        self.start()

    def start(self) -> None:
        (self.data / "registry").mkdir(parents=True, exist_ok=True)
        self.server = RedisServer(self.data / "registry")
        self.server.socket = self.data / "registry" / "socket"
        self.server.url = server_url(socket=self.server.socket)
        self.server.start()
        self.system = System(self.settings(self.data), self._learner)
        self.worker = self.system.pipeline()

    def settings(self, data_dir: Path) -> Settings:
        return load_settings(
            **self._base,
            data_dir=str(data_dir),
            registry={"url": self.server.url, "timeout_seconds": 1.0},
            artifacts={"url": f"file://{self.data}/artifacts"},
            admit={"max_loss": 100.0},
            batch={"max_events": 2, "most_events": 2, "max_age_seconds": 0.2},
            gate={"min_recall": 0.0, "max_replay_loss": 1.0, "max_drift": 1e9},
            serve={"poll_seconds": 0.2},
        )

    def learn(self, *names: str) -> None:
        self.system.push(*map(story, names))
        drive(self.worker, self.system.registry, "news", sum(self.system.log.ends().values()))

    def head(self) -> Head:
        head = self.system.registry.head("news")
        assert head is not None
        return head

    def lose(self) -> None:
        """All of it at once, and nobody gets to say goodbye."""
        self.server.stop(signal.SIGKILL)
        self.system.close()
        self._learner.close_feed("news")
        shutil.rmtree(self.data)

    def close(self) -> None:
        self.worker.close()
        self.system.close()
        self.server.stop()


@pytest.fixture
def machine(settings_base: dict[str, object], learner: Learner) -> Iterator[OneMachine]:
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        made = OneMachine(Path(folder), settings_base, learner)
        yield made
        made.close()


def say(title: str, folder: Path) -> None:
    """Run the commands that the page has under these words, as they stand there."""
    [commands] = re.findall(rf"^{re.escape(title)}\n\n```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(["bash", "-u"], input=commands.encode(), cwd=folder, env=os.environ | {"PATH": path}, timeout=120, check=False)


def followed(replica: Replica, registry: Registry) -> bool:
    head = registry.head("news")
    return head is not None and replica.stable() == head.version and "news" not in replica.live.not_followed


async def test_what_was_learned_before_the_backup_is_served_and_learned_on_from(machine: OneMachine, tmp_path: Path) -> None:
    machine.learn("north", "south")
    before = machine.head()
    async with running(machine.settings(tmp_path / "kept")) as kept:
        await soon(lambda: followed(kept, machine.system.registry))
        backup = asyncio.create_task(asyncio.to_thread(say, "Back up, while it runs:", machine.folder))
        await asyncio.to_thread(machine.learn, "east", "west")
        await backup
        await asyncio.to_thread(machine.learn, "outer")
        lost = machine.head()
        await soon(lambda: kept.stable() == lost.version)

        machine.lose()
        say("Restore, where nothing is left:", machine.folder)
        machine.start()
        registry, restored = machine.system.registry, machine.head()
        assert before.version <= restored.version < lost.version
        assert (restored.incarnation, restored.positions[0] <= machine.system.log.ends()[0]) == (before.incarnation, True)
        assert learned_ids(registry)[:2] == ["event-north", "event-south"]

        # One that lost everything too answers from what was restored; one that did not goes on until it is told.
        async with running(machine.settings(tmp_path / "new")) as new:
            await soon(lambda: new.stable() == restored.version)
            await soon(lambda: "news" in kept.live.not_followed)
            assert kept.stable() == lost.version
            registry.change_route("news", "trust")
            await soon(lambda: followed(kept, registry) and followed(new, registry))

            # What the log has beyond the head is learned, what was pushed after the backup is sent again, and nothing twice.
            await asyncio.to_thread(machine.learn, "outer")
            await soon(lambda: followed(kept, registry) and followed(new, registry))
    learned = learned_ids(registry)
    assert len(learned) == len(set(learned))
    assert {"event-north", "event-south", "event-outer"} <= set(learned)
    status = registry.event_status("event-outer")
    assert status is not None
    assert status.state is EventState.LEARNED
