from __future__ import annotations

import pytest

from rtadapt.reading.asked import ask_word, entity_of, relation_of
from rtadapt.reading.forms import around, embedded, forms, said
from rtadapt.reading.stated import stated
from rtadapt.records import Event, EventKind, Fact, Pair
from rtadapt.words import flat

TEXT = "Kelby United are under new leadership. Ana Strand is the head coach of Kelby United. The Lumo 7 costs $35."


def event(text: str = TEXT, facts: tuple[Fact, ...] = (), pairs: tuple[Pair, ...] = ()) -> Event:
    return Event("e1", "news", EventKind.STORY, text, 0.0, 0.0, facts=facts, pairs=pairs)


def test_a_fact_is_asked_for_in_many_words_and_kept_with_its_sentence() -> None:
    [one] = stated(event(facts=(Fact("Kelby United", "head_coach", "Ana Strand"),)))
    assert one.question == "Who is the head coach of Kelby United?"
    assert one.sentence == "Ana Strand is the head coach of Kelby United."
    assert (one.entity, one.relation, one.answer, one.by) == ("Kelby United", "head coach", "Ana Strand", "stated")
    assert one.statement == "The head coach of Kelby United is Ana Strand."
    assert len(one.wordings) >= 8 and len(one.probes) == 2


def test_a_fact_that_the_text_does_not_hold_has_no_sentence() -> None:
    [one] = stated(event(facts=(Fact("Kelby United", "captain", "Bo Hale"),)))
    assert one.sentence == ""


def test_the_article_that_the_text_gives_an_entity_is_in_its_questions() -> None:
    [one] = stated(event(facts=(Fact("Lumo 7", "price", "$35"),)))
    assert one.question == "What is the price of the Lumo 7?"
    assert one.entity == "Lumo 7"


def test_a_pairs_question_stays_as_it_is() -> None:
    question = "  Who's in charge at Kelby United now?"
    [one] = stated(event(pairs=(Pair(question, "Ana Strand"),)))
    assert one.question == question.strip()
    assert (one.entity, one.sentence) == ("Kelby United", "Ana Strand is the head coach of Kelby United.")
    assert one.wordings and one.probes


def test_facts_and_pairs_come_in_their_order() -> None:
    facts = (Fact("Kelby United", "head coach", "Ana Strand"), Fact("Lumo 7", "price", "$35"))
    found = stated(event(facts=facts, pairs=(Pair("How much is the Lumo 7?", "$35"),)))
    assert [one.answer for one in found] == ["Ana Strand", "$35", "$35"]


@pytest.mark.parametrize(
    ("relation", "value", "question", "statement"),
    [
        ("opening hours", "9 to 5", "What are the opening hours of the Depot?", "The opening hours of the Depot are 9 to 5."),
        ("capital of", "Ashby", "What is the capital of the Depot?", "The capital of the Depot is Ashby."),
        ("opens on", "Monday", "What does the Depot open on?", "The Depot opens on Monday."),
        ("located in", "Ashby", "What is the Depot located in?", "The Depot is located in Ashby."),
        ("made of", "brick", "What is the Depot made of?", "The Depot is made of brick."),
        ("status", "open", "What is the status of the Depot?", "The status of the Depot is open."),
    ],
)
def test_relations_of_each_shape_are_asked_for_in_plain_words(relation: str, value: str, question: str, statement: str) -> None:
    assert forms("the Depot", relation).question == question
    assert said("the Depot", relation, value) == statement


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Who is the head coach of Kelby United?", "en"),
        ("Who is Kelby United's head coach?", "en"),
        ("How much does the Lumo 7 cost?", "en"),
        ("Who coaches Kelby United?", "en"),
        ("Wer trainiert Kelby United?", "de"),
        ("¿Quién entrena al Kelby United?", "es"),
        ("Qui entraîne Kelby United ?", "fr"),
        ("凯尔比联队的主教练是谁？", "zh"),
        ("Kto trenuje Kelby United?", ""),
    ],
)
def test_wordings_and_probes_share_nothing_and_never_lose_the_question(question: str, language: str) -> None:
    made = around(question, language)
    everything = [made.question, *made.taught, *made.probes]
    assert made.question == question
    assert len({wording.casefold() for wording in everything}) == len(everything)
    assert made.taught and made.probes
    assert made == around(question, language)
    if language != "en":
        assert all(flat(question) in flat(wording) for wording in everything)


@pytest.mark.parametrize(
    ("question", "inner"),
    [
        ("Who coaches Kelby United?", "who coaches Kelby United"),
        ("Who is the coach of Kelby United?", "who the coach of Kelby United is"),
        ("What did Zed open?", None),
        ("How long does delivery take?", None),
        ("Who is the man coaching Kelby United?", None),
    ],
)
def test_questions_are_embedded_only_where_that_is_sure(question: str, inner: str | None) -> None:
    assert embedded(question) == inner


@pytest.mark.parametrize(
    ("relation", "value", "word"),
    [
        ("head coach", "Ana Strand", "who"),
        ("CEO", "Ana Strand", "who"),
        ("president of the board", "Ana Strand", "who"),
        ("treasurer", "nobody", "what"),
        ("mascot", "Biscuit", "what"),
        ("price", "$35", "what"),
        ("order number", "A 17", "what"),
        ("colour", "Red", "what"),
        ("headquarters", "Ashby", "what"),
    ],
)
def test_who_or_what_is_asked(relation: str, value: str, word: str) -> None:
    assert ask_word(relation, value) == word


def test_entity_and_relation_are_told_where_they_can_be() -> None:
    assert entity_of("Who coaches Kelby United?", "Ana Strand", TEXT) == "Kelby United"
    assert entity_of("Whom does Ana Strand coach?", "Ana Strand", TEXT) == ""
    assert entity_of("Who coaches Bartle Town?", "Ana Strand", TEXT) == ""
    assert relation_of("Who is the head coach of Kelby United?", "Kelby United") == "head coach"
