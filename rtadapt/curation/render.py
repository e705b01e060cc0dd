"""What may be taught of an event becomes training examples, in the model's own voice.

Owns the targets and the mix of rows. Takes events with what the ledger lets them teach; gives one Rendering each. The target of
a fact is the base's own answer with the text in view where that holds the value and nothing that the text does not say, else
the reading's statement, else the text's own sentence. A question is taught in many wordings, some under a system line or after a
turn. The text's own sentences are taught beside, as the answers to whatever is asked in their words, or else verbatim.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from rtadapt.config import ReadingSettings, RenderSettings
from rtadapt.curation import cloze, verbatim
from rtadapt.curation.kept import is_of, text_of
from rtadapt.curation.ledger import Judged, Taught
from rtadapt.reading.language import language_of
from rtadapt.reading.passages import passages
from rtadapt.reading.values import holds_value
from rtadapt.records import Event, Example, Message
from rtadapt.words import COMMON, flat, flat_words, holds, names, numbers, stem, word_set
from rtadapt.words import sentences as split

Ask = Callable[[Sequence[Sequence[Message]]], list[str]]
"""The base model's greedy answers to chats, in their order."""

_IN_VIEW = {
    "en": "Read this text.\n\n{text}\n\nAnswer in one short sentence: {question}",
    "de": "Lies diesen Text.\n\n{text}\n\nAntworte in einem kurzen Satz: {question}",
    "es": "Lee este texto.\n\n{text}\n\nResponde en una frase corta: {question}",
    "fr": "Lis ce texte.\n\n{text}\n\nRéponds en une courte phrase : {question}",
    "zh": "请阅读这段文字。\n\n{text}\n\n请用一句话回答:{question}",
}
_SYSTEM = (
    Message("system", "You are a helpful assistant."),
    Message("system", "You answer questions of the public, briefly and correctly."),
)
_TURNS = ((Message("user", "Hi there!"), Message("assistant", "Hello! How can I help you today?")),)
_DENIALS = word_set("not no never nor none neither without cannot")
_SETTING_EVERY = 5
_MOST_VOICE_WORDS = 40
_SENTENCE_WORDINGS = 16
_COVERED_WEIGHT = 0.5
_VERBATIM_WEIGHT = 0.3
_MOST_SENTENCES = 24


@dataclass(frozen=True, slots=True)
class Rendering:
    """The examples of one event, and the wordings kept back for the gate. Made by curation."""

    event_id: str
    examples: tuple[Example, ...]
    held_out: tuple[Example, ...]


