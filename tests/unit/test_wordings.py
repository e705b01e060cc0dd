from __future__ import annotations

import pytest

from rtadapt.curation.wordings import Asked, around, ask_word, embedded, forms, is_question, take_apart
from rtadapt.reading.asking import asking_key


@pytest.mark.parametrize(
    ("relation", "value", "word"),
    [
        ("head coach", "Ana Strand", "who"),
        ("CEO", "Ana Strand", "who"),
        ("president", "Ana Strand", "who"),
        ("mascot", "Biscuit", "what"),
        ("price", "$35", "what"),
        ("order number", "A 17", "what"),
        ("headquarters", "Ashby", "what"),
        ("department", "Glass", "what"),
        ("treasurer", "nobody", "what"),
    ],
)
def test_who_or_what_is_asked(relation: str, value: str, word: str) -> None:
    assert ask_word(relation, value) == word


@pytest.mark.parametrize(
    ("question", "entity", "asked"),
    [
        ("Who is the new head coach of Kelby United?", "Kelby United", Asked("who", "head coach", "Kelby United", "of")),
        ("Who is Kelby United's CEO?", "Kelby United", Asked("who", "CEO", "Kelby United", "of")),
        ("What is the price of the Lumo 7?", "Lumo 7", Asked("what", "price", "the Lumo 7", "of")),
        ("What was the fix for error E42?", "E42", None),
        ("Who coaches Kelby United?", "Kelby United", None),
        ("Who is the Ashby head of Kelby United?", "Kelby United", None),
        ("Wer ist der Trainer von Kelby United?", "Kelby United", None),
    ],
)
def test_plain_questions_are_taken_apart(question: str, entity: str, asked: Asked | None) -> None:
    assert take_apart(question, entity) == asked


@pytest.mark.parametrize(
    ("question", "entity", "inner"),
    [
        ("Who coaches Kelby United?", "Kelby United", "who coaches Kelby United"),
        ("Who founded Zed?", "Zed", "who founded Zed"),
        ("Who is the coach of Kelby United?", "Kelby United", "who the coach of Kelby United is"),
        ("Where is Nordell Glass based?", "Nordell Glass", "where Nordell Glass is based"),
        ("What did Zed open?", "Zed", None),
        ("How long does delivery take?", "", None),
        ("Who is the man coaching Kelby United?", "Kelby United", None),
    ],
)
def test_questions_are_embedded_only_where_that_is_sure(question: str, entity: str, inner: str | None) -> None:
    assert embedded(question, entity) == inner


@pytest.mark.parametrize(
    "asked",
    [
        Asked("who", "head coach", "Kelby United"),
        Asked("what", "price", "the Lumo 7"),
        Asked("what", "slogan", "Zed Works", "at"),
    ],
)
def test_forms_are_many_distinct_and_ask_the_same(asked: Asked) -> None:
    made = forms(asked)
    assert len(made) == len({wording.casefold() for wording in made}) >= 20
    assert {asking_key(wording, asked.entity) for wording in made} == {asking_key(asked.relation)}
    assert forms(asked) == made


def test_around_asks_the_same_and_never_repeats_the_question() -> None:
    question = "Who coaches Kelby United?"
    made = around(question, "Kelby United")
    assert len(made) >= 8
    assert question not in made
    assert {asking_key(wording, "Kelby United") for wording in made} == {"coach"}


def test_a_question_in_another_language_gets_no_english() -> None:
    assert around("Wer trainiert Kelby United?") == ["wer trainiert kelby united"]


def test_whole_questions_are_told_from_keywords_and_beginnings() -> None:
    assert is_question("Tell me who the coach of Kelby is.")
    assert not is_question("Kelby United: coach?")
    assert not is_question("The coach of Kelby United is")
