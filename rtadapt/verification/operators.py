"""What stands around a statement in its English sentence and makes it something other than a fact of now.

Owns negation, hedging, condition, intention, fiction and pastness by parse. Takes the token at which the statement hangs and
the question; gives the reason why it may not be taught, or None. What the question itself carries is no reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtadapt.verification import cues
from rtadapt.verification.question import Asked, lemma_of, terms_of
from rtadapt.verification.verdicts import Reason
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_SUBJECTS = frozenset(("nsubj", "nsubjpass", "csubj", "csubjpass", "expl"))
_INSTEAD = re.compile(
    r"\b(?:instead of|rather than|unlike|other than|apart from|except(?: for)?|not)\s+(?:the |a |an )?$", re.IGNORECASE
)
_HISTORY = re.compile(r"\b(?:on this day in|back in|as of) (\d{4})\b", re.IGNORECASE)
SPELL = re.compile(r"\bfrom (?:\w+ ){0,2}\d{4} (?:to|until|till) (?:\w+ ){0,2}\d{4}\b|\bbetween \d{4} and \d{4}\b", re.IGNORECASE)
_COUNTS = frozenset(["half", "all", "every", "two", "three", "a", "one", "twice", "double", "everyone", "entirely", "the"])
_NEARLY = word_set("almost nearly close verge")
_DUE = frozenset(("due", "set", "likely", "poised", "scheduled", "ready"))
_UNREAL = word_set("planned proposed expected prospective potential possible would-be")
_WEAKENED = re.compile(
    r"\b(?:almost|nearly|narrowly missed|came close to|all but|on the verge of|on the brink of|close to)\b", re.IGNORECASE
)


def chain(token: Token) -> Iterator[tuple[Token, str]]:
    """The token and what it hangs on, up to the sentence's root, each with how it was reached from below.

    Ends below a noun that a relative clause or an apposition describes: what is said of the noun is not said of those.
    """
    reached = ""
    while True:
        yield token, reached
        if token.head == token:
            return
        if token.dep_ in ("relcl", "appos") and token.head.lemma_.lower() not in cues.REPORT_NOUNS:
            return
        reached, token = token.dep_, token.head


def verb_of(token: Token) -> Token:
    """The verb of the clause in which a token stands; the root of the sentence when there is none."""
    for found, _ in chain(token):
        if found.pos_ in ("VERB", "AUX"):
            return found
    return token.sent.root


def negation(token: Token, asks: Asked) -> bool:
    """Whether the statement at `token` is negated in another way than the question is."""
    return _negated(token, asks) != (asks.negated and asks.kind != "polar")


def _negated(token: Token, asks: Asked) -> bool:
    if _INSTEAD.search(token.doc[token.sent.start : token.left_edge.i].text_with_ws):
        return True
    after_but = any(
        found.dep_ == "conj" and any(child.lower_ == "but" for child in found.head.children) for found, _ in chain(token)
    ) or re.search(r"\bbut\s+(?:rather )?$", token.doc[token.sent.start : token.left_edge.i].text_with_ws)
    below: Token | None = None
    for found, reached in chain(token):
        verb = found.pos_ in ("VERB", "AUX")
        if any(child.dep_ == "neg" or child.lower_ in ("never", "neither", "nor", "hardly") for child in found.children):
            skipped = below is not None and reached == "conj" and verb and below.tag_ != "VB"
            if not skipped and not after_but and reached != "advcl":
                return True
        if any(child.lower_ == "longer" and any(word.lower_ == "no" for word in child.children) for child in found.children):
            return True
        if any(
            child.dep_ in ("det", "preconj", "cc", "advmod") and child.lower_ in ("no", "neither", "not") and child.i < found.i
            for child in found.children
        ):
            return True
        if verb and any(child.dep_ in _SUBJECTS and _nobody(child) for child in found.children):
            return True
        if (
            verb
            and below is not None
            and reached in ("xcomp", "ccomp", "dobj", "pcomp", "prep", "acl")
            and _turned_down(found, reached, asks)
        ):
            return True
        lacking = found.dep_ == "pobj" and found.head.lower_ == "without"
        lacked = reached == "prep" and below is not None and below.lower_ == "without" and not verb
        if lacking or lacked or (verb and any(child.lower_ == "without" and child.i < found.i for child in found.children)):
            return not asks.carries(frozenset(("without",)))
        below = found
    return False


def _nobody(subject: Token) -> bool:
    return subject.lower_ in cues.NEGATIVE_SUBJECTS or any(
        child.lower_ in ("no", "neither", "none") for child in subject.children if child.dep_ in ("det", "preconj", "cc")
    )


def _turned_down(verb: Token, reached: str, asks: Asked) -> bool:
    lemmas = lemma_of(verb) & cues.NEGATIVE_VERBS
    if not lemmas or asks.carries(lemmas) or asks.covered(terms_of([verb])):
        return False
    return reached in ("xcomp", "ccomp", "pcomp") or bool(
        lemmas & word_set("turn_down decline reject refuse deny avoid miss scrap abandon call_off rule_out pull_out")
    )


def weakened(token: Token, asks: Asked) -> bool:
    """Whether the clause says that it almost happened. Nearly 400 is a number, not a near miss."""
    for found in _WEAKENED.finditer(token.sent.text):
        after = token.sent.text[found.end() :].split()
        counted = bool(after) and (any(sign.isdigit() for sign in after[0]) or after[0].casefold() in _COUNTS)
        if after and not counted and not asks.carries(_NEARLY):
            return True
    return False


def modality(token: Token, asks: Asked) -> Reason | None:
    """Whether the statement at `token` is only possible, conditional or intended, while the question asks what is."""
    below: Token | None = None
    for found, reached in chain(token):
        if found.pos_ in ("VERB", "AUX"):
            reason = _of_verb(found, below, reached, asks)
            if reason:
                return reason
        described = frozenset(child.lower_ for child in found.children if child.dep_ in ("amod", "compound"))
        if described & _UNREAL and not asks.future and not asks.carries(described):
            return Reason.PLANNED
        below = found
    return None


def _of_verb(verb: Token, below: Token | None, reached: str, asks: Asked) -> Reason | None:
    helped = [child.lower_ for child in verb.children if child.dep_ in ("aux", "auxpass")]
    marks = {child.lower_ for child in verb.children if child.dep_ in ("mark", "advmod")}
    if marks & cues.CONDITIONS and verb.dep_ in ("advcl", "ccomp", "ROOT") and not _condition_asked(verb, asks):
        return Reason.HEDGED if "whether" in marks else Reason.CONDITIONAL
    for child in verb.children:
        if child.dep_ in ("advcl", "prep") and _is_condition(child) and not _condition_asked(child, asks):
            return Reason.CONDITIONAL
    possible = [word for word in helped if word in cues.POSSIBLE]
    if possible and not asks.carries(frozenset(possible) | cues.POSSIBLE) and not _reported_future(verb, possible, asks):
        planned = possible == ["would"] and verb.dep_ in ("ccomp", "advcl", "conj")
        return Reason.PLANNED if planned else Reason.CONDITIONAL
    if any(word in ("will", "shall", "'ll", "wo") for word in helped) and not _future_asked(asks):
        return Reason.PLANNED
    return None if _future_asked(asks) or asks.kind == "how" else _intended(verb, below, reached, asks)


def _intended(verb: Token, below: Token | None, reached: str, asks: Asked) -> Reason | None:
    """Whether the verb, or the infinitive below it, only says what is to come."""
    if (
        verb.tag_ == "VB"
        and _has_to(verb)
        and (verb.dep_ == "ROOT" or (verb.dep_ in ("acl", "relcl") and verb.head.pos_ == "PROPN"))
    ):
        return Reason.PLANNED  # a headline: Fox to become editor
    if below is None:
        return None
    lemma = verb.lemma_.lower()
    if verb.tag_ == "VBG" and lemma == "go" and reached == "xcomp":
        return Reason.PLANNED
    if (
        lemma in cues.PLAN_VERBS
        and reached in ("xcomp", "ccomp", "acl", "pcomp", "oprd")
        and not asks.carries(frozenset((lemma,)))
    ):
        will = any(child.lower_ in ("to", "will", "would") for child in below.children if child.dep_ == "aux")
        if will or reached in ("pcomp", "ccomp"):
            return Reason.PLANNED
    open_end = reached == "xcomp" and _has_to(below) and verb.tag_ != "VB"
    if open_end and not lemma_of(verb) & cues.DONE_TO and not asks.covered(terms_of([verb])):
        return Reason.PLANNED
    due = any(child.dep_ == "acomp" and child.lemma_ in _DUE for child in verb.children)
    return Reason.PLANNED if due and reached in ("acomp", "xcomp") else None


def _has_to(verb: Token) -> bool:
    return any(child.lower_ == "to" and child.dep_ == "aux" for child in verb.children)


def _future_asked(asks: Asked) -> bool:
    """Whether the question asks what is to come. `When does it open?` does so too."""
    return asks.future or (asks.kind == "when" and not asks.past and asks.doc[:].root.lemma_ != "be")


def _reported_future(verb: Token, possible: list[str], asks: Asked) -> bool:
    """Whether `would` is the future in reported speech, and the future is what is asked."""
    return possible == ["would"] and verb.dep_ in ("ccomp", "conj") and _future_asked(asks)


def _is_condition(clause: Token) -> bool:
    if clause.lower_ in ("unless", "if", "provided", "barring", "pending"):
        return True
    words = {child.lower_ for child in clause.children if child.dep_ in ("mark", "advmod")}
    if clause.dep_ == "advcl" and words & cues.CONDITIONS:
        return True
    inverted = next(iter(clause.subtree)).lower_ in ("had", "should", "were") and clause.i > clause.left_edge.i
    return clause.dep_ == "advcl" and inverted and clause.left_edge.text[:1].isupper()


def _condition_asked(clause: Token, asks: Asked) -> bool:
    """Whether the question carries the condition, so that its answer stands under it: at least half of its words."""
    said = terms_of(clause.subtree)
    return bool(said) and 2 * len(asks.covered(said)) >= len(said)


def fiction(token: Token, asks: Asked, before: Span | None) -> bool:
    """Whether the statement holds inside a work of fiction only, and the question asks of no such work."""
    if asks.carries(cues.FICTION | cues.ACTING | frozenset(("role", "part", "show"))):
        return False
    told = {up.i for up, _ in chain(token)}
    for found in token.sent:
        lemma = found.lemma_.lower()
        if lemma in cues.ACTING and found.pos_ == "VERB" and (lemma in ("portray", "depict", "impersonate") or _has_role(found)):
            return True
        inside = found.dep_ == "pobj" and found.head.lower_ == "in" and not any(child.lower_ == "of" for child in found.children)
        inside = inside and (verb_of(found).i in told or found.head.head.i in told)
        if lemma in cues.FICTION and found.pos_ == "NOUN" and (inside or lemma in ("fictional", "character")):
            return True
    resumed = re.match(r"in it\b|there\b", token.sent.text.casefold())
    return bool(resumed and before is not None and any(word.lemma_.lower() in cues.FICTION for word in before))


def _has_role(verb: Token) -> bool:
    """Whether somebody plays somebody: a person's part as object or after `as`."""
    for child in verb.subtree:
        part = child.dep_ in ("dobj", "pobj") and (child.head == verb or child.head.lower_ == "as")
        if part and (child.lower_ in ("role", "part") or verb.lemma_ != "play" or child.lemma_ in PARTS):
            return True
    return False


