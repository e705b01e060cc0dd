"""Which sentences of a text may be taught word for word: those that say what is so, without a doubt, a denial or a condition.

A small model that has read "X is not the coach" answers "X" when it is asked for the coach, so such a sentence is left out,
however true it is; and what a later sentence takes back goes with it. By words and lemmas alone: rather one too many.
"""

from __future__ import annotations

from collections.abc import Sequence

from rtadapt.reading.language import language_of
from rtadapt.verification import cues
from rtadapt.verification.english import parse
from rtadapt.words import NEGATIONS, flat_words, word_set

_TAKEN_BACK = cues.DENIALS | cues.FALSE_WORDS
_DOUBTS = (
    cues.HEDGE_ADVERBS
    | cues.HEDGE_NOUNS
    | cues.CLAIM_VERBS
    | cues.CONDITIONS
    | cues.POSSIBLE
    | cues.FICTION
    | cues.UNOFFICIAL
    | cues.NEGATIVE_SUBJECTS
    | NEGATIONS
    | word_set("almost nearly rumour rumor former formerly")
) - word_set("user star provided")


def plain(sentences: Sequence[str], text: str) -> list[str]:
    """Those of `sentences`, which stand in `text`, that may be taught as they are. Other languages are let through."""
    if language_of(text) not in (None, "", "en"):
        return list(sentences)
    kept: list[str] = []
    for sentence in sentences:
        lemmas = _lemmas(sentence)
        if lemmas & _TAKEN_BACK and kept:
            kept.pop()
        if not sentence.rstrip().endswith("?") and not lemmas & (_DOUBTS | _TAKEN_BACK):
            kept.append(sentence)
    return kept


def _lemmas(sentence: str) -> frozenset[str]:
    found = {token.lemma_.lower() for token in parse(sentence)} | set(flat_words(sentence))
    if any(token.dep_ == "neg" for token in parse(sentence)):
        found.add("not")
    return frozenset(found)
