"""Verified before it is taught: whether a text says what a reader read in it.

Owns the decision over readings, by parse for English, by words for other languages, and by asking the base model where it is
able. Takes readings with their passages and, when the base may be asked, a way to ask it many things at once; gives verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rtadapt.reading.language import language_of
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.reading.values import holds_value
from rtadapt.records import Message
from rtadapt.verification.asserted import asserted
from rtadapt.verification.elsewhere import borne_out
from rtadapt.verification.verdicts import Reason, Verdict
from rtadapt.words import flat_words, holds, names, numbers, sentences

Ask = Callable[[Sequence[Sequence[Message]]], list[str]]
"""The base model's greedy answers to chats, in their order."""

_POLAR = frozenset(("yes", "no", "ja", "nein", "sí", "oui", "non", "sim", "não", "是", "不是"))


def verify(reading: Reading, passage: Passage, ask: Ask | None = None) -> Verdict:
    """Whether `passage` says, as a fact of now and by somebody who may say so, what `reading` reads in it."""
    return verify_all([(reading, passage)], ask)[0]


def verify_all(readings: Sequence[tuple[Reading, Passage]], ask: Ask | None = None) -> list[Verdict]:
    """A verdict on each reading of its passage. What passes by itself is asked of the base in two batches when `ask` is given."""
    verdicts = [Verdict(_by_itself(reading, passage, asking=ask is not None)) for reading, passage in readings]
    if ask is None:
        return verdicts
    for after, refuse in ((_with_text, Reason.NOT_ANSWERED), (_without_sentence, Reason.NOT_NEEDED)):
        open_now = [
            at
            for at, verdict in enumerate(verdicts)
            if verdict.kept and not (refuse is Reason.NOT_NEEDED and _is_polar(readings[at][0]))
        ]
        answers = ask([after(*readings[at]) for at in open_now]) if open_now else []
        for at, answer in zip(open_now, answers, strict=True):
            if holds_value(answer, readings[at][0].answer) != (refuse is Reason.NOT_ANSWERED):
                verdicts[at] = Verdict(refuse)
    return verdicts


def _by_itself(reading: Reading, passage: Passage, asking: bool) -> Reason | None:
    """What can be told of a reading without asking."""
    if not reading.question.strip() or not reading.answer.strip():
        return Reason.NOT_ABOUT_TEXT
    if reading.statement and not _spoken_of(reading.statement, f"{passage.text} {reading.question} {reading.answer}"):
        return Reason.NOT_IN_TEXT
    language = language_of(passage.text) or ("en" if passage.text.isascii() else "")
    if language == "en":
        return asserted(reading, passage.text)
    reason = borne_out(reading, passage.text, language)
    return None if asking and reason is Reason.NOT_ANSWERED else reason


def _spoken_of(statement: str, text: str) -> bool:
    """Whether the names and numbers of a statement all stand in the text that it was made from."""
    return all(holds(text, name) for name in names(statement)) and set(numbers(statement)) <= set(numbers(text))


def _is_polar(reading: Reading) -> bool:
    return (flat_words(reading.answer) or [""])[0] in _POLAR


def _with_text(reading: Reading, passage: Passage) -> list[Message]:
    return in_view(passage.text, reading.question)


def in_view(text: str, question: str) -> list[Message]:
    """How the base is asked `question` with `text` in view."""
    return [Message("user", f"Read this text.\n\n{text}\n\nAnswer in one short sentence: {question}")]


def _without_sentence(reading: Reading, passage: Passage) -> list[Message]:
    """The same question with every sentence taken out that holds the answer."""
    left = [line for line in sentences(passage.text) if not holds_value(line, reading.answer) and line not in reading.sentence]
    return _with_text(reading, Passage(passage.event, "\n".join(left), ""))
