"""Questions about one sentence as it stands: which race "the race" is may be left open, since whoever asks says so beside.

A reading has to stand by itself; these needn't. They ask for each part that a clause has, in the wordings that readings have.
Takes the parse of an English sentence; gives questions with what answers them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtadapt.grammar.asking import Asking, for_part, for_subject
from rtadapt.grammar.clauses import Clause, clauses
from rtadapt.grammar.coreference import Story
from rtadapt.grammar.derived import derived
from rtadapt.grammar.nominal import identities
from rtadapt.grammar.pieces import Part, Sentence
from rtadapt.grammar.questions import active
from rtadapt.grammar.wellformed import is_sound
from rtadapt.grammar.wordings import worded
from rtadapt.grammar.worth import whole
from rtadapt.words import flat

if TYPE_CHECKING:
    from spacy.tokens import Doc

_VAGUE_SUBJECTS = ("be", "have", "become", "remain", "say", "include", "contain")


def asks(doc: Doc) -> list[tuple[tuple[str, ...], str]]:
    """For each thing that a parsed sentence can be asked for the ways to do so, the plainest first, and the answer."""
    story = Story()
    story.learn([doc])
    references = story.resolve(doc, False, "")
    found: dict[str, tuple[tuple[str, ...], str]] = {}
    for span in doc.sents:
        sentence = Sentence(span, references, story.names, False, story.bodies.get(span.start, ""))
        for clause in [*identities(sentence, ""), *clauses(sentence)]:
            for said in derived(clause):
                for wordings, answer in _of(said):
                    found.setdefault(flat(wordings[0]), (wordings, answer))
    return list(found.values())


def _of(clause: Clause) -> Iterator[tuple[tuple[str, ...], str]]:
    for said, part, askings in _asked(clause):
        if not askings:
            continue
        phrase = said.subject if part is None else part.phrase
        answer = askings[0].answer or (phrase.answer if phrase is not None else "")
        made = worded(said, part, askings)
        if part is not None and not whole(said, part, askings[0].words, made.question):
            continue
        sound = [text for text in (made.question, *made.wordings) if is_sound(text, answer)]
        if answer and sound:
            yield tuple(sound), answer


def _asked(clause: Clause) -> Iterator[tuple[Clause, Part | None, list[Asking]]]:
    """What of a clause is asked for, and how."""
    subject = clause.subject
    if (
        subject.answer
        and not clause.instruction
        and (subject.named or subject.count)
        and (clause.lemma not in _VAGUE_SUBJECTS or not re.match(r"an? ", subject.text))
    ):
        yield clause, None, for_subject(clause)
    for part in clause.parts:
        if part.phrase is None:
            continue
        if part.role == "agent" and (turned := active(clause, part)) is not None:
            yield turned, None, for_subject(turned)
        else:
            yield clause, part, for_part(part, clause)
