"""The grammar reader on sentences as news has them: nothing in them is read as more than it says, and names stay whole."""

from __future__ import annotations

import pytest

from rtadapt.grammar.reader import GrammarReader
from tests.support.readings import asked, read


def said(reader: GrammarReader, text: str) -> list[str]:
    """All that would be taught of a text: questions, wordings, statements."""
    return [words for one in read(reader, text) for words in (one.question, one.statement, *one.wordings, *one.probes)]


def test_a_name_close_behind_its_noun_says_which(reader: GrammarReader) -> None:
    found = asked(reader, "Holmgaard bought a stake in the lemonade maker Fizzette in May.")
    assert found["What did Holmgaard buy?"] == "a stake in the lemonade maker Fizzette"
    assert found["When did Holmgaard buy a stake in the lemonade maker Fizzette?"] == "May"


def test_a_firm_is_asked_for_by_its_name_alone(reader: GrammarReader) -> None:
    told = said(reader, "Ida Moss is the chief executive of the Danish ferry operator Blueline.")
    assert {"Who is the chief executive of Blueline?", "Who runs Blueline?"} <= set(told)


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("Ida Moss beat Lena Hart in the final.", "Who did Lena Hart lose to in the final?"),
        ("Ida Moss beat Lena Hart.", "Who did Lena Hart lose to?"),
        ("Ida Moss will replace Paul Reed as coach.", "Who is Paul Reed's successor as coach?"),
    ],
)
def test_what_is_said_behind_a_name_is_no_part_of_it(reader: GrammarReader, text: str, wording: str) -> None:
    assert wording in said(reader, text)


def test_whose_readers_a_council_cares_for_is_not_guessed(reader: GrammarReader) -> None:
    text = "A fire destroyed the library of Wexcombe. The council will meet to decide where its readers can borrow books."
    assert not any("its readers" in words for words in said(reader, text))


def test_what_is_carried_in_a_year_is_no_capacity(reader: GrammarReader) -> None:
    text = "The Sull ferry carries 4 million passengers a year."
    assert asked(reader, text)
    assert not any("capacity" in words or "room" in words or "fit" in words for words in said(reader, text))


def test_what_a_ship_can_carry_is_its_capacity(reader: GrammarReader) -> None:
    assert "What is the capacity of the Morven Star?" in said(reader, "The Morven Star can carry 280 people and 60 cars.")


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("Owen Pryce will step down and be replaced by Hana Sato.", "Who will replace Owen Pryce?", "Hana Sato"),
        (
            "The Redmere mill has been sold to Orta Bank and will be moved to Elstow in May.",
            "Where will the Redmere mill be moved to?",
            "Elstow",
        ),
        (
            "Brill Motors will cut 450 jobs and close its Leeds plant in May.",
            "When will Brill Motors close its Leeds plant?",
            "May",
        ),
    ],
)
def test_a_second_verb_has_what_helps_the_first(reader: GrammarReader, text: str, question: str, answer: str) -> None:
    assert asked(reader, text)[question] == answer


@pytest.mark.parametrize(
    ("text", "garbled"),
    [
        ("Owen Pryce will step down and be replaced by Hana Sato.", "ho be "),
        ("Owen Pryce may step down and be replaced by Hana Sato.", "replace"),
        ("Owen Pryce has stepped down and been replaced by Hana Sato.", "Pryce been"),
        ("The Redmere mill may be sold and moved to Elstow in May.", "moved"),
        ("The Redmere mill was not sold or moved to Elstow in May.", "moved"),
        ("Brill Motors will not cut jobs or close its Leeds plant in March.", "close"),
        ("Ashby Bank might buy Hexley Motors and close its Leeds plant in March.", "close"),
        ("The Redmere mill was bought by Orta Bank and closed in June.", "mill closed"),
    ],
)
def test_what_a_first_verb_leaves_open_or_denies_is_not_said_of_the_second(
    reader: GrammarReader, text: str, garbled: str
) -> None:
    assert not [words for words in said(reader, text) if garbled in words]


@pytest.mark.parametrize(
    "text",
    [
        "Lorries will be sent through Ashby, a detour of 14 miles.",
        "Ida Moss ran to Elstow, a journey of 40 miles.",
        "Brill Motors moved its head office to Elstow, a step that cost 300 jobs.",
        "Norrail lost to Ashby Bank, a first for the firm in Elstow.",
        "Jon Pell drove from Sull to Elstow, a distance of 90 miles.",
        "Ida Moss beat Jon Pell, an upset that stunned Elstow.",
    ],
)
def test_what_a_whole_sentence_is_called_is_not_said_of_its_last_name(reader: GrammarReader, text: str) -> None:
    assert not [question for question in asked(reader, text) if question.startswith(("What is ", "Who is "))]


@pytest.mark.parametrize(
    "text",
    [
        "The Danish brewery Holmgaard has bought Fizzette.",
        "On Monday the Danish brewery Holmgaard bought Fizzette.",
        "Swedish lemonade maker Holmgaard has bought Fizzette.",
    ],
)
def test_what_stands_before_a_name_goes_as_a_whole(reader: GrammarReader, text: str) -> None:
    statements = {one.statement for one in read(reader, text)}
    assert statements and all(statement.startswith("Holmgaard ") for statement in statements)


