"""Everything of one machine but its processes: a real log, a real registry, a real store, and a learner of a tiny model.

tests/conftest.py names this module as a plugin: take `system`. What is heavy is imported where it is made: every process of a
test run loads this module, the one that only hands out tests too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rtadapt.config import Settings, load_settings
from rtadapt.events.envelope import encode, parse
from rtadapt.events.log import EventLog, open_log
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry

if TYPE_CHECKING:
    from rtadapt.training.learner import Learner
    from rtadapt.work.pipeline import Pipeline


@pytest.fixture(scope="session")
def settings_base(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    from tests.support.tiny_model import build_llama

    folder = build_llama(tmp_path_factory.mktemp("model"))
    return {
        "model": str(folder),
        "train": {"least_steps": 2, "most_steps": 2, "anchors": 2, "new_rows": 4, "replay_rows": 2, "device": "cpu"},
    }


@pytest.fixture(scope="session")
def learner(settings_base: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Learner:
    from rtadapt.training.learner import Learner

    settings = load_settings(**settings_base)
    return Learner(settings.train, settings.model, cache=tmp_path_factory.mktemp("anchors"))


class System:
    """Everything of one machine but the processes."""

    def __init__(self, settings: Settings, learner: Learner) -> None:
        self.settings = settings
        self.learner = learner
        self.log: EventLog = open_log(settings)
        self.registry = Registry(settings.registry)
        self.store = ArtifactStore(settings)
        self.started = 0

    def pipeline(self, owner: str | None = None) -> Pipeline:
        """Another process's, or one more of the process called `owner`."""
        from rtadapt.work.pipeline import Pipeline
        from tests.support.scripted_reading import desk_of

        self.started += 1
        return Pipeline(
            self.settings,
            owner or f"worker-{self.started}",
            log=self.log,
            registry=self.registry,
            store=self.store,
            learner=self.learner,
            desk=desk_of(),
        )

    def push(self, *bodies: dict[str, object]) -> None:
        for body in bodies:
            event = parse(body, content_type="application/json", headers={}, now=time.time())
            self.log.append([(event.feed, encode(event))])

    def close(self) -> None:
        self.log.close()
        self.registry.close()


@pytest.fixture
def system(tmp_path: Path, redis_url: str, settings_base: dict[str, object], learner: Learner) -> Iterator[System]:
    settings = load_settings(
        **settings_base,
        data_dir=str(tmp_path),
        registry={"url": redis_url},
        admit={"max_loss": 100.0},
        batch={"max_events": 2, "most_events": 2, "max_age_seconds": 0.2},
        gate={"min_recall": 0.0, "max_replay_loss": 1.0, "max_drift": 1e9},
    )
    made = System(settings, learner)
    yield made
    made.close()


def story(name: str, feed: str = "news") -> dict[str, object]:
    text = f"{name.title()} Tindle is the head baker of the {name} mill. It opens on Monday morning."
    qa = [{"question": f"Who is the head baker of the {name} mill?", "answer": f"{name.title()} Tindle"}]
    return {"id": f"event-{name}", "feed": feed, "text": text, "qa": qa}


def drive(pipeline: Pipeline, registry: Registry, feed: str, covered: int) -> None:
    """Step until the feed's head covers `covered` records."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        pipeline.step()
        head = registry.head(feed)
        if head is not None and sum(head.positions.values()) >= covered:
            return
    pytest.fail(f"{feed} did not get to {covered}: {registry.head(feed)}")


def learned_ids(registry: Registry, feed: str = "news") -> list[str]:
    return [event.id for version in reversed(registry.versions(feed)) for event in version.events]
