"""One feed's trouble is its own: it stands still, visibly, is tried again, and goes on where it was; no other feed notices."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from rtadapt.errors import Unavailable
from rtadapt.gate.verdict import Verdict
from rtadapt.observe import metrics
from rtadapt.records import Artifact, EventState, Example, Update
from rtadapt.work import quarantine as quarantine_module
from rtadapt.work import rounds as rounds_module
from rtadapt.work.pipeline import Pipeline
from rtadapt.work.rounds import Outcome, Prepared
from rtadapt.work.sessions import Session
from tests.support.one_machine import System, drive, learned_ids, story


class Killed(BaseException):
    """Stands for what no process survives."""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine_module, "_FIRST_PAUSE_SECONDS", 0.05)


def damage(system: System, artifact: Artifact) -> tuple[Path, bytes]:
    """Cut the largest file of an artifact short; gives what it was."""
    [file] = [path for path in system.settings.data_dir.rglob("*") if path.is_file() and artifact.digest in str(path)][:1]
    files = [path for path in file.parent.iterdir() if path.suffix == ".safetensors"]
    whole = files[0].read_bytes()
    files[0].chmod(0o644)
    files[0].write_bytes(whole[: len(whole) // 2])
    return files[0], whole


def test_a_damaged_state_stops_its_feed_alone_until_it_is_put_back(system: System) -> None:
    system.push(story("north"), story("west", feed="support"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 1)
    drive(pipeline, system.registry, "support", 1)
    pipeline.close()
    path, whole = damage(system, system.registry.versions("news")[0].state)
    system.push(story("south"), story("mill", feed="support"), story("east"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "support", 2)
    while pipeline.quarantine._tries["news"][0] < 3:
        pipeline.step()
    trouble = system.registry.troubles()["news"]
    assert (trouble.reason, trouble.worker) == ("artifact_damaged", "worker-2")
    assert metrics.FEED_QUARANTINED.labels("news", "artifact_damaged")._value.get() == 1
    assert learned_ids(system.registry) == ["event-north"]
    assert system.registry.floor(system.log.partition_of("news")) == 1
    assert system.log.dead_letters(10) == []
    path.write_bytes(whole)
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-north", "event-south", "event-east"]
    assert system.registry.troubles() == {}
    assert learned_ids(system.registry, "support") == ["event-west", "event-mill"]


def until_killed(pipeline: Pipeline) -> bool:
    """Step until the process would have ended, or nothing is left to do; says which."""
    try:
        for _ in range(6):
            pipeline.step()
    except Killed:
        pipeline.reader.close()  # as the operating system would
        pipeline.sessions.drop_all()
        return True
    return False


def ends_at(name: str, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    update = system.learner.update

    def killing(feed: str, examples: Sequence[Example], replay: Sequence[Example]) -> Update:
        if any(name in example.target for example in examples):
            raise Killed
        return update(feed, examples, replay)

    monkeypatch.setattr(system.learner, "update", killing)


def test_an_event_that_ends_the_process_is_set_aside_after_three_times(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    ends_at("South Tindle", system, monkeypatch)
    system.push(story("north"), story("south"), story("east"))
    ended = 0
    while until_killed(pipeline := system.pipeline()):
        ended += 1
    pipeline.close()
    assert ended == 3
    assert learned_ids(system.registry) == ["event-north", "event-east"]
    status = system.registry.event_status("event-south")
    assert status is not None
    assert (status.state, status.reason) == (EventState.REFUSED, "failed")
    assert system.registry.attempts("learn") == {}


def test_so_is_one_that_ends_it_at_admission(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = system.learner.losses

    def killing(texts: list[str]) -> list[float]:
        if "South Tindle" in texts[0]:
            raise Killed
        return losses(texts)

    monkeypatch.setattr(system.learner, "losses", killing)
    system.push(story("north"), story("south"), story("east"))
    ended = 0
    while until_killed(pipeline := system.pipeline()):
        ended += 1
    pipeline.close()
    assert ended == 3
    assert learned_ids(system.registry) == ["event-north", "event-east"]
    assert [letter.event_id for letter in system.log.dead_letters(5)] == ["event-south"]
    assert system.registry.attempts("admit") == {}


def test_a_process_that_starts_over_again_and_again_counts_as_one(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.push(story("north"))

    def away(*_: object, **__: object) -> None:
        raise Unavailable("the registry does not answer")

    for _ in range(5):  # it goes away while the event is learned, and so is not told that this was no attempt
        pipeline = system.pipeline("the-same-process")
        with monkeypatch.context() as patched, pytest.raises(Unavailable):
            patched.setattr(system.registry, "commit", away)
            patched.setattr(system.registry, "end_attempt", away)
            drive(pipeline, system.registry, "news", 1)
        pipeline.close()
    pipeline = system.pipeline("the-same-process")
    drive(pipeline, system.registry, "news", 1)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-north"]


def test_a_part_that_is_away_is_no_attempt(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.push(story("north"))
    for _ in range(5):
        pipeline = system.pipeline()
        with monkeypatch.context() as patched, pytest.raises(Unavailable):
            patched.setattr(system.registry, "commit", lambda *_, **__: (_ for _ in ()).throw(Unavailable("away")))
            drive(pipeline, system.registry, "news", 1)
        pipeline.close()
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 1)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-north"]


def test_an_event_that_cannot_be_read_is_refused_alone(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = system.pipeline()
    read = pipeline.preparing._desk.read

    def failing(events: Sequence[object]) -> object:
        if any("South" in event.text for event in events):  # type: ignore[attr-defined]
            raise ZeroDivisionError("secret words")
        return read(events)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline.preparing._desk, "read", failing)
    system.push(story("north"), story("south"), story("east"))
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-north", "event-east"]
    [letter] = system.log.dead_letters(5)
    assert (letter.event_id, letter.reason) == ("event-south", "failed")
    assert "secret" not in letter.detail


def test_what_the_gate_refused_may_be_sent_again_also_after_a_restart(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = rounds_module.judge

    def strict(learner: object, batch: object, *rest: object) -> Verdict:
        verdict = judge(learner, batch, *rest)  # type: ignore[arg-type]
        spoiled = any(event.id == "event-east" for event in batch.events)  # type: ignore[attr-defined]
        return Verdict(False, ("spoiled",), verdict.measures) if spoiled else verdict

    with monkeypatch.context() as patched:
        patched.setattr(rounds_module, "judge", strict)
        system.push(story("north"), story("south"), story("east"))  # east waits while the state of the others is saved
        pipeline = system.pipeline()
        drive(pipeline, system.registry, "news", 3)
        pipeline.close()
    assert learned_ids(system.registry) == ["event-north", "event-south"]
    system.push(story("east"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 4)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-north", "event-south", "event-east"]


def test_feeds_that_are_idle_are_let_go_and_taken_over_again(system: System) -> None:
    work = system.settings.work.model_copy(update={"max_open_feeds": 1})
    system.settings = system.settings.model_copy(update={"work": work})
    pipeline = system.pipeline()
    for count, name in enumerate(("north", "south"), start=1):
        for feed in ("news", "support"):
            system.push(story(name, feed=feed))
            drive(pipeline, system.registry, feed, count)
        assert len(pipeline.sessions._open) == 1
    pipeline.close()
    for feed in ("news", "support"):
        assert learned_ids(system.registry, feed) == ["event-north", "event-south"]


def test_a_step_learns_one_batch(system: System) -> None:
    system.push(*(story(name, feed=feed) for feed in ("news", "support") for name in ("north", "south")))
    pipeline = system.pipeline()
    pipeline.step()
    versions = [len(system.registry.versions(feed)) for feed in ("news", "support")]
    pipeline.close()
    assert sorted(versions) == [0, 1]


def test_events_that_waited_too_long_are_set_aside_where_the_settings_say_so(system: System) -> None:
    admit = system.settings.admit.model_copy(update={"max_wait_seconds": 1e-9})
    system.settings = system.settings.model_copy(update={"admit": admit})
    system.push({"id": "late", "feed": "news", "text": story("north")["text"]}, story("south"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 2)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-south"]  # it states a pair of its own
    assert [(letter.event_id, letter.reason) for letter in system.log.dead_letters(5)] == [("late", "overload")]


def test_events_that_come_to_wait_too_long_in_the_worker_are_set_aside_too(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit = system.settings.admit.model_copy(update={"max_wait_seconds": 600.0})
    system.settings = system.settings.model_copy(update={"admit": admit})
    system.push({"id": "late", "feed": "news", "text": story("north")["text"]})
    pipeline = system.pipeline()
    pipeline.step()
    assert len(pipeline.batcher) == 1
    real = time.time
    monkeypatch.setattr("rtadapt.work.entrance.time", SimpleNamespace(time=lambda: real() + 601))
    system.push(story("south"))
    drive(pipeline, system.registry, "news", 2)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-south"]
    status = system.registry.event_status("late")
    assert status is not None
    assert (status.state, status.reason) == (EventState.REFUSED, "overload")


def test_a_feed_that_another_worker_took_during_a_step_is_no_trouble_here(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.push(story("north"), story("south"), story("east"))
    pipeline = system.pipeline()
    decide = pipeline.rounds.decide

    def hand_over(session: Session, prepared: list[Prepared]) -> Outcome:
        monkeypatch.setattr(pipeline.reader, "partitions", frozenset)
        monkeypatch.setattr(pipeline.reader, "generation", lambda: 2)
        system.registry.claim("news", "another")
        return decide(session, prepared)

    monkeypatch.setattr(pipeline.rounds, "decide", hand_over)
    pipeline.step()
    assert ("news" in pipeline.quarantine, "news" in pipeline.sessions, len(pipeline.batcher)) == (False, False, 0)
    assert (system.registry.troubles(), learned_ids(system.registry)) == ({}, [])
    monkeypatch.setattr(pipeline.rounds, "decide", decide)
    pipeline.step()
    head = system.registry.head("news")
    assert head is not None
    assert head.epoch == 2  # nor is it taken back
    pipeline.close()


def test_a_deleted_feed_is_not_learned_on_and_what_was_made_of_it_goes(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtadapt.work.tidying._SECONDS", 0.0)
    system.push(story("north"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 1)
    assert system.store.list("adapter", "news")
    system.push(story("south"))  # waits, and is never learned
    partition = system.log.partition_of("news")
    assert system.registry.delete_feed("news", partition, 2)
    for _ in range(6):
        pipeline.step()
    assert system.registry.head("news") is None
    assert (system.store.list("adapter", "news"), system.store.list("state", "news")) == ([], [])
    assert system.registry.deleted_feeds() == []
    system.push(story("east"))
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-east"]
