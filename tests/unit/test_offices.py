"""Who holds an office that a text says was given to somebody. Sentences of our own."""

from __future__ import annotations

import pytest

from rtadapt.grammar.reader import GrammarReader
from rtadapt.reading.passages import Passage


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
