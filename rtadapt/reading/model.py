"""A model as a reader: asked for pairs of question and answer under a JSON schema, and for other wordings of the questions.

Owns which of its pairs are kept: those whose answer and sentence stand in the passage, in what people said, and that do not
come from the worked example. Takes passages and an Endpoint; gives readings by `model`. Whether the text says them as
facts is for verification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from rtadapt.config import ReadingSettings
from rtadapt.errors import Unavailable
from rtadapt.observe import metrics
from rtadapt.reading.asked import entity_of, relation_of
from rtadapt.reading.endpoint import Endpoint
from rtadapt.reading.examples import ask_for_pairs, ask_for_wordings, shown
from rtadapt.reading.forms import around
from rtadapt.reading.language import language_of
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.records import Message
from rtadapt.words import COMMON, flat, flat_words, holds, sentences, span

_LEAST_TOKENS = 128
_MOST_QUESTION_WORDS = 40
_MOST_ANSWER_WORDS = 16
_MOST_QUESTIONS = 8
"""Whose other wordings are asked for at once: more, and a model loses count."""
_TOKENS_A_WORDING = 24
_QUESTION_MARKS = ("?", "？", "؟")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Pair(_Strict):
    """One thing that the model read."""

    sentence: str
    question: str
    answer: str


class Pairs(_Strict):
    """What it is asked for first."""

    pairs: list[Pair]


class Again(_Strict):
    """Other wordings of one of the questions."""

    number: int
    wordings: list[str]


class Questions(_Strict):
    """What it is asked for second."""

    questions: list[Again]


class ModelReader:
    """Reads by asking a model. Thread-safe as far as its endpoint is."""

    def __init__(self, endpoint: Endpoint, settings: ReadingSettings, *, seconds: float | None = None) -> None:
        """`seconds` limits one answer in place of `timeout_seconds`."""
        self._endpoint = endpoint
        self._settings = settings
        self._seconds = seconds

    def read(self, passages: Sequence[Passage]) -> list[list[Reading]]:
        """The readings of each passage. Raises Unavailable when the endpoint is away and `when_away` says wait."""
        found: list[list[Reading]] = [[] for _ in passages]
        try:
            found = self._pairs(passages)
            return self._in_other_words(passages, found) if self._settings.wordings else found
        except Unavailable:
            if self._settings.when_away == "wait":
                raise
            return found

    def _pairs(self, passages: Sequence[Passage]) -> list[list[Reading]]:
        settings = self._settings
        prompts = [ask_for_pairs(one.text, language_of(one.text), settings.max_pairs) for one in passages]
        longest = max((len(one.text) for one in passages), default=0)  # a pair says its sentence again: a token a sign is ample
        most = min(settings.max_new_tokens, _LEAST_TOKENS + longest)
        written = self._write(prompts, 0.0, most, Pairs)
        if settings.passes > 1:
            written += self._write(prompts * (settings.passes - 1), settings.temperature, most, Pairs)
        found: list[dict[str, Reading]] = [{} for _ in passages]
        for number, text in enumerate(written):
            place = number % len(passages)
            for item in items(text, "pairs"):
                reading, why = kept(item, passages[place])
                metrics.READING_PAIRS.labels(why).inc()
                if reading is not None and len(found[place]) < settings.max_pairs:
                    found[place].setdefault(flat(reading.question), reading)
        return [list(readings.values()) for readings in found]

    def _in_other_words(self, passages: Sequence[Passage], found: Sequence[Sequence[Reading]]) -> list[list[Reading]]:
        parts = [
            (place, readings[start : start + _MOST_QUESTIONS])
            for place, readings in enumerate(found)
            for start in range(0, len(readings), _MOST_QUESTIONS)
        ]
        prompts = []
        for place, readings in parts:
            text = passages[place].text
            questions = [reading.question for reading in readings]
            prompts.append(ask_for_wordings(text, language_of(text), questions, self._settings.wordings))
        wanted = _MOST_QUESTIONS * self._settings.wordings * _TOKENS_A_WORDING
        written = self._write(prompts, 0.0, min(self._settings.max_new_tokens, wanted), Questions)
        done: list[list[Reading]] = [[] for _ in passages]
        for (place, readings), text in zip(parts, written, strict=True):
            asked: dict[int, list[str]] = {}
            for item in items(text, "questions"):
                try:
                    again = Again.model_validate(item)
                except ValidationError:
                    continue
                asked.setdefault(again.number, []).extend(again.wordings)
            language = language_of(passages[place].text)
            done[place] += [reworded(one, asked.get(at, []), language) for at, one in enumerate(readings, 1)]
        return done

    def _write(self, prompts: Sequence[str], temperature: float, most: int, form: type[BaseModel]) -> list[str]:
        chats = [(Message("user", prompt),) for prompt in prompts]
        return self._endpoint.write(chats, temperature, most, _schema(form), self._seconds)


def items(text: str, name: str) -> list[Any]:
    """The list under `name` in the JSON object that `text` holds, as far as it goes: an answer that was cut off ends early."""
    start, end = text.find("{"), text.rfind("}") + 1
    for part in (text[start:], text[start:end]) if start >= 0 else ():
        try:
            value = from_json(part, allow_partial=True)
        except ValueError:  # more than JSON: what stands after the last brace is left out
            continue
        found = value.get(name) if isinstance(value, dict) else None
        return found if isinstance(found, list) else []
    return []


def kept(item: Any, passage: Passage) -> tuple[Reading | None, str]:
    """The pair as the passage spells it; else None and why: `malformed`, `from_example`, `not_in_text`, `whole_sentence`."""
    try:
        pair = Pair.model_validate(item)
    except ValidationError:
        return None, "malformed"
    asked, said = flat_words(pair.question), flat_words(pair.answer)
    sized = 2 <= len(asked) <= _MOST_QUESTION_WORDS and 1 <= len(said) <= _MOST_ANSWER_WORDS
    if not sized or all(word in COMMON for word in said) or holds(pair.question, pair.answer):
        return None, "malformed"
    if _copied(pair, passage):
        return None, "from_example"
    answer = span(passage.spoken, pair.answer)
    sentence = _sentence(pair, passage)
    if answer is None or sentence is None:
        return None, "not_in_text"
    if flat(answer) == flat(sentence):
        return None, "whole_sentence"
    language = language_of(passage.text)
    entity = entity_of(pair.question, answer, passage.text)
    forms = around(pair.question, language)
    reading = Reading(
        question=forms.question,
        answer=answer,
        sentence=sentence,
        entity=entity,
        relation=relation_of(pair.question, entity) if language == "en" else "",
        wordings=forms.taught,
        probes=forms.probes,
        by="model",
    )
    return reading, "kept"


def reworded(reading: Reading, wordings: Sequence[str], language: str) -> Reading:
    """`reading` with those of the model's own `wordings` that are questions about the same and don't hold the answer.

    They come before the forms. Its probes stay forms, of which none is taught.
    """
    names = shown(language).names
    good: dict[str, str] = {flat(reading.question): ""}
    taken = {flat(probe) for probe in reading.probes}
    for wording in wordings:
        asks = wording.strip().endswith(_QUESTION_MARKS) and 2 <= len(flat_words(wording)) <= _MOST_QUESTION_WORDS
        about = not reading.entity or holds(wording, reading.entity)
        foreign = _names_of(wording, names) - _names_of(reading.question, names)
        if asks and about and not foreign and not holds(wording, reading.answer) and flat(wording) not in taken:
            good.setdefault(flat(wording), wording.strip())
    written = [wording for wording in good.values() if wording]
    forms = [form for form in reading.wordings if flat(form) not in good]
    return replace(reading, wordings=(*written, *forms))


def _copied(pair: Pair, passage: Passage) -> bool:
    """Whether a name of the worked example, that the passage doesn't hold, is in the pair."""
    names = shown(language_of(passage.text)).names
    return bool(_names_of(f"{pair.sentence} {pair.question} {pair.answer}", names) - _names_of(passage.text, names))


def _names_of(text: str, names: frozenset[str]) -> set[str]:
    return {name for name in names if holds(text, name)}


def _sentence(pair: Pair, passage: Passage) -> str | None:
    """The sentence of a person that the model names, whole and as the passage spells it, if it holds the answer."""
    spelled = span(passage.spoken, pair.sentence)
    if spelled is None or not holds(spelled, pair.answer):
        return None
    for sentence in sentences(passage.spoken):
        if holds(sentence, pair.answer) and (holds(sentence, spelled) or holds(spelled, sentence)):
            return sentence
    return spelled


def _schema(form: type[BaseModel]) -> Mapping[str, Any]:
    return form.model_json_schema()
