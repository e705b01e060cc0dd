"""The loss of a trial: events that come meanwhile are measured under both arms before they are learned."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rtadapt.errors import Unavailable
from rtadapt.registry.codec import Holding
from rtadapt.training.prequential import losses
from tests.support.one_machine import System, drive, learned_ids, story


def begin_trial(system: System, **how: object) -> None:
    """Versions 1 and 2 are learned; 2 is on trial against 1, and a replica has both."""
    system.push(story("north"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 1)
    system.push(story("south"))
    drive(pipeline, system.registry, "news", 2)
    pipeline.close()
    system.registry.report("news", "a", Holding(frozenset((1, 2))), ["a"])
    system.registry.change_route("news", "promote", version=1)
    system.registry.change_route("news", "canary", version=2, share=0.5, **how)  # type: ignore[arg-type]
    system.registry.report("news", "a", Holding(frozenset((1, 2))), ["a"])


@pytest.mark.parametrize(("shadow", "arm"), [(False, "canary1"), (True, "shadow1")])
def test_later_events_are_measured_under_both_arms_before_they_are_learned(system: System, shadow: bool, arm: str) -> None:
    begin_trial(system, shadow=shadow)
    system.push(story("east"), story("west"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 4)
    pipeline.close()
    tally = system.registry.tally("news")
    stable, canary = tally[1, "stable1"], tally[2, arm]
    assert stable["events"] == canary["events"] == 2
    assert stable["worse"] + canary["worse"] == 2
    assert stable["millinats"] > 0 and canary["millinats"] > 0
    assert stable["millinats"] != canary["millinats"]


def test_what_cannot_be_measured_holds_up_no_learning(system: System, tmp_path: Path) -> None:
    begin_trial(system)
    version = system.registry.version("news", 1)
    assert version is not None
    shutil.rmtree(next(tmp_path.rglob(version.state.digest)))
    system.push(story("east"))
    pipeline = system.pipeline()
    drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    assert learned_ids(system.registry)[-1] == "event-east"
    assert not system.registry.tally("news")


def test_a_batch_that_is_done_again_counts_once(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    begin_trial(system)
    system.push(story("east"))

    def gone(*_: object, **__: object) -> None:
        raise Unavailable("the registry went away before the commit")

    pipeline = system.pipeline()
    with monkeypatch.context() as patched:
        patched.setattr(system.registry, "commit", gone)
        with pytest.raises(Unavailable):
            drive(pipeline, system.registry, "news", 3)
    pipeline.close()
    again = system.pipeline()
    drive(again, system.registry, "news", 3)
    again.close()
    assert system.registry.tally("news")[2, "canary1"]["events"] == 1


def test_the_base_has_a_loss_too(system: System) -> None:
    [row] = system.learner.anchors()[:1]
    [loss] = losses(system.learner, None, [row])
    assert loss > 0
