"""Who may change what is known of a feed, and how often."""

from __future__ import annotations

import pytest

from rtadapt.curation.ledger import Judged, Ledger, Withheld
from rtadapt.policy import FeedPolicy
from rtadapt.reading.readings import Reading
from tests.support.told import event, known, says, tell

CLUB = "Kelby United"


def coach(name: str) -> Reading:
    return says("Who is the head coach of Kelby United?", name, CLUB)


def reasons(judged: Judged) -> list[Withheld]:
    return [reason for _, reason in judged.withheld]


def test_a_policy_is_read_from_a_configuration_with_defaults() -> None:
    assert FeedPolicy.of({"title": "News"}) == FeedPolicy()
    policy = FeedPolicy.of({"contradictions": "trusted", "trusted_sources": ["wire-*", "desk"], "readers": ["stated"]})
    assert (policy.contradictions, policy.readers, policy.privacy) == ("trusted", ("stated",), "mask")
    assert [policy.trusts(source) for source in ("wire-7", "desk", "desk2", "", "WIRE-7")] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("contradictions", "loudest"),
        ("contradictions", ["newest"]),
        ("privacy", None),
        ("max_facts_per_source_per_hour", "5"),
        ("max_changes_per_entity_per_hour", True),
        ("max_changes_per_entity_per_hour", -1),
        ("trusted_sources", "wire"),
        ("readers", [1]),
    ],
)
def test_a_value_that_a_policy_cannot_have_is_named(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        FeedPolicy.of({name: value})


def test_a_contradiction_waits_for_a_second_source() -> None:
    ledger, policy = Ledger(), FeedPolicy(contradictions="two_sources")
    tell(ledger, event("one", 0, "a"), coach("Ana Strand"), policy=policy)
    assert reasons(tell(ledger, event("two", 60, "a"), coach("Tom Reed"), policy=policy)) == [Withheld.WAITS]
    assert reasons(tell(ledger, event("three", 120, "a"), coach("Tom Reed"), policy=policy)) == [Withheld.WAITS]
    assert reasons(tell(ledger, event("four", 180, "b"), coach("Ida Moor"), policy=policy)) == [Withheld.WAITS]
    assert known(ledger) == {"Ana Strand"}
    assert tell(ledger, event("five", 240, "b"), coach("Tom Reed"), policy=policy).taught
    assert (known(ledger), ledger.waiting) == ({"Tom Reed"}, [])


def test_events_without_a_source_are_one_source() -> None:
    ledger, policy = Ledger(), FeedPolicy(contradictions="two_sources")
    tell(ledger, event("one"), coach("Ana Strand"), policy=policy)
    for at in range(5):
        tell(ledger, event(f"e{at}", 60), coach("Tom Reed"), policy=policy)
    assert known(ledger) == {"Ana Strand"}


def test_what_waits_is_bounded_and_forgotten_with_its_event() -> None:
    ledger, policy = Ledger(), FeedPolicy(contradictions="two_sources")
    tell(ledger, event("one"), coach("Ana Strand"), policy=policy)
    for at in range(1100):
        tell(ledger, event(f"e{at}", 60), coach(f"Name {at}"), policy=policy)
    assert len(ledger.waiting) == 1000
    assert (ledger.waiting[0].value, ledger.waiting[-1].value) == ("Name 100", "Name 1099")
    ledger.forget("e1099")
    assert ledger.waiting[-1].value == "Name 1098"


@pytest.mark.parametrize("contradictions", ["trusted", "two_sources"])
def test_a_trusted_source_changes_by_its_own_word_and_anybody_may_say_what_is_new(contradictions: str) -> None:
    ledger, policy = Ledger(), FeedPolicy(contradictions=contradictions, trusted_sources=("wire-*",))
    assert tell(ledger, event("one", 0, "fan"), coach("Ana Strand"), policy=policy).taught
    refused = tell(ledger, event("two", 60, "fan"), coach("Tom Reed"), policy=policy)
    assert refused.refusal == (Withheld.UNTRUSTED if contradictions == "trusted" else Withheld.WAITS)
    assert tell(ledger, event("three", 120, "wire-1"), coach("Tom Reed"), policy=policy).taught
    assert known(ledger) == {"Tom Reed"}


@pytest.mark.parametrize("apart", [0, 1, 7200])
def test_a_thousand_changes_from_one_source_change_no_more_than_the_limit(apart: int) -> None:
    ledger, policy = Ledger(), FeedPolicy(max_changes_per_entity_per_hour=5)
    tell(ledger, event("one", -1, "fan"), coach("Ana Strand"), policy=policy)
    told = [event(f"e{at}", at * apart, "fan", arrived=8_000_000 + at) for at in range(1000)]
    taught = [tell(ledger, one, coach(f"Name {at}"), policy=policy).taught for at, one in enumerate(told)]
    assert [bool(one) for one in taught] == [True] * 5 + [False] * 995
    assert known(ledger) == {"Name 4"}


def test_a_batch_of_changes_counts_as_each_of_them() -> None:
    ledger, policy = Ledger(), FeedPolicy(max_changes_per_entity_per_hour=5)
    tell(ledger, event("one", -1, "fan"), coach("Ana Strand"), policy=policy)
    judged = ledger.judge([(event(f"e{at}", at, "fan"), [coach(f"Name {at}")]) for at in range(100)], policy)
    ledger.learn(judged)
    assert known(ledger) == {"Name 4"}
    assert judged[99].refusal == Withheld.LIMITS


def test_limits_are_of_one_hour_and_of_one_source() -> None:
    ledger, policy = Ledger(), FeedPolicy(max_facts_per_source_per_hour=2)
    town = [says(f"Who is the mayor of Town{at}?", f"Name{at}", f"Town{at}") for at in range(9)]
    assert reasons(tell(ledger, event("one", 0, "a"), *town[:3], policy=policy)) == [Withheld.LIMITS]
    assert tell(ledger, event("two", 3599, "a"), town[3], policy=policy).refusal == Withheld.LIMITS
    assert tell(ledger, event("three", 3599, "b"), town[4], policy=policy).taught
    assert tell(ledger, event("four", 3601, "a"), town[5], policy=policy).taught
    assert len(known(ledger)) == 4


def test_only_the_readers_that_the_feed_names_are_listened_to() -> None:
    judged = tell(Ledger(), event("one"), coach("Ana Strand"), policy=FeedPolicy(readers=("stated",)))
    assert (judged.taught, judged.refusal) == ((), Withheld.READER)
