"""Second sentences of free texts, which lean on the first by a pronoun or a short name.

Owns the choice of a sentence about the subject or the object, and the holes of such sentences. Takes a random generator
and the phrases of the first sentence; gives a sentence with its pair, whose question names everything in full.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from rtadapt.bundled import free_follow, free_words, names
from rtadapt.bundled.free_phrases import Phrase, articled, filled, institution
from rtadapt.bundled.free_verbs import agreeing
from rtadapt.bundled.wordings import upper

Pairs = list[tuple[str, str]]
Sentence = tuple[str, Pairs]


def follow(rng: Random, who: Phrase | None, what: Phrase) -> Sentence | None:
    """A second sentence that leans on the first, if there is one for its subject or its object."""
    if who and who.kind in free_follow.FOLLOWING and (who.kind != "person" or what.kind != "person") and rng.random() < 0.5:
        line = rng.choice(free_follow.FOLLOWING[who.kind])
    elif what.kind in free_follow.ABOUT and (what.kind != "institution" or who is None or who.kind == "person"):
        line = rng.choice(free_follow.ABOUT[what.kind])
    else:
        return None
    she = rng.choice(("She", "He"))
    wish = rng.choice(free_words.WISHES)
    holes = {
        "She": she,
        "her": "her" if she == "She" else "his",
        "Her": "Her" if she == "She" else "His",
        "her2": "her" if she == "She" else "him",
        "S": who.name if who else "",
        "O": what.name + _town_of(who, what),
        "o": what.counted or what.name.removeprefix("the "),
        "Wish": wish,
        "Wishes": agreeing(wish, True) if wish.startswith("has") else wish.removesuffix("s"),
        "doing": filled(rng, rng.choice(free_words.DOING)),
    }
    act, matter = rng.choice(free_follow.ACTS), names.strange(rng, rng.choice(free_follow.MATTERS), 0.15)
    holes |= {"acts": _many(names.strange(rng, act, 0.15)), "act1": matter, "Act1": upper(matter)}
    holes["wish"] = _wished(wish, holes["S"], who is not None and who.plural)
    sentence, question, answer = (held(rng, holes, part.strip()) for part in line.split("|"))
    return upper(sentence), [(upper(question), answer)]


def _many(noun: str) -> str:
    return (
        noun[:-1] + "ies"
        if noun.endswith("y") and noun[-2] not in "aeiou"
        else noun + ("es" if noun.endswith(("x", "s", "ch")) else "s")
    )


def _town_of(who: Phrase | None, what: Phrase) -> str:
    """Where a plan holds, when its council says so."""
    if who is None or who.kind != "council" or what.kind != "plan" or " in " in what.name:
        return ""
    return f" in {who.name.rpartition(' of ')[2].rpartition(' in ')[2]}"


def _wished(wish: str, who: str, plural: bool) -> str:
    head, _, tail = wish.partition(" ")
    if head in ("has", "would"):
        return f"What {agreeing(head, plural)} {who} {tail} to do?"
    return f"What {agreeing('does', plural)} {who} {wish.removesuffix('s')} to do?"


_OWN: dict[str, Callable[[Random], str]] = {
    "e": institution,
    "person": names.person,
    "person2": names.person,
    "product": names.product,
    "fest": names.festival,
    "club": names.club,
    "venue": names.venue,
    "company2": names.company,
    "town2": names.town,
    "age": lambda rng: str(rng.randint(17, 92)),
    "kin": lambda rng: rng.choice(free_follow.KIN),
    "act": lambda rng: names.strange(rng, rng.choice(free_follow.ACTS), 0.15),
    "nth": lambda rng: rng.choice(free_follow.NTH),
    "span": lambda rng: filled(rng, rng.choice(free_words.SPANS)),
    "purpose": lambda rng: filled(rng, rng.choice(free_words.PURPOSES)),
}


def held(rng: Random, holes: dict[str, str], text: str) -> str:
    """A text with its holes filled from `holes`, to which new values are added, so that they stay the same."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in holes:
            holes[match[1]] = _OWN[match[1]](rng) if match[1] in _OWN else filled(rng, match[0])
        return holes[match[1]]

    return articled(re.sub(r"\{(\w+)\}", value, text))
