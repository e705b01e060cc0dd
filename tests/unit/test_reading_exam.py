"""The reading exam: what is marked right, and which readers and checkers pass it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from prometheus_client import REGISTRY

from rtadapt.config import ReadingSettings
from rtadapt.errors import Unavailable
from rtadapt.reading.exam import ExamResult, mark, sit, without
from rtadapt.reading.exam_papers import PAPERS, Paper
from rtadapt.reading.passages import Passage
from rtadapt.reading.reader import Choice, Several, choose, report
from rtadapt.reading.readings import Reading
from rtadapt.words import holds

BY_TEXT = {paper.text: paper for paper in PAPERS}


def paper_of(text: str) -> Paper:
    return BY_TEXT[text]


def perfect(passages: Sequence[Passage]) -> list[list[Reading]]:
    return [[Reading(one.question, one.answer, "") for one in paper_of(passage.text).known] for passage in passages]


def wrong(passages: Sequence[Passage]) -> list[list[Reading]]:
    return [[Reading(question, answer, "") for question, answer in paper_of(passage.text).wrong] * 3 for passage in passages]


def silent(passages: Sequence[Passage]) -> list[list[Reading]]:
    return [[] for _ in passages]


def knows(asked: Sequence[tuple[str, str]]) -> list[str]:
    """Answers what the text in view says, and says so where it doesn't."""
    every = {one.question: one.answer for paper in PAPERS for one in paper.known}
    return [every[q] if q in every and holds(text, every[q]) else "The text does not say." for text, q in asked]


def says_everything(asked: Sequence[tuple[str, str]]) -> list[str]:
    return [text for text, _ in asked]


def says_nothing(asked: Sequence[tuple[str, str]]) -> list[str]:
    return ["" for _ in asked]


def test_every_label_is_in_its_paper_and_can_be_taken_out_of_it() -> None:
    assert len(PAPERS) >= 12
    for paper in PAPERS:
        for one in paper.known:
            assert holds(paper.text, one.answer), one.answer
            assert mark(paper, one.question, one.answer) == one, one.question
            assert not holds(without(paper.text, one.answer), one.answer), one.answer
        for question, answer in paper.wrong:
            assert mark(paper, question, answer) is None, question
            assert (question, answer) not in {(one.question, one.answer) for one in paper.known}


def test_a_pair_is_right_only_for_the_right_question() -> None:
    paper = next(paper for paper in PAPERS if "Pellin 2" in paper.text)
    assert mark(paper, "What's the battery life of the Pellin 3?", "11 hours") is None
    assert mark(paper, "How many hours does a Pellin 3 last?", "eleven") is not None
    assert mark(paper, "How many hours does a Pellin 2 last?", "eleven hours") is None


@pytest.mark.parametrize(
    ("read", "answer", "reader", "found", "checker"),
    [
        (perfect, knows, 1.0, 1.0, 1.0),
        (wrong, says_everything, 0.0, 0.0, 0.0),
        (None, says_nothing, 0.0, 0.0, 0.0),
        (silent, says_nothing, 0.0, 0.0, 0.0),
        (None, None, 0.0, 0.0, 0.0),
    ],
)
def test_who_knows_passes_and_who_says_all_or_nothing_fails(
    read: Callable[[Sequence[Passage]], list[list[Reading]]] | None,
    answer: Callable[[Sequence[tuple[str, str]]], list[str]] | None,
    reader: float,
    found: float,
    checker: float,
) -> None:
    result = sit(read, answer)
    assert (result.reader, result.found, result.checker, result.able) == (reader, found, checker, True)


def test_a_hopeless_reader_is_not_asked_to_the_end() -> None:
    seen: list[str] = []

    def counted(passages: Sequence[Passage]) -> list[list[Reading]]:
        seen.extend(passage.text for passage in passages)
        return wrong(passages)

    assert sit(counted, None).reader == 0.0
    assert 0 < len(seen) < len(PAPERS)
    seen.clear()

    def mute(passages: Sequence[Passage]) -> list[list[Reading]]:
        seen.extend(passage.text for passage in passages)
        return silent(passages)

    assert sit(mute, None).able
    assert 0 < len(seen) < len(PAPERS)


def test_who_is_too_slow_or_away_is_unable() -> None:
    now = [0.0]

    def slow(passages: Sequence[Passage]) -> list[list[Reading]]:
        now[0] += 15.0
        return perfect(passages)

    def slow_answer(asked: Sequence[tuple[str, str]]) -> list[str]:
        now[0] += 15.0
        return knows(asked)

    def away(_: object) -> list[list[Reading]]:
        raise Unavailable("away")

    def answer_away(_: object) -> list[str]:
        raise Unavailable("away")

    late = sit(slow, slow_answer, budget_seconds=20.0, clock=lambda: now[0])
    assert late == ExamResult(0.0, 0.0, 0.0, 0.0, 60.0, able=False)
    assert not sit(away, None).able
    assert sit(perfect, answer_away).reader == 1.0
    assert not sit(perfect, answer_away).able


GOOD = ExamResult(0.9, 0.6, 0.8, 0.9, 3.0, able=True)


@pytest.mark.parametrize(
    ("by", "result", "choice"),
    [
        ("auto", GOOD, Choice(grammar=True, model=True, asks=True)),
        ("auto", ExamResult(0.9, 0.1, 0.9, 0.9, 3.0, able=True), Choice(grammar=True, model=False, asks=True)),
        ("auto", ExamResult(0.5, 0.9, 0.9, 0.1, 3.0, able=True), Choice(grammar=True, model=False, asks=False)),
        ("auto", ExamResult(0.0, 0.0, 0.0, 0.0, 20.0, able=False), Choice(grammar=True, model=False, asks=False)),
        ("auto", None, Choice(grammar=True, model=False, asks=False)),
        ("grammar", GOOD, Choice(grammar=True, model=False, asks=True)),
        ("model", None, Choice(grammar=False, model=True, asks=False)),
        ("both", None, Choice(grammar=True, model=True, asks=False)),
    ],
)
def test_the_readers_are_what_the_setting_says_and_with_auto_what_the_exam_showed(
    by: str, result: ExamResult | None, choice: Choice
) -> None:
    settings = ReadingSettings.model_validate({"by": by})
    assert choose(settings, result) == choice
    said = report(settings, choice, result, remembered=False)
    assert (said["by"], said["grammar"], said["model"], said["asks"]) == (by, choice.grammar, choice.model, choice.asks)
    if result is not None:
        assert (said["reader"], said["found"], said["able"]) == (result.reader, result.found, result.able)
        assert (said["confirms"], said["refuses"]) == (result.confirms, result.refuses)
        assert REGISTRY.get_sample_value("rtadapt_reading_exam_ratio", {"measure": "refuses"}) == result.refuses


def test_of_two_readers_the_first_has_the_say_on_a_question() -> None:
    class Fixed:
        def __init__(self, by: str, *questions: str) -> None:
            self.by, self.questions = by, questions

        def read(self, passages: Sequence[Passage]) -> list[list[Reading]]:
            return [[Reading(question, "x", "x", by=self.by) for question in self.questions] for _ in passages]

    both = Several([Fixed("model", "Who leads it?", "When?"), Fixed("grammar", "who leads it", "Where?")])
    passages = [Passage(0, "a", "a"), Passage(1, "b", "b")]
    expected = [("Who leads it?", "model"), ("When?", "model"), ("Where?", "grammar")]
    assert [[(one.question, one.by) for one in readings] for readings in both.read(passages)] == [expected, expected]
    assert Several([]).read(passages) == [[], []]
