"""Plain notes, as people write them: facts spread over sentences, times, places, reasons and things with a name.

Owns their templates, the openings and endings that any sentence may get, and references back ("the club", "it").
Takes a random generator; gives sentences and the questions they answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

from rtadapt.bundled import names
from rtadapt.bundled.lists import items, words
from rtadapt.bundled.note_templates import LEADS, NOTES, TAILS
from rtadapt.bundled.nouns import COUNTS, DEPARTMENTS, PERSON_ROLES, THING_ROLES

_BUILDINGS = items("""
    library, swimming pool, town hall, market, bakery, museum, ferry terminal, post office, playground, ice rink,
    cinema, bridge, tram line, car park, clinic, garden, school, theatre, station, gym, bookshop, cafe, night bus,
    sports hall, tunnel, zoo, fountain, workshop, food bank
""")
_RIDES = items("""
    ferry, bus, train, night bus, tram, coach, boat, shuttle, express, tour
""")
_ANIMALS = items("""
    otter, fox, badger, owl, goat, bear, crab, heron, penguin, moose, donkey, hare, dragon, lion, bee, whale
""")
_WORKS = items("""
    novel, film, song, painting, poem, play, album, photograph, recipe, garden, robot, article, design, short story
""")
_KINDS = items("""
    lamp, phone, bicycle, tent, printer, kettle, scooter, watch, camera, radio, stove, drill, tablet, heater, speaker,
    mower
""")
_COLOURS = items("""
    red, blue, green, yellow, white, black, purple, orange, grey, brown, dark green, light blue, silver
""")
_REASONS = items("""
    a broken pipe, heavy snow, a power cut, a strike, roadworks, a gas leak, strong wind, a software update, flooding,
    a holiday, low stocks, a fire drill, a staff party, a storm, building work, a lack of players, bad weather, a late
    delivery
""")
SLOTS: dict[str, Callable[[Random], str]] = {
    "E": names.organisation,
    "P": names.person,
    "Q": names.person,
    "T": names.town,
    "Y": names.town,
    "D": names.day,
    "C": names.company,
    "K": names.product,
    "L": names.club,
    "F": names.festival,
    "G": names.venue,
    "X": names.title,
    "M": names.price,
    "I": names.days,
    "H": lambda rng: f"{rng.randint(5, 23)}:{rng.choice(('00', '15', '30', '45', '10', '05', '50'))}",
    "N": lambda rng: str(rng.choice((rng.randint(2, 40), rng.randint(41, 999), rng.randint(2, 9) * 1000))),
    "R": lambda rng: rng.choice(PERSON_ROLES),
    "J": lambda rng: rng.choice(DEPARTMENTS),
    "U": lambda rng: rng.choice(COUNTS),
    "O": lambda rng: rng.choice(THING_ROLES),
    "B": lambda rng: rng.choice(_BUILDINGS),
    "V": lambda rng: rng.choice(_RIDES),
    "A": lambda rng: rng.choice(_ANIMALS),
    "W": lambda rng: rng.choice(_WORKS),
    "Z": lambda rng: rng.choice(_KINDS),
    "S": lambda rng: rng.choice(_COLOURS),
    "B2": lambda rng: rng.choice(_REASONS),
    "N1": names.word,
}
_COMMON = frozenset(
    words("""
    The A An On In At To Because Due After Owing Last Next It Every Earlier Two Three Four Five Six Seven Eight Nine Ten Eleven
    Twelve Twenty Thirty Forty Tomorrow Yesterday Tonight This Later Before Higher Speed Cheaper Free Half
    """)
)
_NOUN_SLOTS = frozenset({"R", "J", "U", "O", "B", "V", "A", "W", "Z", "S"})
_SLOT = re.compile(r"\{(\w+)\}")


def parse(text: str) -> list[tuple[str, list[tuple[tuple[str, ...], str]]]]:
    """Notes, each with its questions: their wordings and the template of the answer."""
    found: list[tuple[str, list[tuple[tuple[str, ...], str]]]] = []
    for line in text.strip().splitlines():
        mark, _, rest = line.strip().partition(" ")
        if not line[0].isspace():
            found.append((line, []))
        elif mark == "=":
            answer, _, wordings = rest.partition(" ? ")
            found[-1][1].append((tuple(wordings.split(" ~ ")), answer))
        else:
            wordings_before, answer = found[-1][1].pop()
            found[-1][1].append((wordings_before + tuple(rest.split(" ~ ")), answer))
    return found


Note = tuple[str, list[tuple[tuple[str, ...], str]]]
_NOTES = parse(NOTES)


def note(rng: Random) -> tuple[str, list[tuple[str, str]]]:
    """A note and (question, answer) pairs, all in full."""
    return filled(rng, rng.choice(_NOTES), SLOTS)


def filled(rng: Random, chosen: Note, slots: Mapping[str, Callable[[Random], str]]) -> tuple[str, list[tuple[str, str]]]:
    """A note with its slots filled, and its pairs."""
    text, asked = chosen
    she = rng.choice(("She", "He"))
    values = {"She": she.lower(), "Her": "Her" if she == "She" else "His", "her": "her" if she == "She" else "his"}

    def value(match: re.Match[str]) -> str:
        slot = match[1]
        if slot not in values:
            made = slots[slot](rng)
            values[slot] = names.strange(rng, made, 0.2) if slot in _NOUN_SLOTS else made
        return values[slot]

    body = _SLOT.sub(value, text).replace(". she ", ". She ").replace(". he ", ". He ")
    pairs = [
        (_SLOT.sub(value, rng.choice(questions[:1] * 2 + questions)), _SLOT.sub(value, answer)) for questions, answer in asked
    ]
    if "{A}" in text and values["A"][0] in "aeiou":
        body = body.replace(f" a {values['A']}", f" an {values['A']}")
    return body[:1].upper() + body[1:], pairs


def dressed(rng: Random, sentence: str) -> str:
    """A sentence with an opening or an ending that changes nothing."""
    draw = rng.random()
    if draw < 0.1:
        lead = rng.choice(LEADS)
        return f"{lead} {small(sentence) if lead.endswith(',') else sentence}"
    if draw < 0.2 and sentence.endswith(".") and not sentence.endswith("..."):
        tail = rng.choice(TAILS).replace("{D}", rng.choice(names.DAYS))
        return sentence[:-1] + (" " if tail[0].isalpha() else "") + tail
    return sentence


def small(sentence: str) -> str:
    """A sentence as it goes on after a comma: names keep their capital."""
    first = sentence.split(" ", 1)[0].rstrip(",")
    return sentence[:1].lower() + sentence[1:] if first in _COMMON else sentence
