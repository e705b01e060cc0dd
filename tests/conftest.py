"""Fixtures that every folder of tests may take. Each support module owns its servers and stops them by process id."""

import os

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
