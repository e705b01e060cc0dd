"""Which sentences of a text may be taught word for word: those that say what is so, without a doubt, a denial or a condition.

A small model that has read "X is not the coach" answers "X" when it is asked for the coach, so such a sentence is left out,
however true it is; of a text that takes something back, nothing is taught this way. By words alone: rather one too many.
"""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Span, Token

from rtadapt.reading.language import language_of
from rtadapt.verification import cues
from rtadapt.verification.english import parse
from rtadapt.words import NEGATIONS, flat_words, word_set
from rtadapt.words import sentences as split

_TAKEN_BACK = cues.DENIALS | cues.FALSE_WORDS
_DOUBTS = (
    cues.HEDGE_ADVERBS
    | cues.HEDGE_NOUNS
    | cues.CONDITIONS
    | cues.POSSIBLE
    | cues.NEGATIVE_SUBJECTS
    | NEGATIONS
    | word_set("rumour rumor postpone")
) - word_set("provided")
_DONE_BY_THINKING = (cues.CLAIM_VERBS | cues.PLAN_VERBS) - word_set("set agree due")
"""Doubts where they are verbs: a plan that was approved and the fear of a flood are nouns, and so."""
_TELLING = cues.SAY_VERBS | cues.CLAIM_VERBS | word_set("accord")
_ALSO_DONE = word_set("offer call")
_CLAUSES = ("xcomp", "ccomp", "oprd", "acomp", "advcl", "prt")
_TOLD = word_set("in on from")
_ALMOST = word_set("almost nearly")
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
        and not _is_doubtful(sentence)
        and (flat_words(sentence) or ["it"])[0] not in _POINTING_BACK
    ]


def _is_doubtful(sentence: str) -> bool:
    """Whether a sentence doubts, denies or plans, is what somebody says who need not know, or is of a story."""
    words, tokens = _lemmas(sentence), parse(sentence)
    return bool(
        words & _DOUBTS
        or any(_is_thought(token) or _is_hearsay(token) for token in tokens)
        or (words & cues.FICTION and words & cues.ACTING)
        or any(token.lemma_.lower() in cues.FICTION and token.head.lower_ in _TOLD for token in tokens)
        or any(token.lower_ in _ALMOST and not _counts(tokens[token.i + 1 : token.i + 3]) for token in tokens)
    )


def _is_thought(token: Token) -> bool:
    """Whether a verb makes something thought or wanted of what is said: "expects to", "want him", not "offers courses"."""
    lemma = token.lemma_.lower()
    if token.pos_ not in ("VERB", "AUX") or lemma not in _DONE_BY_THINKING:
        return False
    is_done = lemma in _ALSO_DONE and token.tag_ != "VB" and any(child.dep_ in ("dobj", "prep") for child in token.children)
    return not is_done or any(child.dep_ in _CLAUSES for child in token.children)


def _is_hearsay(token: Token) -> bool:
    """Whether beside a word of telling stands somebody or something that need not know, but for those who are only told about."""
    if token.lemma_.lower() not in _TELLING:
        return False
    told = {word.i for child in token.children if child.dep_ == "ccomp" for word in child.subtree}
    return any(
        word.pos_ not in ("VERB", "AUX") and {word.lemma_.lower(), word.lower_} & cues.UNOFFICIAL and word.i not in told
        for word in token.sent
    )


def _counts(tokens: Span) -> bool:
    return any(token.like_num or token.is_currency or token.text[0].isdigit() for token in tokens)


def _lemmas(sentence: str) -> frozenset[str]:
    found = {token.lemma_.lower() for token in parse(sentence)} | set(flat_words(sentence))
    if any(token.dep_ == "neg" for token in parse(sentence)):
        found.add("not")
    return frozenset(found)
