"""The grammar reader's words: other verbs for the same, and nothing of what the parser garbles."""

from __future__ import annotations

import pytest

from rtadapt.grammar.loose import asks
from rtadapt.grammar.reader import GrammarReader
from rtadapt.reading.parsing import parsed
from rtadapt.reading.passages import Passage
from tests.support.readings import read


@pytest.mark.parametrize(
    ("text", "garbled"),
    [
        (
            "Mara Lind will serve as mayor for a second term after the bloc that she leads secured the 12 seats needed.",
            "the 12 seats",
        ),
        ("Tilda Marr resigned following by-election losses to the Harbour Party in Wexcombe.", "following to"),
        (
            "Elstow’s Brack Fire has burned thousands of acres near Hallow National Park, destroying dozens of Elstow barns "
            "and forcing evacuations of rural villages.",
            "and forcing",
        ),
        ("The Rolls-Royce Spectre EV marks the first step towards the goal.", "Rolls-Royce marks"),
        ("The night ferry from Elstow to Sull runs again. The ferry leaves Elstow at 20:15.", "runs again leave"),
        ("The night ferry leaves Elstow at 20:15.", "ferry leave at"),
        ("The night ferry leaves Elstow at 20:15.", "left by"),
        ("Norrail agreed to buy Elstow Trams, a deal worth 40 million pounds.", "agreed by"),
        ("Ashby Bank raised its main rate to 1.75%.", "What is 1.75%"),
    ],
)
def test_a_sentence_that_the_parser_garbles_is_not_passed_on(reader: GrammarReader, text: str, garbled: str) -> None:
    (found,) = reader.read([Passage(0, text, text)])
    loose = [wording for wordings, _ in asks(parsed([text])[0]) for wording in wordings]
    said = [text for one in found for text in (one.question, one.statement, *one.wordings)] + loose
    assert not any(garbled in text for text in said)


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("Norrail suspended the Harrow Line on Monday.", "When did Norrail halt the Harrow Line?"),
        ("Ida Moss resigned on Monday.", "When did Ida Moss step down?"),
        ("Brill Motors increased wages by 6% in May.", "By how much did Brill Motors raise wages?"),
        ("A court has fined Brack Foods 4 million euros.", "How much does Brack Foods have to pay?"),
        ("Brack Foods will take on 300 people.", "How many jobs will Brack Foods create?"),
    ],
)
def test_the_same_is_asked_with_other_verbs(reader: GrammarReader, text: str, wording: str) -> None:
    (found,) = reader.read([Passage(0, text, text)])
    assert wording in {text for one in found for text in one.wordings}


@pytest.mark.parametrize(
    ("text", "asked", "count"),
    [
        ("There are 12 lifts in the Kelm tower.", "How many lifts are in the Kelm tower?", "12"),
        ("There were 14 people on the Orlo ferry when it ran aground.", "How many people were on the Orlo ferry?", "14"),
        (
            "There are 77 lamps placed throughout the Brill House, with over 300 bells beside them.",
            "How many lamps are throughout the Brill House?",
            "77",
        ),
        (
            "There will be 30 new buses on the Kelm line from May.",
            "How many new buses will be on the Kelm line?",
            "30",
        ),
    ],
)
def test_how_many_there_are_of_something_somewhere_is_asked(reader: GrammarReader, text: str, asked: str, count: str) -> None:
    found = {one.question: one.answer for one in read(reader, text)}
    assert found[asked] == count


@pytest.mark.parametrize(
    "text",
    [
        "There are 22 cases in Orlo and 9 in Kelm.",
        "There are 40 people missing in Kelm.",
        "There are 40 days until the fair.",
        "There are 30 goals in the match.",
    ],
)
def test_of_what_is_counted_twice_or_nowhere_it_is_not(reader: GrammarReader, text: str) -> None:
    assert not [one for one in read(reader, text) if one.question.startswith("How many")]
