"""What a scrape of each process sees."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from confluent_kafka import Producer
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from rtadapt import __version__
from rtadapt.observe import metrics
from rtadapt.observe.disk import watch_disk
from rtadapt.observe.kafka_client import KafkaClient, statistics
from rtadapt.observe.metrics import StateGauge

ALARMING = (
    "rtadapt_data_free_bytes",
    "rtadapt_kafka_brokers_up",
    "rtadapt_ready",
    "rtadapt_registry_up",
    "rtadapt_owned_partitions",
    "rtadapt_event_log_lag_events",
)


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


def test_a_process_says_how_much_room_is_left_where_its_folder_will_be(tmp_path: Path) -> None:
    watch_disk(tmp_path / "not" / "yet")
    [line] = [line for line in generate_latest().decode().splitlines() if line.startswith("rtadapt_data_free_bytes ")]
    assert 0 < float(line.split()[1]) <= shutil.disk_usage(tmp_path).total


def test_what_the_client_that_writes_to_kafka_says_of_itself_is_told() -> None:
    client = KafkaClient()
    up = {"nodeid": 1, "state": "UP", "rtt": {"avg": 2500, "cnt": 4}, "req_timeouts": 3, "txerrs": 1}
    named = {
        "nodeid": -1,
        "state": "UP",
        "rtt": {"avg": 9_000_000, "cnt": 4},
    }  # the address that was given, not the broker behind it
    before = REGISTRY.get_sample_value("rtadapt_kafka_request_failures_total", {"kind": "timeout"}) or 0.0
    for timeouts in (3, 5):
        client.note(
            json.dumps({"msg_cnt": 7, "brokers": {"a": up | {"req_timeouts": timeouts}, "b": up | {"state": "DOWN"}, "c": named}})
        )
    client.note(
        json.dumps({"msg_cnt": 7, "brokers": {"a": up | {"req_timeouts": 5, "rtt": {"avg": 0, "cnt": 0}}}})
    )  # it was idle
    assert REGISTRY.get_sample_value("rtadapt_kafka_brokers_up") == 1
    assert REGISTRY.get_sample_value("rtadapt_kafka_queued_records") == 7
    assert REGISTRY.get_sample_value("rtadapt_kafka_round_trip_seconds") == 0.0025
    assert REGISTRY.get_sample_value("rtadapt_kafka_request_failures_total", {"kind": "timeout"}) == before + 8


def test_librdkafka_says_it_by_itself() -> None:
    metrics.KAFKA_QUEUED.set(-1)
    wanted = {"bootstrap.servers": "127.0.0.1:1", "log_level": 2, "message.timeout.ms": 5000}
    producer = Producer(wanted | statistics() | {"statistics.interval.ms": 20})
    producer.produce("topic", b"x")
    while REGISTRY.get_sample_value("rtadapt_kafka_queued_records") != 1:
        producer.poll(0.05)
    producer.purge()
    producer.flush(5)
