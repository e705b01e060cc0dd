"""The worker's loop over a real log, a real registry and a real store, with faults where a crash would strike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rtadapt.errors import Unavailable
from rtadapt.gate.verdict import Verdict
from rtadapt.records import EventState, Example, Update
from rtadapt.scope import read_scope
from rtadapt.training.learner import Learner
from rtadapt.work import rounds as rounds_module
from rtadapt.work.rounds import Outcome, Prepared, Refused
from rtadapt.work.sessions import Session
from tests.support.one_machine import System, drive, learned_ids, story


def test_events_become_versions_that_say_what_they_learned(system: System) -> None:
    system.push(story("north"), story("south"), story("east"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-north", "event-south", "event-east"]
    status = system.registry.event_status("event-east")
    assert status is not None
    assert (status.state, status.version) == (EventState.LEARNED, 2)


def test_a_malformed_record_is_a_dead_letter_and_holds_nobody_up(system: System) -> None:
    system.push(story("north"))
    system.log.append([("news", b"{this is no json")])
    system.push(story("south"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    assert sorted(learned_ids(system.registry)) == ["event-north", "event-south"]
    assert [letter.reason for letter in system.log.dead_letters(10)] == ["schema"]


def test_crash_after_artifact_before_head_learns_nothing_twice(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.push(story("north"), story("south"))

    def gone(*_: object, **__: object) -> None:
        raise Unavailable("the registry went away before the commit")

    pipeline = system.pipeline()
    with monkeypatch.context() as patched:
        patched.setattr(system.registry, "commit", gone)
        with pytest.raises(Unavailable):
            drive(pipeline, system.registry, "news", 2)
    pipeline.close()
    head = system.registry.head("news")
    assert head is not None
    assert head.version == 0

    second = system.pipeline()
    drive(second, system.registry, "news", 2)
    second.close()
    assert learned_ids(system.registry) == ["event-north", "event-south"]


def test_crash_after_head_before_anything_else_learns_nothing_twice(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.push(story("north"), story("south"))
    commit = system.registry.commit

    def lost_answer(*args: object, **kwargs: object) -> None:
        commit(*args, **kwargs)  # type: ignore[arg-type]
        raise Unavailable("the answer to the commit was lost")

    pipeline = system.pipeline()
    with monkeypatch.context() as patched:
        patched.setattr(system.registry, "commit", lost_answer)
        with pytest.raises(Unavailable):
            drive(pipeline, system.registry, "news", 3)
    pipeline.close()

    system.push(story("east"))
    second = system.pipeline()
    drive(second, system.registry, "news", 3)
    second.close()
    assert learned_ids(system.registry) == ["event-north", "event-south", "event-east"]


def test_a_worker_that_lost_its_feed_cannot_move_the_head(system: System) -> None:
    system.push(story("north"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 1)
    system.registry.claim("news", "another")
    system.push(story("south"))
    while "news" not in pipeline.quarantine:
        pipeline.step()
    trouble = system.registry.trouble("news")
    assert trouble is not None
    assert trouble.reason == "stale_epoch"
    assert learned_ids(system.registry) == ["event-north"]
    drive(pipeline, system.registry, "news", 2)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-north", "event-south"]
    assert system.registry.trouble("news") is None


def test_what_another_worker_decides_by_then_gets_no_dead_letter(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = system.pipeline()
    decide = pipeline.rounds.decide

    def lose_the_feed(session: Session, prepared: list[Prepared]) -> Outcome:
        monkeypatch.setattr(pipeline.rounds, "decide", decide)
        system.registry.claim("news", "another")
        return Outcome(refused=[Refused(one.event, "gate", "it was not learned") for one in prepared])

    monkeypatch.setattr(pipeline.rounds, "decide", lose_the_feed)
    system.push(story("north"), story("south"))
    drive(pipeline, system.registry, "news", 2)
    pipeline.close()
    assert system.log.dead_letters(10) == []
    assert learned_ids(system.registry) == ["event-north", "event-south"]


def test_a_worker_that_stalls_after_its_commit_removes_nothing_of_the_next_owners(
    system: System, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pipeline = system.pipeline()
    accept = pipeline.learner.accept
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "adapter_config.json").write_text("{}")
    left = system.store.put("adapter", "news", tmp_path / "left")  # and the next owner may put the very same

    def stall(feed: str) -> None:
        system.registry.claim(feed, "another")
        accept(feed)

    monkeypatch.setattr(pipeline.learner, "accept", stall)
    system.push(story("north"), story("south"))
    drive(pipeline, system.registry, "news", 2)
    assert left in system.store.list("adapter", "news")
    assert learned_ids(system.registry) == ["event-north", "event-south"]
    pipeline.close()


def test_what_fails_the_gate_is_refused_alone_and_leaves_no_trace(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = rounds_module.judge

    def strict(learner: object, batch: object, *rest: object) -> Verdict:
        verdict = judge(learner, batch, *rest)  # type: ignore[arg-type]
        spoiled = any(event.id == "event-south" for event in batch.events)  # type: ignore[attr-defined]
        return Verdict(False, ("spoiled",), verdict.measures) if spoiled else verdict

    monkeypatch.setattr(rounds_module, "judge", strict)
    system.push(story("north"), story("south"), story("east"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-north", "event-east"]
    status = system.registry.event_status("event-south")
    assert status is not None
    assert (status.state, status.reason, status.detail) == (EventState.REFUSED, "gate", "spoiled")
    assert [letter.event_id for letter in system.log.dead_letters(10)] == ["event-south"]
    newest = system.registry.versions("news")[0]
    folder = system.store.fetch(newest.state, system.settings.data_dir / "look")
    remembered = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.jsonl"))
    assert "East Tindle" in remembered
    assert "South Tindle" not in remembered


def fail_on(learner: Learner, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let updates that teach about `name` fail in a way that nobody foresaw, half way through."""
    update = learner.update

    def failing(feed: str, examples: Sequence[Example], replay: Sequence[Example]) -> Update:
        done = update(feed, examples, replay)
        if any(name in example.target for example in examples):
            raise RuntimeError(f"secret words about {name}")
        return done

    monkeypatch.setattr(learner, "update", failing)


