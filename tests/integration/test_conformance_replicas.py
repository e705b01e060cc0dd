"""The conformance suite on two replicas of ours: it passes them, and fails those that break a promise where they do."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtadapt.cli import main
from rtadapt.config import Settings, to_environment
from rtadapt.conformance.options import CHECKS
from rtadapt.registry.registry import Registry
from tests.support.adapter_files import write_adapter
from tests.support.redis_server import free_port
from tests.support.running import Process
from tests.support.small_replica import serving
from tests.support.watched_engine import settings_of

ROOT = Path(__file__).resolve().parents[2]
FEED = "conformance"
SWAPS = os.environ.get("CONFORMANCE_SWAPS", "8")
"""CI makes two thousand."""
OF_ALIASES = ("steady", "swaps", "own_writes", "monotonic", "rollback", "ends_as_begun")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for number in range(2):
        write_adapter(tmp_path / "adapters" / f"a{number}", 0.1 + number)
    return tmp_path / "adapters"


def examined(settings: Settings, folders: Path, urls: list[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit status, and every check's outcome by its name."""
    report = folders / "report.json"
    command = ["conformance", "--adapters", str(folders), "--short", "--swaps", "8", "--streams", "3", "--tokens", "4"]
    command += ["--data-dir", str(settings.data_dir), "--set", f"registry.url={settings.registry.url}", "--json", str(report)]
    status = main([*command, *(word for url in urls for word in ("--url", url)), *arguments])
    return status, {check["check"]: check for check in json.loads(report.read_text())["checks"]}


def asked_of(status: str, found: dict[str, Any]) -> list[str]:
    return [name for name, check in found.items() if check["status"] == status]


class Faulty:
    """A replica that breaks a promise: it answers alias requests from another version than it should.

    - `deaf`: a request that waits for its event is answered by what was before it.
    - `behind`: one version before everybody else's.
    - `stubborn`: after a rollback by the version that was rolled back, for two seconds; `for ever` does not come back from it.
    """

    def __init__(self, app: Any, registry: Registry, fault: str) -> None:
        self.app, self.registry, self.fault = app, registry, fault
        self.rolled_back = 0.0

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/v1/completions":
            await self.app(scope, receive, send)
            return
        content = (await receive())["body"]
        body = json.loads(content)
        waits = b"x-rtadapt-after" in dict(scope["headers"])
        is_made = waits and body["max_tokens"] == 1  # as the suite waits for a version that it published
        if body["model"] == FEED and not is_made and (version := self.instead(waits)):
            body["model"] = f"{FEED}@{version}"
            content = json.dumps(body).encode()
            names = (b"content-length", b"x-rtadapt-after")
            headers = [(name, value) for name, value in scope["headers"] if name not in names]
            scope = {**scope, "headers": [*headers, (b"content-length", str(len(content)).encode())]}

        told = iter([{"type": "http.request", "body": content, "more_body": False}])

        async def hear() -> Any:
            return next(told, None) or await receive()

        await self.app(scope, hear, send)

    def instead(self, waits: bool) -> int:
        """The version that answers in place of the right one; 0 for none."""
        head, route = self.registry.head(FEED), self.registry.route(FEED)
        assert head is not None
        assert route is not None
        if route.follow:
            self.rolled_back = 0.0
            return head.version - 1 if self.fault == ("deaf" if waits else "behind") else 0
        self.rolled_back = self.rolled_back or time.monotonic()
        stays = {"stubborn": 2.0, "for ever": 3600.0}.get(self.fault, 0.0)
        return head.version if time.monotonic() < self.rolled_back + stays else 0


@contextlib.contextmanager
def two_replicas(settings: Settings, fault: str = "") -> Iterator[list[str]]:
    """Their URLs. The second is faulty."""
    with (
        contextlib.closing(Registry(settings.registry)) as registry,
        serving(settings) as one,
        serving(settings, lambda app: Faulty(app, registry, fault)) as two,
    ):
        yield [one, two]


