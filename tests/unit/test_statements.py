"""What plain English sentences state by their grammar."""

from __future__ import annotations

import pytest

from rtadapt.curation.kinds import fits
from rtadapt.curation.statements import Kind, statements
from rtadapt.curation.verbs import helped


def stated(text: str) -> list[tuple[str, str]]:
    return [(one.question, one.answer) for one in statements(text)]


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("Ada Finch is the new mayor of Arven.", "Who is the mayor of Arven?", "Ada Finch"),
        ("Arven has a new mayor: Ada Finch. It rained.", "Who is the mayor of Arven?", "Ada Finch"),
        ("Ada Finch was elected mayor of Arven on Monday.", "Who is the mayor of Arven?", "Ada Finch"),
        ("Big news: Zed Works named Ada Finch as its new CEO.", "Who is the CEO of Zed Works?", "Ada Finch"),
        ("Zed Works has hired a new receptionist, Ada Finch.", "Who is the receptionist of Zed Works?", "Ada Finch"),
        ("Ada Finch takes over as coach of Arven Town.", "Who is the coach of Arven Town?", "Ada Finch"),
        ("Ada Finch joins Zed Works as head of sales.", "Who is the head of sales of Zed Works?", "Ada Finch"),
        ("Ada Finch replaces Bram Stone as head of sales at Zed Works.", "Who is the head of sales at Zed Works?", "Ada Finch"),
        ("Arven Dairy's best cheese is now Old Thunder.", "What is the best cheese of Arven Dairy?", "Old Thunder"),
        ("The mascot of Arven School is called Biscuit.", "What is the mascot of Arven School?", "Biscuit"),
        ("The winner of the Arven baking contest is Ada Finch.", "Who is the winner of the Arven baking contest?", "Ada Finch"),
        ("Ada Finch, 34, has been named head chef of the Heron Inn.", "Who is the head chef of the Heron Inn?", "Ada Finch"),
        ("Bram Stone, the CEO of Zed Works, left. Ada Finch is the new CEO.", "Who is the CEO of Zed Works?", "Ada Finch"),
    ],
)
def test_who_or_what_is_a_role_of_something(text: str, question: str, answer: str) -> None:
    [one] = [one for one in statements(text) if one.kind is Kind.ROLE]
    assert (one.question, one.answer) == (question, answer)


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("Ada Finch won the Arven Marathon on Sunday.", "Who won the Arven Marathon?", "Ada Finch"),
        ("The Copper Heron was bought by Ada Finch last week.", "By whom was the Copper Heron bought?", "Ada Finch"),
        ("The council of Arven approved a new tram line.", "What did the council of Arven approve?", "a new tram line"),
        ("Because of snow, Arven Airport is closed until Thursday.", "Until when is Arven Airport closed?", "Thursday"),
        ("The Vantor 9 will be launched in May 2031.", "When will the Vantor 9 be launched?", "May 2031"),
        ("Arven Airways has cancelled all flights until May.", "Until when has Arven Airways cancelled all flights?", "May"),
        ("Zed Works was founded in 1998 by Ada Finch.", "By whom was Zed Works founded?", "Ada Finch"),
        ("The hymn of Arven was written by Ada Finch.", "Who wrote the hymn of Arven?", "Ada Finch"),
        ("Mount Velga is 4,120 metres high.", "How high is Mount Velga?", "4,120 metres"),
        ("Arven has 18,200 inhabitants, according to the town.", "How many inhabitants does Arven have?", "18,200"),
        ("The Heron Museum is located in Arven.", "Where is the Heron Museum located?", "Arven"),
        ("The Vantor 9 now costs $48.", "How much does the Vantor 9 cost?", "$48"),
        ("You can return goods to Zed Works within 14 days.", "Within what time can I return goods to Zed Works?", "14 days"),
        (
            "The link for Orbit Mail expires after 15 minutes.",
            "After how long does the link for Orbit Mail expire?",
            "15 minutes",
        ),
        ("Ada Finch is the new baker of Arven. She starts on Monday.", "When does Ada Finch start?", "Monday"),
        (
            "The Saturday market in Arven moves to Chapel Square.",
            "Where does the Saturday market in Arven move?",
            "Chapel Square",
        ),
        (
            "Finch & Hale sold the Arven yard for $12 million.",
            "For how much did Finch & Hale sell the Arven yard?",
            "$12 million",
        ),
    ],
)
def test_who_did_it_and_when_where_how_long_how_much(text: str, question: str, answer: str) -> None:
    assert (question, answer) in stated(text)


@pytest.mark.parametrize(
    "text",
    [
        "Nothing much happened, people said.",
        "She starts on Monday.",
        "Es regnet in Hamburg, und der Zug nach Bremen hat Verspätung.",
        "It was a long day for Ada Finch and everyone around her.",
        "The cake is made of flour.",
        "Ada Finch",
        "",
        "a, b; c: d. " * 500,
        "The " * 300,
        "Ab " * 400,
        "Ada Finch and " * 90,
        "the new coach of " * 70,
    ],
)
def test_what_is_no_plain_statement_gives_no_question(text: str) -> None:
    assert stated(text) == []


def test_a_former_holder_is_not_the_holder() -> None:
    assert ("Who is the coach of Arven Town?", "Bram Stone") not in stated("Bram Stone was the coach of Arven Town for years.")


@pytest.mark.parametrize(
    ("form", "base"),
    [
        ("opens", "open"),
        ("moved", "move"),
        ("goes", "go"),
        ("stopped", "stop"),
        ("carries", "carry"),
        ("won", "win"),
        ("flew", "fly"),
    ],
)
def test_verbs_are_turned_back_into_their_base(form: str, base: str) -> None:
    turned = helped(form)
    assert turned is not None
    assert turned[1] == base


def test_a_word_that_is_no_known_verb_is_left_alone() -> None:
    assert helped("harbour") is None


@pytest.mark.parametrize(
    ("question", "answer", "possible"),
    [
        ("When does it open?", "3 May", True),
        ("When does it open?", "Mill Street", False),
        ("Where is it?", "Mill Street", True),
        ("Where is it?", "November 2032", False),
        ("Who won?", "Ada Finch", True),
        ("Who won?", "$56", False),
        ("Why was it founded?", "Ada Finch", False),
        ("Why was it closed?", "a gas leak", True),
        ("How many rooms are there?", "twelve", True),
        ("How many rooms are there?", "the cellar", False),
        ("What is the code?", "4821", True),
        ("Wer ist es?", "56", True),
    ],
)
def test_an_answer_is_of_the_kind_that_is_asked_for(question: str, answer: str, possible: bool) -> None:
    assert fits(question, answer) is possible
