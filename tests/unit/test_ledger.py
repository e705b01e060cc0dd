"""What replaces what: the newer answer to the same question, and nothing else."""

from __future__ import annotations

import pytest

from rtadapt.curation.ledger import Ledger, Withheld
from rtadapt.policy import FeedPolicy
from rtadapt.reading.readings import Reading
from tests.support.told import event, known, says, tell

CLUB = "Kelby United"
COACH = "Who is the head coach of Kelby United?"

STAYS = {
    "another kind of answer": (says(COACH, "Jonas Weber", CLUB), says(COACH, "under pressure", CLUB)),
    "another place in the question": (
        says("How much does the Lumo cost in Canada?", "$56", "Lumo"),
        says("How much does the Lumo cost in Mexico?", "$49", "Lumo"),
    ),
    "another place in the sentence": (
        says("How much does the Lumo cost?", "$56", "Lumo", "The Lumo costs $56 in Canada."),
        says("How much does the Lumo cost?", "$49", "Lumo", "In Mexico the Lumo costs $49."),
    ),
    "a place where there was none": (
        says("How much does the Lumo cost?", "$56", "Lumo"),
        says("How much does the Lumo cost in Mexico?", "$49", "Lumo"),
    ),
    "another board member": (
        says("Who is a board member of Harlo?", "Bo Hale", "Harlo"),
        says("Who is a board member of Harlo?", "Ann Reed", "Harlo"),
    ),
    "members asked for as many": (
        says("Who are the directors of Harlo?", "Bo Hale", "Harlo"),
        says("Who are the directors of Harlo?", "Ann Reed", "Harlo"),
    ),
    "another goal": (
        says("Who scored for Kelby United?", "Bo Hale", CLUB),
        says("Who scored for Kelby United?", "Cy Lund", CLUB),
    ),
    "another day's goal": (
        says("Who scored for Kelby United on Monday?", "Bo Hale", CLUB),
        says("Who scored for Kelby United on Tuesday?", "Cy Lund", CLUB),
    ),
    "another brother": (
        says("Who is Tom Reed's brother?", "Al Reed", "Tom Reed"),
        says("Who is Tom Reed's brother?", "Bo Reed", "Tom Reed"),
    ),
    "another product": (
        says("Which products does Harlo sell?", "Lumo", "Harlo"),
        says("Which products does Harlo sell?", "Vexa", "Harlo"),
    ),
    "the other way round": (
        says("Who beats Kelby United?", "Ashby Rovers", CLUB),
        says("Whom does Kelby United beat?", "Dunlow Town", CLUB),
    ),
    "who owns and what is owned": (
        says("Who owns Harlo?", "Vexa Group", "Harlo"),
        says("What does Harlo own?", "Lumo Works", "Harlo"),
    ),
    "what will be": (says(COACH, "Jonas Weber", CLUB), says("Who will be the head coach of Kelby United?", "Mia Hale", CLUB)),
    "what might be": (says(COACH, "Jonas Weber", CLUB), says("Who could be the head coach of Kelby United?", "Mia Hale", CLUB)),
    "what was": (says(COACH, "Jonas Weber", CLUB), says("Who was the head coach of Kelby United?", "Mia Hale", CLUB)),
    "who was it before": (
        says(COACH, "Jonas Weber", CLUB),
        says("Who is the former head coach of Kelby United?", "Mia Hale", CLUB),
    ),
    "another post": (says(COACH, "Jonas Weber", CLUB), says("Who is the assistant coach of Kelby United?", "Mia Hale", CLUB)),
    "another club": (says(COACH, "Jonas Weber", CLUB), says("Who is the head coach of Kelby City?", "Mia Hale", "Kelby City")),
    "a name that only ends otherwise": (
        says("Who is the mayor of Carter?", "Bo Hale", "Carter"),
        says("Who is the mayor of Carters?", "Ann Reed", "Carters"),
    ),
    "another variant": (
        says("How much does the Lumo 2 cost?", "$56", "Lumo 2"),
        says("How much does the Lumo 3 cost?", "$90", "Lumo 3"),
    ),
    "who it is not": (says(COACH, "Jonas Weber", CLUB), says("Who isn't the head coach of Kelby United?", "Mia Hale", CLUB)),
    "anything at all": (says("Who is Ann Reed?", "a pilot", "Ann Reed"), says("Who is Ann Reed?", "a mother of two", "Ann Reed")),
    "one thing measured and another": (
        says("What number does Bo Hale wear?", "7", "Bo Hale", relation="wear"),
        says("How many medals does Bo Hale wear?", "9", "Bo Hale", relation="wear"),
    ),
}