PARTS = word_set(
    """mayor president king queen doctor detective lawyer minister boss chief captain officer teacher judge owner mother
    father son daughter wife husband villain hero spy director coach manager"""
)


def over(token: Token, asks: Asked) -> bool:
    """Whether the statement was so and is no longer, while the question asks what is."""
    if asks.past or asks.carries(cues.BACKWARD):
        return False
    verb = verb_of(token)
    text = token.sent.text
    if _HISTORY.search(text) or SPELL.search(text):
        return True
    if re.search(r"\bused to\b", text) and verb.tag_ == "VB":
        return True
    first = next((found for found, _ in chain(token) if found.pos_ in ("VERB", "AUX")), None)
    if first is None:
        return False
    bounded = any(child.lower_ in ("until", "till") for child in first.children)
    helped = [child.lower_ for child in first.children if child.dep_ in ("aux", "auxpass")]
    ahead = first.lower_ == first.lemma_.lower()  # cost, cut, put: past and present look alike
    gone = (first.tag_ == "VBD" and not ahead) or (first.tag_ in ("VBN", "VBG") and bool({"was", "were", "had"} & set(helped)))
    if gone and bounded:
        return True
    state = first.lemma_.lower() in cues.STATES and not (first.tag_ == "VBN" and "had" not in helped)
    reported = first.dep_ in ("ccomp", "conj") and first.head.lemma_.lower() in cues.SAY_VERBS
    return gone and state and not reported and asks.kind != "why"
