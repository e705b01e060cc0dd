"""What a worker makes of records of every kind, over a real log, a real registry and a small model: none of them stops it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rtadapt.config import load_settings
from rtadapt.errors import Unavailable
from rtadapt.events.envelope import encode, parse
from rtadapt.events.log import EventLog, LogRecord, open_log
from rtadapt.events.numbered import NumberedLog
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.records import DeadLetter, EventState, EventStatus, Position
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.training.learner import Learner
from rtadapt.work.desk import Desk
from rtadapt.work.pipeline import Pipeline
from tests.support.full_disk import full_disk
from tests.support.tiny_model import build_llama


class Nothing:
    """A reader that reads nothing: what is tried here comes before the reading."""

    def read(self, passages: Sequence[Passage]) -> list[list[Reading]]:
        return [[] for _ in passages]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_llama(tmp_path_factory.mktemp("model"))


@pytest.fixture
def worker(tmp_path: Path, redis_url: str, model: Path) -> Iterator[Pipeline]:
    settings = load_settings(
        model=str(model),
        data_dir=str(tmp_path),
        registry={"url": redis_url},
        admit={"max_loss": 100.0},
        train={"device": "cpu", "least_steps": 1, "most_steps": 1},
        gate={"min_recall": 0.0, "max_replay_loss": 1.0, "max_drift": 1e9},
    )
    registry = Registry(settings.registry)
    log: EventLog = NumberedLog(open_log(settings), registry.log_number)
    learner = Learner(settings.train, settings.model, cache=tmp_path / "anchors")
    desk = Desk(settings.reading, Nothing(), None)
    made = Pipeline(settings, "w", log=log, registry=registry, store=ArtifactStore(settings), learner=learner, desk=desk)
    made.reader.poll(0.0, 1)  # it takes its partitions
    yield made
    made.close()
    log.close()
    registry.close()


def record(worker: Pipeline, value: bytes, *, feed: str = "news", aside: int = 0, offset: int = 0, fault: str = "") -> LogRecord:
    partitions = worker.settings.event_log.partitions
    partition = (worker.log.partition_of(feed) + aside) % partitions
    return LogRecord(partition, offset, feed, value, time.time(), fault)


def story(name: str, **more: object) -> bytes:
    text = f"{name} Tindle was made the head baker of the {name} mill on Monday morning, the owners said."
    return json.dumps({"feed": "news", "text": text, **more}).encode()


def letters(worker: Pipeline) -> list[DeadLetter]:
    return worker.log.dead_letters(10)


def test_an_event_in_another_partition_is_appended_in_its_own_and_the_feed_is_not_taken_over(worker: Pipeline) -> None:
    [status] = worker.admit_all([record(worker, story("Ashby"), aside=1, offset=3)])
    assert status == EventStatus(status.id, "news", EventState.ACCEPTED, Position(worker.log.partition_of("news"), 0))
    assert worker.registry.head("news") is None
    [moved] = worker.reader.poll(1.0, 10)
    assert moved.partition == worker.log.partition_of("news")
    [status] = worker.admit_all([moved])
    assert (status.state, status.position) == (EventState.ADMITTED, Position(moved.partition, 0))
    assert letters(worker) == []


def test_what_is_no_event_or_was_lost_is_a_dead_letter_with_its_place_and_the_next_one_is_admitted(worker: Pipeline) -> None:
    assert worker.admit_all([record(worker, b"\xff")]) == []
    assert worker.admit_all([record(worker, b"", offset=1, fault="the record can't be unpacked: X")]) == []
    assert worker.admit_all([record(worker, story("Ashby", embargoed="2999-01-01T00:00:00Z"), offset=2)]) == []
    assert [letter.position.offset for letter in letters(worker)] == [2, 1, 0]
    assert ["embargo" in letters(worker)[0].detail, "unpacked" in letters(worker)[1].detail] == [True, True]
    [status] = worker.admit_all([record(worker, story("Dunmore"), offset=3)])
    assert status.state is EventState.ADMITTED


def test_an_event_that_the_checks_fail_on_stops_no_others(worker: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = worker.admission.check

    def fail(*_: object) -> None:
        raise ZeroDivisionError("Ashby Tindle")

    monkeypatch.setattr(worker.admission, "check", fail)
    [status] = worker.admit_all([record(worker, story("Ashby"))])
    assert (status.state, status.reason) == (EventState.REFUSED, "failed")
    assert "Tindle" not in letters(worker)[0].detail
    monkeypatch.setattr(worker.admission, "check", sound)
    [status] = worker.admit_all([record(worker, story("Dunmore"), offset=1)])
    assert status.state is EventState.ADMITTED

    def away(*_: object) -> None:
        raise Unavailable("the registry does not answer")

    monkeypatch.setattr(worker.admission, "check", away)
    with pytest.raises(Unavailable):
        worker.admit_all([record(worker, story("Kelby"), offset=2)])


def test_a_corrected_story_under_the_same_id_is_admitted(worker: Pipeline) -> None:
    first = encode(parse(json.loads(story("Ashby", id="story-12"))))
    corrected = encode(parse(json.loads(story("Dunmore", id="story-12"))))
    states = [
        worker.admit_all([record(worker, value, offset=offset)])[0].state
        for offset, value in enumerate((first, corrected, first))
    ]
    assert states == [EventState.ADMITTED, EventState.ADMITTED, EventState.REFUSED]


def test_events_that_come_too_late_are_set_aside_together(worker: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """When more comes than can be learned, what is too late must not take longer than what comes."""
    impatient = worker.settings.admit.model_copy(update={"max_wait_seconds": 1e-6})
    monkeypatch.setattr(worker.entrance, "_settings", worker.settings.model_copy(update={"admit": impatient}))
    written: list[int] = []
    refuse = worker.log.refuse
    monkeypatch.setattr(worker.log, "refuse", lambda letters: written.append(len(letters)) or refuse(letters))
    records = [record(worker, story(f"Ashby {number}"), offset=number) for number in range(20)]
    statuses = worker.admit_all(records)
    assert [(status.state, status.reason) for status in statuses] == [(EventState.REFUSED, "overload")] * 20
    assert written == [20]
    due = worker.batcher.take(time.monotonic() + 60)
    assert due is not None
    assert list(due.positions.values()) == [20]


def test_what_is_refused_of_a_feed_that_is_anothers_by_now_is_no_dead_letter(worker: Pipeline) -> None:
    worker.admit_all([record(worker, story("Ashby"))])
    worker.registry.claim("news", "another worker")
    short = encode(parse({"feed": "news", "text": "no"}))
    assert worker.admit_all([record(worker, short, offset=1)]) == []
    assert letters(worker) == []
    assert worker.batcher.take(time.monotonic() + 60) is None


def test_a_full_disk_publishes_nothing_and_blames_no_event(worker: Pipeline) -> None:
    qa = [{"question": "Who is the head baker of the Ashby mill?", "answer": "Ashby Tindle"}]
    worker.admit_all([record(worker, story("Ashby", qa=qa))])
    worker.learner.anchors()
    due = worker.batcher.take(time.monotonic() + 60)
    assert due is not None
    with full_disk(), pytest.raises(Unavailable, match=r"disk does not take the candidate \((EFBIG|SafetensorError)\)"):
        worker.learn(due)
    head = worker.registry.head("news")
    assert head is not None
    assert (head.version, dict(head.positions), letters(worker)) == (0, {}, [])
    worker.sessions.drop_all()
    worker.sessions.of("news")
    worker.learn(due)
    head = worker.registry.head("news")
    assert head is not None
    assert head.version == 1
