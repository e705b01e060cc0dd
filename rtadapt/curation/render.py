"""An admitted event becomes training examples.

Owns the order in which examples are looked for: what the event states itself; what the base model reads out of its text,
where the statements leave something; and blanks in its own sentences when there is nothing else. Takes the events of a
batch in the order of the log, gives one Rendering each. Admission has taken personal data out. Within a batch a later event
supersedes an earlier one, as it does in the replay memory. A plain-text row of the article goes with every event, and a
transcript gives its people's turns; what a bot said is never a target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rtadapt.config import RenderSettings
from rtadapt.curation.cloze import cloze_lessons
from rtadapt.curation.lessons import Lesson, examples, read_lessons, stated_lessons
from rtadapt.curation.lines import lines_of, question_of, stale
from rtadapt.curation.reading import Reading, Writer, read
from rtadapt.reading.passages import passages, without_labels
from rtadapt.records import Event, Example, Message, Speaker
from rtadapt.words import flat, flat_words, holds, names, numbers, sentences

_TEXT_WEIGHT = 0.15
_TURN_WEIGHT = 0.3
_MOST_TEXTS = 4
_MOST_TURNS = 4
_MOST_BLANKS = 12
_LEAST_TURN_WORDS = 4


@dataclass(frozen=True, slots=True)
class Rendering:
    """The examples of one event, and the wordings kept back for the gate. Made by curation."""

    event_id: str
    examples: tuple[Example, ...]
    held_out: tuple[Example, ...]


class Renderer:
    """Turns events into examples. `write` is the base model. Used from one thread."""

    def __init__(self, settings: RenderSettings, write: Writer) -> None:
        self._settings = settings
        self._write = write

    def render(self, events: Sequence[Event]) -> list[Rendering]:
        """One rendering per event, in their order. The same events and writings give the same renderings."""
        stated = [stated_lessons(event) for event in events]
        to_read = [number for number, event in enumerate(events) if leaves_something(event, stated[number])]
        read_of = dict(zip(to_read, read([events[number] for number in to_read], self._write, self._settings), strict=True))
        found = []
        for number, event in enumerate(events):
            lessons = stated[number] + read_lessons(beside(stated[number], read_of.get(number, [])))
            found.append(self._rendering(event, lessons or self._blanks(event)))
        return apart(supersede(found))

    def _blanks(self, event: Event) -> list[Lesson]:
        cut = passages(event, self._settings)
        return cloze_lessons("\n".join(without_labels(passage.spoken) for passage in cut), _MOST_BLANKS)

    def _rendering(self, event: Event, lessons: Sequence[Lesson]) -> Rendering:
        taught: list[Example] = []
        kept_back: list[Example] = []
        for lesson in lessons[: self._settings.max_pairs]:
            rows, spare = examples(lesson, event.id, self._settings.wordings)
            taught += rows
            kept_back += spare
        taught += turn_rows(event, lessons)
        taught += [
            Example(event.id, (), passage.spoken, weight=_TEXT_WEIGHT)
            for passage in passages(event, self._settings)[:_MOST_TEXTS]
            if flat(passage.spoken)
        ]
        return Rendering(event.id, tuple(taught), tuple(kept_back))


def leaves_something(event: Event, stated: Sequence[Lesson]) -> bool:
    """Whether some sentence with a name or a figure says none of what the event states itself."""
    if not stated:
        return bool(flat(event.text))
    return any(
        (names(sentence) or numbers(sentence)) and not any(holds(sentence, lesson.answer) for lesson in stated)
        for sentence in sentences(event.text)
    )


def beside(stated: Sequence[Lesson], readings: Sequence[Reading]) -> list[Reading]:
    """The readings whose answer the event does not state itself: its own fields are surer than any reading."""
    return [reading for reading in readings if not any(holds(lesson.answer, reading.answer) for lesson in stated)]


def turn_rows(event: Event, lessons: Sequence[Lesson]) -> list[Example]:
    """An agent's turns that answer something, each after what the customer said before it."""
    found: list[Example] = []
    said = ""
    for turn in event.turns:
        if turn.speaker is Speaker.CUSTOMER:
            said = turn.text
        elif turn.speaker is Speaker.AGENT and len(flat_words(said)) >= _LEAST_TURN_WORDS:
            if any(holds(turn.text, lesson.answer) for lesson in lessons):
                found.append(Example(event.id, (Message("user", said),), turn.text, weight=_TURN_WEIGHT))
            said = ""
    return found[:_MOST_TURNS]


def supersede(renderings: Sequence[Rendering]) -> list[Rendering]:
    """Without the facts that a later event of the same batch replaces; their event's plain rows go with them."""
    found: list[Rendering] = []
    later: list[Example] = []
    for rendering in reversed(renderings):
        gone = set(stale(lines_of((*rendering.examples, *rendering.held_out)), lines_of(later)))
        if gone:
            kept = tuple(row for row in rendering.examples if row.fact and row.fact not in gone)
            spare = tuple(row for row in rendering.held_out if row.fact not in gone)
            rendering = replace(rendering, examples=kept, held_out=spare)
        later += [*rendering.examples, *rendering.held_out]
        found.append(rendering)
    return found[::-1]


def apart(renderings: Sequence[Rendering]) -> list[Rendering]:
    """With each question either trained on or kept back, never both, across the batch."""
    trained = {flat(question_of(row)) for rendering in renderings for row in rendering.examples}
    return [
        replace(one, held_out=tuple(row for row in one.held_out if flat(question_of(row)) not in trained)) for one in renderings
    ]
