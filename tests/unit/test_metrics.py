"""What a scrape of each process sees."""

from __future__ import annotations

import subprocess
import sys

from prometheus_client import CollectorRegistry, generate_latest

from rtadapt import __version__
from rtadapt.observe import metrics
from rtadapt.observe.metrics import StateGauge

ALARMING = ("rtadapt_ready", "rtadapt_registry_up", "rtadapt_owned_partitions", "rtadapt_event_log_lag_events")


def test_a_state_is_shown_once_it_was_set_and_its_name_always() -> None:
    registry = CollectorRegistry()
    gauge = StateGauge("up", "whether it is up", registry=registry)
    assert b"# TYPE up gauge" in generate_latest(registry)
    assert b"\nup " not in generate_latest(registry)
    gauge.set(0)
    assert b"\nup 0.0\n" in generate_latest(registry)


def test_a_process_says_nothing_of_a_state_that_is_not_its_own() -> None:
    """Else each worker and each control plane would be a replica that is not ready and has lost its registry."""
    script = "import rtadapt.api.app; from prometheus_client import generate_latest; print(generate_latest().decode())"
    page = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True).stdout
    for name in ALARMING:
        assert f"# TYPE {name} gauge" in page
        assert f"\n{name} " not in page


def test_a_process_says_what_it_is_and_no_counter_has_a_second_series() -> None:
    metrics.BUILD.labels("work", __version__, "some-model").set(1)
    metrics.EVENTS_INVALID.labels("schema").inc()
    page = generate_latest().decode()
    assert f'rtadapt_build_info{{model="some-model",process="work",version="{__version__}"}} 1.0' in page
    assert "_created{" not in page
    assert "_created " not in page