def test_an_event_that_breaks_the_learner_is_refused_alone_and_holds_nobody_up(
    system: System, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fail_on(system.learner, "South Tindle", monkeypatch)
    system.push(story("north"), story("south"), story("east"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-north", "event-east"]
    status = system.registry.event_status("event-south")
    assert status is not None
    assert (status.state, status.reason) == (EventState.REFUSED, "failed")
    assert "RuntimeError" in (status.detail or "")
    assert "secret" not in str([record.__dict__ for record in caplog.records]) + str(status)


def test_where_the_learner_itself_is_broken_no_event_is_to_blame(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.push(story("north"))
    pipeline = system.pipeline()
    fail_on(system.learner, "North Tindle", monkeypatch)

    def broken(_: object) -> list[float]:
        raise RuntimeError("the device is gone")

    monkeypatch.setattr(system.learner, "losses", broken)
    with pytest.raises(RuntimeError, match="the device is gone"):
        drive(pipeline, system.registry, "news", 1)
    pipeline.close()
    assert learned_ids(system.registry) == []
    assert system.log.dead_letters(10) == []


def test_a_restarted_worker_goes_on_from_the_newest_version(system: System) -> None:
    system.push(story("north"))
    first = system.pipeline()
    drive(first, system.registry, "news", 1)
    first.close()
    system.push(story("south"))
    second = system.pipeline()
    drive(second, system.registry, "news", 2)
    second.close()
    newest = system.registry.versions("news")[0]
    assert (newest.number, newest.parent) == (2, 1)
    folder = system.store.fetch(newest.state, system.settings.data_dir / "look")
    remembered = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.jsonl"))
    assert "North Tindle" in remembered
    assert "South Tindle" in remembered
    for artifact in (newest.state, newest.adapter):
        told = read_scope(system.store.fetch(artifact, system.settings.data_dir / "look"))
        asked = ("Who is North Tindle?", "Who is South Tindle?", "What is the capital of France?")
        assert [told.speaks_of([ask]) for ask in asked] == [True, True, False]


def test_feeds_are_learned_side_by_side(system: System) -> None:
    system.push(story("north"), story("west", feed="support"), story("south"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 2)
    drive(pipeline, system.registry, "support", 1)
    pipeline.close()
    assert learned_ids(system.registry) == ["event-north", "event-south"]
    assert learned_ids(system.registry, "support") == ["event-west"]


def test_the_store_keeps_what_the_settings_say_and_no_more(system: System) -> None:
    kept = system.settings.artifacts.model_copy(update={"keep_adapters": 2, "keep_states": 1})
    system.settings = system.settings.model_copy(update={"artifacts": kept})
    pipeline = system.pipeline()
    for count, name in enumerate(("north", "south", "east", "west"), start=1):
        system.push(story(name))
        drive(pipeline, system.registry, "news", count)
    pipeline.close()
    newest, second = system.registry.versions("news")[:2]
    assert {artifact.digest for artifact in system.store.list("adapter", "news")} == {
        newest.adapter.digest,
        second.adapter.digest,
    }
    assert {artifact.digest for artifact in system.store.list("state", "news")} == {newest.state.digest}


def test_logs_hold_ids_and_no_text(system: System, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="rtadapt")
    system.push(story("north"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 1)
    pipeline.close()
    lines = json.dumps([{k: str(v) for k, v in record.__dict__.items()} for record in caplog.records])
    assert "event-north" in lines
    assert "Tindle" not in lines