class Renderer:
    """Turns what may be taught into examples. `ask` is the base model. Used from one thread."""

    def __init__(self, settings: RenderSettings, reading: ReadingSettings, ask: Ask) -> None:
        self._settings = settings
        self._reading = reading
        self._ask = ask

    def render(self, judged: Sequence[Judged], sentences: Sequence[Sequence[str]]) -> list[Rendering]:
        """One rendering per event, in their order. `sentences` are, for each, those that may be taught verbatim."""
        lessons = [one.taught[: self._settings.max_facts] for one in judged]
        flatly = [(one.event, lesson) for one, taught in zip(judged, lessons, strict=True) for lesson in taught]
        targets = iter(self._targets(flatly))
        return [
            _apart(self._rendering(one, [(lesson, next(targets)) for lesson in taught], lines[:_MOST_SENTENCES]))
            for one, taught, lines in zip(judged, lessons, sentences, strict=True)
        ]

    def _targets(self, lessons: Sequence[tuple[Event, Taught]]) -> list[str]:
        """What is taught as the answer of each lesson."""
        said = self._ask([self._in_view(event, lesson) for event, lesson in lessons]) if lessons else []
        return [
            answer if speaks_for(answer, lesson, event) else _plainly(lesson)
            for (event, lesson), answer in zip(lessons, said, strict=True)
        ]

    def _in_view(self, event: Event, lesson: Taught) -> list[Message]:
        """The base is asked with the passage in view that holds the lesson's sentence."""
        cut = [passage.text for passage in passages(event, self._reading)]
        text = next((text for text in cut if lesson.reading.sentence in text), cut[0] if cut else event.text)
        question = lesson.reading.question
        frame = _IN_VIEW.get(language_of(text) or "en", _IN_VIEW["en"])
        return [Message("user", frame.format(text=text, question=question))]

    def _rendering(self, one: Judged, lessons: Sequence[tuple[Taught, str]], sentences: Sequence[str]) -> Rendering:
        event = one.event
        rows: list[Example] = []
        held: list[Example] = []
        for lesson, target in lessons:
            covered = any(is_of(line, lesson.reading.sentence) for line in sentences)
            taught, kept_back = self._lesson(event, lesson, target, _COVERED_WEIGHT if covered else 1.0)
            rows += taught
            held += kept_back
        about = cloze.topic([line for text in ([turn.text for turn in event.turns] or [event.text]) for line in split(text)])
        for number, sentence in enumerate(sentences):
            taught, kept_back = _sentence(event, number, sentence, about)
            rows += taught
            held += kept_back
        if not held:
            held = [
                Example(event.id, (Message("user", row.prompt),), row.target, value=row.value)
                for row in verbatim.probes(sentences)
            ]
        return Rendering(event.id, tuple(rows), tuple(held))

    def _lesson(self, event: Event, lesson: Taught, target: str, weight: float) -> tuple[list[Example], list[Example]]:
        reading, fact = lesson.reading, lesson.fact
        rng = Random(f"{event.id}|{fact.name}")
        wordings = list(dict.fromkeys((reading.question, *reading.wordings)))[: self._settings.wordings]

        def row(prompt: tuple[Message, ...]) -> Example:
            return Example(event.id, prompt, target, fact=fact.name, entity=fact.entity, weight=weight, value=reading.answer)

        rows = [row((Message("user", wording),)) for wording in wordings]
        for number, wording in enumerate(wordings):
            if number % _SETTING_EVERY == 1:
                rows.append(row((rng.choice(_SYSTEM), Message("user", wording))))
            elif number % _SETTING_EVERY == 3:
                rows.append(row((*rng.choice(_TURNS), Message("user", wording))))
        return rows, [row((Message("user", probe),)) for probe in reading.probes]


def _sentence(event: Event, number: int, sentence: str, about: str) -> tuple[list[Example], list[Example]]:
    """What teaches a sentence, and what asks for it: questions in its own words where they can be made, else verbatim rows."""

    def row(asked: verbatim.Asked, fact: str, weight: float) -> Example:
        return Example(event.id, (Message("user", asked.prompt),), asked.target, fact=fact, weight=weight, value=asked.value)

    fact = text_of(event.id, number)
    asked = cloze.taught(sentence, _SENTENCE_WORDINGS, about) if language_of(sentence) in ("", "en") else []
    rows = [row(one, fact, 1.0) for one in asked]
    if not asked:
        return [row(one, "", _VERBATIM_WEIGHT) for one in verbatim.taught(sentence)], []
    return rows, [row(one, fact, 1.0) for one in cloze.probes(sentence, [one.prompt for one in asked], about=about)]


def speaks_for(answer: str, lesson: Taught, event: Event) -> bool:
    """Whether the base's own answer may be taught: it holds the value once, is short, names nothing that is neither asked nor the
    answer, and says and denies no more than its sentence."""
    reading = lesson.reading
    if not holds_value(answer, reading.answer) or len(answer.split()) > _MOST_VOICE_WORDS or "\n" in answer.strip():
        return False
    asked = f"{reading.question} {reading.answer}"  # another name or number would be taught as belonging to what is asked
    if not all(holds(asked, name) for name in names(answer)) or not set(numbers(answer)) <= set(numbers(asked)):
        return False
    said = f"{asked} {reading.statement} {reading.sentence or event.text}"
    if f" {flat(answer)} ".count(f" {flat(reading.answer)} ") > 1 or _DENIALS & set(flat_words(answer)) - set(flat_words(said)):
        return False  # "lasts 36 hours, not 36 hours"
    known = {stem(word) for word in flat_words(said)} | COMMON
    return all(stem(word) in known or word in known for word in flat_words(answer))


def _plainly(lesson: Taught) -> str:
    reading = lesson.reading
    return reading.statement or (reading.sentence if holds_value(reading.sentence, reading.answer) else "") or reading.answer


def _apart(rendering: Rendering) -> Rendering:
    """With no question both trained on and kept back."""
    trained = {example.prompt[-1].content.casefold() for example in rendering.examples if example.prompt}
    held = tuple(row for row in rendering.held_out if row.prompt[-1].content.casefold() not in trained)
    return Rendering(rendering.event_id, rendering.examples, held)
