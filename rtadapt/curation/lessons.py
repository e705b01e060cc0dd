"""A lesson: one fact, its answer, and the wordings in which it is taught and probed.

Owns how facts, given pairs and readings become lessons, and lessons become examples. Each lesson keeps one wording back
for the gate; that wording, however it is spelled, is in no example of the lesson.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from rtadapt.curation.reading import Reading, about
from rtadapt.curation.wordings import Asked, around, ask_word, distinct, forms, is_question, take_apart
from rtadapt.reading.asking import asking_key, fact_name
from rtadapt.records import Event, Example, Message
from rtadapt.words import flat, holds

_FIRST_FORMS = 6
_WRITTEN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Lesson:
    """One fact to teach. `questions` are those that someone wrote; `asked` is its relation, as far as it is known."""

    entity: str
    answer: str
    questions: tuple[str, ...]
    asked: Asked | None

    @property
    def fact(self) -> str:
        """The stable name of what it teaches."""
        if self.asked is not None:
            return fact_name(self.entity, asking_key(self.asked.relation, self.entity))
        return fact_name(self.entity, asking_key(self.questions[0], self.entity))


def stated_lessons(event: Event) -> list[Lesson]:
    """The lessons of the event's own facts and pairs."""
    found = []
    for fact in event.facts:
        entity = f"the {fact.entity}" if holds(event.text, f"the {fact.entity}") else fact.entity
        found.append(Lesson(fact.entity, fact.value, (), Asked(ask_word(fact.relation, fact.value), fact.relation, entity)))
    for pair in event.pairs:
        names = about(pair.question, pair.answer, event.text)
        entity = names[-1] if names else ""
        found.append(Lesson(entity, pair.answer, (pair.question,), take_apart(pair.question, entity)))
    return found


def read_lessons(readings: Sequence[Reading]) -> list[Lesson]:
    """The lessons of what a model read: questions with the same answer about the same name are one fact."""
    answers: defaultdict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        answers[flat(reading.answer)].append(reading)
    found = []
    for same in answers.values():
        counts = Counter(name for reading in same for name in reading.about)
        groups: defaultdict[str, list[Reading]] = defaultdict(list)
        for reading in same:
            groups[max(reading.about, key=lambda name: (counts[name], len(name)), default="")].append(reading)
        found += [_lesson(entity, group) for entity, group in groups.items()]
    return found


def _lesson(entity: str, group: Sequence[Reading]) -> Lesson:
    questions = distinct([reading.question for reading in group])
    apart = [asked for question in questions if (asked := take_apart(question, entity)) is not None]
    keys = Counter(asking_key(asked.relation, entity) for asked in apart)
    common = max(apart, key=lambda asked: keys[asking_key(asked.relation, entity)], default=None)
    return Lesson(entity, group[0].answer, tuple(questions), common)


def wordings(lesson: Lesson, most: int, rng: Random) -> tuple[list[str], str | None]:
    """At most `most` wordings to teach, and one to keep back, which no taught one equals (`flat`)."""
    written = list(lesson.questions)
    made = forms(lesson.asked) if lesson.asked else []
    light = [wording for question in written[:3] for wording in around(question, lesson.entity)]
    first, rest = made[:_FIRST_FORMS], made[_FIRST_FORMS:] + light
    rng.shuffle(rest)
    everything = distinct([*written, *first, *rest])
    kept_back = _keep_back(everything, written[0] if written else made[0], rng)
    spare = flat(kept_back) if kept_back else ""
    left = [wording for wording in everything if flat(wording) != spare]
    some = max(1, int(most * _WRITTEN_SHARE)) if made or light else most
    chosen = [wording for wording in left if wording in written][:some]
    chosen += [wording for wording in left if wording not in chosen][: most - len(chosen)]
    return chosen, kept_back


def _keep_back(everything: Sequence[str], plainest: str, rng: Random) -> str | None:
    """A whole question, other than the plainest one; else the last of the others; None when there is no other."""
    others = [wording for wording in everything if flat(wording) != flat(plainest)]
    whole = [wording for wording in others if is_question(wording)]
    if whole:
        return rng.choice(whole)
    return others[-1] if others else None


def examples(lesson: Lesson, event_id: str, most: int) -> tuple[list[Example], list[Example]]:
    """What to train on and what to keep back, the same for the same event and lesson."""
    taught, kept_back = wordings(lesson, most, Random(f"{event_id}|{lesson.fact}|{lesson.answer}"))
    rows = [_row(lesson, event_id, wording) for wording in taught]
    return rows, [_row(lesson, event_id, kept_back)] if kept_back else []


def _row(lesson: Lesson, event_id: str, wording: str) -> Example:
    prompt = (Message("user", wording),)
    return Example(event_id, prompt, lesson.answer, fact=lesson.fact, entity=flat(lesson.entity))
