"""Who holds an office that a text says was given to somebody. Sentences of our own."""

from __future__ import annotations

import pytest

from rtadapt.grammar.reader import GrammarReader
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.verification.verify import verify


def readings(text: str) -> dict[str, str]:
    found = GrammarReader().read([Passage(0, text, text)])[0]
    return {reading.question: reading.answer for reading in found}


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        (
            "Hallam Rovers named Petra Lindqvist as their new head coach.",
            "Who is the head coach of Hallam Rovers?",
            "Petra Lindqvist",
        ),
        (
            "Hallam Rovers named Petra Lindqvist head coach on Monday.",
            "Who is the head coach of Hallam Rovers?",
            "Petra Lindqvist",
        ),
        ("Tarn Foods has appointed Iris Vega chief executive.", "Who is the chief executive of Tarn Foods?", "Iris Vega"),
        ("Iris Vega was named the new chief executive of Tarn Foods.", "Who is the chief executive of Tarn Foods?", "Iris Vega"),
        ("Olaf Brandt was elected mayor of Kelbrook on Sunday.", "Who is the mayor of Kelbrook?", "Olaf Brandt"),
        ("Iris Vega has become chair of the Kelbrook Trust.", "Who is the chair of the Kelbrook Trust?", "Iris Vega"),
    ],
)
def test_whoever_was_given_an_office_is_asked_for_as_who_holds_it(text: str, question: str, answer: str) -> None:
    assert readings(text)[question] == answer


@pytest.mark.parametrize(
    "text",
    [
        "Olaf Brandt will become mayor of Kelbrook.",
        "Tarn Foods appointed Iris Vega as chief executive from 1 July.",
        "In 1977 Iris Vega became president of Tarn Foods.",
        "Hallam Rovers hired Jonas Beck as goalkeeper.",
        "Tarn Foods named Iris Vega vice president of Tarn Foods.",
        "Tarn Foods named Iris Vega employee of the month.",
        "The committee named Iris Vega as director.",
        "Hallam Rovers may name Petra Lindqvist as their head coach.",
    ],
)
def test_what_is_to_come_was_once_or_is_held_by_many_is_not(text: str) -> None:
    assert not [question for question in readings(text) if question.startswith("Who is the")]


def test_the_stiff_question_goes_where_there_is_a_better_one() -> None:
    asked = readings("Hallam Rovers named Petra Lindqvist as their new head coach.")
    assert not [question for question in asked if question.endswith(" as?")]


def test_how_often_is_asked_of_what_comes_again_and_again() -> None:
    assert readings("The ferry to Lund will run every 40 minutes.")["How often will the ferry to Lund run?"] == "every 40 minutes"


@pytest.mark.parametrize(
    "text",
    [
        "Tarn Foods on Monday named Dr. Iris Vega, a former Norrail executive, as its chief executive, replacing Jonas Beck.",
        "Tarn Foods named Iris Vega chief executive, replacing Jonas Beck.",
        "Tarn Foods appointed as its chief executive Iris Vega, replacing Jonas Beck.",
        "Hallam Rovers signed Iris Vega from Kelby, replacing the injured Jonas Beck.",
        "Iris Vega, a former banker at Norrail, was named chief executive of Tarn Foods, replacing Jonas Beck.",
    ],
)
def test_who_was_appointed_replaces_the_one_before_and_not_who_appointed(text: str) -> None:
    passage = Passage(0, text, text)
    kept = [one for one in GrammarReader().read([passage])[0] if verify(one, passage).reason is None]
    assert ("Who did Iris Vega replace?", "Jonas Beck") in {(one.question, one.answer) for one in kept}
    assert {one.answer for one in kept if "replaced" in one.question} == {"Iris Vega"}


def test_what_the_new_one_was_elsewhere_does_not_make_a_former_one_of_them() -> None:
    text = "Tarn Foods named Iris Vega, a former Norrail executive, as its chief financial officer."
    passage, asked = Passage(0, text, text), "Who is the chief financial officer of Tarn Foods?"
    [found] = [one for one in GrammarReader().read([passage])[0] if one.question == asked]
    assert verify(found, passage).reason is None


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (
            "Tarn Foods thanked Iris Vega, its former chief financial officer.",
            "Who is the chief financial officer of Tarn Foods?",
        ),
        ("Tarn Foods thanked Iris Vega, its former chief, and named Jonas Beck chief.", "Who is the chief of Tarn Foods?"),
        ("Iris Vega, a former Norrail banker and former mayor of Kelby, met Jonas Beck.", "Who is the mayor of Kelby?"),
        ("Iris Vega, the former mayor of Kelby, met the mayor of Orlo.", "Who is the mayor of Kelby?"),
        ("Iris Vega, the former boss of Kelby Bank, opened a shop.", "Who is the head of Kelby Bank?"),
    ],
)
def test_who_held_the_office_that_is_asked_for_does_not_hold_it(text: str, asked: str) -> None:
    assert verify(Reading(asked, "Iris Vega", text, by="stated"), Passage(0, text, text)).reason is not None


@pytest.mark.parametrize("firm", ["Tarn Foods", "Jonas Beck"])
def test_whoever_was_replaced_or_appointed_replaced_nobody(firm: str) -> None:
    text = "Tarn Foods named Iris Vega chief executive, replacing Jonas Beck."
    reading = Reading("Who replaced Jonas Beck?", firm, text, by="stated")
    assert verify(reading, Passage(0, text, text)).reason is not None


def test_a_title_of_several_words_is_no_part_of_a_name() -> None:
    assert readings("Iris Vega will report to Chief Executive Jonas Beck.")["Who will report to Jonas Beck?"] == "Iris Vega"
    assert readings("Chief Financial Officer Iris Vega opened the Kelby mill.")["Who opened the Kelby mill?"] == "Iris Vega"
