"""The small HTTP endpoint of a process that serves nothing else."""

from __future__ import annotations

import socket

import httpx
import pytest

from rtadapt.errors import InvalidSettings
from rtadapt.observe import metrics
from rtadapt.observe.endpoint import Endpoint
from rtadapt.observe.pulse import Pulse


def ask(endpoint: Endpoint, path: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{endpoint.port}{path}", timeout=5.0, trust_env=False)


def test_it_says_that_the_process_runs_whether_it_is_ready_and_its_metrics() -> None:
    ready = False
    with Endpoint("127.0.0.1", 0, lambda: ready) as endpoint:
        assert ask(endpoint, "/healthz").status_code == 200
        assert ask(endpoint, "/readyz").status_code == 503
        ready = True
        assert ask(endpoint, "/readyz").status_code == 200
        metrics.LOG_LAG.set(3)
        assert "rtadapt_event_log_lag_events 3.0" in ask(endpoint, "/metrics").text
        assert ask(endpoint, "/").status_code == 404


def test_connections_that_send_nothing_keep_no_probe_waiting(capfd: pytest.CaptureFixture[str]) -> None:
    with Endpoint("127.0.0.1", 0, lambda: True) as endpoint:
        silent = [socket.create_connection(("127.0.0.1", endpoint.port)) for _ in range(3)]
        assert ask(endpoint, "/healthz").status_code == 200
        silent[0].sendall(b"GET /me")
        for connection in silent:
            connection.close()
        assert ask(endpoint, "/readyz").status_code == 200
    assert capfd.readouterr().err == ""


def test_a_loop_that_hangs_is_seen_from_outside_and_one_that_has_not_begun_is_not() -> None:
    pulse = Pulse(0.0)
    with Endpoint("127.0.0.1", 0, lambda: True, pulse.alive) as endpoint:
        assert ask(endpoint, "/healthz").status_code == 200
        pulse.beat()  # no turn may take any time here, so the next one already hangs
        assert ask(endpoint, "/healthz").status_code == 503
        assert ask(endpoint, "/readyz").status_code == 200
        assert "rtadapt_worker_last_step_timestamp_seconds 1" in ask(endpoint, "/metrics").text


def test_a_port_that_is_taken_is_named() -> None:
    with Endpoint("127.0.0.1", 0, lambda: True) as endpoint:
        with pytest.raises(InvalidSettings, match=str(endpoint.port)) as caught:
            Endpoint("127.0.0.1", endpoint.port, lambda: True)
        assert caught.value.field == "work.metrics_port"
