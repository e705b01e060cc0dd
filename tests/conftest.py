"""Fixtures that every folder of tests may take. Each support module owns its servers and stops them by process id."""

import os
from typing import Any

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

_SERVERS = ("tests/chaos/", "tests/e2e/", "tests/integration/test_kafka", "tests/integration/test_producers")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Under `-n` a file's tests run in one process. One process has every test that starts an engine or a Kafka and begins with
    them: two engines at once would want more memory than a small machine has, and one broker is enough."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, name = nodeid.partition("::")
            servers = file.startswith(_SERVERS) or "[kafka]" in name
            return "servers" if servers else file

    return Scheduling(config, log)
