"""Where a real Kafka must be there, none is no reason to skip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.kafka_broker import has_broker

ROOT = Path(__file__).resolve().parents[2]


def collect(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("KAFKA_BOOTSTRAP", "REQUIRE_KAFKA")}
    command = [sys.executable, "-m", "pytest", "--co", "-q", "-p", "tests.support.kafka_broker", "--noconftest", __file__]
    return subprocess.run(command, env=kept | environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_missing_broker_that_is_required_fails_the_run() -> None:
    done = collect(REQUIRE_KAFKA="1", KAFKA_BOOTSTRAP="mock")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "there is no Kafka" in done.stderr


def test_without_the_requirement_the_mock_will_do() -> None:
    assert collect(KAFKA_BOOTSTRAP="mock").returncode == pytest.ExitCode.OK


@pytest.mark.skipif(not has_broker(), reason="needs ../shared/kafka")
def test_a_broker_that_is_there_is_enough() -> None:
    assert collect(REQUIRE_KAFKA="1").returncode == pytest.ExitCode.OK
