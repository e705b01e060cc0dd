"""Which sentences of a text may be taught word for word: those that say what is so, without a doubt, a denial or a condition.

A small model that has read "X is not the coach" answers "X" when it is asked for the coach, so such a sentence is left out,
however true it is; of a text that takes something back, nothing is taught this way. By words alone: rather one too many.
"""

from __future__ import annotations

from collections.abc import Sequence

from rtadapt.reading.language import language_of
from rtadapt.verification import cues
from rtadapt.verification.english import parse
from rtadapt.words import NEGATIONS, flat_words, word_set
from rtadapt.words import sentences as split

_TAKEN_BACK = cues.DENIALS | cues.FALSE_WORDS
_DOUBTS = (
    cues.HEDGE_ADVERBS
    | cues.HEDGE_NOUNS
    | cues.CLAIM_VERBS
    | cues.CONDITIONS
    | cues.POSSIBLE
    | cues.FICTION
    | cues.UNOFFICIAL
    | cues.PLAN_VERBS
    | cues.NEGATIVE_SUBJECTS
    | NEGATIONS
    | word_set("almost nearly rumour rumor former formerly postpone")
) - word_set("user star provided set agree due")
_POINTING_BACK = word_set("it its he his she her they their this that these those there both")
"""What such a word means stands in another sentence: alone, the sentence would be about nobody."""


def plain(sentences: Sequence[str], text: str) -> list[str]:
    """Those of `sentences`, which stand in `text`, that may be taught as they are. Other languages are let through."""
    if language_of(text) not in (None, "", "en"):
        return list(sentences)
    if any(_lemmas(sentence) & _TAKEN_BACK for sentence in split(text)):
        return []
    return [
        sentence
        for sentence in sentences
        if not sentence.rstrip().endswith("?")
        and not _lemmas(sentence) & _DOUBTS
        and (flat_words(sentence) or ["it"])[0] not in _POINTING_BACK
    ]


def _lemmas(sentence: str) -> frozenset[str]:
    found = {token.lemma_.lower() for token in parse(sentence)} | set(flat_words(sentence))
    if any(token.dep_ == "neg" for token in parse(sentence)):
        found.add("not")
    return frozenset(found)
