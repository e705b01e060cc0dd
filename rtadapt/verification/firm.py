"""The firm part of an English sentence: what is left when clauses of doubt, and what only tells how it was before, are cut off.

Owns which clauses may be cut: what is said in passing of a name ("who may run for mayor") or of something new ("a bill that could
…"), the occasion or the reason of what happened, and what somebody did besides. Never a condition, a reservation ("but",
"though"), a limit in time, nor what comments on the statement itself ("which the club has not confirmed"). Takes a sentence;
gives one whose every word is in the first, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from rtadapt.reading.readable import readable
from rtadapt.verification import cues
from rtadapt.verification.doubts import doubts, is_hopeless
from rtadapt.verification.english import parse
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_MOST_CUTS = 4
_LEAST_WORDS = 4
_DASHES = frozenset(("–", "—", "--"))
_APART = frozenset((",", *_DASHES))
_QUOTES = '“”"«»'
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|«[^»]*»')
_OCCASIONS = word_set("due because amid over after following despite")
_REASONS = word_set("because since after as while")
_RESERVED = word_set("if unless or but yet though although as at according so except only until till before once when provided")
_COMMENTS = (
    cues.SAY_VERBS
    | cues.CLAIM_VERBS
    | cues.DENIALS
    | cues.FALSE_WORDS
    | cues.REPORT_NOUNS
    | cues.HEDGE_NOUNS
    | word_set("confirm verify change depend prove turn happen mean end surprise allegation idea notion plan")
)
_NOT_ALL = frozenset(("a", "an", "another", "one"))
_POINTING = word_set("it this that which they these those")
_DANGLING = ("ADP", "CCONJ", "SCONJ", "DET", "PART")
_SUBJECTS = ("nsubj", "nsubjpass", "expl", "csubj")
_ENDS = r"(?=[.;,!]?$|[;,] )"
_WAS = re.compile(
    rf"[;,] (?:which|who) used to [^;,]*,?|(?:[;,]| [–—-]) (?:and |but )?(?:it |they )?used to [^;,]*?{_ENDS}"
    rf"|(?:, | \()(?:down|up) from (?:[^;,()]*\d[^;,()]*?|last [a-z]+)(?:\)|{_ENDS})"
    rf"|, (?:compared (?:with|to) |against |from )[$€£]?\d[^;,]*? (?:ago|earlier|before|last [a-z]+){_ENDS}"
)
"""What something was before, told beside what it is: a small model that is taught both says either."""


def firm(sentence: str) -> str:
    """The sentence, or its firm part; empty when nothing in it is sure."""
    left = _WAS.sub("", readable(sentence))
    for _ in range(_MOST_CUTS + 1):
        tokens = parse(left)
        if is_hopeless(tokens):
            return ""
        doubt = next(doubts(tokens), None)
        if doubt is None:
            return left if left == sentence or _is_whole(tokens, sentence) else ""
        cut = _clause_of(doubt)
        if not cut:
            return ""
        left = _without(tokens, cut)
        if _cuts_through_words(left, sentence):
            return ""
    return ""


def _cuts_through_words(left: str, sentence: str) -> bool:
    """Whether of somebody's words, or of a name in quotation marks, a part is gone and a part is left."""
    if not set(_QUOTED.findall(left)) <= set(_QUOTED.findall(sentence)):
        return True
    odd = [[sign for sign in _QUOTED.sub("", text) if sign in _QUOTES] for text in (left, sentence)]
    return odd[0] != odd[1] or left.count("‘") != sentence.count("‘")  # what ends those is an apostrophe, too


def _clause_of(doubt: Token) -> set[int]:
    """The numbers of the words of the smallest part around a doubt that can go; empty when there is none."""
    if cut := _between_dashes(doubt):
        return cut
    found: set[int] = set()
    for up in (doubt, *doubt.ancestors):
        if up.dep_ == "ROOT":
            break
        part = {word.i for word in up.subtree if word.i < len(word.doc) - 1 or not word.is_punct}
        if up.dep_ == "conj" and _is_added(up):
            joined = [child.i for child in up.head.children if child.dep_ == "cc" and child.i < up.i]
            return part | set(joined[-1:])
        if not _comments(up) and _is_occasion(up):
            return part
        if not found and _is_aside(up):
            found = part
            if _stands_apart(up):
                break
    return found


def _is_added(verb: Token) -> bool:
    """Whether a verb only says what somebody did besides: and could win the league."""
    joined = [child for child in verb.head.children if child.dep_ == "cc" and child.i < verb.i]
    alone = any(child.dep_ in _SUBJECTS and child.lower_ in _POINTING for child in verb.children)
    both = verb.pos_ in ("VERB", "AUX") and verb.head.pos_ in ("VERB", "AUX")
    return both and not alone and bool(joined) and joined[-1].lower_ == "and"


