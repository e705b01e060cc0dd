"""The grammar reader on short stories: what points back is followed only where it is plain, and nothing is cut short."""

from __future__ import annotations

import pytest

from rtadapt.grammar.reader import GrammarReader
from tests.support.readings import asked, told

HOSPICE = (
    "Lottery winner Gareth Pugh gave half of his 3.4 million pounds to the hospice in Tenby that cared for his mother, "
    "its director Nia Bevan confirmed. Pugh, a retired postman, bought the ticket at a petrol station in March. "
    "The hospice will use the money to add six beds."
)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Alois Kern, 61, denied the charges. Judge Rosa Thal said he had betrayed Brennick.", "had betrayed"),
        ("Voltano left Turin for Lyon. The French state has lent it 45 million euros.", "lent the French state"),
        (
            "Voltano left Turin for Lyon. The French state has lent it 45 million euros. Its biggest customer is Marseille.",
            "biggest customer",
        ),
        ("Voltano left Turin for Lyon in May. Orta Bank sold it in June.", "sold Orta Bank"),
        ("Brikka plans to open two more by the end of 2027.", "two more"),
        ("The parliament of Estovia voted 71 to 48 on Wednesday to ban vapes.", "vote 71 to ban"),
        ("Estovia banned the sale of vapes from July next year.", "from July."),
        ("Bakery chain Crumb & Co will open its 50th shop in Dunmore on Saturday.", "Bakery chain"),
        ("Bakery chain Crumb & Co will open its 50th shop in Dunmore on Saturday.", "Crumb's"),
        ("Tyre maker Gripline is recalling 58,000 winter tyres.", "Which person"),
        ("Emma Tolland will miss the European championships in Poznan.", "Where will"),
        ("Astronomers at the Corvus telescope have found three moons around the planet Ixion.", "What has found"),
        ("The moons of Ixion were named Ada and Bea after the daughters of Felipe Rojas.", "appointed"),
    ],
)
def test_what_a_story_does_not_say_is_not_read_in_it(reader: GrammarReader, text: str, wrong: str) -> None:
    assert not [words for words in told(reader, text) if wrong in words]


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("Jens Toft runs Holmgaard. Toft said he would resign in May.", "When will Jens Toft resign?", "May"),
        ("Rosa Thal runs Orta Bank. She said she would resign in May.", "When will Rosa Thal resign?", "May"),
        (
            "The parliament of Estovia voted 71 to 48 on Wednesday to ban vapes.",
            "By how many votes did the parliament of Estovia vote to ban vapes?",
            "71 to 48",
        ),
        (
            "Estovia will ban the sale of vapes from July next year.",
            "From when will Estovia ban the sale of vapes?",
            "July next year",
        ),
        (
            "Nurses in Wick will strike from 8 am on Tuesday in a dispute over pay.",
            "When will nurses in Wick strike in a dispute over pay?",
            "Tuesday",
        ),
        ("Bakery chain Crumb & Co will open a shop in Dunmore on Saturday.", "Where will Crumb & Co open a shop?", "Dunmore"),
        ("Tyre maker Gripline is recalling 58,000 winter tyres.", "Who is recalling 58,000 winter tyres?", "Gripline"),
    ],
)
def test_what_a_story_says_is_read_in_it(reader: GrammarReader, text: str, question: str, answer: str) -> None:
    assert asked(reader, text)[question] == answer


def test_any_of_something_is_no_answer(reader: GrammarReader) -> None:
    assert "any effort" not in asked(reader, "Donald Marr failed to make any effort for Elstow on Monday.").values()


def test_where_an_office_is_is_no_firm(reader: GrammarReader) -> None:
    text = (
        "Customer: How do I get an invoice from Tripwell?\nAgent: Log in, open My Trips and choose Invoice. We send invoices by "
        "email within 48 hours after check-out. Our office in Porto is open from 9 am to 5 pm, Monday to Friday.\nCustomer: Can "
        "I bring a dog?\nAgent: Dogs are allowed in all our cabins for 12 euros a night. The limit is two dogs per cabin."
    )
    assert not any(owner in words for words in told(reader, text) for owner in ("Porto's", "at Porto", "Friday's", "at Friday"))


