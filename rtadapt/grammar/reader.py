"""The grammar reader: a spaCy parse of every sentence, and every question whose answer it plainly states.

Takes passages; gives, for each, the readings that its text bears. It knows no language but English and no kind of text;
what it can't put into a well-formed question that stands by itself, it leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rtadapt.grammar.asking import Asking, for_part, for_subject
from rtadapt.grammar.clauses import Clause, clauses
from rtadapt.grammar.conversation import Line, about, asked_politely, subject_of
from rtadapt.grammar.coreference import Story
from rtadapt.grammar.derived import derived
from rtadapt.grammar.nominal import identities
from rtadapt.grammar.owners import settled
from rtadapt.grammar.phrases import Phrase
from rtadapt.grammar.pieces import Part, Sentence
from rtadapt.grammar.questions import active, statement
from rtadapt.grammar.scorers import scored
from rtadapt.grammar.setting import Setting, anchored, is_local
from rtadapt.grammar.wellformed import names_something, specific, well_formed
from rtadapt.grammar.wordings import worded
from rtadapt.grammar.worth import telling, whole
from rtadapt.reading.parsing import parsed, pipeline
from rtadapt.reading.passages import Passage
from rtadapt.reading.readable import readable
from rtadapt.reading.readings import Reading
from rtadapt.records import Speaker
from rtadapt.words import flat, holds, sentences, word_set

_LABELS = {f"{speaker.value.capitalize()}: ": speaker for speaker in Speaker}
# What many do: "who was born in Limerick?" has more than one answer.
_SHARED = word_set(
    "bear study live die turn have attend work grow graduate marry retire "
    "suffer begin start go cost take last include contain "
    "say employ"
)
_MOST_WORDING_WORDS = 32
# "the park", "the win": which one, another sentence said.
_POINTS_BACK = re.compile(r"(?:the|that|these|those) (?!world|sun|moon|internet|police|public)[a-z-]+")
_RELATIVE = re.compile(r",? (?:that|which|who|whose) ")
_WHOLE = re.compile(r"[.!?…][\"”’')]*$")


class GrammarReader:
    """Reads passages by their grammar. Making one loads the spaCy pipeline."""

    def __init__(self) -> None:
        pipeline()

    def read(self, passages: Sequence[Passage]) -> list[list[Reading]]:
        """For each passage its readings, in the order of the text. Passages of one event share what its references mean."""
        stories: dict[int, Story] = {}
        return [_read(passage, stories.setdefault(passage.event, Story())) for passage in passages]


def _read(passage: Passage, story: Story) -> list[Reading]:
    lines = [line for line in map(_line, passage.text.splitlines()) if line.text and line.speaker is not Speaker.BOT]
    docs = parsed(readable(asked_politely(line)) for line in lines)
    story.learn(docs)
    spoken = any(line.speaker is not None for line in lines)
    if len(lines) == 1 and not spoken:
        lines = [replace(lines[0], read=True)]
    topic, company = subject_of(lines, docs) if spoken else ("", "")
    found: dict[tuple[str, str], Reading] = {}
    for line, doc in zip(lines, docs, strict=True):
        agent = line.speaker is Speaker.AGENT
        references = story.resolve(doc, agent, company)
        if not line.read:
            continue
        for span in doc.sents:
            setting = Setting(spoken=True) if spoken else replace(story.setting, opening=line is lines[0] and span.start == 0)
            sentence = Sentence(span, references, story.names, agent, "" if spoken else story.bodies.get(span.start, ""))
            said = _verbatim(span.text.strip(), line.text)
            for reading in _readings(sentence, (topic, company) if agent else ("", ""), setting):
                if said:
                    found.setdefault((flat(reading.question), flat(reading.answer)), replace(reading, sentence=said))
    return _unambiguous(list(found.values()))


def _verbatim(text: str, line: str) -> str:
    """A sentence as the line has it; empty when that can't be told."""
    if text in line:
        return text
    if told := next((one for one in sentences(line) if readable(one) == text), ""):
        return told
    plain = re.sub(r"(P|p)lease (\w)", lambda found: found.group(2).upper() if found.group(1) == "P" else found.group(2), text)
    return plain if plain in line else ""


