"""The adapters that an engine is held against at the start go the way of every other adapter: checked before it sees them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rtadapt.config import Settings
from rtadapt.observe.pulse import Pulse
from rtadapt.records import Artifact
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.work.worker import Presence
from tests.support.adapter_files import write_adapter
from tests.support.watched_engine import Replica, running, settings_of, until
from tests.unit.test_signing import key_files

NAMED = "this engine could not be tried"


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    opened = Registry(settings.registry)
    yield opened
    opened.close()


def stored(settings: Settings, tmp_path: Path, value: float = 0.5) -> list[Artifact]:
    """Two adapters in the store, as a worker puts them there."""
    store = ArtifactStore(settings)
    return [store.put("trial", "base", write_adapter(tmp_path / f"trial-{bias}", bias)) for bias in (value, value + 1)]


def offer(registry: Registry, trial: list[Artifact], by: Registry | None = None) -> None:
    """Say in the registry where they lie, as the worker says it whose registry `by` is."""
    worker = Presence(by or registry, "w", lambda: True, Pulse(60.0))
    worker.trial = trial
    registry.note_worker("w", worker.said())


async def refused(replica: Replica, caplog: pytest.LogCaptureFixture) -> str:
    """Why the replica does not try its engine with what is offered, which the engine has not seen."""
    await until(lambda: [record for record in caplog.records if record.message == NAMED])
    assert [name for name in replica.engine.loads if name.startswith("trial-")] == []
    return str(next(record for record in caplog.records if record.message == NAMED).reason)  # type: ignore[attr-defined]


async def test_an_engine_is_tried_with_what_a_worker_has_signed_and_nothing_else(
    settings: Settings, registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    private, public = key_files(tmp_path, "ours")
    trusting = settings.model_copy(update={"registry": settings.registry.model_copy(update={"trusted_keys_file": public})})
    worker = Registry(settings.registry.model_copy(update={"signing_key_file": private}))
    async with running(trusting) as replica:
        await until(lambda: replica.live.ready)
        offer(registry, stored(settings, tmp_path, 7.0))
        assert "signed" in await refused(replica, caplog)
        trial = stored(settings, tmp_path)
        offer(registry, trial, by=worker)
        await until(lambda: f"trial-{trial[1].digest[:8]}" in replica.engine.loads)
    worker.close()


async def test_an_engine_is_not_tried_with_what_is_no_number(
    settings: Settings, registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(settings) as replica:
        offer(registry, stored(settings, tmp_path, float("inf")))
        assert "finite" in await refused(replica, caplog)


async def test_an_engine_is_not_tried_with_more_than_it_may_load(
    redis_url: str, registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(tmp_path, redis_url, max_adapter_bytes=100)
    async with running(settings) as replica:
        offer(registry, stored(settings, tmp_path))
        assert "serve.max_adapter_bytes" in await refused(replica, caplog)
