from typing import Any

from rtadapt.demo.client import Answer
from rtadapt.demo.morning import MustNot, Question
from rtadapt.demo.report import Counts, Fact, General, Outcome, Refrained, as_json, percentile, render

RIGHT = "Zara Quill leads it."
WRONG = "I do not know."
LEADER = Question("Who leads Arven?", ("Zara Quill",))
RUMOUR = MustNot("news", "Who will lead Arven next?", ("Tom Reed",), ("denied",), "a rumour")
CAPITAL = Question("What is the capital of France?", ("Paris",))


def fact(before: str, after: str, end: str = RIGHT, seconds: float = 4.2) -> Fact:
    return Fact("news", LEADER, Answer(before, "news@0"), Answer(after, "news@3"), Answer(end, "news@9"), seconds)


def general(before: str, after: str) -> General:
    return General("news", CAPITAL, Answer(before, "news@0"), Answer(after, "news@9"))


def outcome(**changed: Any) -> Outcome:
    parts: dict[str, Any] = {
        "facts": tuple([fact(WRONG, RIGHT)] * 7 + [fact(WRONG, WRONG)] * 3),
        "must_not": (Refrained(RUMOUR, Answer(WRONG, "news@9")),),
        "general": (general("It is Paris.", "It is Paris."),),
        "counts": Counts(5, 4, 1, 0, 32, 31),
    }
    return Outcome(**parts | changed)


def test_seven_of_ten_new_facts_are_enough_and_six_are_not() -> None:
    assert outcome().failures == []
    six = outcome(facts=tuple([fact(WRONG, RIGHT)] * 6 + [fact(WRONG, WRONG)] * 4))
    assert len(six.failures) == 1
    assert "60%" in six.failures[0]


def test_what_was_answered_before_is_no_new_fact() -> None:
    known = tuple([fact(RIGHT, RIGHT)] * 90 + [fact(WRONG, RIGHT)] * 1 + [fact(WRONG, WRONG)] * 1)
    assert outcome(facts=known).new_right == 0.5
    assert outcome(facts=(fact(RIGHT, RIGHT),)).failures


def test_a_rumour_that_is_answered_fails_the_demo_and_is_named() -> None:
    (failure,) = outcome(must_not=(Refrained(RUMOUR, Answer("Tom Reed will.", "news@9")),)).failures
    assert "a rumour" in failure
    assert "Tom Reed will." in failure


def test_a_rumour_that_is_denied_in_the_answer_is_no_failure() -> None:
    assert Refrained(RUMOUR, Answer("Arven denied that it is Tom Reed.", "news@9")).kept


def test_a_general_answer_that_is_lost_fails_the_demo_and_one_that_was_never_right_does_not() -> None:
    (failure,) = outcome(general=(general("It is Paris.", "It is Arven."),)).failures
    assert CAPITAL.ask in failure
    assert outcome(general=(general("It is Lyon.", "It is Rome."),)).failures == []


def test_general_answers_that_grow_terse_or_wordy_fail_the_demo() -> None:
    before = "The capital of France is the city of Paris in Europe."
    assert outcome(general=(general(before, before + " Yes."),)).failures == []
    assert len(outcome(general=(general(before, "Paris."),)).failures) == 1
    assert len(outcome(general=(general(before, before + " It has many streets."),)).failures) == 1


def test_the_text_shows_every_question_the_wrong_ones_too_and_all_sums() -> None:
    text = render(outcome(facts=(fact(WRONG, RIGHT), fact(RIGHT, WRONG, WRONG, 9.0))))
    assert [line.split().count("✓") for line in text.splitlines() if line.startswith(LEADER.ask)] == [2, 1]
    assert all("news@3" in line for line in text.splitlines() if line.startswith(LEADER.ask))
    assert RUMOUR.ask in text
    assert CAPITAL.ask in text
    assert "5 events pushed, 0 refused; 4 updates accepted and published, 1 rejected" in text
    assert "probes that the engine answers as they were judged: 31 of 32" in text
    assert "2 questions, right before: 1, right afterwards: 1, at the end: 1" in text
    assert "answered what must not be answered: 0 of 1" in text
    assert "general questions answered as before: 1 of 1, in 3.0 words on average (before: 3.0)" in text
    assert "p50 4.2 s, p99 9.0 s" in text
    assert "FAILED" not in text


def test_the_text_ends_with_what_failed() -> None:
    text = render(outcome(facts=(fact(WRONG, WRONG),), must_not=(Refrained(RUMOUR, Answer("Tom Reed", "news@9")),)))
    assert [line.split()[0] for line in text.splitlines()[-2:]] == ["FAILED:", "FAILED:"]


def test_the_file_holds_the_same_as_the_text() -> None:
    report = as_json(outcome())
    totals = report["totals"]
    assert (totals["right_before"], totals["right_after"], totals["right_end"]) == (0, 7, 10)
    assert (totals["must_not_answered"], totals["general_kept"], totals["freshness_p50"]) == (0, 1, 4.2)
    assert report["facts"][9]["right"] == (False, False, True)
    assert report["failures"] == []


def test_percentiles_are_by_nearest_rank() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([2.0, 1.0], 0.5) == 1.0
    assert percentile([1.0], 0.99) == 1.0