def _line(text: str) -> Line:
    for label, speaker in _LABELS.items():
        if text.startswith(label):
            said = text.removeprefix(label).strip()
            return Line(said, speaker, speaker is Speaker.AGENT)
    return Line(text.strip(), None, bool(_WHOLE.search(text.strip())))


def _readings(sentence: Sentence, topic: tuple[str, str], setting: Setting) -> Iterator[Reading]:
    for clause in [*identities(sentence, setting.place), *scored(sentence), *clauses(sentence)]:
        for said in derived(clause):
            yield from _asked(about(said, *topic), setting)


def _asked(clause: Clause, setting: Setting) -> Iterator[Reading]:
    subject = clause.subject
    if re.search(r"\d-[a-z]+$", subject.text):
        return  # "a 215-pound": of what was cut off
    if not (
        clause.instruction or setting.spoken or (setting.place and is_local(subject)) or subject.named
    ) and _POINTS_BACK.fullmatch(subject.text):
        return
    if (
        subject.answer
        and telling(subject)
        and not clause.instruction
        and not (settled(subject.text) != subject.text and not re.search("[A-Z]", subject.answer))
        and (
            _definite_enough(clause)
            or _says_enough(clause)
            or (subject.count and setting.place)
            or (subject.kind in ("percent", "money") and subject.named)
        )
    ):
        reading = _placed(clause, None, for_subject(clause), subject, setting)
        reading = reading or _placed(_shortened(clause), None, for_subject(clause), subject, setting)
        if reading is not None:
            yield reading
    for part in clause.parts:
        if part.phrase is None or (
            part.role == "attribute"
            and len(clause.parts) > 1
            and clause.lemma == "be"
            and part.phrase.kind in ("thing", "person")
        ):
            continue
        base: Clause = clause
        if part.role == "agent":
            turned = active(clause, part)
            if turned is not None:
                reading = _placed(turned, None, for_subject(turned), part.phrase, setting)
                if reading is not None:
                    yield reading
                continue
        reading = _placed(base, part, for_part(part, base), part.phrase, setting)
        if reading is not None:
            yield reading
    if clause.instruction:
        yield from _how_to(clause)


def _shortened(clause: Clause) -> Clause:
    """The clause without what relative clauses say of its objects."""
    return replace(clause, parts=tuple(replace(part, text=_RELATIVE.split(part.text)[0]) for part in clause.parts))


def _definite_enough(clause: Clause) -> bool:
    """Whether asking for the subject has one answer: not "who is a teacher"."""
    counted = clause.subject.count and all(part.role in ("place", "time", "oblique") for part in clause.parts)
    if clause.lemma in ("be", "become", "remain") and not counted:
        attribute = next((part for part in clause.parts if part.role in ("attribute", "fixed", "measure")), None)
        return (
            attribute is not None
            and attribute.role == "attribute"
            and bool(re.match(r"(?:the |(?:[\w&.]+ ){0,4}?\w+['’]s? )", attribute.text))
            and not attribute.text.startswith(("a ", "an ", "one "))
        )
    if clause.lemma in _SHARED or clause.subject.text.startswith("my ") or any(part.role == "about" for part in clause.parts):
        return False
    named = [
        "place" if part.preposition in ("in", "at") else part.role for part in clause.parts if re.search(r"[A-Z]\w|\d", part.text)
    ]
    if clause.subject.count:
        return bool(named)
    return any(role not in ("time", "place", "purpose") for role in named) or (
        "place" in named and any(part.role == "object" and re.match(r"the |\w+['’]s? ", part.text) for part in clause.parts)
    )


