"""What in an English sentence keeps it from being a plain fact of now, by parse.

Owns the words of doubt, denial, plan and wish with the places where they are none ("in May", "better than expected"), who says
what a sentence hands on, and what takes back a whole text. Takes parsed sentences; gives the words of doubt, which a sentence
may be without once their clause is cut off (firm.py), and whether a sentence is beyond that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtadapt.verification import cues
from rtadapt.verification.operators import PARTS, SPELL
from rtadapt.verification.question import lemma_of
from rtadapt.verification.sources import only_handed_on
from rtadapt.words import NEGATIONS, word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_HEDGES = cues.HEDGE_ADVERBS | cues.HEDGE_NOUNS | word_set("rumour rumor postpone alleged potential")
_DENIALS = cues.NEGATIVE_SUBJECTS | NEGATIONS
_THINKING = (cues.CLAIM_VERBS | cues.PLAN_VERBS) - word_set("set agree due")
"""Doubts where they are verbs: a plan that was approved and the fear of a flood are nouns, and so."""
_ALSO_DONE = word_set("offer call")
_DONE_WITH = {"appear": word_set("in on at before"), "contend": word_set("with"), "claim": frozenset[str]()}
_WON = word_set("title life crown gold silver bronze medal win victory prize trophy championship point wicket scalp")
_SEEN_AS = word_set("see regard view tip")
_HANDED_ON = word_set("say report understand")
_CLAUSES = ("xcomp", "ccomp", "oprd", "acomp", "advcl", "prt")
_HEARD = word_set("report claim allegation accusation suggestion")
_POSTED = word_set("story post tweet comment account message")
_TOLD = word_set("in on from")
_PLAYED = word_set("play story dream legend fable joke sketch simulation fantasy myth history")
_CHANCES = word_set("offer chance bid opportunity hope dream request invitation attempt call race right")
_ALMOST = word_set("almost nearly")
_ONLY = word_set("just only merely simply")
_ALWAYS_BACK = cues.DENIALS - word_set("dismiss reject correct withdraw")
_TOLD_OF = cues.REPORT_NOUNS | word_set("accusation charge idea notion")
_MISTAKENLY = word_set("wrongly incorrectly erroneously mistakenly")
_MISTAKEN = word_set("wrong incorrect")
_GIVEN = cues.SAY_VERBS | cues.CLAIM_VERBS | word_set("name list identify describe call date give put attribute quote")
_UNREAL_STARTS = word_set("had were should")
_FINITE = ("VBD", "VBZ", "VBP", "MD")
_CONTRARY = re.compile(r"\bcontrary to\b|\bas long as\b|\bin case\b|\bno more\W*$|\bprovided that\b", re.IGNORECASE)
_NEARLY_SO = re.compile(r"\bnarrowly (?:missed|escaped)\b|\bc[ao]mes? close to\b|\bon the (?:verge|brink) of\b", re.IGNORECASE)
_SNEERING = re.compile(r"^\W*(?:oh|yeah|yep|sure|right|wow|ha|well|as if|imagine|suppose)\b", re.IGNORECASE)


def takes_back(tokens: Doc) -> bool:
    """Whether a sentence denies, corrects or withdraws something that was told: of its text nothing is sure."""
    return any(_denies(token) or _is_false(token) for token in tokens)


def _denies(token: Token) -> bool:
    """Whether a verb takes back what was told; a case or a coach may be dismissed, and troops withdraw."""
    lemma = token.lemma_.lower()
    if lemma not in cues.DENIALS or (token.pos_ not in ("VERB", "AUX") and lemma not in _ALWAYS_BACK):
        return False
    if lemma in _ALWAYS_BACK:
        return True
    objects = {child.lemma_.lower() for child in token.children if child.dep_ in ("dobj", "nsubjpass")}
    told = any(child.dep_ in ("ccomp", "xcomp") for child in token.children)
    return told or bool(objects & _TOLD_OF) or (token.dep_ in ("relcl", "acl") and token.head.lemma_.lower() in _TOLD_OF)


def _is_false(token: Token) -> bool:
    """Whether a word calls what was told false; the wrong gear and a letter sent mistakenly are facts."""
    words = {token.lower_, token.lemma_.lower()}
    if not words & cues.FALSE_WORDS:
        return False
    if token.lower_ in _MISTAKENLY:
        passive = any(child.dep_ in ("auxpass", "nsubjpass") for child in token.head.children)
        return passive or token.head.lemma_.lower() in _GIVEN or token.head.pos_ not in ("VERB", "AUX")
    if token.lower_ in _MISTAKEN and token.dep_ == "amod":
        return token.head.lemma_.lower() in _TOLD_OF
    if token.pos_ in ("VERB", "AUX") and token.lemma_ == "lie":
        return not any(child.dep_ in ("prep", "npadvmod", "advmod") for child in token.children)
    return True


def is_hopeless(tokens: Doc) -> bool:
    """Whether no part of a sentence is sure: it is none, asks, sets a condition, tells a story or what was once, sneers, or hands
    on what somebody says who need not know."""
    text = tokens.text
    words = frozenset(word for token in tokens for word in (token.lower_, token.lemma_.lower()))
    return bool(
        text.rstrip(" \"”'").endswith("?")
        or not any(token.tag_ in _FINITE for token in tokens)
        or words & cues.CONDITIONS - word_set("provided providing")
        or (tokens[0].lower_ in _UNREAL_STARTS and tokens[0].dep_ in ("aux", "auxpass", "ROOT", "advcl"))
        or _CONTRARY.search(text)
        or _SNEERING.search(text)
        or (words & cues.FICTION and words & cues.ACTING)
        or any(_is_story(token) or _is_over(token) or only_handed_on(token) for token in tokens)
        or any(token.lower_ in _ALMOST and not _counts(tokens, token.i) for token in tokens)
        or _NEARLY_SO.search(text)
        or (SPELL.search(text) and any(_is_past_state(token) for token in tokens))
    )


def _is_story(token: Token) -> bool:
    lemma = token.lemma_.lower()
    inside = token.head.lower_ in _TOLD
    acted = token.pos_ in ("VERB", "AUX") and lemma in cues.ACTING
    if acted and any(word.dep_ in ("dobj", "pobj") and word.lemma_.lower() in PARTS for word in token.subtree):
        return True
    begins = inside and token.head.i == token.sent.start
    return (inside and lemma in cues.FICTION) or (begins and token.pos_ == "NOUN" and lemma in _PLAYED)


def _is_over(token: Token) -> bool:
    """Whether something was so, and is no longer: used to be, was until May."""
    below = any(child.dep_ == "xcomp" for child in token.children)
    passive = any(child.dep_ == "auxpass" for child in token.children)
    if token.lower_ == "used" and below and not passive and token.nbor(1).lower_ == "to":
        return True
    return token.lower_ in ("until", "till") and _is_past_state(token.head)


def _is_past_state(token: Token) -> bool:
    there = any(child.dep_ == "expl" for child in token.children)
    helps = token.dep_ in ("aux", "auxpass")
    return token.tag_ == "VBD" and token.lemma_.lower() in cues.STATES and not there and not helps


def _counts(tokens: Doc, at: int) -> bool:
    after = tokens[at + 1 : at + 3]
    return any(token.like_num or token.is_currency or token.text[0].isdigit() for token in after)


def doubts(tokens: Doc) -> Iterator[Token]:
    """The words of a sentence that doubt, deny, plan or wish something, in their order."""
    return (token for token in tokens if _is_doubt(token))


def _is_doubt(token: Token) -> bool:
    words = {token.lower_, token.lemma_.lower()}
    return bool(
        (token.tag_ == "MD" and words & cues.POSSIBLE)
        or words & _HEDGES
        or (words & _DENIALS and not _is_firm_no(token))
        or (token.dep_ == "neg" and not _is_firm_no(token))
        or _is_thought(token)
        or _is_heard(token)
        or _is_declined(token)
    )


def _is_declined(token: Token) -> bool:
    """Whether somebody only might have become something: an offer to be the coach, failed to become king."""
    if token.lower_ not in ("be", "become") or not any(child.lower_ == "to" for child in token.children):
        return False
    offered = token.dep_ == "acl" and token.head.lemma_.lower() in _CHANCES
    return offered or (token.dep_ == "xcomp" and bool(lemma_of(token.head) & cues.NEGATIVE_VERBS))


def _is_firm_no(token: Token) -> bool:
    """Whether a word of denial denies nothing: No. 1, not only, without power."""
    after = token.nbor(1) if token.i + 1 < len(token.doc) else token
    if token.lower_ == "no":
        return bool(after.text == ".")
    if token.lower_ in ("not", "n't"):
        return bool(after.lower_ in _ONLY)
    if token.lower_ == "without":
        lacks = any(child.dep_ == "pobj" for child in token.children)
        asked = token.i == 0 or token.nbor(-1).is_punct or any(word.tag_ == "MD" for word in token.sent)
        return lacks and not asked
    return False


def _is_thought(token: Token) -> bool:
    """Whether a verb makes something thought or wanted of what is said: "expects to", "want him", not "offers courses"."""
    lemma = "hope" if token.lower_ in ("hoping", "hoped") else token.lemma_.lower()
    if token.pos_ not in ("VERB", "AUX"):  # or a verb that was read as a noun: Northwind hopes for
        bare = not any(child.dep_ in ("det", "poss", "amod") for child in token.children)
        return lemma in _THINKING and bare and token.dep_ in ("ROOT", "dobj") and token.sent.root.pos_ not in ("VERB", "AUX")
    passive = any(child.dep_ in ("auxpass", "nsubjpass") for child in token.children)
    if passive and lemma in _SEEN_AS | _HANDED_ON:
        as_what = lemma in _SEEN_AS and any(child.lower_ == "as" for child in token.children)
        return as_what or any(child.dep_ in ("xcomp", "oprd") for child in token.children)
    if lemma not in _THINKING or (token.i > 0 and token.nbor(-1).lower_ == "than" and token.tag_ == "VBN"):
        return False
    return not _is_done(token, lemma) or any(child.dep_ in _CLAUSES for child in token.children)


def _is_done(token: Token, lemma: str) -> bool:
    """Whether a verb of thought or wish does something here: appeared in court, claimed the title, offers courses."""
    if lemma in _ALSO_DONE:
        return token.tag_ != "VB" and any(child.dep_ in ("dobj", "prep") for child in token.children)
    if lemma == "claim":
        return any(child.dep_ == "dobj" and child.lemma_.lower() in _WON for child in token.children)
    return any(child.lower_ in _DONE_WITH.get(lemma, ()) for child in token.children)


def _is_heard(token: Token) -> bool:
    """Whether a noun is a report or a claim of something: what it says is only told."""
    lemma = token.lemma_.lower()
    if token.pos_ != "NOUN" or lemma not in _HEARD | _POSTED:
        return False
    said = any(
        (child.dep_ in ("acl", "ccomp") and child.tag_ != "VBN") or (child.dep_ == "relcl" and child.left_edge.lower_ == "that")
        for child in token.children
    )
    counted = any(child.dep_ == "nummod" for child in token.children)
    return said or (lemma in _HEARD and not counted and any(child.lower_ in ("of", "about") for child in token.children))
