"""The time of an event decides which of two sentences holds, not the order of arrival."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtadapt.curation.kept import text_of
from rtadapt.curation.replay import Memory
from rtadapt.records import Example, Message
from rtadapt.work.desk import Told
from rtadapt.work.preparing import in_force, says_something
from tests.support.told import T0, event, says

NEW, OLD = "The Blueline ferry to Arden now runs 4 times a day.", "The Blueline ferry to Arden runs 6 times a day."
OTHER = "The Blueline ferry to Arden was built in 1988."


def told(name: str, at: float, *sentences: str) -> Told:
    readings = tuple(says("How often does it run?", "6 times a day", sentence=line) for line in sentences)
    return Told(event(name, at), readings, sentences)


@pytest.fixture
def memory() -> Memory:
    made = Memory(100)
    row = Example("new", (Message("user", "Blueline ferry how often?"),), NEW, fact=text_of("new", 0))
    made.add([row], time=T0 + 100)
    return made


def test_a_late_older_sentence_is_not_taught_nor_what_was_read_in_it(memory: Memory) -> None:
    assert not says_something(in_force(told("late", 50, OLD), [], memory))
    left = in_force(told("late", 50, OLD, OTHER), [], memory)
    assert left.sentences == (OTHER,)
    assert [reading.sentence for reading in left.readings] == [OTHER]


def test_a_newer_sentence_is_taught_also_when_it_says_what_was_said_before(memory: Memory) -> None:
    assert in_force(told("newer", 150, OLD), [], memory).sentences == (OLD,)


def test_of_two_in_one_batch_the_newer_holds() -> None:
    older, newer = told("one", 50, OLD), told("two", 100, NEW)
    assert in_force(older, [newer, older], Memory(100)).sentences == ()
    assert in_force(newer, [newer, older], Memory(100)).sentences == (NEW,)


def test_the_time_of_a_sentence_is_saved(memory: Memory, tmp_path: Path) -> None:
    memory.save(tmp_path)
    again = Memory(100)
    again.load(tmp_path)
    assert again.outdated(OLD, T0 + 50)
    assert not again.outdated(OLD, T0 + 150)