GIVES_WAY = {
    "a role": (says(COACH, "Jonas Weber", CLUB), says(COACH, "Mia Hale", CLUB)),
    "a role in other words": (says("Who coaches Kelby United?", "Jonas Weber", CLUB), says(COACH, "Mia Hale", CLUB)),
    "a role by appointment": (
        says(COACH, "Jonas Weber", CLUB),
        says("Who was appointed head coach of Kelby United?", "Mia Hale", CLUB),
    ),
    "a role that the reader names": (
        says("Who runs Harlo?", "Ines Valcourt", "Harlo", relation="chief executive"),
        says("Who is the CEO of Harlo?", "Mark Dunn", "Harlo"),
    ),
    "the same question of another part": (
        says("Who is the mayor of Riga?", "Bo Hale", "mayor of Riga"),
        says("Who is the mayor of Riga?", "Ann Reed", "Riga"),
    ),
    "a price": (
        says("How much does the Lumo cost?", "$56", "Lumo"),
        says("What is the price of the Lumo?", "49 dollars", "the Lumo"),
    ),
    "a price in one place": (
        says("How much does the Lumo cost in Mexico?", "$56", "Lumo"),
        says("How much does the Lumo cost in Mexico?", "$49", "Lumo"),
    ),
    "a status": (
        says("What is the status of the Kelby bridge?", "closed", "Kelby bridge"),
        says("What is the status of the Kelby bridge?", "open", "Kelby bridge"),
    ),
    "a date": (
        says("When does the Riga museum open?", "on Monday", "Riga museum"),
        says("When does the Riga museum open?", "on 14 June", "Riga museum"),
    ),
    "a figure of the same words": (
        says("How many buses does Kelby have?", "12", "Kelby"),
        says("How many buses does Kelby have?", "12.5", "Kelby"),
    ),
    "a toll": (
        says("How many people were injured in the Riga fire?", "12", "the Riga fire"),
        says("How many people were injured in the Riga fire?", "fifteen", "the Riga fire"),
    ),
    "a wrong kind by what was asked for": (says(COACH, "under pressure", CLUB), says(COACH, "Mia Hale", CLUB)),
}


@pytest.mark.parametrize("case", STAYS)
def test_what_something_else_says_replaces_nothing(case: str) -> None:
    first, second = STAYS[case]
    ledger = Ledger()
    tell(ledger, event("one", 0), first)
    judged = tell(ledger, event("two", 60), second)
    assert first.answer in known(ledger)
    assert judged.replaced == {}


@pytest.mark.parametrize("case", GIVES_WAY)
def test_a_newer_answer_to_the_same_question_replaces_the_older(case: str) -> None:
    first, second = GIVES_WAY[case]
    ledger = Ledger()
    [old] = tell(ledger, event("one", 0), first).taught
    [new] = tell(ledger, event("two", 60), second).taught
    assert known(ledger) == {second.answer}
    assert new.replaces == (old.fact.name,)


@pytest.mark.parametrize("case", GIVES_WAY)
def test_the_time_of_the_event_decides_and_not_the_order_of_arrival(case: str) -> None:
    first, second = GIVES_WAY[case]
    ledger = Ledger()
    tell(ledger, event("new", 60), second)
    other = says("Who is the mayor of Holm?", "Eva Stone", "Holm")
    late = tell(ledger, event("old", 0, arrived=120), first, other)
    assert [one.reading for one in late.taught] == [other]
    assert [reason for _, reason in late.withheld] in ([Withheld.OLD], [Withheld.UNLIKE])
    assert known(ledger) == {second.answer, "Eva Stone"}


def test_a_time_to_come_counts_as_the_time_of_arrival() -> None:
    ledger = Ledger()
    tell(ledger, event("one", 9_000_000, arrived=0), says(COACH, "Jonas Weber", CLUB))
    tell(ledger, event("two", 60), says(COACH, "Mia Hale", CLUB))
    assert known(ledger) == {"Mia Hale"}


@pytest.mark.parametrize("together", [True, False])
def test_of_a_chain_of_changes_the_newest_stays(together: bool) -> None:
    ledger = Ledger()
    names = ["Jonas Weber", "Mia Hale", "Tom Reed", "Jonas Weber", "Ida Moor"]
    [first] = tell(ledger, event("zero", 0), says(COACH, "Ana Strand", CLUB)).taught
    told = [(event(f"e{at}", 60.0 * (at + 1)), [says(COACH, name, CLUB)]) for at, name in enumerate(names)]
    if together:
        judged = ledger.judge(told, FeedPolicy())
        assert [[one.fact.value for one in each.taught] for each in judged] == [[], [], [], [], ["Ida Moor"]]
        assert judged[-1].replaced[first.fact.name] == judged[-1].taught[0].fact.name
        assert judged[0].refusal == Withheld.OLD
        ledger.learn(judged)
    else:
        for each in told:
            ledger.learn(ledger.judge([each], FeedPolicy()))
    assert known(ledger) == {"Ida Moor"}


