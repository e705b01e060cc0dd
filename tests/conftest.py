"""Fixtures that every folder of tests may take. Each support module owns its servers and stops them by process id."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Two threads on two shared cores wait for each other more than they compute; one a process is faster and steadier.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test fails because the machine is busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

pytest_plugins = [
    "tests.support.axe",
    "tests.support.redis_server",
    "tests.support.kafka_broker",
    "tests.support.taught_model",
    "tests.support.one_machine",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Under `-n` a file's tests run in one process. One process has every test that starts an engine or a Kafka and begins with
    them: two engines at once would want more memory than a small machine has, and one broker is enough."""
    starting = {item: _starts_servers(item) for item in items}
    for item in items:
        item.add_marker(pytest.mark.xdist_group("servers" if starting[item] else item.path.name))
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: not starting[item])


def _starts_servers(item: pytest.Item) -> bool:
    asked = item.path.parent.name in ("chaos", "e2e") or "kafka" in getattr(item, "fixturenames", ())
    return asked or item.get_closest_marker("xdist_group") is not None
