from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtadapt.reading.asking import asking_key, same_answer

CLUB = "Kelby United"


@pytest.mark.parametrize(
    "family",
    [
        (
            "Who is the head coach of Kelby United?",
            "Who is Kelby United's new coach?",
            "who coaches kelby united",
            "Kelby United: head coach?",
            "Tell me who the coach of Kelby United is now.",
            "Do you know who took over as coach of Kelby United?",
            "Hello! Could you please tell me who is currently coaching Kelby United?",
            "The head coach of Kelby United is",
        ),
        ("How much does Kelby United cost?", "how much is the cost of Kelby United"),
        ("How many people live in Kelby United?", "Tell me how many people live in Kelby United."),
        ("When does Kelby United start?", "Do you know when Kelby United starts?"),
        ("Where does Kelby United play?", "where are Kelby United playing"),
    ],
)
def test_wordings_of_one_question_have_one_key(family: tuple[str, ...]) -> None:
    assert len({asking_key(question, CLUB) for question in family}) == 1


def test_other_questions_have_other_keys() -> None:
    questions = [
        "Who coaches Kelby United?",
        "Who captains Kelby United?",
        "Who is the assistant coach of Kelby United?",
        "Who owns Kelby United?",
        "When did Kelby United win?",
        "What did Kelby United win?",
        "Where does Kelby United play?",
        "How many people does Kelby United have?",
        "Who is head of sales at Kelby United?",
        "Who is not the coach of Kelby United?",
    ]
    assert len({asking_key(question, CLUB) for question in questions}) == len(questions)


@given(st.text(max_size=80), st.text(max_size=20))
def test_a_key_is_never_empty_and_always_the_same(question: str, entity: str) -> None:
    assert asking_key(question, entity)
    assert asking_key(question, entity) == asking_key(question, entity)


def test_answers_agree_when_one_holds_the_other() -> None:
    assert same_answer("Marla Tindle", "tindle")
    assert same_answer("30 days", "within 30 days")
    assert not same_answer("Marla Tindle", "Marl")