def test_the_cause_of_what_an_agent_speaks_of_is_not_that_of_the_firm(reader: GrammarReader) -> None:
    text = "Customer: My internet from Netto Fibre is down.\nAgent: The cause was a cable that was cut by builders."
    assert not any("cause at Netto" in words for words in told(reader, text))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            HOSPICE,
            "his mother's director",
        ),
        ("Gareth Pugh bought the ticket at a petrol station in March.", "What did Gareth Pugh buy the ticket at"),
        ("Redfern delayed the release of Iron Orchard from October to February.", "February from October"),
        ("Redfern delayed the release of Iron Orchard from October to February.", "Orchard to February delayed"),
        ("Council leader Ruth Adeyemi has quit over the sale of Harbour House.", "the Council leader"),
        ("Neighbours have raised 18,000 pounds for Osian Price.", "increased"),
        ("The museum of Vessel has bought a painting for 2 million francs.", "How many francs"),
        ("Kari Moe published her first novel, Salt, at 23.", "Salt at 23 written"),
        ("Comreg fined Blix 3.2 million euros for charging customers who had left.", "left for charging"),
        ("The orangutan Sari was born on 2 February to Utama.", "Where was Sari born to"),
        ("Street musicians in Avenholm will need a licence from 1 September.", "Which person"),
        ("Storm Petra hit Caldmere. Schools will stay shut on Monday, the education department said.", "will Schools"),
        (
            'The museum of Vessel has bought a painting. "Blue Kitchen" was painted in 1931. Director Paolo Neri was glad.',
            "of Blue Kitchen",
        ),
        ("FitBase Harlow opens at 6 am.", "opening date"),
        (
            "Telescope maker Ostrava Optics has closed its plant in Brno with the loss of 70 jobs and moved to Vietnam. "
            "Its founder, Jan Kolar, 81, said it had been the hardest decision of his life.",
            "hardest",
        ),
        (
            "Beekeepers in Tarnia lost 38% of their colonies last winter, according to a survey. Mites were the main cause.",
            "What were Mites",
        ),
        (
            "Historian Samuel Otieno's book about the Mombasa railway has won the Baxter Medal. Otieno spent nine years on it.",
            "spend?",
        ),
        ("Historian Samuel Otieno wrote a book about Elstow.", "Historian"),
        ("Pabu escaped from Dorwick Zoo on Monday.", "Who did Pabu"),
        (
            "Ostrava Optics has closed its plant in Brno with the loss of 70 jobs.",
            "What has Ostrava Optics closed its plant with",
        ),
        ("Luca Brandt crashed out of the Oslo race.", "came down"),
        ("Aiko Mori leads the championship with 112 points.", "run the championship"),
        ("Ferries from Port Ellis were suspended because of a fire.", "Ellis was suspended"),
        (
            "Nurses at St Olave's hospital in Wick will strike from 8 am. The hospital's director, Amit Shah, was glad.",
            "Wick's director",
        ),
        ("Samuel Otieno's book about Mombasa has won the Baxter Medal.", "Who was"),
        ("Norrail will strike from 8 am.", "From what date"),
        ("The warranty on the Aero pump is five years.", "How far"),
    ],
)
def test_what_a_sentence_does_not_say_is_not_made_of_its_words(reader: GrammarReader, text: str, wrong: str) -> None:
    assert not [words for words in told(reader, text) if wrong in words]


def test_what_is_tapped_is_no_firm(reader: GrammarReader) -> None:
    text = "Customer: Can I bring a dog?\nAgent: Open My Trips and choose Invoice. Dogs are allowed for 12 euros a night."
    assert not any("My Trips'" in words or "at My Trips" in words for words in told(reader, text))


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        (
            HOSPICE,
            "Who is the director of the hospice in Tenby?",
            "Nia Bevan",
        ),
        (
            "Gareth Pugh gave 3 million pounds to the hospice.",
            "How much did Gareth Pugh give to the hospice?",
            "3 million pounds",
        ),
    ],
)
def test_what_a_sentence_says_is_asked_plainly(reader: GrammarReader, text: str, question: str, answer: str) -> None:
    assert asked(reader, text)[question] == answer
