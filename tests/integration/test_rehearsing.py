"""A worker to which nothing comes learns again what its feeds lost. What is lost is scripted: the tiny model knows nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from rtadapt.errors import Unavailable
from rtadapt.records import Example, Version
from rtadapt.work import rehearsing
from rtadapt.work.pipeline import Pipeline
from tests.support.one_machine import System, drive, learned_ids, story


class Knowledge:
    """What the model before an update, and the one after it, answer: facts with one of these words, and questions, are lost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lost: dict[str, set[str]] = {"incumbent": set(), "candidate": set()}
        self.asked = 0
        self.rows: list[tuple[str, str]] = []
        monkeypatch.setattr(rehearsing, "rights", self.rights)

    def rights(self, learner: Any, feed: str, examples: Sequence[Example], who: str, settings: Any) -> list[bool]:
        self.asked += who == "incumbent"
        self.rows += [(row.event_id, row.fact) for row in examples]
        return [not any(word in (row.prompt[-1].content, *row.fact.split()) for word in self.lost[who]) for row in examples]


@pytest.fixture
def knowledge(monkeypatch: pytest.MonkeyPatch) -> Knowledge:
    return Knowledge(monkeypatch)


@pytest.fixture
def pipeline(system: System) -> Iterator[Pipeline]:
    """It has learned two stories, and rests as soon as nothing comes."""
    work = system.settings.work.model_copy(update={"rehearse_after_seconds": 0.01})
    system.settings = system.settings.model_copy(update={"work": work})
    system.push(story("north"), story("south"))
    made = system.pipeline()
    drive(made, system.registry, "news", 2)
    yield made
    made.close()


def rest(pipeline: Pipeline, steps: int = 1) -> None:
    """So many idle steps."""
    time.sleep(0.02)
    for _ in range(steps):
        pipeline.step()


def versions(system: System) -> list[Version]:
    return list(reversed(system.registry.versions("news")))


def test_what_was_lost_is_learned_again_and_published(system: System, pipeline: Pipeline, knowledge: Knowledge) -> None:
    knowledge.lost["incumbent"] = {"north", "south"}
    before = system.registry.head("news")
    assert before is not None
    rest(pipeline)
    assert len(versions(system)) == 1  # it is asked first: what comes meanwhile is learned first
    rest(pipeline)
    first, second = versions(system)
    assert (second.parent, second.events, second.positions) == (first.number, (), first.positions)
    assert second.adapter.digest != first.adapter.digest
    assert learned_ids(system.registry) == ["event-north", "event-south"]
    after = system.registry.head("news")
    assert after is not None
    assert after.positions == before.positions
    system.push(story("east"))
    drive(pipeline, system.registry, "news", 3)
    assert learned_ids(system.registry) == ["event-north", "event-south", "event-east"]


def test_where_nothing_is_gained_nothing_is_published_and_the_feed_rests(
    system: System, pipeline: Pipeline, knowledge: Knowledge
) -> None:
    knowledge.lost["incumbent"] = knowledge.lost["candidate"] = {"north", "south"}
    rest(pipeline, 10)
    assert len(versions(system)) == 1
    assert knowledge.asked == 1
    assert pipeline.learner.stacked("news") == 0
    system.push(story("east"))
    drive(pipeline, system.registry, "news", 3)
    rest(pipeline)
    assert knowledge.asked == 2  # it learned something: what was known is looked at again


def test_in_a_round_each_fact_is_asked_for_once(
    system: System, pipeline: Pipeline, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsing, "_ASKED", 1)
    facts = {(row.event_id, row.fact) for row in pipeline.sessions.of("news").memory.probe_each(0)}
    assert len(facts) > 1
    rest(pipeline, 3 * len(facts))
    assert sorted(knowledge.rows) == sorted(facts)


def test_one_wording_alone_is_noise(system: System, pipeline: Pipeline, knowledge: Knowledge) -> None:
    knowledge.lost["incumbent"] = {pipeline.sessions.of("news").memory.probe_each(1)[0].prompt[-1].content}
    rest(pipeline, 6)
    assert knowledge.asked == 1
    assert len(versions(system)) == 1


def test_who_knows_all_of_it_rests(system: System, pipeline: Pipeline, knowledge: Knowledge) -> None:
    rest(pipeline, 6)
    assert knowledge.asked == 1
    assert len(versions(system)) == 1


def test_a_route_that_an_operator_holds_is_left_alone(system: System, pipeline: Pipeline, knowledge: Knowledge) -> None:
    knowledge.lost["incumbent"] = {"north", "south"}
    system.registry.change_route("news", "pause")
    rest(pipeline, 2)
    assert len(versions(system)) == 1
    assert knowledge.asked == 0


def test_a_learner_that_fails_at_it_leaves_the_feed_as_it_was(
    system: System, pipeline: Pipeline, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge.lost["incumbent"] = {"north", "south"}

    def fail(*_: object) -> None:
        raise RuntimeError("no such kernel")

    with monkeypatch.context() as patched:
        patched.setattr(system.learner, "update", fail)
        rest(pipeline, 8)
    assert len(versions(system)) == 1
    system.push(story("east"))
    drive(pipeline, system.registry, "news", 3)
    assert learned_ids(system.registry) == ["event-north", "event-south", "event-east"]


def test_what_comes_while_something_is_learned_again_is_learned_first(
    system: System, pipeline: Pipeline, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge.lost["incumbent"] = {"north", "south"}
    steps: list[int] = []
    update = system.learner.update

    def interrupted(feed: str, rows: Any, replay: Any, given_up: Any) -> Any:
        system.push(story("east"))
        deadline = time.monotonic() + 30
        while not given_up() and time.monotonic() < deadline:
            time.sleep(0.05)
        done = update(feed, rows, replay, given_up)
        steps.append(done.steps)
        return done

    with monkeypatch.context() as patched:
        patched.setattr(system.learner, "update", interrupted)
        rest(pipeline, 2)
    assert steps == [0]
    assert len(versions(system)) == 1
    assert pipeline.learner.stacked("news") == 0
    drive(pipeline, system.registry, "news", 3)
    assert [event.id for event in versions(system)[-1].events] == ["event-east"]


def test_another_owner_takes_over_without_harm(system: System, pipeline: Pipeline, knowledge: Knowledge) -> None:
    knowledge.lost["incumbent"] = {"north", "south"}
    system.registry.claim("news", "another")
    rest(pipeline, 2)
    assert len(versions(system)) == 1
    assert "news" not in pipeline.sessions


def test_what_ends_the_process_is_not_tried_for_ever(
    system: System, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    work = system.settings.work.model_copy(update={"rehearse_after_seconds": 0.01})
    system.settings = system.settings.model_copy(update={"work": work})
    system.push(story("north"), story("south"))
    knowledge.lost["incumbent"] = {"north", "south"}
    ended = 0
    for number in range(5):
        made = system.pipeline()
        if number == 0:
            drive(made, system.registry, "news", 2)
        else:
            made.sessions.of("news")
        with monkeypatch.context() as patched:
            patched.setattr(system.learner, "update", kill)
            try:
                rest(made, 2)
            except Killed:
                ended += 1
        made.close()
    assert ended == 3


def test_a_registry_that_is_away_is_said(
    system: System, pipeline: Pipeline, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the registry does not answer")

    monkeypatch.setattr(system.registry, "route", away)
    with pytest.raises(Unavailable):
        rest(pipeline)
