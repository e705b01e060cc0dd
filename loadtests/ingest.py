"""How fast events are accepted, beside kafka-python's own producer on the same broker in the same run.

    python -m loadtests.ingest --seconds 3 --rounds 4

Starts a real Kafka broker (../shared/kafka, as the tests do), a registry server and a control plane. Then, in turns so that a
noisy machine is noisy for both: batches of 100 stories of one kilobyte through `POST /v1/events`, and the same values through a
KafkaProducer that waits for each batch as the control plane does (all in-sync replicas, idempotent, lz4). Prints both rates
of each round and their ratio. With `--sqlite` the log is SQLite, and the producer has no part.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
from kafka import KafkaProducer

from rtadapt.config import load_settings
from tests.support.api_server import ApiServer
from tests.support.kafka_broker import Broker, Kafka
from tests.support.redis_server import RedisServer, free_port

BATCH = 100
_FEEDS = 8
_STORY_BYTES = 1000
_TIMEOUT_SECONDS = 60.0


def stories() -> list[dict[str, str]]:
    """One batch; what they say is no matter to whoever accepts them."""
    line = "The council of Ostrel opened the mill on Monday. "
    return [{"feed": f"feed-{number % _FEEDS}", "text": (line * 40)[:_STORY_BYTES]} for number in range(BATCH)]


def rate(send: Callable[[], None], seconds: float) -> float:
    """Events a second while batches are sent one after another."""
    began, sent = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        send()
        sent += BATCH
    return sent / (time.monotonic() - began)


def run(folder: Path, seconds: float, rounds: int, sqlite: bool) -> list[tuple[float, float]]:
    """Rates of each round: over HTTP, and of the producer alone (0 where there is none)."""
    with ExitStack() as stack:
        registry = RedisServer(folder, port=free_port(), durable=False)
        registry.start()
        stack.callback(registry.stop)
        changes: dict[str, object] = {"data_dir": str(folder), "registry": {"url": registry.url}}
        producer, topic = None, ""
        if not sqlite:
            broker = Broker(folder)
            broker.start()
            stack.callback(broker.stop)
            log = Kafka("real", broker.bootstrap).settings(partitions=4)
            changes["event_log"] = log.model_dump(mode="json")
            producer, topic = made(broker.bootstrap), log.topic
            stack.callback(producer.close)
        api = stack.enter_context(ApiServer(load_settings(**changes)))
        client = stack.enter_context(httpx.Client(base_url=api.url, timeout=_TIMEOUT_SECONDS))
        bodies = stories()
        values = [(body["feed"].encode(), json.dumps(body).encode()) for body in bodies]

        def post() -> None:
            answer = client.post("/v1/events", json=bodies)
            assert answer.status_code == 202, answer.text[:300]

        def produce() -> None:
            assert producer is not None
            for future in [producer.send(topic, key=key, value=value) for key, value in values]:
                future.get(timeout=_TIMEOUT_SECONDS)

        post()
        return [(rate(post, seconds), 0.0 if producer is None else rate(produce, seconds)) for _ in range(rounds)]


def made(bootstrap: str) -> KafkaProducer:
    """A producer that promises what the control plane promises."""
    return KafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, compression_type="lz4")


def main() -> int:
    """Run; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each part of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sqlite", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        found = run(Path(folder), options.seconds, options.rounds, options.sqlite)
    for http, alone in found:
        beside = f", the producer {alone:,.0f}, ratio {http / alone:.2f}" if alone else ""
        print(f"POST /v1/events {http:,.0f} events a second{beside}")
    if not options.sqlite:
        print(f"median ratio {statistics.median(http / alone for http, alone in found):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
