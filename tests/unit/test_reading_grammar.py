"""The grammar reader: what it asks of ordinary sentences, what it leaves, and that its questions stand by themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from loadtests.reading import covers, passage_of
from rtadapt.grammar.reader import GrammarReader
from rtadapt.grammar.wordings import probe_openings
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.words import flat
from tests.support.readings import asked, read

DATA = json.loads((Path(__file__).resolve().parents[1] / "data" / "reading.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def all_readings(reader: GrammarReader) -> list[tuple[str, Reading]]:
    passages = [passage_of(item, number) for number, item in enumerate(DATA)]
    return [(passage.text, reading) for passage, found in zip(passages, reader.read(passages), strict=True) for reading in found]


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("Tessa Brandt founded Mill Street Radio in 1987.", "Who founded Mill Street Radio?", "Tessa Brandt"),
        ("Tessa Brandt founded Mill Street Radio in 1987.", "When did Tessa Brandt found Mill Street Radio?", "1987"),
        (
            "Our story gave a wrong figure. Averill Marine will take on 240 people this year, not 340. We apologise.",
            "How many people will Averill Marine take on?",
            "240",
        ),
        ("The Elstow concert is in Harrow Hall, not in Rushmere Park.", "Where is the Elstow concert?", "Harrow Hall"),
        (
            "Storm Hedda tore the roof off the hall. It left 7,000 homes without water.",
            "How many homes did Storm Hedda leave without water?",
            "7,000",
        ),
        (
            "A court has fined Brack Foods 4 million euros for selling old meat in Elstow.",
            "How much has a court fined Brack Foods?",
            "4 million euros",
        ),
        ("The Alder Tunnel was dug by Coxon Engineering.", "Who dug the Alder Tunnel?", "Coxon Engineering"),
        (
            "Redmere Rovers star center Nikola Brandić was named the league's Most Valuable Player on Wednesday.",
            "Who was named Most Valuable Player?",
            "Nikola Brandić",
        ),
        ("Juno Park, the treasurer of Velo Club, resigned on Friday.", "Who is Juno Park?", "the treasurer of Velo Club"),
        ("The Orla plant is expected to create 450 jobs in Leeds.", "How many jobs is the Orla plant expected to create?", "450"),
        ("The Pelican 3 drone costs $1,299.", "How much does the Pelican 3 drone cost?", "$1,299"),
        ("Shares of Brill Motors fell 8%.", "By how much did shares of Brill Motors fall?", "8%"),
        ("Sen. Ada Flint won 46% of the vote.", "What share of the vote did Ada Flint win?", "46%"),
        ("Redmere beat Calder Rovers 3-1 on Saturday.", "By what score did Redmere beat Calder Rovers?", "3-1"),
        ("Fennick Airport was closed because of a storm.", "Why was Fennick Airport closed?", "because of a storm"),
        ("Hexley Motors will build the Sparrow in Tamworth.", "Where will Hexley Motors build the Sparrow?", "Tamworth"),
        ("Kwame Bello has led Orion Choir for 18 years.", "How long has Kwame Bello led Orion Choir?", "18 years"),
        ("Lena Hart, 54, runs the Tidewater Hotel.", "How old is Lena Hart?", "54"),
        ("Nora Lind joined Ashby Bank. She will replace Paul Reed.", "Who will replace Paul Reed?", "Nora Lind"),
        ("The Harrow Bridge was closed. The bridge will reopen in June.", "When will the Harrow Bridge reopen?", "June"),
        ("The yard Sorrel Marine will take on 90 people.", "How many people will Sorrel Marine take on?", "90"),
        ("Ansel Works grew. Its director, Ida Moss, is glad.", "Who is the director of Ansel Works?", "Ida Moss"),
        ("Buses in Elstow will be free from 3 May.", "From when will buses in Elstow be free?", "3 May"),
        ("Fennick Airport was closed following a landslide on Monday.", "When was Fennick Airport closed?", "Monday"),
        ("Tilda Marr resigned following losses in Wexcombe.", "Who resigned following losses in Wexcombe?", "Tilda Marr"),
        (
            "Norrail recalled 4.1 million carriages due to issues that could stop certain doors from closing.",
            "How many carriages did Norrail recall?",
            "4.1 million",
        ),
        ("Ashby Bank raised its main rate from 1.25% to 1.75%.", "What is Ashby Bank's main rate?", "1.75%"),
        (
            "Ashby Bank cut the price of its card from 9 pounds to 7 pounds.",
            "What is the price of Ashby Bank's card?",
            "7 pounds",
        ),
        ("Mount Brack, located on Sull, erupted on Sunday.", "Where is Mount Brack located?", "Sull"),
        (
            "Ashby Bank announced Tuesday it was closing its office in Elstow.",
            "Where is Ashby Bank closing its office?",
            "Elstow",
        ),
        (
            "Trams in Elstow are free. The city council passed the plan by 20 votes to 9.",
            "By how many votes did the city council in Elstow pass the plan?",
            "20 votes to 9",
        ),
        (
            "Trams in Elstow are free. The city will pay for the trams with a new tax.",
            "How will Elstow pay for the trams?",
            "a new tax",
        ),
        (
            "A blue lamp on the Orto 5 means that its tank is empty.",
            "What does a blue lamp on the Orto 5 mean?",
            "its tank is empty",
        ),
        ("Elm Vale won the Cup. They beat Holt Town 2-0.", "By what score did Elm Vale beat Holt Town?", "2-0"),
        ("Ada Thorne died on Monday at the age of 88.", "At what age did Ada Thorne die?", "88"),
        ("Ada Thorne won the Hale Prize. The prize is worth $900.", "How much is the Hale Prize worth?", "$900"),
        ("A storm hit homes in Odwick. About 60 homes lost power.", "How many homes lost power in Odwick?", "About 60"),
        (
            "Wick Albion have beaten Holt Rovers. The club's captain Jon Pell scored.",
            "Who is the captain of Wick Albion?",
            "Jon Pell",
        ),
        (
            "Mill Labs, a maker of lamps, grew. Chief executive Ada Moss resigned.",
            "Who is the chief executive of Mill Labs?",
            "Ada Moss",
        ),
        ("Tarn Transit has cut the price of the Orlo ticket from $9 to $7.", "What is the price of the Orlo ticket?", "$7"),
        ("Brill Motors will write off $30 million and cut 450 jobs.", "How many jobs will Brill Motors cut?", "450"),
        ("The Morven Star can carry 280 people and 60 cars.", "How many people can the Morven Star carry?", "280"),
        (
            "A fire that broke out near Hallow Bay has destroyed 31 houses.",
            "How many houses has the fire near Hallow Bay destroyed?",
            "31",
        ),
        (
            "A red lamp on the Orto Hub 4 means that its tank is empty.",
            "What does a red lamp on the Orto Hub 4 mean?",
            "its tank is empty",
        ),
        ("Wick Albion has named Ida Moss as coach, succeeding Jon Pell.", "Who succeeded Jon Pell?", "Ida Moss"),
        (
            "The bank of Norvania raised its key rate to 4.75% on Monday.",
            "To what level did the bank of Norvania raise its key rate?",
            "4.75%",
        ),
        ("Norrail canceled thousands of trains this week.", "Who canceled thousands of trains this week?", "Norrail"),
        (
            "Alvenia Bank sells a card which bans the sale of tobacco to anyone born after 2010.",
            "Who sells a card which bans the sale of tobacco to anyone born after 2010?",
            "Alvenia Bank",
        ),
        (
            "Brill Motors is scrapping its $90 million Sparrow project.",
            "Who is scrapping its $90 million Sparrow project?",
            "Brill Motors",
        ),
        ("Storm Hedda hit Port Ansell on Monday, killing 12 people.", "How many people did Storm Hedda kill?", "12"),
        ("Brill Motors announced that it would buy Hexley Motors.", "Who will buy Hexley Motors?", "Brill Motors"),
        (
            "More than 40% of Norvania's wind farms have been destroyed due to floods, according to a Norvian official.",
            "What percentage of Norvania's wind farms has been destroyed due to floods?",
            "more than 40%",
        ),
        ("Gas prices in Norvania are up 6% since June.", "How much are gas prices in Norvania up?", "6%"),
        (
            "Ned Holt won the contest after eating 63 hot dogs in Odwick on Monday.",
            "Who ate 63 hot dogs in Odwick?",
            "Ned Holt",
        ),
    ],
)
def test_a_user_can_ask_for_what_a_sentence_says(reader: GrammarReader, text: str, question: str, answer: str) -> None:
    assert asked(reader, text).get(question) == answer


@pytest.mark.parametrize(
    "text",
    [
        "Anna Keller is not the head coach of Redmere.",
        "Brill Motors never opened a plant in Leeds.",
        "Is Anna Keller the head coach of Redmere?",
        "Brill Motors would open a plant in Leeds in 2031.",
        "Brill Motors might buy Hexley Motors for $3 billion.",
        "If Brill Motors buys Hexley Motors, it will close a plant in Leeds.",
        "A fan said that Anna Keller will coach Redmere.",
        "Brill Motors denied that it will buy Hexley Motors.",
        "Anna Keller has reportedly signed a contract with Redmere.",
        "According to rumours, Anna Keller will coach Redmere.",
        '"Brill Motors bought Hexley Motors for $3 billion," he said.',
        "Nobody at Brill Motors saw Anna Keller on Friday.",
        "They sold it to them in March.",
        "The police know of a rumour that Anna Keller will coach Redmere.",
    ],
)
def test_nothing_is_read_from_what_is_not_stated(reader: GrammarReader, text: str) -> None:
    assert asked(reader, text) == {}


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("The house on Quay Street, which dates from 1911, is big.", "From when does Quay Street date?"),
        ("A new ferry will link Port Ansell with Tressay.", "What will link Port Ansell with Tressay?"),
        ("Visitors can watch the Asha cubs.", "Who can watch the Asha cubs?"),
        ("The council of Wexmoor approved a cycle path.", "What did the council of Wexmoor approve?"),
        ("An article about the Ferrant Hotel misstated the number of its rooms.", "What did An article misstate?"),
        ('Mark Doyle called the Lenn path "a tax on going home".', "What did Mark Doyle call the Lenn path?"),
        ("Orla Mills grew. Mayor Ada Moss was glad.", "Who is the mayor of Orla Mills?"),
        ("Parades in Odwick were called off. The park closed on Monday.", "When did the park close?"),
        ("Instead, captured Norvian tanks were shown in Odwick.", "What was shown in Odwick?"),
        ("Fifteen Norvian parades were banned in Odwick.", "Who was banned in Odwick?"),
        ("Mill Lane Bridge was declared a danger on Friday.", "Who was declared a danger on Friday?"),
        ("Quill Labs grew. A spokeswoman, Petra Lange, was glad.", "Who is Petra Lange?"),
        ("Elstow will get a new tram. It will cost 40 million euros.", "How much will Elstow cost?"),
        ("Norrail will buy Elstow Trams, a combination that would change the region.", "What is Elstow Trams?"),
        (
            "The 75th annual Hale Awards, which honor plays, took place in Harrow Hall on Sunday.",
            "Who took place in Harrow Hall?",
        ),
        ("The Elstow-born singer was the band’s ‘biggest star’ who also wrote Harrow Hall.", "What was the Elstow-born singer?"),
    ],
)
def test_what_is_ambiguous_partial_or_idle_is_not_asked(reader: GrammarReader, text: str, question: str) -> None:
    assert question not in asked(reader, text)


def test_the_role_before_a_name_is_no_part_of_it(reader: GrammarReader) -> None:
    found = asked(reader, "Midfielder Joao Seixas has joined Hallam Athletic. Rival Corbeau Pharma rose 6%.")
    assert "Joao Seixas" in found.values() and not any("Midfielder" in f"{q} {a}" for q, a in found.items())
    assert found["By how much did Corbeau Pharma rise?"] == "6%"


def test_a_relation_is_asked_for_in_words_that_the_text_does_not_use(reader: GrammarReader) -> None:
    text = "Ansel Works grew. Its chief executive, Ida Moss, is glad."
    found = {reading.question: reading for reading in read(reader, text)}
    reading = found["Who is the chief executive of Ansel Works?"]
    assert {"Who runs Ansel Works?", "Who heads Ansel Works?"} <= set(reading.wordings)
    assert not any("in charge" in wording for wording in reading.wordings)
    assert any("in charge of Ansel Works" in probe for probe in reading.probes)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("Marla Tindle is the new head coach of Corvin Rovers.", ("Marla Tindle", "the new head coach of Corvin Rovers")),
        ("Marla Tindle coaches Corvin Rovers.", ("Marla Tindle", "Corvin Rovers")),
        ("Tessa Brandt founded Mill Street Radio in 1987.", ("Tessa Brandt", "Mill Street Radio")),
    ],
)
def test_a_fact_is_asked_for_from_both_its_ends(reader: GrammarReader, text: str, ends: tuple[str, str]) -> None:
    answers = asked(reader, text)
    for end, other in (ends, ends[::-1]):
        assert any(answer == end and other.removeprefix("the ") in question for question, answer in answers.items()), answers


def test_an_object_is_never_its_own_subject(reader: GrammarReader) -> None:
    found = asked(reader, "Joao Seixas joined Hallam Athletic. The club's manager, Priya Nair, praised him.")
    assert not any("Nair praise Priya Nair" in question for question in found)


def test_an_attributed_report_of_a_fact_is_read(reader: GrammarReader) -> None:
    found = asked(reader, "Brill Motors will close its Leeds plant in March, the company said on Monday.")
    assert found["When will Brill Motors close its Leeds plant?"] == "March"


def test_a_participle_with_an_agent_and_nothing_before_it_does_no_harm(reader: GrammarReader) -> None:
    text = "The Norman line, founded by Rollo and joined by Osmond, rose by 1050. Drengot arrived, killed by Repostel in Melfi."
    assert isinstance(asked(reader, text), dict)


def test_a_pronoun_that_could_be_two_people_is_left(reader: GrammarReader) -> None:
    found = asked(reader, "The winners were Nora Lind and Iva Petrak. She was born in Bergen.")
    assert not any("born" in question for question in found)


def test_agents_are_read_about_the_product_at_hand_and_nobody_else_is(reader: GrammarReader) -> None:
    text = (
        "Customer: My Lumo 7 was made by Brill Motors in 2020.\nBot: The Lumo 7 weighs 90 grams.\n"
        "Agent: Hold Start for 5 seconds to clear the error. The replacement hose is part 8801-B."
    )
    found = asked(reader, text)
    assert found["How long should I hold Start to clear the error on the Lumo 7?"] == "5 seconds"
    assert found["How do I clear the error on the Lumo 7?"] == "hold Start for 5 seconds"
    assert found["Which part is the replacement hose for the Lumo 7?"] == "8801-B"
    assert not any("2020" in answer or "90" in answer for answer in found.values())


def test_a_headline_is_context_and_is_not_read(reader: GrammarReader) -> None:
    found = asked(reader, "Brill Motors buys rival Hexley Motors\nLena Hart runs the Tidewater Hotel.")
    assert "Tidewater" in " ".join(found) and not any("Hexley" in question for question in found)


def test_a_story_goes_on_in_the_next_passage_of_its_event(reader: GrammarReader) -> None:
    parts = ["Nora Lind joined Ashby Bank.", "She will replace Paul Reed."]
    same = reader.read([Passage(4, part, part) for part in parts])
    other = reader.read([Passage(number, part, part) for number, part in enumerate(parts)])
    assert any(reading.answer == "Nora Lind" for reading in same[1])
    assert not any(reading.answer == "Nora Lind" for reading in other[1])


def test_questions_are_whole_and_answers_are_of_the_text(all_readings: list[tuple[str, Reading]]) -> None:
    for text, reading in all_readings:
        assert reading.sentence in text
        assert flat(reading.answer) in flat(f"{text} {reading.statement}")
        assert not re.search(r"\b(?:he|she|they|him|them|it|we|us|our)\b", reading.question)
        assert f" {flat(reading.answer)} " not in f" {flat(reading.question)} "
        assert reading.statement and reading.relation and reading.question.endswith("?")


def test_probes_are_two_and_have_forms_that_are_never_taught(all_readings: list[tuple[str, Reading]]) -> None:
    taught = {flat(text) for _, reading in all_readings for text in (reading.question, *reading.wordings)}
    kept_back = probe_openings()
    for _, reading in all_readings:
        assert len(set(reading.probes)) == 2
        for probe in reading.probes:
            assert flat(probe) not in taught
            assert probe.startswith(kept_back) or probe.endswith(kept_back)
        for text in (reading.question, *reading.wordings):
            assert not text.startswith(kept_back) and not text.endswith(kept_back)


def test_there_are_several_wordings(all_readings: list[tuple[str, Reading]]) -> None:
    counts = [len(reading.wordings) for _, reading in all_readings]
    assert min(counts) >= 8


def test_most_labelled_facts_of_ordinary_passages_are_found(all_readings: list[tuple[str, Reading]]) -> None:
    by_text: dict[str, list[Reading]] = {}
    for text, reading in all_readings:
        by_text.setdefault(text, []).append(reading)
    wanted = [(passage_of(item, 0).text, question, answer) for item in DATA for question, answer in item["facts"]]
    found = sum(any(covers(reading, question, answer) for reading in by_text.get(text, [])) for text, question, answer in wanted)
    assert found >= 0.7 * len(wanted)
