"""The producers that docs/kafka.md shows, each run against a real broker: what they write is an event of its feed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rtadapt.config import EventLogSettings
from rtadapt.events.envelope import decode
from rtadapt.events.kafka import KafkaLog
from rtadapt.records import Event
from tests.support.kafka_broker import BROKER, Kafka
from tests.unit.test_docs import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "kafka.md").read_text(encoding="utf-8")


@pytest.fixture
def settings(real_kafka: Kafka) -> EventLogSettings:
    return real_kafka.settings(partitions=8)


@pytest.fixture
def log(settings: EventLogSettings) -> Iterator[KafkaLog]:
    log = KafkaLog(settings)
    yield log
    log.close()


def shown(language: str, settings: EventLogSettings) -> str:
    """The page's producer in a language, with the topic of this test."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert '"rtadapt.events"' in found
    return found.replace("rtadapt.events", settings.topic)


def python(code: str, folder: Path, brokers: str) -> list[str]:
    (folder / "newsroom.py").write_text(code)
    return [sys.executable, "newsroom.py", brokers]


def java(code: str, folder: Path, brokers: str) -> list[str]:
    jars = Path(os.environ.get("KAFKA_JARS", BROKER.parent / "libs"))
    if shutil.which("java") is None or not jars.is_dir():
        pytest.skip("needs java, and Kafka's client jars in the folder that KAFKA_JARS names")
    (folder / "Newsroom.java").write_text(code)
    return ["java", "-Xmx64m", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", "Newsroom.java", brokers]


def go(code: str, folder: Path, brokers: str) -> list[str]:
    if shutil.which("go") is None:
        pytest.skip("needs go")
    (folder / "main.go").write_text(code)
    [module] = re.findall(r"`go get (\S+)`", PAGE)
    for command in (["go", "mod", "init", "newsroom"], ["go", "get", module]):
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300)
        if done.returncode != 0:
            pytest.skip("needs a Go module proxy")
    return ["go", "run", ".", brokers]


def javascript(code: str, folder: Path, brokers: str) -> list[str]:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("needs node and npm")
    (folder / "newsroom.js").write_text(code)
    [package] = re.findall(r"`npm install (\S+)`", PAGE)
    done = subprocess.run(
        [npm, "install", "--ignore-scripts", "--no-audit", package], cwd=folder, capture_output=True, timeout=120
    )
    if done.returncode != 0:
        pytest.skip("needs an npm registry")
    return ["node", "newsroom.js", brokers]


@pytest.mark.parametrize("producer", [python, java, go, javascript])
def test_what_a_shown_producer_writes_is_an_event_in_its_feeds_partition(
    producer: Callable[[str, Path, str], list[str]],
    log: KafkaLog,
    settings: EventLogSettings,
    real_kafka: Kafka,
    tmp_path: Path,
) -> None:
    command = producer(shown(producer.__name__, settings), tmp_path, real_kafka.bootstrap)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    event = first_event(log)
    assert (event.feed, event.id, event.source, event.headline) == ("news", "story-17", "wire", "New coach")
    assert event.text == "Marla Tindle is the new head coach of Corvin Rovers."
    assert event.time == datetime(2026, 11, 24, 9, 30, tzinfo=UTC).timestamp()
    assert event.position is not None
    assert event.position.partition == log.partition_of("news")


def first_event(log: KafkaLog) -> Event:
    reader = log.reader(lambda partition: 0)
    try:
        for _ in range(60):
            for record in reader.poll(1.0, 10):
                return decode(record)
    finally:
        reader.close()
    raise AssertionError("nothing was written")
