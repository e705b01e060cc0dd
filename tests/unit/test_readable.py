"""A text as a parser understands it: without what is said not to be so, and with titles that it knows for such."""

from __future__ import annotations

import pytest

from rtadapt.grammar.reader import GrammarReader
from rtadapt.reading.passages import Passage
from rtadapt.reading.readable import readable
from rtadapt.reading.readings import Reading
from rtadapt.verification.plain import plain
from rtadapt.verification.verdicts import Reason
from rtadapt.verification.verify import verify


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Norrail will take on 240 people this year, not 340.", "Norrail will take on 240 people this year."),
        ("The director is Ida Moss, not Jon Pell. She is glad.", "The director is Ida Moss. She is glad."),
        ("The line opens on 3 May, not on 5 May as we reported.", "The line opens on 3 May."),
        ("The ticket costs $7.50, not $9.20, as was printed.", "The ticket costs $7.50, not $9.20, as was printed."),
        ("Agent: It is valid for 24 hours, not 12.\nCustomer: Thanks.", "Agent: It is valid for 24 hours.\nCustomer: Thanks."),
        ("It costs 7 euros, not 9\nChildren pay 3.", "It costs 7 euros\nChildren pay 3."),
        ("It costs 7 euros, not 9; children pay 3.", "It costs 7 euros; children pay 3."),
    ],
)
def test_what_is_not_so_beside_what_is_so_goes(text: str, left: str) -> None:
    assert readable(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "Ida Moss is not the director of Norrail.",
        "The ticket costs 7 euros, not including tax.",
        "The hall seats 300, not only on Sundays.",
        "The line opens in May, not before.",
        "Norrail is growing, not that it was planned.",
        "The bridge is closed, not everything was checked.",
        "The club, not the city, pays for it.",
    ],
)
def test_what_limits_or_denies_stays(text: str) -> None:
    assert readable(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("She wrote 'Low Water' and 'Nora's Hour'.", 'She wrote "Low Water" and "Nora\'s Hour".'),
        ("The ‘March of the Reeds’ is on Sunday.", 'The "March of the Reeds" is on Sunday.'),
        ("The farmers' leaders left in '98, or '99.", "The farmers' leaders left in '98, or '99."),
        ("It is Ana's and the Ruiz' boat.", "It is Ana's and the Ruiz' boat."),
    ],
)
def test_titles_in_single_quotation_marks_are_no_apostrophes(text: str, left: str) -> None:
    assert readable(text) == left


def test_what_stands_behind_such_a_title_is_read() -> None:
    text = "Rosa Menchaca, who wrote 'Low Water' and won the Larkin Prize in 1987, died on Saturday in Kelm."
    found = {(one.question, one.answer) for one in GrammarReader().read([Passage(0, text, text)])[0]}
    assert {("Who wrote Low Water?", "Rosa Menchaca"), ("Where did Rosa Menchaca die?", "Kelm")} <= found


def reading(answer: str, text: str) -> Reading:
    return Reading("How many people will Norrail take on?", answer, sentence=text, by="stated")


def test_what_is_so_is_taught_wherever_its_line_ends() -> None:
    text = "Customer: What does it cost?\nAgent: The Orlo ticket costs 7 euros, not 9.\nCustomer: Thank you."
    asked = Reading(
        "How much does the Orlo ticket cost?", "7 euros", sentence="The Orlo ticket costs 7 euros, not 9.", by="stated"
    )
    assert verify(asked, Passage(0, text, text)).kept


def test_what_is_so_is_taught_and_its_rival_is_not() -> None:
    text = "Norrail will take on 240 people this year, not 340."
    assert verify(reading("240", text), Passage(0, text, text)).kept
    assert verify(reading("340", text), Passage(0, text, text)).reason is Reason.NOT_IN_TEXT
    assert plain([text], text) == ["Norrail will take on 240 people this year."]
