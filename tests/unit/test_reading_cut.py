"""What the grammar must not leave out of a name, an answer or a clause, and what it must not take for one."""

from __future__ import annotations

import pytest

from rtadapt.grammar.reader import GrammarReader
from tests.support.readings import asked


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("The singer Tessa Brandt pleaded not guilty to fraud at Lidgate Crown Court.", "pleaded guilty"),
        ("“Harbour: The Long Night,” the latest film of the Brandt brothers, made $40 million on Friday.", "Harbour"),
        ("Redmere will become the first English city to ban cars due to the smog.", "-> the first English city"),
        ("Tessa Brandt gave $3 million to the Orla School, which is the largest gift in its history.", "-> the largest gift"),
        ("Tessa Brandt and Juno Park became the first Danes to cross Lake Orla.", "the Danes"),
        ("Coxon explored Rupert's Gap in 1902.", "-> Gap"),
        ("Velo Club met on Friday at the Orla Hall in Redmere and 71% of the members voted for the plan.", "and 71%"),
        ("The demand for houses in Redmere rose (Coxon 1994).", "Coxon 1994"),
        ("The harbour is centred on Kelby Yard, about 3 miles northwest of Redmere.", "is Kelby Yard"),
        ("Juno Park, 21, and Tessa Brandt, 20, won the Orla Cup.", "Juno Park, and"),
        ("Coxon referred to Denmark as a rock in the sea.", "Where"),
        ("Velo Club became a rival of Redmere Wheelers.", "Which rival"),
        ("Coxon's band was beaten west of Lidgate in 1902.", "What was"),
        ("Coxon fled to Lake Orla, which borders the Fens, a marsh of 30 islands.", "Lake Orla -> a marsh"),
        ("The Redmere councillor will resign after taking office on 6 September.", "take office"),
        ("For the first time since 2004 Velo Club won the Orla Cup in Redmere.", "Since when"),
        ("Juno Park sheared one lamb every 90 seconds in the Orla barn.", "one lamb?"),
        ("The plan of Velo Club is to build 30 homes in Redmere.", "How many homes"),
        ("In all 300 cases are pending in Redmere – the largest number in Denmark.", "pending the largest"),
        ("A record was set in Redmere on 3 May, when the mercury hit 38, beating the mark of Lidgate.", "beat"),
        ("Tessa Brandt resigned as mayor of Redmere after a happy two-year term.", "Why"),
        ("Climate protesters Tessa Brandt, 21, and Juno Park, 20, both pleaded guilty in Redmere.", "Brandt, Juno"),
        ("The mayor of Redmere declared a state of emergency for Orla, the state's largest city.", "emergency for Orla's"),
        ("Velo Club beat Redmere Wheelers in Game 6 on Sunday.", "Where"),
        ("Coxon marched to Lake Orla and met the envoy of Redmere.", "What met"),
        ("Praised for ending the Lake War, the last mayor stayed in Redmere. He died in Lidgate in 1902.", "-> the Lake War"),
        ("Odile Farrant played the queen of Denmark in The Long Night.", "Where"),
    ],
)
def test_what_a_cut_would_make_wrong_is_not_asked(reader: GrammarReader, text: str, never: str) -> None:
    assert not [pair for pair in (f"{question} -> {answer}" for question, answer in asked(reader, text).items()) if never in pair]


@pytest.mark.parametrize(
    ("text", "question", "answer"),
    [
        ("Juno Park led the choir out of St. Agnes Hall in 1902.", "Who led the choir out of St. Agnes Hall?", "Juno Park"),
        (
            "Tessa Brandt and Juno Park became the first Danes to cross Lake Orla.",
            "Who became the first Danes to cross Lake Orla?",
            "Tessa Brandt and Juno Park",
        ),
        ("Two bridges were closed in Redmere.", "How many bridges were closed in Redmere?", "Two"),
        ("The fare at Redmere Lido rose from $9 in June to $11.", "What is the fare at Redmere Lido?", "$11"),
    ],
)
def test_what_belongs_together_stays_together(reader: GrammarReader, text: str, question: str, answer: str) -> None:
    found = asked(reader, text)
    assert found.get(question, answer) == answer


def test_which_of_two_churches_the_church_is_nobody_can_tell(reader: GrammarReader) -> None:
    text = "St. Agnes Church stands in Redmere. It founded the Orla Mission Church. In 1836 the church's tower was repaired."
    assert not [question for question in asked(reader, text) if "tower" in question]


def test_a_country_is_not_they(reader: GrammarReader) -> None:
    text = "Denmark sold the island to Spain in 1902. They regretted the sale of the Orla mines."
    assert not [pair for pair in asked(reader, text).items() if "regret" in pair[0] and pair[1] == "Denmark"]