def _says_enough(clause: Clause) -> bool:
    """Whether what is said of a subject is so much that one alone is meant: "who canceled thousands of flights this week"."""
    said = [part.text for part in clause.parts if part.role not in ("about", "condition")]
    return clause.lemma != "be" and specific(" ".join(("x", clause.lemma, *said)))


def _how_to(clause: Clause) -> Iterator[Reading]:
    purpose = next((part for part in clause.parts if part.role == "purpose"), None)
    if purpose is None or purpose.phrase is None:
        return
    rest = tuple(part for part in clause.parts if part is not purpose)
    about = next((f" {part.text}" for part in rest if part.role == "about"), "")
    goal = purpose.text.removeprefix("to ").strip()
    question = f"How do I {goal}{about}?"
    sentence = re.sub(r"\b[Pp]lease ", "", clause.sentence)
    at = sentence.lower().find(f"{clause.verb} ")
    end = sentence.find(purpose.phrase.answer, at) if at >= 0 else -1
    answer = (sentence[at:end] if end > at else sentence[at:]).strip(" .,!")
    steps = answer[:1].lower() + answer[1:]
    if at >= 0 and well_formed(question, answer, instruction=True):
        yield Reading(
            question,
            answer,
            clause.sentence,
            entity=about.strip(),
            relation=goal,
            statement=f"To {goal}{about}, {steps}.",
            wordings=(
                f"How can I {goal}{about}?",
                f"How to {goal}{about}?",
                f"What should I do to {goal}{about}?",
                f"How would I {goal}{about}?",
                f"What are the steps to {goal}{about}?",
                f"I want to {goal}{about}. What do I do?",
                f"how do i {goal}{about}".lower(),
                f"Can you tell me how to {goal}{about}?",
            ),
            probes=(f"I'd like to know how to {goal}{about}.", f"Quick question: how do I {goal}{about}?"),
        )


def _placed(clause: Clause, part: Part | None, askings: list[Asking], asked: Phrase, setting: Setting) -> Reading | None:
    """The reading as the clause stands, or with the story's place where it names nothing itself."""
    bare = part is None and clause.subject.count and not _definite_enough(clause) and not setting.opening
    reading = None if bare else _reading(clause, part, askings, asked)
    if reading is None and (placed := anchored(clause, part, asked, askings, setting)) is not None:
        reading = _reading(placed, part, askings, asked)
    return reading or (_reading(clause, part, askings, asked, opening=True) if setting.opening else None)


def _reading(clause: Clause, part: Part | None, askings: list[Asking], asked: Phrase, opening: bool = False) -> Reading | None:
    if not askings:
        return None
    answer = askings[0].answer or asked.answer
    said = worded(clause, part, askings)
    words = askings[0].words
    fit = (
        text
        for text in (said.question, *said.wordings[:1])
        if well_formed(text, answer, clause.instruction, opening) and (part is None or whole(clause, part, words, text))
    )
    question = next(fit, "")
    if not question:
        return None
    wordings = said.wordings if question == said.question else said.wordings[1:]
    kept = tuple(
        text
        for text in wordings
        if not holds(text, answer)
        and len(text.split()) <= _MOST_WORDING_WORDS
        and (opening or text.islower() or names_something(text))
    )
    entity = settled(clause.subject.text if part is not None else next((p.phrase.text for p in clause.parts if p.phrase), ""))
    prepositions = f" {part.preposition}" if part is not None and part.preposition else ""
    return Reading(
        question,
        answer,
        clause.sentence,
        entity=entity,
        relation=f"{clause.lemma}{prepositions}{'' if part is not None else ' by'}",
        statement=statement(clause),
        wordings=kept,
        probes=said.probes,
    )


def _unambiguous(readings: list[Reading]) -> list[Reading]:
    """Without the questions that a text answers in two ways."""
    answers: dict[str, set[str]] = {}
    for reading in readings:
        answers.setdefault(flat(reading.question), set()).add(flat(reading.answer))
    return [reading for reading in readings if len(answers[flat(reading.question)]) == 1]
