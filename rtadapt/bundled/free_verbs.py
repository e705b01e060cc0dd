"""Verbs in all their forms, in the tenses and voices of news.

Owns how a verb of the data is inflected and what its finite part, its auxiliary and the rest are in a sentence and in a
question about it. Takes a random generator for the choice of tense; gives plain strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from rtadapt.bundled.free_words import DOUBLING
from rtadapt.bundled.names import word

When = Literal["past", "future", "always", "perfect"]
_PLURAL = {"has": "have", "is": "are", "was": "were", "does": "do", "plans": "plan", "wants": "want", "hopes": "hope"}
_VOWELS = "aeiou"


@dataclass(frozen=True, slots=True)
class Said:
    """A verb in a tense: "will buy" is finite "will buy", auxiliary "will", rest "buy"."""

    finite: str
    auxiliary: str
    rest: str
    when: When


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb's base, past and participle; particles follow a space."""

    base: str
    past: str
    participle: str

    @property
    def third(self) -> str:
        """ "buys"."""
        head, _, tail = self.base.partition(" ")
        if head.endswith("y") and head[-2] not in _VOWELS:
            made = head[:-1] + "ies"
        else:
            made = head + ("es" if head.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")
        return f"{made} {tail}".strip()

    @property
    def going(self) -> str:
        """ "buying"."""
        head, _, tail = self.base.partition(" ")
        if head in DOUBLING:
            head += head[-1]
        elif head.endswith("e") and not head.endswith("ee"):
            head = head[:-1]
        return f"{head}ing {tail}".strip()


def verb(item: str) -> Verb:
    """A verb from its entry in the data."""
    parts = [part.replace("_", " ") for part in item.split(",")]
    if len(parts) == 3:
        return Verb(*parts)
    head, _, tail = parts[0].partition(" ")
    if head.endswith("e"):
        past = head + "d"
    elif head.endswith("y") and head[-2] not in _VOWELS:
        past = head[:-1] + "ied"
    else:
        past = head + (head[-1] if head in DOUBLING else "") + "ed"
    past = f"{past} {tail}".strip()
    return Verb(parts[0], past, past)


def invented(rng: Random) -> Verb:
    """A regular verb that no list holds, so that any verb can be put into another form."""
    stem = word(rng, rng.choice((1, 1, 2))).lower()
    if stem[-1] in "dfhklmnprst" and stem[-2] not in _VOWELS:
        return verb(stem)
    root = stem.rstrip(_VOWELS + "y")
    return verb((root if len(root) > 2 else f"{root}lor") + rng.choice(("e", "ise", "ate")))


def agreeing(text: str, plural: bool) -> str:
    """The text with its first word in the plural when its subject is one."""
    head, _, tail = text.partition(" ")
    return f"{_PLURAL.get(head, head)} {tail}".strip() if plural else text


def active(rng: Random, one: Verb, plural: bool = False, *, regular: bool = False) -> Said:
    """What the subject does; `regular` adds the present of timetables."""
    tenses: list[tuple[str, str, str, When]] = [
        (one.past, "did", one.base, "past"),
        (one.past, "did", one.base, "past"),
        (one.past, "did", one.base, "past"),
        (f"has {one.participle}", "has", one.participle, "perfect"),
        (f"will {one.base}", "will", one.base, "future"),
        (f"will {one.base}", "will", one.base, "future"),
        (f"is going to {one.base}", "is", f"going to {one.base}", "future"),
        (f"is {one.going}", "is", one.going, "future"),
        (f"plans to {one.base}", "does", f"plan to {one.base}", "future"),
        (f"wants to {one.base}", "does", f"want to {one.base}", "future"),
        (f"has decided to {one.base}", "did", f"decide to {one.base}", "future"),
    ]
    if regular:
        present = one.base if plural else one.third
        daily: tuple[str, str, str, When] = (present, "does", one.base, "always")
        tenses = [*tenses[:1], *tenses[4:6], *[daily] * 3]
    return _said(rng, tenses, plural)


def passive(rng: Random, one: Verb, plural: bool = False) -> Said:
    """What is done to the subject."""
    done = one.participle
    tenses: list[tuple[str, str, str, When]] = [
        (f"was {done}", "was", done, "past"),
        (f"was {done}", "was", done, "past"),
        (f"has been {done}", "has", f"been {done}", "perfect"),
        (f"will be {done}", "will", f"be {done}", "future"),
        (f"is being {done}", "is", f"being {done}", "future"),
        (f"is to be {done}", "is", f"to be {done}", "future"),
        (f"must be {done}", "must", f"be {done}", "future"),
    ]
    return _said(rng, tenses, plural)


def _said(rng: Random, tenses: list[tuple[str, str, str, When]], plural: bool) -> Said:
    finite, auxiliary, rest, when = rng.choice(tenses)
    return Said(agreeing(finite, plural), agreeing(auxiliary, plural), rest, when)
