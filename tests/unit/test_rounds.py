"""A batch is decided event by event, in few updates. The learner is scripted: it knows which events it can't learn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rtadapt.config import Settings
from rtadapt.curation.ledger import Judged
from rtadapt.curation.render import Rendering
from rtadapt.curation.replay import Memory
from rtadapt.errors import Unavailable
from rtadapt.gate.measures import Who
from rtadapt.records import Example, Head, Message, Update
from rtadapt.scope import Scope
from rtadapt.work.rounds import COSTS_OTHERS, Outcome, Prepared, Rounds
from rtadapt.work.sessions import Session
from tests.support.events import story

SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]


class Scripted:
    """Learns all but `dull` events, `slow` ones the second time, `half` of some; `spoilt` ones drift, `broken` ones raise."""

    def __init__(
        self, *, dull: Sequence[int] = (), slow: Sequence[int] = (), spoilt: Sequence[int] = (), broken: Sequence[int] = ()
    ) -> None:
        self.dull, self.slow, self.spoilt, self.broken = (set(map(name, numbers)) for numbers in (dull, slow, spoilt, broken))
        self.half: dict[str, int] = {}  # of which only half is known until they were taught so often
        self.candidates: list[frozenset[str]] = []
        self.updates: list[tuple[str, ...]] = []
        self.facts: list[set[str]] = []  # that each update taught
        self.pushed_out: dict[str, str] = {}  # what is known no more once something else was taught by itself
        self.replayed: list[set[str]] = []
        self.checked = 0
        self.failure: Exception = RuntimeError("words of the event")
        self.last_loss = 0.1

    def anchors(self) -> list[Example]:
        return [Example("", (Message("user", "What is water?"),), "A liquid.")]

    def update(self, feed: str, examples: Sequence[Example], replay: Sequence[Example]) -> Update:
        events = tuple(dict.fromkeys(row.event_id for row in examples))
        self.updates.append(events)
        self.facts.append({row.fact for row in examples})
        self.replayed.append({row.event_id for row in replay} - {""})
        self.candidates.append(frozenset(events))
        if self.broken & set(events):
            raise self.failure
        return Update(3, 9, 30, 3.0, self.last_loss, 0.5, 5.0, 0.1)

    def answers(self, feed: str, examples: Sequence[Example], who: Who, most: int) -> list[str]:
        taught = [event for candidate in self.candidates for event in candidate]
        slow = {event for event in self.slow if taught.count(event) < 2}
        learned = set(taught) - self.dull - slow if who == "candidate" else set()
        learned -= {lost for lost, by in self.pushed_out.items() if self.candidates[-1] == {by}}
        unsure = {event for event, often in self.half.items() if taught.count(event) < often}
        known = [row.event_id in learned and not (row.event_id in unsure and "2?" in row.prompt[0].content) for row in examples]
        return [row.value if right else "I do not know." for row, right in zip(examples, known, strict=True)]

    def drift(self, feed: str, anchors: Sequence[Example], who: Who) -> float:
        return 9.0 if who == "candidate" and self.spoilt & self.candidates[-1] else 0.0

    def scale(self, feed: str, factor: float) -> None:
        pass

    def step_norm(self, feed: str) -> float:
        return 1.0

    def stacked(self, feed: str) -> int:
        return len(self.candidates)

    def reject(self, feed: str, *, keep: int | None = None) -> None:
        self.candidates = self.candidates[: -1 if keep is None else keep]

    def tells(self, word: str) -> float:
        return 1.0

    def losses(self, texts: Sequence[str]) -> list[float]:
        self.checked += 1
        return [1.0] * len(texts)


def name(number: int) -> str:
    return f"event-0-{number}"


def prepared(number: int) -> Prepared:
    event = story(number, f"Told {number}.")
    value = f"value {number}"
    asked = [((Message("user", f"Asked {number} {n}?"),), f"fact {number} {n % 2}") for n in range(3)]
    rows = tuple(Example(event.id, prompt, value, fact, value=value) for prompt, fact in asked)
    return Prepared(Judged(event, (), ()), Rendering(event.id, rows[:1], rows[1:]))


def decide(learner: Scripted, count: int = 8) -> Outcome:
    """What becomes of `count` events. What was learned is on the stack and nothing else."""
    session = Session("news", 1, Head("news", 0, {}, 1), Memory(100), Scope(learner.tells))
    outcome = Rounds(SETTINGS, learner).decide(session, [prepared(number) for number in range(count)])  # type: ignore[arg-type]
    learned = [one.event.id for one in outcome.learned]
    refused = [one.event.id for one in outcome.refused]
    assert sorted(learned + refused) == [name(number) for number in range(count)]
    assert frozenset().union(*learner.candidates) == set(learned)
    return outcome


def refused(outcome: Outcome) -> dict[str, tuple[str, str]]:
    return {one.event.id: (one.reason, one.detail) for one in outcome.refused}


def test_what_is_learned_at_once_costs_one_update() -> None:
    learner = Scripted()
    outcome = decide(learner)
    assert len(learner.updates) == 1
    assert outcome.measures["recall"] == 1.0


def test_nothing_costs_nothing() -> None:
    learner = Scripted()
    assert decide(learner, 0) == Outcome()
    assert learner.updates == []


@pytest.mark.parametrize(("rows", "held"), [(0, 1), (2, 0), (0, 0)])
def test_an_event_with_nothing_to_teach_or_to_ask_is_refused_without_an_update(rows: int, held: int) -> None:
    learner = Scripted()
    whole = prepared(1)
    bare = Rendering(whole.event.id, whole.rendering.examples[:rows], whole.rendering.held_out[:held])
    session = Session("news", 1, Head("news", 0, {}, 1), Memory(100), Scope(learner.tells))
    outcome = Rounds(SETTINGS, learner).decide(session, [Prepared(whole.judged, bare), prepared(2)])  # type: ignore[arg-type]
    assert refused(outcome) == {name(1): ("gate", "nothing could be asked about it, so it could not be shown to be learned")}
    assert learner.updates == [(name(2),)]


@pytest.mark.parametrize("bad", [0, 3, 7])
def test_one_event_that_is_not_learned_costs_two_updates_more_and_itself_alone(bad: int) -> None:
    learner = Scripted(dull=[bad])
    outcome = decide(learner)
    assert len(learner.updates) == 3
    [(event, (reason, detail))] = refused(outcome).items()
    assert (event, reason) == (name(bad), "gate")
    assert detail.startswith("share of its facts answered in other wordings 0.00 <")
    assert outcome.measures["recall"] == 1.0  # of the candidate that stayed


def test_events_that_are_learned_slowly_cost_one_small_update_more() -> None:
    learner = Scripted(slow=[2, 5])
    assert refused(decide(learner)) == {}
    assert learner.updates == [tuple(map(name, range(8))), (name(2), name(5))]


def test_an_event_that_is_half_known_is_taught_once_more_and_what_is_better_stays() -> None:
    learner = Scripted()
    learner.half = {name(2): 2}
    outcome = decide(learner)
    assert refused(outcome) == {}
    assert outcome.measures["recall"] == 1.0
    assert learner.updates == [tuple(map(name, range(8))), (name(2),)]
    assert learner.replayed[1] == {name(number) for number in range(8)} - {name(2)}


def whole(number: int) -> Prepared:
    """An event of two facts, both taught and both asked; what is asked of the first ends in "2?"."""
    event, facts = story(number, f"Told {number}."), (f"fact {number} a", f"fact {number} b")
    rows = [
        Example(event.id, (Message("user", ask),), f"value {number}", fact, value=f"value {number}")
        for fact, asked in zip(facts, (["Taught a?", "Asked 2?"], ["Taught b?", "Asked b?"]), strict=True)
        for ask in asked
    ]
    return Prepared(Judged(event, (), ()), Rendering(event.id, tuple(rows[::2]), tuple(rows[1::2])))


def test_only_what_was_missed_of_an_event_is_taught_once_more_and_the_rest_of_it_is_rehearsed() -> None:
    learner = Scripted()
    learner.half = {name(2): 2}
    session = Session("news", 1, Head("news", 0, {}, 1), Memory(100), Scope(learner.tells))
    outcome = Rounds(SETTINGS, learner).decide(session, [whole(1), whole(2)])  # type: ignore[arg-type]
    assert outcome.measures["recall"] == 1.0
    assert learner.facts == [{"fact 1 a", "fact 1 b", "fact 2 a", "fact 2 b"}, {"fact 2 a"}]
    assert learner.replayed == [set(), {name(1), name(2)}]


def test_where_nothing_more_was_learned_nothing_more_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    learner, drifts = Scripted(), list[int]()
    learner.half = {name(2): 3}
    monkeypatch.setattr(learner, "drift", lambda feed, anchors, who: drifts.append(len(learner.candidates)) or 0.0)
    outcome = decide(learner)
    assert len(learner.updates) == 2
    assert set(drifts) == {1}
    assert [set(candidate) for candidate in learner.candidates] == [set(map(name, range(8)))]
    assert outcome.measures["recall"] < 1.0


def test_a_fact_that_two_events_tell_is_taught_once_more_for_the_one_of_which_it_was_missed() -> None:
    learner = Scripted(slow=[2])
    session = Session("news", 1, Head("news", 0, {}, 1), Memory(100), Scope(learner.tells))
    both = [whole(1), whole(2)]
    rows = [replace(row, fact=row.fact.replace("2", "1")) for row in (*both[1].rendering.examples, *both[1].rendering.held_out)]
    both[1] = Prepared(both[1].judged, Rendering(name(2), tuple(rows[:2]), tuple(rows[2:])))
    outcome = Rounds(SETTINGS, learner).decide(session, both)  # type: ignore[arg-type]
    assert outcome.refused == []
    assert learner.updates == [(name(1), name(2)), (name(2),)]


def test_what_is_taught_once_more_at_the_cost_of_another_event_of_its_batch_is_not_kept() -> None:
    learner = Scripted()
    learner.half, learner.pushed_out = {name(2): 2}, {name(5): name(2)}
    assert refused(decide(learner)) == {}
    assert [set(candidate) for candidate in learner.candidates] == [set(map(name, range(8)))]


def test_an_event_that_can_only_be_learned_at_the_cost_of_another_is_refused() -> None:
    learner = Scripted(slow=[2])
    learner.pushed_out = {name(5): name(2)}
    assert refused(decide(learner)) == {name(2): ("gate", COSTS_OTHERS)}
    assert frozenset().union(*learner.candidates) == {name(number) for number in range(8)} - {name(2)}


@pytest.mark.parametrize("harm", [None, 9.0, RuntimeError("words of the event")])
def test_an_event_that_stays_half_known_or_harms_the_second_time_is_learned_as_it_was(
    monkeypatch: pytest.MonkeyPatch, harm: float | Exception | None
) -> None:
    learner = Scripted()
    learner.half = {name(2): 3 if harm is None else 2}

    def drift(feed: str, anchors: Sequence[Example], who: Who) -> float:
        if len(learner.candidates) < 2 or who != "candidate" or harm is None:
            return 0.0
        if isinstance(harm, Exception):
            raise harm
        return harm

    monkeypatch.setattr(learner, "drift", drift)
    assert refused(decide(learner)) == {}
    assert [set(candidate) for candidate in learner.candidates] == [set(map(name, range(8)))]
    assert learner.updates[1:] == [(name(2),)]


@pytest.mark.parametrize("setting", ["sure_recall", "min_recall"])
def test_where_nothing_more_is_asked_of_an_event_it_is_taught_once(setting: str) -> None:
    learner = Scripted()
    learner.half = {name(2): 2}
    settings = SETTINGS.model_copy(update={"gate": SETTINGS.gate.model_copy(update={setting: 0.0})})
    session = Session("news", 1, Head("news", 0, {}, 1), Memory(100), Scope(learner.tells))
    Rounds(settings, learner).decide(session, [prepared(2)])  # type: ignore[arg-type]
    assert len(learner.updates) == 1


def test_an_event_that_harms_when_it_is_taught_once_more_is_refused_with_the_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Scripted(slow=[2])
    is_alone = lambda who: who == "candidate" and learner.candidates[-1] == {name(2)}  # noqa: E731
    monkeypatch.setattr(learner, "drift", lambda feed, anchors, who: 9.0 if is_alone(who) else 0.0)
    [(event, (reason, detail))] = refused(decide(learner)).items()
    assert (event, reason) == (name(2), "gate")
    assert "divergence from the base's own answers 9.00 >" in detail


def test_an_event_on_which_the_learner_fails_when_it_is_taught_once_more_is_refused_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learner = Scripted(dull=[2])
    update = learner.update

    def fails(feed: str, examples: Sequence[Example], replay: Sequence[Example]) -> Update:
        done = update(feed, examples, replay)
        if learner.updates[-1] == (name(2),):
            raise learner.failure
        return done

    monkeypatch.setattr(learner, "update", fails)
    assert refused(decide(learner)) == {name(2): ("failed", "the learner failed on it (RuntimeError)")}


def test_what_was_learned_beside_is_rehearsed_when_what_was_missed_is_taught_again() -> None:
    learner = Scripted(dull=[3])
    decide(learner)
    assert learner.replayed == [set(), {name(number) for number in range(8)} - {name(3)}, set()]


def test_events_that_are_all_missed_are_each_refused_alone() -> None:
    learner = Scripted(dull=range(4))
    outcome = decide(learner, 4)
    assert outcome.learned == []
    assert all(reason == "gate" and "0.00" in detail for reason, detail in refused(outcome).values())
    assert learner.candidates == []


def test_an_event_that_harms_is_found_in_halves_and_refused_with_the_harm() -> None:
    learner = Scripted(spoilt=[5])
    outcome = decide(learner)
    [(event, (reason, detail))] = refused(outcome).items()
    assert (event, reason) == (name(5), "gate")
    assert detail.startswith("divergence from the base's own answers 9.00 >")
    assert len(learner.updates) <= 1 + 2 * 3


def test_harm_and_what_was_missed_are_told_apart() -> None:
    outcome = decide(Scripted(dull=[1], spoilt=[6]))
    assert set(refused(outcome)) == {name(1), name(6)}
    assert "share of its facts" in refused(outcome)[name(1)][1]
    assert "divergence" in refused(outcome)[name(6)][1]


def test_losses_that_are_not_finite_are_what_is_told() -> None:
    learner = Scripted()
    learner.last_loss = math.nan
    outcome = decide(learner, 2)
    assert set(refused(outcome).values()) == {("gate", "the losses are not finite")}


def test_an_event_on_which_the_learner_fails_is_refused_alone_without_its_words() -> None:
    learner = Scripted(broken=[2])
    outcome = decide(learner)
    assert refused(outcome) == {name(2): ("failed", "the learner failed on it (RuntimeError)")}
    assert learner.checked == sum(name(2) in events for events in learner.updates)


def test_when_a_part_is_away_no_event_is_to_blame() -> None:
    learner = Scripted(broken=[2])
    learner.failure = Unavailable("the registry is away")
    with pytest.raises(Unavailable):
        decide(learner)


def test_a_learner_that_is_broken_ends_it() -> None:
    class Broken(Scripted):
        def losses(self, texts: Sequence[str]) -> list[float]:
            raise RuntimeError("the device is gone")

    with pytest.raises(RuntimeError, match="the device is gone"):
        decide(Broken(broken=[2]))