def test_two_replicas_conform_and_the_order_of_versions_was_looked_at_on_both(
    folders: Path, tmp_path: Path, redis_url: str
) -> None:
    settings = settings_of(tmp_path, redis_url)
    with two_replicas(settings) as urls:
        status, found = examined(settings, folders, urls, "--swaps", SWAPS)
    assert found["swaps"]["figures"]["swaps"] == int(SWAPS)
    assert (status, asked_of("failed", found)) == (0, []), found
    assert asked_of("skipped", found) == ["reused_name", "restart"]
    assert list(found) == ["alone", *CHECKS]
    assert found["monotonic"]["figures"]["servers"] == 2
    assert found["monotonic"]["figures"]["versions"] > 2
    assert found["rollback"]["figures"]["in_force_seconds"] > 0
    for check in ("prefix_cache", "beside_base", "eviction"):
        figures = found[check]["figures"]
        assert figures["compared"] + figures.get("refused", 0) == figures["answers"]


@pytest.mark.parametrize(
    ("fault", "failed", "problem"),
    [
        ("deaf", "own_writes", "answers came from a version before the one that was asked for"),
        ("behind", "monotonic", "times a caller went back to an earlier version"),
        ("stubborn", "rollback", "the rollback was in force after "),
        ("for ever", "rollback", "although it had been rolled back for 1 s"),
    ],
)
def test_a_replica_that_breaks_a_promise_fails_where_it_should_and_nowhere_else(
    folders: Path, tmp_path: Path, redis_url: str, fault: str, failed: str, problem: str
) -> None:
    settings = settings_of(tmp_path, redis_url)
    with two_replicas(settings, fault) as urls:
        status, found = examined(settings, folders, urls, *(word for check in OF_ALIASES for word in ("--check", check)))
    assert (status, asked_of("failed", found)) == (1, [failed]), found
    assert any(problem in said for said in found[failed]["problems"]), found[failed]


def test_where_too_few_versions_stay_loaded_nothing_is_said_to_hold(folders: Path, tmp_path: Path, redis_url: str) -> None:
    settings = settings_of(tmp_path, redis_url, keep_loaded=1)
    with serving(settings) as url:
        status, found = examined(settings, folders, [url], "--check", "prefix_cache", "--check", "beside_base")
    assert (status, asked_of("skipped", found)) == (0, ["prefix_cache", "beside_base"])
    for check in ("prefix_cache", "beside_base"):
        figures = found[check]["figures"]
        assert figures["refused"] > 0
        assert f"of {figures['answers']} answers {figures['compared']} could be compared" in found[check]["skipped"]


@contextlib.contextmanager
def replica_that_is_started_again(settings: Settings) -> Iterator[tuple[str, str]]:
    """A process whose supervisor starts it again whenever it ends: its URL, and a command that kills it."""
    port = free_port()
    environment = to_environment(settings.model_copy(update={"serve": settings.serve.model_copy(update={"port": port})}))
    begin = f"{sys.executable} -c 'from tests.chaos.replica import serve; raise SystemExit(serve())'"
    with tempfile.TemporaryDirectory() as folder:
        loop = f"while :; do {begin} & echo $! > pid; wait; done"
        supervisor = Process(Path(folder), "serve", environment | {"PYTHONPATH": str(ROOT)}, ["sh", "-c", loop])
        try:
            supervisor.wait_ready(f"http://127.0.0.1:{port}/readyz")
            yield f"http://127.0.0.1:{port}", f"kill -KILL $(cat {folder}/pid); sleep 0.2"
        finally:
            os.killpg(supervisor.process.pid, signal.SIGKILL)
            supervisor.process.wait(timeout=30)


def test_a_replica_that_is_killed_and_started_again_under_load_answers_as_before(
    folders: Path, tmp_path: Path, redis_url: str
) -> None:
    settings = settings_of(tmp_path, redis_url)
    with serving(settings) as other, replica_that_is_started_again(settings) as (url, command):
        status, found = examined(settings, folders, [other, url], "--restart", command, "--check", "restart")
    assert (status, asked_of("failed", found)) == (0, []), found
    figures = found["restart"]["figures"]
    assert figures["away_seconds"] > 0.5
    assert figures["refused"] > 0
    assert figures["own"] > 6