def test_a_prize_is_nobody_and_keeps_its_article(reader: GrammarReader) -> None:
    text = 'Novelist Petra Lindqvist has been awarded this year\'s Harrow Prize for her third book, "The Salt Road".'
    found = asked(reader, text)
    assert found["Who has been awarded the Harrow Prize for The Salt Road?"] == "Petra Lindqvist"
    assert found["What has Petra Lindqvist been awarded the Harrow Prize for?"] == "The Salt Road"
    assert not any(question.startswith("Who has Petra") for question in found)


@pytest.mark.parametrize(
    "text",
    [
        "Fizzette sells lemonade. Holmgaard's chief executive, Jens Toft, said that the brand would keep its name in Ghent.",
        "Jens Toft said that Fizzette would move to Ghent in May.",
    ],
)
def test_what_a_person_said_that_another_would_do_is_no_fact(reader: GrammarReader, text: str) -> None:
    assert not any("Fizzette will" in words or "ho will" in words for words in said(reader, text))


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("Norrail said it would cut 1,200 jobs.", "How many jobs will Norrail cut?", "1,200"),
        ("Norrail announced that the Harrow Bridge would reopen in May.", "When will the Harrow Bridge reopen?", "May"),
        ("The agency said that the Harrow Bridge would reopen in May.", "When will the Harrow Bridge reopen?", "May"),
    ],
)
def test_what_a_body_says_that_it_would_do_is_announced(reader: GrammarReader, text: str, question: str, answer: str) -> None:
    assert asked(reader, text)[question] == answer


def test_when_something_was_said_is_not_when_it_happens(reader: GrammarReader) -> None:
    found = asked(reader, "Norrail said on Monday it would cut 1,200 jobs.")
    assert "1,200" in found.values() and "Monday" not in found.values()


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        (
            "Holmgaard has bought a stake in Fizzette for 85 million euros.",
            "How much has Holmgaard paid for a stake in Fizzette?",
            "85 million euros",
        ),
        (
            "The brewery Holmgaard has bought a stake in the lemonade maker Fizzette for 85 million euros, the firms announced.",
            "How much has Holmgaard paid for a stake in the lemonade maker Fizzette?",
            "85 million euros",
        ),
        ("Holmgaard bought Fizzette for 85 million euros.", "How much did Holmgaard pay for Fizzette?", "85 million euros"),
        ("Holmgaard paid 85 million euros for Fizzette.", "How much did Holmgaard pay for Fizzette?", "85 million euros"),
        ("Holmgaard bought a stake in Fizzette in May.", "What did Holmgaard buy?", "a stake in Fizzette"),
        (
            "A fire destroyed the town library of Wexcombe on Sunday. Nobody was hurt, but some 40,000 books were lost.",
            "How many books were lost in Wexcombe?",
            "some 40,000",
        ),
    ],
)
def test_what_was_bought_paid_and_lost_is_asked(reader: GrammarReader, text: str, question: str, answer: str) -> None:
    assert asked(reader, text)[question] == answer


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Skyhop flies to 41 cities. The head of Skyhop's union, Paul Esk, welcomed the plan.", "the union of"),
        ("Farmers blocked the road to Lund for a third day on Monday.", "Lund for?"),
        ("The Bremmen tower is five metres taller than the Milwick tower.", "How taller"),
        ("Tens of thousands marched against the reform in Sorrel on Saturday.", "did Tens"),
        ("Airline passengers faced delays at Corden Airport on Friday.", "Who did"),
        ("Dina Vrba left Slavoj Karlin by mutual consent.", "What did Dina Vrba leave"),
        ("Fenna Blom runs a workshop in Delft with her brother.", "head of a workshop"),
        ("The museum of Vessel bought a painting by Ilse Kranz.", "takes over a painting"),
        ("Emma Tolland won silver in Lucerne.", "winner of silver"),
        ("Grocery chain Marlowe's said on Monday it would cut 1,200 jobs.", "Marlowe will"),
        ("Holmgaard has bought a stake in the Belgian lemonade maker Fizzette for 85 million euros.", "What is Fizzette"),
        ("Crumb & Co was bought by the food group Larder in May for an undisclosed sum.", "What is Larder"),
        ("Crumb & Co was bought by the food group Larder in May for an undisclosed sum.", "What was Crumb & Co bought"),
    ],
)
def test_what_fits_no_question_is_not_asked_with_it(reader: GrammarReader, text: str, wrong: str) -> None:
    assert not [words for words in said(reader, text) if wrong in words]


def test_how_much_taller_something_is_can_be_asked(reader: GrammarReader) -> None:
    found = asked(reader, "The Bremmen tower is five metres taller than the Milwick tower.")
    assert found["How much taller is the Bremmen tower than the Milwick tower?"] == "five metres"
