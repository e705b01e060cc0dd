"""What an event states itself: its `facts` and its pairs of question and answer, as readings.

Owns how a fact is asked for. Takes events; gives readings by `stated`, which are verified like all others: a reading
whose answer its text does not hold has an empty `sentence`.
"""

from __future__ import annotations

import re

from rtadapt.reading.asked import ask_word, entity_of, relation_of
from rtadapt.reading.forms import around, forms, said
from rtadapt.reading.language import language_of
from rtadapt.reading.readings import Reading
from rtadapt.records import Event, Fact, Pair
from rtadapt.words import holds, sentences

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def stated(event: Event) -> list[Reading]:
    """The readings of the event's own facts and pairs, in their order."""
    return [_of_fact(fact, event) for fact in event.facts] + [_of_pair(pair, event) for pair in event.pairs]


def _of_fact(fact: Fact, event: Event) -> Reading:
    relation = _plain(fact.relation)
    entity = f"the {fact.entity}" if holds(event.text, f"the {fact.entity}") else fact.entity
    asked = forms(entity, relation, ask_word(relation, fact.value))
    return Reading(
        question=asked.question,
        answer=fact.value,
        sentence=sentence_of(event.text, fact.value, fact.entity),
        entity=fact.entity,
        relation=relation,
        statement=said(entity, relation, fact.value),
        wordings=asked.taught,
        probes=asked.probes,
        by="stated",
    )


def _of_pair(pair: Pair, event: Event) -> Reading:
    entity = entity_of(pair.question, pair.answer, event.text)
    language = language_of(pair.question) or language_of(event.text)
    asked = around(pair.question, language)
    return Reading(
        question=asked.question,
        answer=pair.answer,
        sentence=sentence_of(event.text, pair.answer, entity),
        entity=entity,
        relation=relation_of(pair.question, entity) if language == "en" else "",
        wordings=asked.taught,
        probes=asked.probes,
        by="stated",
    )


def sentence_of(text: str, answer: str, entity: str) -> str:
    """The first sentence of `text` that holds `answer`, one that names `entity` before others; empty when none does."""
    found = [sentence for sentence in sentences(text) if holds(sentence, answer)]
    return next((sentence for sentence in found if entity and holds(sentence, entity)), found[0] if found else "")


def _plain(relation: str) -> str:
    """A relation as a person writes it: `head_coach` and `headCoach` are head coach."""
    apart = _CAMEL.sub(" ", relation)
    return " ".join((apart if apart == relation else apart.lower()).replace("_", " ").split()) or relation
