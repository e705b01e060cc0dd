"""Single sentences about what someone did and how many there are of something, each with its question.

Takes a random generator and, for names of the world, the world; gives a sentence and an `Asked`.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from rtadapt.bundled import names
from rtadapt.bundled.nouns import COUNTS, VERBS
from rtadapt.bundled.wordings import upper
from rtadapt.bundled.world import World, fault_name


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing a text says: its question as the model writes it, as a user asks it, and the answer."""

    written: str
    asked: str
    answer: str


def entity_of(rng: Random, kind: str, world: World | None) -> str:
    """An entity of a kind: one of the world now and then, otherwise a throw-away name."""
    if world and kind in world.entities and rng.random() < 0.25:
        return rng.choice(world.entities[kind])
    if kind == "fault":
        return fault_name(rng, names.product(rng))
    if kind == "organisation" and rng.random() < 0.3:
        return names.MAKERS[rng.choice(("club", "company", "city", "festival", "venue", "product", "title"))](rng)
    return names.MAKERS[kind](rng)


def event(rng: Random, world: World | None) -> tuple[str, Asked]:
    """Something that someone did, once; who, what, when or where is asked."""
    past, base, kind = rng.choice(VERBS)
    who = (
        entity_of(rng, rng.choice(("person", "club", "company", "organisation")), world)
        if rng.random() < 0.6
        else names.person(rng)
    )
    what, day, place = names.MAKERS[kind](rng), names.day(rng), names.town(rng)
    time = f"in {day}" if day in names.MONTHS else f"on {day}"
    thing = {"person": "who", "city": "where"}.get(kind, "what")
    object_form, _, particle = base.partition(" ")
    asked = [(rng.choice((f"Who {past} {what}?", f"Tell me who {past} {what}.", f"Do you know who {past} {what}?")), who)] * 2
    tail = "" if thing == "where" and particle == "to" else (f" {particle}" if particle else "")
    asked += [
        (upper(f"{thing} did {who} {object_form}{tail}?"), what),
        (f"Which {_sort(kind)} did {who} {base}?", what),
        (upper(f"{thing} {who} {past}?") if rng.random() < 0.1 else f"Tell me {thing} {who} {past}.", what),
    ]
    form = rng.randrange(6)
    if form == 0:
        sentence, asked = f"{upper(time)}, {who} {past} {what}.", [*asked, (f"When did {who} {base} {what}?", day)]
    elif form == 1:
        sentence, asked = f"{who} {past} {what} {time}.", [*asked, (f"When did {who} {base} {what}?", day)]
    elif form == 2:
        sentence, asked = f"{who} {past} {what} in {place}.", [*asked, (f"Where did {who} {base} {what}?", place)]
    elif form == 3:
        sentence = f"{names.person(rng)} said that {who} {past} {what}."
    elif form == 4:
        sentence = f"It was {who} who {past} {what}."
    else:
        sentence = f"{who} {past} {what}."
    question, answer = rng.choice(asked)
    return sentence, Asked(question, question, answer)


def _sort(kind: str) -> str:
    return {"organisation": "place", "title": "one", "venue": "place"}.get(kind, kind)


def count(rng: Random, world: World | None) -> tuple[str, Asked]:
    """How many there are of something."""
    noun, entity = rng.choice(COUNTS), entity_of(rng, rng.choice(("organisation", "company", "city")), world)
    number = rng.choice((str(rng.randint(2, 999)), names.population(rng), str(rng.randint(3, 60))))
    sentence = rng.choice(
        (
            f"{entity} has {number} {noun}.",
            f"{entity} now has {number} {noun}.",
            f"There are {number} {noun} at {entity}.",
            f"With {number} {noun}, {entity} is larger than before.",
            f"The number of {noun} at {entity} rose to {number}.",
        )
    )
    question = rng.choice(
        (
            f"How many {noun} does {entity} have?",
            f"How many {noun} does {entity} have?",
            f"Tell me how many {noun} {entity} has.",
            f"What is the number of {noun} at {entity}?",
            f"How many {noun} are there at {entity}?",
            f"{entity}: how many {noun}?",
        )
    )
    return sentence, Asked(question, question, number)
