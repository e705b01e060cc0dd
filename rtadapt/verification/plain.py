"""Which sentences of a text may be taught word for word: those that say what is so, without a doubt, a denial or a condition.

A small model that has read "X is not the coach" answers "X" when it is asked for the coach, so such a sentence is left out,
however true it is; of a text that takes something back nothing is taught this way, of a conversation only what follows. What a
sentence doubts in passing is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rtadapt.reading.language import language_of
from rtadapt.verification.doubts import takes_back
from rtadapt.verification.english import parse
from rtadapt.verification.firm import firm
from rtadapt.words import sentences as split
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc

_POINTING_BACK = word_set("it its he his she her they their this that these those there both")
"""What such a word means stands in another sentence: alone, the sentence would be about nobody."""
_PEOPLE = word_set("he she they")
_COURTESIES = word_set("thank thanks welcome sorry hello hi bye goodbye apologise apologize")
_DATED = word_set("year month week season summer winter spring autumn morning evening weekend")


def plain(sentences: Sequence[str], text: str, *, spoken: bool = False) -> list[str]:
    """What of `sentences`, which stand in `text`, may be taught, each as it is or its firm part.

    `spoken` says that the text is a conversation. Other languages are let through.
    """
    if language_of(text) not in (None, "", "en"):
        return list(sentences)
    if taken_back := [sentence for sentence in split(text) if takes_back(parse(sentence))]:
        rest = text[text.rindex(taken_back[-1]) + len(taken_back[-1]) :] if spoken else ""
        sentences = [sentence for sentence in sentences if sentence in rest]
    return [part for sentence in sentences if (part := firm(sentence)) and _is_about_something(parse(part))]


def _is_about_something(tokens: Doc) -> bool:
    """Whether a sentence says something by itself: not "Thank you, Anna", nor "Hello, this is Anna", nor what points back."""
    root = next((token for token in tokens if token.dep_ == "ROOT"), tokens[0])
    return _COURTESIES.isdisjoint((root.lemma_.lower(), tokens[0].lower_)) and not _points_back(tokens)


def _points_back(tokens: Doc) -> bool:
    """Whether a sentence begins with a word for what stands before it, but for "this year's winner", or is about "them"."""
    first = next((token for token in tokens if token.is_alpha), tokens[0])
    dated = first.dep_ == "det" and first.head.lemma_.lower() in _DATED
    if first.lower_ in _POINTING_BACK and not dated:
        return True
    subject = next((token for token in tokens if token.dep_ in ("nsubj", "nsubjpass") and token.head.dep_ == "ROOT"), first)
    return subject.lower_ in _PEOPLE and not any(token.pos_ == "PROPN" for token in tokens[: subject.i])
