"""How fast events are accepted, beside kafka-python's own producer on the same broker in the same run; how soon they are polled.

    python -m loadtests.ingest --seconds 3 --rounds 4

Starts a real Kafka broker (../shared/kafka, as the tests do), a registry server and a control plane. Then, in turns so that a
noisy machine is noisy for both: batches of 100 stories of one kilobyte through `POST /v1/events`, and the same values through a
KafkaProducer that waits for each batch as the control plane does (all in-sync replicas, idempotent, lz4). Prints both rates
of each round and their ratio, and what each batch cost the control plane and the producer in time of a processor, which other
work on the machine changes less. Then single events from eight callers at once, and from 32; and, at 500 events a second in
pushes of ten, the time from a push to the poll of a reader that brings its events. With `--sqlite` the log is SQLite, and the
producer has no part.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
from kafka import KafkaProducer

from rtadapt.config import Settings, load_settings
from rtadapt.events.envelope import decode
from rtadapt.events.log import open_log
from tests.support.api_server import ApiServer
from tests.support.kafka_broker import Broker, Kafka
from tests.support.redis_server import RedisServer, free_port

BATCH = 100
_FEEDS = 8
_STORY_BYTES = 1000
_TIMEOUT_SECONDS = 60.0
_CALLERS = (8, 32)
_PUSHED = 10
_EVENTS_A_SECOND = 500


@dataclass(frozen=True, slots=True)
class Rate:
    """Events a second, and seconds of a processor that a batch of them took whoever is measured."""

    events: float
    cost: float


@dataclass(frozen=True, slots=True)
class Found:
    """`rounds` are over HTTP, and of the producer alone where there is one. `singles` are events a second, by
    the number of callers. `waits` are seconds from push to poll.
    """

    rounds: list[tuple[Rate, Rate | None]]
    singles: dict[int, float]
    waits: list[float]


def stories() -> list[dict[str, str]]:
    """One batch; what they say is no matter to whoever accepts them."""
    line = "The council of Ostrel opened the mill on Monday. "
    return [{"feed": f"feed-{number % _FEEDS}", "text": (line * 40)[:_STORY_BYTES]} for number in range(BATCH)]


def rate(sends: Sequence[Callable[[], None]], seconds: float, process: int) -> Rate:
    """How it goes while each of these sends one batch after another, for the process with this id."""
    began, used = time.monotonic(), used_seconds(process)

    def again(send: Callable[[], None]) -> int:
        sent = 0
        while time.monotonic() - began < seconds:
            send()
            sent += 1
        return sent

    with ThreadPoolExecutor(len(sends)) as pool:
        batches = sum(pool.map(again, sends))
    return Rate(batches * BATCH / (time.monotonic() - began), (used_seconds(process) - used) / batches)


def used_seconds(process: int) -> float:
    """What the process has used until now (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Caller:
    """A connection that says one request again and again, at little cost: it shares the machine with what it asks."""

    def __init__(self, url: str, body: bytes) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        head = (
            f"POST /v1/events HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body
        self._socket = socket.create_connection((host, int(port)), _TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self) -> bytes:
        """The answer's body. Raises AssertionError for any status but 202."""
        self._socket.sendall(self._request)
        said = b""
        while (end := said.find(b"\r\n\r\n") + 4) < 4:
            said += self._more()
        head = said[:end].lower()
        assert b" 202 " in head[:20], said[:500]
        length = int(head.partition(b"content-length:")[2].split()[0])
        while len(said) < end + length:
            said += self._more()
        return said[end:]

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _more(self) -> bytes:
        part = self._socket.recv(1 << 16)
        assert part, "the control plane hung up"
        return part


def singles(url: str, seconds: float, callers: int) -> float:
    """Events a second, one a request, over as many connections as there are callers."""
    body = json.dumps(stories()[0]).encode()
    began = time.monotonic()

    def call(_: int) -> int:
        sent, caller = 0, Caller(url, body)
        while time.monotonic() - began < seconds:
            caller.post()
            sent += 1
        caller.close()
        return sent

    with ThreadPoolExecutor(callers) as pool:
        sent = sum(pool.map(call, range(callers)))
    return sent / (time.monotonic() - began)


def waits(client: httpx.Client, settings: Settings, seconds: float) -> list[float]:
    """Seconds from each push to the poll that brought its events, at a steady rate."""
    log = open_log(settings)
    ends = log.ends()
    reader = log.reader(lambda partition: ends.get(partition, 0))
    pushed: dict[str, float] = {}
    polled: dict[str, float] = {}
    over = threading.Event()

    def poll() -> None:
        while not over.is_set():
            for record in reader.poll(0.1, 1000):
                polled.setdefault(decode(record).id, time.monotonic())

    thread = threading.Thread(target=poll)
    thread.start()
    while not reader.partitions():
        time.sleep(0.1)
    began, number = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        time.sleep(max(0.0, began + number * _PUSHED / _EVENTS_A_SECOND - time.monotonic()))
        bodies = [body | {"id": f"timed-{number}-{place}"} for place, body in enumerate(stories()[:_PUSHED])]
        pushed |= dict.fromkeys([body["id"] for body in bodies], time.monotonic())
        assert client.post("/v1/events", json=bodies).json()["refused"] == 0
        number += 1
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while pushed.keys() - polled.keys() and time.monotonic() < deadline:
        time.sleep(0.05)
    over.set()
    thread.join()
    reader.close()
    log.close()
    assert not pushed.keys() - polled.keys(), "not all that was accepted was polled"
    return [polled[event] - moment for event, moment in pushed.items()]


def run(folder: Path, seconds: float, rounds: int, callers: int, sqlite: bool) -> Found:
    """Everything, in this order: rounds, single events, waits."""
    with ExitStack() as stack:
        registry = RedisServer(folder, port=free_port(), durable=False)
        registry.start()
        stack.callback(registry.stop)
        changes: dict[str, object] = {"data_dir": str(folder), "registry": {"url": registry.url}}
        changes["intake"] = {"max_behind_events": 10**8}  # nobody reads, and nothing may be refused for that
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
        assert api.process is not None
        served, own = api.process.pid, os.getpid()
        client = stack.enter_context(httpx.Client(base_url=api.url, timeout=_TIMEOUT_SECONDS))
        bodies = stories()
        values = [(body["feed"].encode(), json.dumps(body).encode()) for body in bodies]

        batch = json.dumps(bodies).encode()

        def posting() -> Callable[[], None]:
            caller = Caller(api.url, batch)
            stack.callback(caller.close)

            def post() -> None:
                said = caller.post()
                assert b'"refused":0' in said, said[:300]

            return post

        def produce() -> None:
            assert producer is not None
            for future in [producer.send(topic, key=key, value=value) for key, value in values]:
                future.get(timeout=_TIMEOUT_SECONDS)

        posts = [posting() for _ in range(callers)]
        posts[0]()
        if producer is not None:
            produce()
        found = [
            (rate(posts, seconds, served), None if producer is None else rate([produce], seconds, own)) for _ in range(rounds)
        ]
        alone = {number: singles(api.url, seconds, number) for number in _CALLERS}
        return Found(found, alone, waits(client, api.settings, 2 * seconds))


def made(bootstrap: str) -> KafkaProducer:
    """A producer that promises what the control plane promises."""
    return KafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, compression_type="lz4")


def main() -> int:
    """Run; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each part of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--callers", type=int, default=1, help="who push batches at once; the producer is always one")
    parser.add_argument("--sqlite", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        found = run(Path(folder), options.seconds, options.rounds, options.callers, options.sqlite)
    for served, alone in found.rounds:
        line = f"POST /v1/events {served.events:,.0f} events a second ({1000 * served.cost:.1f} ms of a processor a batch)"
        if alone is not None:
            line += f", the producer {alone.events:,.0f} ({1000 * alone.cost:.1f} ms), ratio {served.events / alone.events:.2f}"
        print(line)
    ratios = [served.events / alone.events for served, alone in found.rounds if alone is not None]
    if ratios:
        print(f"median ratio {statistics.median(ratios):.2f}")
    for callers, number in found.singles.items():
        print(f"single events, {callers} callers: {number:,.0f} a second")
    ordered = sorted(found.waits)
    middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    print(f"from push to poll at {_EVENTS_A_SECOND} events a second: p50 {1000 * middle:.0f} ms, p99 {1000 * late:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
