"""vLLM's series by adapter stay few, however many versions come and go."""

from __future__ import annotations

import ast
import inspect

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from rtadapt.serving.series import BY_ADAPTER, bound


def test_series_by_adapter_are_dropped_before_they_are_many_and_come_again() -> None:
    registry = CollectorRegistry()
    gauge = Gauge(BY_ADAPTER, "as vLLM's", ["running_lora_adapters"], registry=registry)
    other = Gauge("vllm:other", "another", registry=registry)
    other.set(3)
    most_seen = 0
    for number in range(1000):
        gauge.labels(f"news@{number}").set_to_current_time()
        bound(registry, most=10)
        most_seen = max(most_seen, generate_latest(registry).count(b"news@"))
    assert 1 <= most_seen <= 10
    gauge.labels("news@1000").set_to_current_time()
    shown = generate_latest(registry)
    assert b'"news@1000"' in shown
    assert b"vllm:other 3.0" in shown


def test_an_engine_without_that_metric_is_no_fault() -> None:
    bound(CollectorRegistry())


def test_vllm_counts_adapters_under_that_name_in_a_gauge_that_can_be_dropped() -> None:
    loggers = pytest.importorskip("vllm.v1.metrics.loggers")
    assert issubclass(loggers.PrometheusStatLogger._gauge_cls, Gauge)
    made = [
        ast.unparse(call.func)
        for call in ast.walk(ast.parse(inspect.getsource(loggers)))
        if isinstance(call, ast.Call) and any(ast.unparse(keyword) == f"name='{BY_ADAPTER}'" for keyword in call.keywords)
    ]
    assert made == ["self._gauge_cls"]
