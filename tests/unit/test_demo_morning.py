"""The bundled morning is sound: what is asked can be answered from what is pushed, and from nothing else."""

from __future__ import annotations

import re

import pytest

from rtadapt.config import Settings
from rtadapt.demo.morning import Item, MustNot, Question, read_morning
from rtadapt.events.envelope import parse
from rtadapt.grammar.reader import GrammarReader
from rtadapt.reading.values import holds_value
from rtadapt.work.desk import Desk

MORNING = read_morning()


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def text_of(item: Item) -> str:
    turns = item.body.get("turns")
    return "\n".join(turn["text"] for turn in turns) if turns else f"{item.body.get('headline', '')}\n{item.body['text']}"


def test_there_are_enough_events_of_both_kinds_each_with_a_question() -> None:
    kinds = [item.feed for item in MORNING.items]
    assert len(kinds) >= 18
    assert {"news", "support"} == set(kinds)
    assert min(kinds.count("news"), kinds.count("support")) >= 6
    assert all(item.questions for item in MORNING.items)
    assert sum(len(item.questions) for item in MORNING.items) >= 2 * len(kinds)


@pytest.mark.parametrize("item", MORNING.items, ids=lambda item: item.body["id"])
def test_each_event_holds_the_answers_to_its_questions_and_no_question_its_answer(item: Item) -> None:
    for question in item.questions:
        assert question.answered_by(text_of(item)), question.ask
        assert not question.answered_by(question.ask), question.ask


@pytest.mark.parametrize("asked", MORNING.must_not, ids=lambda asked: asked.ask)
def test_what_must_not_be_answered_stands_in_an_event_and_not_in_its_question(asked: MustNot) -> None:
    assert any(holds_value(text_of(item), wrong) for item in MORNING.items for wrong in asked.wrong)
    assert not any(holds_value(asked.ask, wrong) for wrong in asked.wrong)


def test_no_question_is_asked_twice() -> None:
    asked = [question.ask for item in MORNING.items for question in item.questions]
    asked += [row.ask for row in MORNING.must_not] + [question.ask for question in MORNING.general]
    assert len(asked) == len({" ".join(re.findall(r"\w+", ask.casefold())) for ask in asked})


def test_no_event_carries_hints() -> None:
    assert not any({"facts", "qa"} & set(item.body) for item in MORNING.items)


def test_every_event_is_one_that_the_intake_accepts() -> None:
    for item in MORNING.items:
        event = parse(item.body)
        assert event.id == item.body["id"]


def test_a_shorter_morning_asks_only_about_what_it_pushes() -> None:
    short = read_morning(4)
    assert [item.body["id"] for item in short.items] == [item.body["id"] for item in MORNING.items[:4]]
    assert len(short.must_not) < len(MORNING.must_not)
    assert short.general == MORNING.general


def test_an_answer_is_right_in_any_of_its_spellings() -> None:
    question = Question("When?", ("1 March",))
    assert question.answered_by("It starts on March 1st.")
    assert not question.answered_by("It starts on March 11.")


def test_no_question_is_worded_as_readers_and_forms_word_them() -> None:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    desk = Desk(settings.reading, GrammarReader(), None)
    events = [parse(item.body) for item in MORNING.items]
    readings = [reading for told in desk.read(events) for reading in told.readings]
    worded = {plain(text) for reading in readings for text in (reading.question, *reading.wordings, *reading.probes)}
    assert len(worded) > 200
    assert not worded & {plain(question.ask) for item in MORNING.items for question in item.questions}
