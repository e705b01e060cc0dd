"""A real Prometheus looks at a running control plane and worker, and sees what is done to them: within two looks at its rules."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from rtadapt.config import Settings, load_settings, to_environment
from tests.support.api_server import STORY, ApiServer
from tests.support.prometheus import PROMETHEUS, Prometheus
from tests.support.redis_server import RedisServer, free_port
from tests.support.running import Process, eventually
from tests.support.tiny_model import build_llama

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed (Debian's package prometheus has it)"),
]
_FIRES_SECONDS = 120.0
FAULTS = {"RtadaptPushesFail", "RtadaptControlPlaneErrors", "RtadaptNobodyReadsTheLog", "RtadaptTargetDown"}


@dataclass(frozen=True, slots=True)
class Watched:
    """What runs, and the Prometheus that looks at it."""

    settings: Settings
    redis: RedisServer
    api: ApiServer
    worker: Process
    prometheus: Prometheus

    def push(self) -> int:
        return httpx.post(f"{self.api.url}/v1/events", json=STORY, timeout=30, trust_env=False).status_code

    def fires(self, alert: str, meanwhile: str | None = None) -> bool:
        """Whether it comes to fire. `meanwhile` is asked for again and again, as a console does."""

        def seen() -> bool:
            if meanwhile is not None:
                httpx.get(f"{self.api.url}{meanwhile}", timeout=30, trust_env=False)
            return alert in self.prometheus.firing()

        return eventually(seen, _FIRES_SECONDS)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with ExitStack() as stack:
        (tmp_path / "r").mkdir()
        redis = RedisServer(tmp_path / "r", port=free_port())
        redis.start()
        stack.callback(redis.stop)
        settings = load_settings(
            model=str(build_llama(tmp_path / "model")),
            data_dir=tmp_path,
            registry={"url": redis.url, "timeout_seconds": 1.0},
            event_log={"timeout_seconds": 1.0},
            train={"anchors": 2, "device": "cpu"},
            reading={"by": "grammar"},
            work={"metrics_port": free_port()},
        )
        api = stack.enter_context(ApiServer(settings))
        worker = Process(tmp_path, "work", to_environment(settings))
        stack.callback(worker.stop)
        worker.wait_ready(f"http://127.0.0.1:{settings.work.metrics_port}/readyz")
        (tmp_path / "prometheus").mkdir()
        ports = {"rtadapt-api": api.settings.api.port, "rtadapt-work": settings.work.metrics_port}
        prometheus = stack.enter_context(Prometheus(tmp_path / "prometheus", ports))
        yield Watched(settings, redis, api, worker, prometheus)


def test_three_faults_are_seen_and_what_is_well_is_not(watched: Watched) -> None:
    prometheus = watched.prometheus
    assert eventually(lambda: prometheus.up() == {"rtadapt-api", "rtadapt-work"}, 60)
    assert watched.push() == 202
    assert eventually(lambda: "RtadaptNoReplicaReady" in prometheus.firing(), 60)  # as no replica runs here: it judges
    assert eventually(lambda: prometheus.firing() & FAULTS == set(), 60)  # what was absent at the first look is there now

    with sqlite3.connect(watched.settings.data_dir / "events.sqlite3") as full:
        full.execute("BEGIN IMMEDIATE")  # nothing else can be written to the log
        assert watched.push() == 503
        assert watched.fires("RtadaptPushesFail")
        series = 'rtadapt_append_failures_total{job="rtadapt-api"}'
        assert prometheus.judgements("RtadaptPushesFail", "rtadapt-processes", series, lambda failures: failures > 0) <= 2
        full.rollback()
    assert prometheus.firing() & FAULTS == {"RtadaptPushesFail"}

    watched.redis.stop(signal.SIGKILL)
    assert watched.fires("RtadaptControlPlaneErrors", meanwhile="/v1/feeds")
    assert watched.fires("RtadaptNobodyReadsTheLog")
    series = 'rtadapt_owned_partitions{job="rtadapt-work"}'
    assert prometheus.judgements("RtadaptNobodyReadsTheLog", "rtadapt-learning", series, lambda owned: owned == 0) <= 2
    assert prometheus.firing() & FAULTS == FAULTS - {"RtadaptTargetDown"}

    watched.worker.process.kill()
    assert watched.fires("RtadaptTargetDown")
    assert prometheus.judgements("RtadaptTargetDown", "rtadapt-processes", 'up{job="rtadapt-work"}', lambda up: up == 0) <= 2
    assert prometheus.ills() == []
