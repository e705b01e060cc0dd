"""A million events pushed as fast as they are accepted, far faster than they are learned: does anything grow, is anything lost?

    python -m loadtests.million --events 1000000

Starts a real Kafka broker (../shared/kafka, as the tests do), registry servers, an API, a replica and workers, as the chaos run
does; the base model is tiny and random. The stated policy for more than can be learned is in force: an event that waited longer
than `--late` seconds is set aside, the newest go first, and intake answers 503 while a partition is too far behind. Exits with
status 1 when not every accepted event came to an end (learned, refused, or set aside and named in the dead letters), when an
event that came to none is found, when the memory of a process or of the registry is a tenth more (and more than 16 MiB) in the
last fifth than in the second, or when the log is larger than what its retention says, at rest after it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from tests.chaos.fleet import Fleet, command

_MIB = 2**20
_BATCH = 100
_FEEDS = 8
_SAMPLE_SECONDS = 2.0
_SEGMENT_BYTES = 16 * _MIB
_BROKER_LOOKS_SECONDS = 300.0
"""How often a broker looks for what its topics need no longer keep, and how long it is in removing it, by its defaults."""
_BROKER_REMOVES_SECONDS = 60.0
_ENOUGH_BYTES = 16 * _MIB
_GROWTH = 1.1
_WORDS = ("council", "mill", "river", "harbour", "school", "bridge", "ferry", "museum", "library", "train", "garden", "orchard")


@dataclass(slots=True)
class Seen:
    """What was seen. `memory` has a list of samples for each process, in bytes."""

    accepted: int = 0
    turned_away: int = 0
    push_seconds: float = 0.0
    rest_seconds: float = 0.0
    ended: dict[str, int] = field(default_factory=dict)
    memory: dict[str, list[int]] = field(default_factory=dict)
    log_bytes: list[int] = field(default_factory=list)
    settled_log_bytes: int = 0


def story(rng: random.Random, number: int) -> dict[str, str]:
    """A story of about a kilobyte. Its words come again and again, so that what is remembered of words comes to its bound."""
    sentences = []
    for _ in range(17):
        who, town, what = rng.choices(_WORDS, k=3)
        sentences.append(f"The {who} of {town}ton opened its {what} on day {rng.randrange(10_000)}.")
    return {"id": f"event-{number}", "feed": f"feed-{number % _FEEDS}", "text": " ".join(sentences)}


def push(fleet: Fleet, events: int, seen: Seen) -> None:
    """All of them, as fast as they are taken; what is turned away is pushed again."""
    rng, began = random.Random(7), time.monotonic()
    with httpx.Client(base_url=fleet.api, timeout=60.0, trust_env=False) as client:
        for start in range(0, events, _BATCH):
            bodies = [story(rng, number) for number in range(start, min(events, start + _BATCH))]
            while bodies:
                left = refused(client.post("/v1/events", json=bodies), bodies)
                seen.accepted += len(bodies) - len(left)
                seen.turned_away += len(left)
                bodies = left
                if bodies:
                    time.sleep(0.5)
                seen.push_seconds = time.monotonic() - began


def refused(answer: httpx.Response, bodies: list[dict[str, str]]) -> list[dict[str, str]]:
    """What of a push is to be pushed again, since too much waits. Raises for any other refusal."""
    if answer.status_code == 503:
        return bodies
    answer.raise_for_status()
    again = [result for result in answer.json()["items"] if result["status"] == "refused"]
    for result in again:
        assert result["error"]["code"] == "overloaded", result
    return [bodies[result["index"]] for result in again]


def watch(fleet: Fleet, seen: Seen, over: threading.Event) -> None:
    """Memory and disk, until it is over."""
    while not over.wait(_SAMPLE_SECONDS):
        for member in fleet.members.values():
            if member.runs:
                seen.memory.setdefault(member.name, []).append(resident_bytes(member.pid))
        assert fleet.broker.process is not None
        seen.memory.setdefault("broker", []).append(resident_bytes(fleet.broker.process.pid))
        seen.memory.setdefault("registry", []).append(command(fleet.primary, "INFO", "memory")["used_memory"])
        seen.log_bytes.append(log_bytes(fleet))


def resident_bytes(process: int) -> int:
    """Resident memory. What is its alone would grow by itself: it is forked from a process whose pages it comes to write to."""
    with suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def log_bytes(fleet: Fleet) -> int:
    """What the broker keeps on its disk."""
    size = 0
    for file in (fleet.folder / "kafka" / "data").rglob("*.log"):
        with suppress(OSError):
            size += file.stat().st_blocks * 512
    return size


def ended(fleet: Fleet) -> dict[str, int]:
    """How many events came to which end, by the words of the workers."""
    ends: dict[str, int] = {}
    for worker in fleet.workers:
        text = httpx.get(f"http://127.0.0.1:{worker.settings.work.metrics_port}/metrics", timeout=30.0, trust_env=False).text
        for line in text.splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith("rtadapt_events_learned_total{"):
                ends["learned"] = ends.get("learned", 0) + int(float(value))
            elif name.startswith("rtadapt_events_refused_total{"):
                reason = name.partition('reason="')[2].partition('"')[0]
                ends[reason] = ends.get(reason, 0) + int(float(value))
    return ends


def come_to_an_end(fleet: Fleet, seen: Seen, seconds: float) -> None:
    """Wait until every accepted event has; `seen.ended` says how."""
    began = time.monotonic()
    while True:
        seen.ended, seen.rest_seconds = ended(fleet), time.monotonic() - began
        if sum(seen.ended.values()) >= seen.accepted or seen.rest_seconds > seconds:
            return
        time.sleep(1.0)


def keep_little(fleet: Fleet, seconds: float) -> None:
    """Let the broker keep what is younger than so long, in small pieces."""
    settings = fleet.members["api"].settings.event_log
    admin = KafkaAdminClient(bootstrap_servers=fleet.broker.bootstrap)
    kept_ms = str(int(seconds * 1000))
    short = {"retention.ms": kept_ms, "segment.ms": kept_ms, "segment.bytes": str(_SEGMENT_BYTES)}
    topics = (settings.topic, settings.dead_letter_topic)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, short) for topic in topics])
    admin.close()


def grown(samples: list[int]) -> tuple[int, int]:
    """The middle of the second fifth of the samples, and of the last."""
    fifth = max(1, len(samples) // 5)
    return int(statistics.median(samples[fifth : 2 * fifth])), int(statistics.median(samples[-fifth:]))


def judge(seen: Seen, kept_bytes: int) -> list[str]:
    """What is wrong. `kept_bytes` is the most that the log may hold at rest."""
    problems = []
    if sum(seen.ended.values()) != seen.accepted:
        problems.append(f"{seen.accepted:,} events were accepted and {sum(seen.ended.values()):,} came to an end")
    for name, samples in seen.memory.items():
        early, late = grown(samples)
        if late > early * _GROWTH and late > early + _ENOUGH_BYTES:
            problems.append(f"{name} grew from {early / _MIB:.0f} to {late / _MIB:.0f} MiB")
    if seen.settled_log_bytes > kept_bytes:
        problems.append(f"the log holds {seen.settled_log_bytes / _MIB:.0f} MiB at rest, more than {kept_bytes / _MIB:.0f}")
    return problems


def lines(seen: Seen) -> list[str]:
    """The report."""
    rate = seen.accepted / seen.push_seconds
    said = [
        f"{seen.accepted:,} events accepted in {seen.push_seconds:.0f} s ({rate:,.0f} a second), {seen.turned_away:,} turned"
        f" away for now; the last had ended {seen.rest_seconds:.0f} s after it was accepted",
        "ended: " + ", ".join(f"{reason} {number:,}" for reason, number in sorted(seen.ended.items())),
    ]
    for name, samples in seen.memory.items():
        early, late = grown(samples)
        said.append(
            f"{name}: {early / _MIB:.0f} MiB in the second fifth, {late / _MIB:.0f} in the last, {max(samples) / _MIB:.0f} most"
        )
    most, rest = max(seen.log_bytes) / _MIB, seen.settled_log_bytes / _MIB
    return [*said, f"the log: {most:.0f} MiB at most, {rest:.0f} at rest after its retention"]


def run(folder: Path, options: argparse.Namespace) -> tuple[Seen, list[str]]:
    """Everything: start, push, come to an end, rest."""
    changes: Mapping[str, dict[str, object]] = {
        "admit": {"max_loss": 100.0, "max_wait_seconds": options.late, "remember_texts": 100},
        "intake": {"max_behind_events": options.behind},
        "registry": {"max_statuses": 10_000, "keep_versions": 20},
        # What a feed remembers has bounds, too, that a few thousand events would not come to.
        "train": {"replay_capacity": 500},
    }
    fleet, seen, over = Fleet(folder, workers=options.workers, changes=changes), Seen(), threading.Event()
    watching = threading.Thread(target=watch, args=(fleet, seen, over), daemon=True)
    try:
        fleet.start()
        keep_little(fleet, options.keep)
        watching.start()
        with ThreadPoolExecutor(1) as pool:
            pushing = pool.submit(push, fleet, options.events, seen)
            while not wait([pushing], timeout=30.0).done:
                print(
                    f"{seen.accepted:,} accepted after {seen.push_seconds:.0f} s, {sum(ended(fleet).values()):,} ended",
                    flush=True,
                )
            pushing.result()
        come_to_an_end(fleet, seen, options.rest)
        over.set()
        watching.join()
        kept = 2 * _SEGMENT_BYTES * (fleet.partitions + 1)
        deadline = time.monotonic() + options.keep + _BROKER_LOOKS_SECONDS + _BROKER_REMOVES_SECONDS + 30
        seen.settled_log_bytes = log_bytes(fleet)
        while seen.settled_log_bytes > kept and time.monotonic() < deadline:
            time.sleep(5.0)
            seen.settled_log_bytes = log_bytes(fleet)
        return seen, [*judge(seen, kept), *fleet.wrong]
    finally:
        over.set()
        fleet.close()


def main() -> int:
    """Run; gives the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--late", type=float, default=10.0, help="seconds after which a waiting event is set aside")
    parser.add_argument("--behind", type=int, default=20_000, help="events that a partition may be behind before intake refuses")
    parser.add_argument("--keep", type=float, default=60.0, help="seconds that the log keeps an event")
    parser.add_argument("--rest", type=float, default=600.0, help="seconds that the last events have to come to an end")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rta-"))
    print(f"logs in {folder}", flush=True)
    seen, problems = run(folder, options)
    print("\n".join([*lines(seen), *problems]))
    if not problems:
        shutil.rmtree(folder)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