def test_an_answer_that_comes_back_is_held_again() -> None:
    ledger = Ledger()
    told = [(event("one", 0), [says(COACH, "Ana Strand", CLUB)])]
    ledger.learn(ledger.judge(told, FeedPolicy()))
    [b, a] = ledger.judge(
        [(event("two", 60), [says(COACH, "Tom Reed", CLUB)]), (event("three", 120), [says(COACH, "Strand", CLUB)])], FeedPolicy()
    )
    assert (b.taught, [one.fact.value for one in a.taught]) == ((), ["Strand"])
    ledger.learn([b, a])
    assert known(ledger) == {"Strand"}


def test_to_judge_changes_nothing() -> None:
    ledger = Ledger()
    tell(ledger, event("one"), says(COACH, "Ana Strand", CLUB))
    ledger.judge([(event("two", 60), [says(COACH, "Tom Reed", CLUB)])], FeedPolicy(contradictions="two_sources"))
    ledger.judge([(event("two", 60), [says(COACH, "Tom Reed", CLUB)])], FeedPolicy())
    assert (known(ledger), ledger.waiting) == ({"Ana Strand"}, [])


def test_two_answers_in_one_event_are_both_right_where_there_can_be_two() -> None:
    ledger = Ledger()
    question = "Who speaks for Harlo?"
    judged = tell(ledger, event("one"), says(question, "Bo Hale", "Harlo"), says(question, "Ann Reed", "Harlo"))
    assert len(judged.taught) == 2
    tell(ledger, event("two", 60), says(question, "Cy Lund", "Harlo"))
    assert known(ledger) == {"Bo Hale", "Ann Reed", "Cy Lund"}


def test_two_answers_in_one_event_are_both_left_out_where_there_can_be_one() -> None:
    ledger = Ledger()
    other = says("Who owns Kelby United?", "Eva Stone", CLUB)
    judged = tell(ledger, event("one"), says(COACH, "Bo Hale", CLUB), says(COACH, "Ann Reed", CLUB), other)
    assert [one.reading for one in judged.taught] == [other]
    assert [reason for _, reason in judged.withheld] == [Withheld.CONTRADICTORY] * 2


def test_a_text_that_corrects_itself_is_taken_by_its_last_word() -> None:
    ledger = Ledger()
    first = says(COACH, "Bo Hale", CLUB, "Bo Hale coaches Kelby United.")
    last = says(COACH, "Ann Reed", CLUB, "Correction: Ann Reed coaches Kelby United.")
    assert [one.reading for one in tell(ledger, event("one"), first, last).taught] == [last]


def test_within_one_event_an_answer_of_the_kind_that_is_asked_for_is_taken() -> None:
    right = says(COACH, "Jonas Weber", CLUB)
    judged = tell(Ledger(), event("one"), right, says(COACH, "under pressure", CLUB))
    assert [one.reading for one in judged.taught] == [right]


def test_the_same_answer_again_is_the_same_fact() -> None:
    ledger = Ledger()
    [one] = tell(ledger, event("one"), says(COACH, "Marla Tindle", CLUB)).taught
    [two] = tell(ledger, event("two", 60), says("Who coaches Kelby United?", "Tindle", CLUB)).taught
    assert (one.fact.name, two.replaces) == (two.fact.name, ())
    assert ledger.facts[one.fact.name].events == ("one", "two")
    ledger.forget("one")
    assert known(ledger) == {"Tindle"}
    ledger.forget("two")
    assert known(ledger) == set()
    assert tell(ledger, event("old", -60, arrived=120), says(COACH, "Ana Strand", CLUB)).taught


def test_what_happened_gives_way_to_a_correction_of_it() -> None:
    ledger = Ledger()
    question = "Who won the Kelby Cup?"
    tell(ledger, event("one"), says(question, "Ashby Rovers", "the Kelby Cup"))
    tell(ledger, event("two", 60), says(question, "Dunlow Town", "the Kelby Cup", "Correction: Dunlow Town won the Kelby Cup."))
    assert known(ledger) == {"Dunlow Town"}


def test_a_wording_that_asks_less_finds_nothing() -> None:
    ledger = Ledger()
    prices = [
        Reading(f"How much does the Lumo cost in {place}?", price, f"It costs {price}.", "Lumo", "cost", "", ("Lumo: price?",))
        for place, price in (("Canada", "$56"), ("Mexico", "$49"))
    ]
    for at, reading in enumerate(prices):
        tell(ledger, event(f"e{at}", 60.0 * at), reading)
    assert known(ledger) == {"$56", "$49"}


def test_the_ledger_is_bounded_and_lets_the_oldest_go() -> None:
    ledger = Ledger(3)
    for at in range(5):
        tell(ledger, event(f"e{at}", at), says(f"Who is the mayor of Town{at}?", f"Name{at}", f"Town{at}"))
    assert known(ledger) == {"Name2", "Name3", "Name4"}
