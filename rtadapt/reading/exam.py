"""The reading exam: what the base can do as a reader and as a checker, found out before it is relied on.

Owns the marking. Takes a reader and something that answers questions about a text, as callables; gives an ExamResult. It
is short, and abandoned when its time is over: whoever is that slow is of no use for reading the news.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rtadapt.errors import Unavailable
from rtadapt.reading.exam_papers import PAPERS, Known, Paper
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.words import holds, sentences

Read = Callable[[Sequence[Passage]], list[list[Reading]]]
Answer = Callable[[Sequence[tuple[str, str]]], list[str]]
"""(text, question), to what the base answers with the text in view."""

BUDGET_SECONDS = 20.0
_PAPERS_AT_ONCE = 4
_HOPELESS_PAIRS = 6
_HOPELESS_RIGHT = 0.5
_HOPELESS_FOUND = 0.1
"""A reader of whose first pairs fewer are right, or who found fewer of the facts so far, is not asked to go on."""
_CHECKED_A_PAPER = 2
"""Of the facts of a paper: as many questions as a slow base answers in the time there is."""


@dataclass(frozen=True, slots=True)
class ExamResult:
    """Shares from 0 to 1. `able` is False when time ran out or a part was away: what was not shown counts as 0.

    `reader`: pairs it wrote that are right. `found`: facts for which it wrote one. `confirms`: right pairs whose answer it
    gives with the text in view, and not without the sentence. `refuses`: wrong pairs whose answer it does not give.
    """

    reader: float
    found: float
    confirms: float
    refuses: float
    seconds: float
    able: bool

    @property
    def checker(self) -> float:
        """The smaller of the two, so that neither a base that says everything nor one that says nothing passes."""
        return min(self.confirms, self.refuses)


def sit(
    read: Read | None,
    answer: Answer | None,
    *,
    papers: Sequence[Paper] = PAPERS,
    budget_seconds: float = BUDGET_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> ExamResult:
    """The whole exam. A part that is None is not examined. The budget is for each part, looked at between a few papers."""
    began = clock()
    reader, found, able = (0.0, 0.0, True) if read is None else _reader(read, papers, began + budget_seconds, clock)
    confirms, refuses, checked = (0.0, 0.0, True) if answer is None else _checker(answer, papers, clock() + budget_seconds, clock)
    return ExamResult(reader, found, confirms, refuses, clock() - began, able and checked)


def _reader(read: Read, papers: Sequence[Paper], deadline: float, clock: Callable[[], float]) -> tuple[float, float, bool]:
    right = written = 0
    found: set[tuple[int, str]] = set()
    for start in range(0, len(papers), _PAPERS_AT_ONCE):
        if clock() > deadline:
            return 0.0, 0.0, False
        part = papers[start : start + _PAPERS_AT_ONCE]
        try:
            readings = read([Passage(number, paper.text, paper.text) for number, paper in enumerate(part)])
        except Unavailable:
            return 0.0, 0.0, False
        for number, (paper, ones) in enumerate(zip(part, readings, strict=True)):
            marked = [mark(paper, one.question, one.answer) for one in ones]
            written += len(marked)
            right += sum(known is not None for known in marked)
            found |= {(start + number, known.answer) for known in marked if known is not None}
        facts = sum(len(paper.known) for paper in papers[: start + len(part)])
        if (written >= _HOPELESS_PAIRS and right < _HOPELESS_RIGHT * written) or len(found) < _HOPELESS_FOUND * facts:
            break
    total = sum(len(paper.known) for paper in papers)
    return right / max(1, written), len(found) / total, True


def _checker(answer: Answer, papers: Sequence[Paper], deadline: float, clock: Callable[[], float]) -> tuple[float, float, bool]:
    confirmed = known = refused = wrong = 0
    for start in range(0, len(papers), _PAPERS_AT_ONCE):
        if clock() > deadline:
            return 0.0, 0.0, False
        part = papers[start : start + _PAPERS_AT_ONCE]
        right = [(paper.text, one.question, one.answer) for paper in part for one in paper.known[:_CHECKED_A_PAPER]]
        false = [(paper.text, question, value) for paper in part for question, value in paper.wrong]
        asked = [(text, question) for text, question, _ in right]
        asked += [(without(text, value), question) for text, question, value in right]
        asked += [(text, question) for text, question, _ in false]
        try:
            said = answer(asked)
        except Unavailable:
            return 0.0, 0.0, False
        for at, (_, _, value) in enumerate(right):
            confirmed += holds(said[at], value) and not holds(said[len(right) + at], value)
        refused += sum(not holds(text, value) for text, (_, _, value) in zip(said[2 * len(right) :], false, strict=True))
        known += len(right)
        wrong += len(false)
    return confirmed / max(1, known), refused / max(1, wrong), True


def mark(paper: Paper, question: str, answer: str) -> Known | None:
    """What the pair says of what `paper` says; None when it is none of it."""
    asks = question.casefold()
    for known in paper.known:
        agree = holds(answer, known.answer) or holds(known.answer, answer)
        if agree and all(any(word in asks for word in group.split("|")) for group in known.asked.split()):
            return known
    return None


def without(text: str, answer: str) -> str:
    """The text without the sentences that hold `answer`."""
    return " ".join(sentence for sentence in sentences(text) if not holds(sentence, answer))
