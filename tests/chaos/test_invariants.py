"""That the checks of a chaos run see what they are there to see."""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter

import pytest

from rtadapt.records import Artifact, Head, LearnedEvent, Version
from tests.chaos.injected import POINTS
from tests.chaos.invariants import coverage, gone_back, lineage
from tests.chaos.traffic import Pushed

NOTHING = Artifact("0" * 64, "state/news/" + "0" * 64, 0)


def version(number: int, reaches: int, *events: str) -> Version:
    learned = tuple(LearnedEvent(event, 0.0) for event in events)
    return Version("news", number, number - 1, NOTHING, NOTHING, {0: reaches}, learned, 0.0, {})


def head(number: int, reaches: int, epoch: int = 1) -> Head:
    return Head("news", number, {0: reaches}, epoch)


def pushed(event: str, offset: int) -> Pushed:
    return Pushed(event, "news", True, 1, f"news.0.{offset}")


def test_a_sound_lineage_is_found_sound() -> None:
    versions = [version(1, 2, "a", "b"), version(2, 3, "c")]
    assert list(lineage("news", head(2, 3), versions)) == []
    assert list(coverage([pushed("a", 0), pushed("c", 2)], {"a": 1, "b": 1, "c": 2}, versions)) == []


def test_what_was_learned_twice_is_missing_or_goes_back_is_seen() -> None:
    assert "learned twice" in next(lineage("news", head(2, 3), [version(1, 2, "a"), version(2, 3, "a")]))
    assert "the head is at 3" in next(lineage("news", head(3, 3), [version(1, 2, "a"), version(3, 3, "b")]))
    assert "lie behind" in next(lineage("news", head(2, 3), [version(1, 3, "a"), version(2, 2, "b")]))


def test_an_event_that_is_covered_before_it_is_learned_is_seen() -> None:
    versions = [version(1, 3, "a"), version(2, 4, "b")]
    assert "version 1 covers b" in next(coverage([pushed("b", 2)], {"a": 1, "b": 2}, versions))


def test_a_head_that_goes_back_is_seen() -> None:
    assert list(gone_back("news", head(2, 3), head(2, 3))) == []
    assert len(list(gone_back("news", head(2, 3, 5), head(1, 2, 4)))) == 3
    assert "gone" in next(gone_back("news", head(2, 3), None))


@pytest.mark.parametrize("function", sorted({function for function, _ in POINTS.values()}))
def test_every_place_at_which_a_process_kills_itself_is_there(function: str) -> None:
    module, _, path = function.partition(":")
    assert callable(attrgetter(path)(import_module(module)))
