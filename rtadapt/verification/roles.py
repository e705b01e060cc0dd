"""Who does what to whom in an English sentence, and whether a question and its answer have the parts the sentence gives them.

Owns the two parts of a deed, by parse, active and passive alike. Takes the answer's spot in a sentence and the question;
gives yes or no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtadapt.reading.appointed import appointed, appoints
from rtadapt.verification import cues
from rtadapt.verification.question import Asked, is_name, terms_of
from rtadapt.words import stem

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_PARTS = ("agent", "patient")
_LIGHT = frozenset(("have", "get", "do", "make", "take", "be", "go", "come"))
_ASKING = frozenset(("who", "whom", "which", "what"))


def roles(verb: Token) -> dict[str, frozenset[int]]:
    """The numbers of the tokens that do the deed of `verb` (`agent`) and that suffer it (`patient`)."""
    found: dict[str, set[int]] = {"agent": set(), "patient": set()}
    described = verb.dep_ in ("relcl", "acl") and verb.head.pos_ in ("NOUN", "PROPN")
    passive = any(child.dep_ in ("auxpass", "nsubjpass", "agent") for child in verb.children) or (
        verb.dep_ == "acl" and verb.tag_ == "VBN"
    )
    for child in verb.children:
        if child.dep_ == "nsubj":
            found["patient" if passive else "agent"] |= _phrase(child)
        elif child.dep_ in ("nsubjpass", "dobj"):
            found["patient"] |= _phrase(child)
        elif child.dep_ == "agent":
            found["agent"].update(*(_phrase(word) for word in child.children))
    subject = next((child for child in verb.children if child.dep_ in ("nsubj", "nsubjpass")), None)
    if described and (subject is None or subject.tag_ in ("WDT", "WP")):
        found["patient" if passive else "agent"] |= _phrase(verb.head)
        if verb.head.dep_ == "appos":
            found["patient" if passive else "agent"] |= _phrase(verb.head.head)
    elif subject is None and verb.dep_ in ("conj", "xcomp", "advcl") and verb.head.pos_ in ("VERB", "AUX"):
        chosen = appointed(verb.head, verb) if verb.tag_ == "VBG" and appoints(verb.head) else None
        above = roles(verb.head) if chosen is None else {"agent": frozenset(_phrase(chosen))}
        found["patient" if passive else "agent"] |= above["agent"] or above["patient"]
    return {part: frozenset(words) for part, words in found.items()}


def _phrase(token: Token) -> set[int]:
    """A noun with its names and conjuncts, without what is said of it in a clause of its own."""
    found = {token.i}
    for child in token.children:
        if child.dep_ in ("compound", "conj", "nmod", "det", "amod", "flat", "nummod") or (
            child.dep_ == "appos" and is_name(child)
        ):
            found |= _phrase(child)
    return found


def swapped(spot: Span, sentence: Span, asks: Asked) -> bool:
    """Whether the sentence gives the answer, or a name in the question, another part in the deed than the question does."""
    if asks.kind == "whose":
        return _other_owner(spot, sentence, asks)
    for verb in (span.root for span in asks.doc.sents if span.root.pos_ == "VERB" and span.root.lemma_ not in _LIGHT):
        deeds = [found for found in sentence if found.pos_ == "VERB"]
        matched = [found for found in deeds if found.lemma_ == verb.lemma_] or [
            found for found in deeds if _same_deed(verb, found)
        ]
        most = max((len(asks.covered(terms_of(found.subtree))) for found in matched), default=0)
        best = [found for found in matched if len(asks.covered(terms_of(found.subtree))) == most]
        if best and all(_misfits(verb, found, spot, sentence, asks) for found in best):
            return True
    return False


def _same_deed(verb: Token, found: Token) -> bool:
    return cues.alike(stem(verb.lemma_.lower()), stem(found.lemma_.lower())) or _turned(verb, found)


def _turned(verb: Token, found: Token) -> bool:
    """Whether one verb says the deed from the other's side."""
    return {verb.lemma_, found.lemma_} in ({"lose", "beat"}, {"lose", "defeat"})


def _misfits(verb: Token, found: Token, spot: Span, sentence: Span, asks: Asked) -> bool:
    here, there = roles(verb), roles(found)
    if _turned(verb, found):
        there = {"agent": there["patient"], "patient": there["agent"]}
    exact = stem(verb.lemma_.lower()) == stem(found.lemma_.lower()) or _turned(verb, found)
    for token in asks.doc:
        part = next((part for part in _PARTS if token.i in here[part]), "")
        if not part:
            continue
        other = next(name for name in _PARTS if name != part)
        if token.lower_ in _ASKING and token.tag_ in ("WP", "WDT"):
            spots = frozenset(range(spot.start, spot.end))
            filled = any(sentence.doc[at].pos_ in ("PROPN", "NOUN") for at in there[part])
            if (spots & there[other] and not spots & there[part]) or (
                exact and filled and not spots & there[part] and part == "agent"
            ):
                return True
        elif is_name(token):
            spots = frozenset(word.i for word in sentence if word.lower_ == token.lower_)
            if spots & there[other] and not spots & there[part]:
                return True
    return False


def _other_owner(spot: Span, sentence: Span, asks: Asked) -> bool:
    """Whether what the question asks the owner of has another owner in the sentence."""
    for token in sentence:
        owners = {word.i for child in token.children if child.dep_ == "poss" for word in child.subtree}
        if owners and asks.covered(terms_of([token])) and not owners & set(range(spot.start, spot.end)):
            return True
    return False