def _is_aside(part: Token) -> bool:
    """Whether a part is said in passing: of a name after a comma, or of one thing among others of its kind."""
    apart = _stands_apart(part) and not _comments(part)
    if part.dep_ == "appos":
        return apart
    absolute = part.tag_ == "VBG" and part.head.dep_ == "pobj" and part.head.head.lower_ == "with"
    if part.dep_ in ("relcl", "acl") and not absolute:
        one = any(child.lower_ in _NOT_ALL or child.dep_ == "nummod" for child in part.head.children)
        new = one and part.head.dep_ in ("dobj", "attr", "pobj")
        return part.head.lemma_.lower() not in cues.UNOFFICIAL | _COMMENTS and (new or apart)
    return False


def _is_occasion(part: Token) -> bool:
    """Whether a part is the occasion or the reason of what happened, not of what is to come."""
    if part.head.pos_ not in ("VERB", "AUX") or any(child.tag_ == "MD" for child in part.head.children):
        return False
    if part.dep_ == "prep":
        return part.lower_ in _OCCASIONS or (part.lower_ == "with" and _begins_or_apart(part)) or _is_suspicion(part)
    if part.dep_ != "advcl":
        return False
    marks = {child.lower_ for child in part.children if child.dep_ in ("mark", "advmod", "prep") and child.i < part.i}
    if marks & _REASONS:
        return not marks & _RESERVED - {"as"}
    if any(child.lower_ == "with" and child.i < part.i and _begins_or_apart(child) for child in part.head.children):
        return False  # what somebody else does meanwhile, with him doing it
    return part.tag_ == "VBG" and not marks & _RESERVED and _begins_or_apart(part)


def _is_suspicion(part: Token) -> bool:
    return part.lower_ == "on" and any(child.lemma_ == "suspicion" for child in part.children)


def _stands_apart(part: Token) -> bool:
    first = part.left_edge
    return first.i > first.sent.start and first.nbor(-1).text in _APART


def _begins_or_apart(part: Token) -> bool:
    return part.left_edge.i == part.sent.start or _stands_apart(part)


def _comments(part: Token) -> bool:
    """Whether a part says something of the statement, not of a name: a rumour that ..., which is not confirmed."""
    if part.dep_ == "prep" or part.tag_ == "VBG":
        return False
    first = part.left_edge.lower_
    pointing = any(child.dep_ in _SUBJECTS and child.lower_ in _POINTING - {"which", "that"} for child in part.children)
    said = {part.lemma_.lower(), part.lower_} | {
        child.lemma_.lower() for child in part.children if child.dep_ in ("acomp", "attr")
    }
    return pointing or (first in _RESERVED and part.dep_ != "advcl") or bool(said & _COMMENTS)


def _between_dashes(doubt: Token) -> set[int]:
    """The words from a dash to the next or to the end, where the doubt is among them and they comment on nothing."""
    tokens = doubt.doc
    dashes = [token.i for token in tokens if token.text in _DASHES]
    if not dashes or len(dashes) > 2 or doubt.i < dashes[0] or (len(dashes) == 2 and doubt.i > dashes[1]):
        return set()
    end = dashes[1] if len(dashes) == 2 else len(tokens) - (tokens[-1].dep_ == "punct")
    part = tokens[dashes[0] + 1 : end]
    tops = [token for token in part if token.head.i not in range(part.start, part.end) or token.head == token]
    if not tops or part[0].lower_ in _RESERVED or any(map(_comments, tops)) or any(top.dep_ == "ROOT" for top in tops):
        return set()
    return set(range(part.start, part.end))


def _without(tokens: Doc, cut: Collection[int]) -> str:
    """The sentence without some of its words, and without the commas and dashes that set them apart."""
    first, last = min(cut), max(cut)
    gone = set(cut)
    before, after = first - 1, last + 1
    if before >= 0 and tokens[before].text in _APART:
        gone.add(before)
    if after < len(tokens) and tokens[after].text in _APART and (before < 0 or before in gone or tokens[after].text in _DASHES):
        gone.add(after)
    text = "".join(token.text_with_ws if token.i not in gone else " " for token in tokens)
    text = re.sub(r"\s+", " ", re.sub(r"\s+(?=[,.;:!])", "", text)).strip()
    return text[:1].upper() + text[1:]


def _is_whole(tokens: Doc, sentence: str) -> bool:
    """Whether what is left of a sentence is one: a verb with its subject, and an end."""
    root = next(token for token in tokens if token.dep_ == "ROOT")
    ends = [token for token in tokens if not token.is_punct][-1:]
    return (
        root.pos_ in ("VERB", "AUX")
        and any(child.dep_ in _SUBJECTS for child in root.children)
        and root.text in sentence
        and sum(token.is_alpha or token.like_num for token in tokens) >= _LEAST_WORDS
        and all(token.pos_ not in _DANGLING or token.dep_ == "prt" for token in ends)
    )
