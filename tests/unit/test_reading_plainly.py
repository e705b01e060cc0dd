"""What an ordinary story or an agent says plainly is read whole: who, whom, where and how often, by its own names."""

from __future__ import annotations

import pytest

from rtadapt.grammar.reader import GrammarReader
from tests.support.readings import asked, read, told

PLANT = (
    "Chilean miner Antara opened its first lithium plant near Calama on Tuesday. The plant, which cost 1.4 billion dollars, "
    "will produce 30,000 tonnes of lithium carbonate a year and employs 650 people. President Rosa Quiroga attended the ceremony."
)
APP = (
    "The app Tandemly, which matches language learners, has passed 10 million users, its founder Sofia Marques said. The Lisbon "
    "start-up raised 22 million dollars in March from the investor Northlight. Its monthly subscription costs 7.99 euros."
)
MATCH = (
    "The Ravens beat the Kestrels 27-20 on Sunday to reach the final, thanks to three touchdowns from running back Deshawn "
    "Price. They will play the Comets in Denver on 8 February."
)
RESCUE = (
    "A helicopter crew found Peter Lang near the Ridgeway hut at around 6 am. He is being treated for frostbite at St Anne's "
    "Hospital in Corley."
)
BRANCH = (
    "Customer: What are the opening hours of the Garden Plaza branch of Sunbank?\nAgent: Our branch at Garden Plaza is open from "
    "9 am to 4 pm on weekdays. It is closed on Saturdays.\nCustomer: And the card fee?\nAgent: The credit card costs 40 dollars."
)


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        (PLANT, "Who opened its first lithium plant near Calama?", "Antara"),
        (PLANT, "Where did Antara open its first lithium plant?", "Calama"),
        (PLANT, "When did Antara open its first lithium plant?", "Tuesday"),
        (PLANT, "How much did Antara's lithium plant near Calama cost?", "1.4 billion dollars"),
        (PLANT, "How many people does Antara's lithium plant near Calama employ?", "650"),
        (APP, "Who is Tandemly's founder?", "Sofia Marques"),
        (APP, "How much did Tandemly raise from Northlight?", "22 million dollars"),
        (APP, "How much does Tandemly's monthly subscription cost?", "7.99 euros"),
        (MATCH, "By what score did the Ravens beat the Kestrels?", "27-20"),
        (MATCH, "Where will the Ravens play the Comets?", "Denver"),
        (MATCH, "When will the Ravens play the Comets?", "8 February"),
        (RESCUE, "Where did a helicopter crew find Peter Lang?", "the Ridgeway hut"),
        ("Shares in chipmaker Veltron fell 8 percent.", "By how much did shares in chipmaker Veltron fall?", "8 percent"),
        (
            "Airline Norjet will fly from Bergen to Lisbon twice a week from 5 April.",
            "How often will Norjet fly from Bergen to Lisbon?",
            "twice a week",
        ),
        (
            "Electric carmaker Solvo is recalling 22,000 cars in Germany over a fault in the brakes.",
            "Why is Solvo recalling 22,000 cars?",
            "over a fault in the brakes",
        ),
        (
            "Novelist Hanne Dahl won the Corriden Prize on Tuesday for The Salt Year, her story of a lighthouse family. She "
            "receives 50,000 crowns.",
            "Who won the Corriden Prize for The Salt Year?",
            "Hanne Dahl",
        ),
        (
            "Coffee chain Brewpoint, which runs 310 cafes in Canada, has been sold. Founder Paul Desmond will stay on.",
            "Who is the founder of Brewpoint?",
            "Paul Desmond",
        ),
        (
            "The supermarket chain Dagmart has opened a store in the town of Holle.",
            "Who has opened a store in the town of Holle?",
            "Dagmart",
        ),
        (
            "Toymaker Brixel reported a profit of 48 million euros for the first quarter.",
            "How big a profit did Brixel report?",
            "48 million euros",
        ),
        (
            "The band Kite Hill will release its fourth album, Low Tide, on 9 September.",
            "What is Kite Hill's fourth album?",
            "Low Tide",
        ),
        (
            "The gallery of Orvia has bought a portrait by Elsa Marten for 3.2 million crowns.",
            "How much has the gallery of Orvia paid for a portrait by Elsa Marten?",
            "3.2 million crowns",
        ),
        (
            "Rita Hobbs has raised 9,400 pounds for Saltburn. Her daughter Claire swam with her on the last day.",
            "Who swam with Rita Hobbs on the last day?",
            "Claire",
        ),
        ("Bus drivers in Ferrow will strike on 3 and 4 May.", "When will bus drivers in Ferrow strike?", "3 and 4 May"),
        ("Ivo Marek, 39, has retired. The Czech won 21 titles.", "How many titles did Ivo Marek win?", "21"),
        (
            "The Boston Celtics beat the Miami Heat 110-102 on Sunday.",
            "By what score did the Boston Celtics beat the Miami Heat?",
            "110-102",
        ),
        (BRANCH, "When is Sunbank's branch at Garden Plaza open?", "from 9 am to 4 pm on weekdays"),
        (
            "Customer: I want to cancel my Fitwave membership.\nAgent: You can cancel your membership in the app under Settings.",
            "Where can I cancel my membership with Fitwave?",
            "in the app under Settings",
        ),
        (
            "Customer: My card from Banco Alto was stolen.\nAgent: A new card will arrive within four working days.",
            "Within how long will a new card at Banco Alto arrive?",
            "four working days",
        ),
        (
            "Customer: What does the Vendo Premium plan include?\nAgent: The Premium plan costs 25 euros a month.",
            "How much does the Vendo Premium plan cost?",
            "25 euros a month",
        ),
        (
            "Customer: Is there a student discount at Cinestar?\nAgent: Tickets cost 9 euros for students.",
            "How much do tickets at Cinestar cost for students?",
            "9 euros",
        ),
        (MATCH, "How many touchdowns did Deshawn Price score on Sunday?", "three"),
        (
            "The Tigers drafted quarterback Jaylen Brooks with the third pick on Thursday night.",
            "Who did the Tigers draft with the third pick on Thursday night?",
            "Jaylen Brooks",
        ),
        ("Maud Fenner, a 44-year-old vet, took 51 percent of the vote.", "How old is Maud Fenner?", "44"),
        (
            "Police in Carrow have held a 31-year-old man over a theft. The man, Victor Hale, will appear in court on Tuesday.",
            "How old is Victor Hale?",
            "31",
        ),
        (
            "Defender Pablo Reyes has signed a contract with Real Tarano. The 26-year-old will wear the number 5 shirt.",
            "Who has signed a contract with Real Tarano?",
            "Pablo Reyes",
        ),
        (BRANCH, "How much does the credit card at Sunbank cost?", "40 dollars"),
    ],
)
def test_what_is_stated_plainly_is_read(reader: GrammarReader, text: str, question: str, answer: str) -> None:
    assert asked(reader, text)[question] == answer


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (MATCH, "did Ravens"),
        (MATCH, "beat Kestrels"),
        (MATCH, "play Comets"),
        ("Their next leader is Jiwoo Han, currently principal guest conductor in Leipzig.", "currently"),
        ("Their next leader is Jiwoo Han, previously chief conductor in Leipzig.", "chief conductor"),
        ("Voters rejected a tax in Uri on Sunday. Turnout was 61 percent.", "turnout"),
        ("The Falcons fired head coach Marcus Bell on Monday after a 3-13 season.", "fired head coach on"),
        (
            "Furniture retailer Lindqvist will shut its flagship store in Malmo on 14 March. About 140 staff will be offered "
            "jobs elsewhere.",
            "elsewhere in Malmo",
        ),
        ("Chief executive Naomi Adler called the market weak.", "What did Naomi Adler call"),
        (
            "Police have arrested a man. A 31-year-old man was hurt. The man, Victor Hale, will appear in court on Tuesday.",
            "old is Victor",
        ),
        ("Senator Ruth Calloway has withdrawn her bill to raise the minimum wage.", "Why has"),
        (
            "The band Kite Hill will release its fourth album, Low Tide, on 9 September. It was recorded in a church in Cork.",
            "Kite Hill was recorded",
        ),
        ("Central Airport in Mirna will get a runway. Parliament approved the plan on Thursday.", "the plan?"),
        ("The Harlow Museum will reopen on 3 May after a renovation.", "Who will reopen"),
        (
            "Customer: I'd like to change my flight with Avionel.\nAgent: Changes cost 30 euros. A Flex fare is best.",
            "at Flex",
        ),
        (
            "Customer: I'd like to change my flight with Avionel.\nAgent: You can change your flight online under Manage Booking "
            "until 24 hours before departure.",
            "until with",
        ),
        (
            "Customer: Where is the Oakfield clinic?\nAgent: It is at 12 Station Road. It is open from 8 am to 6 pm.",
            "clinic at Station Road",
        ),
        (MATCH, "was the Kestrels"),
        ("Amina Yusuf has been elected leader of Brackley council by 24 votes to 19.", "council by 24 votes?"),
        ("Leo Marchetti offers a reward of 50,000 euros.", "get from"),
        (BRANCH, "Garden Plaza's"),
        (
            "Customer: My Hover V9 vacuum has lost suction.\nAgent: A new filter for the V9 costs 12 euros.",
            "for the V9 for",
        ),
        ("The strike ended after train operator Eastlink offered a 6 percent pay rise.", "What can I get from"),
        (
            "Elena Ruiz opened a school in Lund. Pregnant Then Screwed, a charity that helps parents, was glad.",
            "Pregnant Screwed",
        ),
    ],
)
def test_what_is_not_stated_so_is_not_read(reader: GrammarReader, text: str, wrong: str) -> None:
    assert not [words for words in told(reader, text) if wrong in words]


@pytest.mark.parametrize(
    ("text", "winner"),
    [
        ("Hans Gruber was beaten by Eva Lindqvist in Sunday's run-off for mayor of Uppsala.", "Eva Lindqvist"),
        ("Maria Sol beat Ana Kern in the final of the Kelm Open on Sunday.", "Maria Sol"),
        ("Maria Sol may beat Ana Kern in the final of the Kelm Open.", None),
        ("Maria Sol was nearly beaten by Ana Kern in the final of the Kelm Open.", None),
        ("Maria Sol beat her own time in the final of the Kelm Open.", None),
        ("A goal by Ana Kern beat the Ravens in the final of the Tarn Cup.", None),
        ("Eva Lindqvist beat Hans Gruber in the race for mayor of Uppsala.", None),
    ],
)
def test_who_beat_the_other_where_two_meet_has_won(reader: GrammarReader, text: str, winner: str | None) -> None:
    found = read(reader, text)
    assert [one.answer for one in found if one.question.startswith(("Who won", "What won"))] == ([winner] if winner else [])
