"""Questions as somebody asks who heard of a thing in passing: by one or two of its words, among words that its sentence lacks.

Owns the frames, and which of a sentence's words can be recognised in them. A model that was only ever asked in a sentence's own
words says back what it is asked in others ("Which city has new measures against revellers?"); the sentence answers here too, so
nothing is taught that it does not say. Takes the parse of an English sentence; gives questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.tokens import Span

_FRAMES = (
    "{who} is in the news over {keys}?",
    "{who} made headlines this week with {keys}?",
    "{who} recently had to do with {keys}?",
    "{who} is at the centre of a story about {keys}?",
    "{who} has drawn attention because of {keys}?",
    "{who} has to deal with {keys}?",
    "{who} was involved when it came to {keys}?",
    "{who} is this about: {keys}?",
    "{who} was named in a report about {keys}?",
    "After all the talk of {keys}, {who} was it about?",
    "In the case of {keys}, {who} is meant?",
    "{keys} made the news. {who} was concerned?",
    "People are talking about {keys}. {who} is it about?",
    "I read something about {keys}. {who} was that?",
    "There is news about {keys}. {who} is it that is concerned?",
    "With {keys} in the headlines, {who} comes up?",
)
_FIGURES = (
    "What figure was given for {keys}?",
    "There is news about {keys}. What was the figure?",
    "I read something about {keys}. How much or how many was it?",
    "{keys}: what number was reported?",
)
_SPANS = (
    "There is news about {keys}. How long is it?",
    "I read something about {keys}. How long was it?",
    "{keys}: how long does it take or last?",
)
_DATES = (
    "When was the news about {keys}?",
    "When did {keys} come up?",
    "I read something about {keys}. When was that?",
    "What date was reported for {keys}?",
)
_WHO = {
    "PERSON": ("who", "which person", "which public figure", "which well-known name"),
    "ORG": ("who", "which organisation", "which company or body", "which name"),
    "NORP": ("who", "which group", "which people"),
    "GPE": ("which place", "which country or city", "which part of the world"),
    "LOC": ("which place", "which part of the world"),
    "FAC": ("which place", "which site"),
}
_WHAT = ("what", "which thing", "which one")
_SAID_OFTEN = ("DATE", "TIME", "MONEY", "PERCENT", "QUANTITY", "CARDINAL", "ORDINAL")
_CONTENT = ("NOUN", "PROPN", "ADJ", "NUM")
_TELLING = 2
_SENTENCE_START = re.compile(r"(?:^|(?<=[.:?] ))[a-z]")


def in_passing(word: str, label: str, keys: Sequence[Span], rng: Random) -> str:
    """A question for a part by one or two of `keys`, empty where none of them tells.

    `word` is what asks for it plainly, `label` what spaCy calls it, empty for a thing. One word alone is said of many things: it
    is asked for with another.
    """
    known = [key for key in keys if _is_thing(key)]
    telling = [key for key in known if content(key) >= _TELLING]
    if not telling and len(known) < _TELLING:
        return ""
    chosen = (
        rng.sample(known, _TELLING) if len(known) >= _TELLING and (not telling or rng.random() < 0.5) else [rng.choice(telling)]
    )
    who = rng.choice(_WHO.get(label, _WHAT))
    asked = rng.choice(_frames(word, label)).format(who=who, keys=" and ".join(map(_inside, chosen)))
    return _SENTENCE_START.sub(lambda found: found.group().upper(), asked)


def _frames(word: str, label: str) -> Sequence[str]:
    if word.startswith("how "):
        return _SPANS if word == "how long" else _FIGURES
    return _DATES if label in ("DATE", "TIME") else _FRAMES


def _inside(key: Span) -> str:
    """Its words as they are written within a sentence."""
    begins = key.start == key.sent.start and key[0].pos_ not in ("PROPN", "NUM") and not key[0].ent_type_
    return f"{key.text[0].lower()}{key.text[1:]}" if begins and not key.text[:2].isupper() else key.text


def _is_thing(key: Span) -> bool:
    """Whether it is a thing or a name, not a verb, a date or a figure."""
    dated = any(token.ent_type_ in _SAID_OFTEN for token in key if token == key.root)
    return not dated and key.root.pos_ in ("NOUN", "PROPN")


def content(key: Span) -> int:
    """How many of its words say what it is."""
    return sum(token.pos_ in _CONTENT for token in key)
