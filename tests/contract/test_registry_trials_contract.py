"""What the registry promises of trials: they begin everywhere at once, count by arm, and end once."""

from __future__ import annotations

import pytest

from rtadapt.errors import InvalidInput
from rtadapt.registry.codec import Holding
from rtadapt.registry.registry import Registry
from tests.support.registry_steps import A, B, flipped, mark_failed, mark_ready, publish

RULE = {"measures": ["errors"], "margin": 0.1}


def on_trial(registry: Registry) -> None:
    """Version 2 on trial against 1, held by A alone."""
    flipped(registry, 1)
    head = registry.head("news")
    assert head is not None
    publish(registry, 1, epoch=head.epoch)
    registry.change_route("news", "canary", version=2, share=0.5, decide=RULE)


def test_a_trial_begins_once_every_live_replica_holds_the_canary(registry: Registry) -> None:
    on_trial(registry)
    before = registry.route("news")
    assert before is not None and (before.trial, before.begun) == (1, 0.0)
    assert registry.clock() - 60 < before.named_at <= registry.clock()
    assert not mark_ready(registry, "news", 2, A, [A, B]).begun
    assert not mark_failed(registry, "news", 2, B, [A, B]).begun
    route = mark_ready(registry, "news", 2, B, [A, B])
    assert route.begun and (route.revision, route.stable, route.canary) == (before.revision + 1, 1, 2)
    assert mark_ready(registry, "news", 2, A, [A, B]) == route


def test_the_base_model_is_everywhere_and_a_stalled_replica_is_not_waited_for(registry: Registry) -> None:
    on_trial(registry)
    assert registry.report("news", A, Holding(frozenset({1, 2})), [A], [B])[0].begun
    registry.change_route("news", "canary", version=0, share=0.5)
    assert registry.report("news", A, Holding(frozenset({1, 2})), [A, B])[0].begun


def test_more_callers_are_the_same_trial_and_another_version_another_one(registry: Registry) -> None:
    on_trial(registry)
    first = mark_ready(registry, "news", 2, A, [A])
    more = registry.change_route("news", "canary", version=2, share=0.9, decide=RULE)
    assert (more.trial, more.begun, more.canary_share) == (1, first.begun, 0.9)
    shadow = registry.change_route("news", "canary", version=2, share=0.9, shadow=True)
    assert (shadow.trial, shadow.begun, shadow.shadow, shadow.decide) == (2, 0.0, True, "")


def test_a_trial_is_ended_once_and_what_decided_it_stays_with_the_version(registry: Registry) -> None:
    on_trial(registry)
    mark_ready(registry, "news", 2, A, [A])
    assert registry.decide("news", 2, True, {}) is None  # there is no such trial
    route = registry.decide("news", 1, True, {"decision": "promote", "figures": {"errors": 0.5}})
    assert route is not None
    assert (route.stable, route.canary, route.begun, route.decide, route.follow) == (2, None, 0.0, "", False)
    assert registry.decide("news", 1, False, {"decision": "rollback"}) is None
    assert registry.decision("news", 2) == {"decision": "promote", "figures": {"errors": 0.5}}
    assert registry.decision("news", 1) is None
    assert registry.change_route("news", "rollback").stable == 1


def test_a_canary_that_is_not_good_ends_and_the_stable_version_stays(registry: Registry) -> None:
    on_trial(registry)
    mark_ready(registry, "news", 2, A, [A])
    route = registry.decide("news", 1, False, {"decision": "rollback"})
    assert route is not None and (route.stable, route.canary, route.follow) == (1, None, False)
    registry.change_route("news", "canary", version=2, share=0.5)
    assert registry.change_route("news", "end").canary is None


@pytest.mark.parametrize("loss", [True, False])
def test_a_trial_by_loss_is_of_versions_whose_states_are_kept(registry: Registry, loss: bool) -> None:
    flipped(registry, 4)
    registry.retire("news", 4, 2)
    rule = {"measures": ["errors", "loss"] if loss else ["errors"]}

    def tried(version: int) -> int | None:
        return registry.change_route("news", "canary", version=version, share=0.5, decide=rule).canary

    for version in (3, 0):
        assert tried(version) == version
    if not loss:
        assert tried(2) == 2
        return
    with pytest.raises(InvalidInput, match="state of news@2 is not kept") as refused:
        tried(2)
    assert refused.value.field == "decide.measures"
    registry.change_route("news", "promote", version=1)
    with pytest.raises(InvalidInput, match="state of news@1 is not kept"):
        tried(3)


def test_counts_add_up_by_version_and_arm(registry: Registry) -> None:
    flipped(registry, 1)
    registry.count("news", {(1, "stable1", "answers"): 3, (1, "stable1", "errors"): 0, (2, "canary1", "answers"): 2})
    registry.count("news", {(1, "stable1", "answers"): 4})
    assert registry.tally("news") == {(1, "stable1"): {"answers": 7, "errors": 0}, (2, "canary1"): {"answers": 2}}
    assert registry.tally("sport") == {}
    assert registry.receipt_key() == registry.receipt_key()
