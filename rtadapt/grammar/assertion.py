"""Whether a clause is stated as a fact by the text itself: not denied, supposed, asked, quoted or doubted.

Takes a verb in a parse; gives yes or no. It is deliberately strict: what it lets through is still verified elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rtadapt.grammar import lexicon
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token

_QUOTES = '"“”«»'
_MISTAKES = re.compile(r"\b(?:misstated|misspelled|misspelt|misidentified|misreported|incorrectly|wrongly|(?:a|the) wrong)\b")
_HELPED = word_set("VB VBP VBN VBG")
_REPORTING_NOUNS = word_set("""report rumour rumor claim allegation suggestion speculation source leak gossip post tweet""")


def asserted(verb: Token, agent: bool = False) -> bool:
    """Whether the text says what `verb` says. In an agent's turn a condition may stand, and is kept in the question."""
    if verb.sent.text.rstrip(" \"”'").endswith("?") or quoted(verb) or _MISTAKES.search(verb.sent.text):
        return False
    if not _own_words_are_plain(verb, agent) or _shares_a_doubt(verb):
        return False
    return _framed_plainly(verb, agent)


def quoted(token: Token) -> bool:
    """Whether a token stands inside quotation marks that hold more than a title."""
    before = [other for other in token.doc[: token.i] if other.text in _QUOTES]
    opened = len(before) % 2 == 1
    if not opened:
        return False
    closing = next((other for other in token.doc[token.i :] if other.text in _QUOTES), None)
    inside = [other for other in token.doc[before[-1].i + 1 : closing.i if closing else len(token.doc)] if not other.is_punct]
    return len(inside) > 0


def _own_words_are_plain(verb: Token, agent: bool) -> bool:
    for child in verb.children:
        word = child.lower_
        if child.dep_ == "neg" or (child.dep_ == "advmod" and word in lexicon.HEDGES):
            return False
        if (
            child.dep_ in ("aux", "auxpass")
            and word in lexicon.UNSURE_AUXILIARIES
            and not (agent and word in ("may", "should", "shall"))
            and not announced(verb, child)
        ):
            return False
        if child.dep_ in ("mark", "advmod") and word in lexicon.CONDITIONS and child.i < verb.i:
            return False
        if child.dep_ == "advcl" and not agent and _conditional(child):
            return False
        if child.dep_ in ("nsubj", "nsubjpass", "dobj", "attr", "pobj") and any(
            left.lower_ in ("no", "neither", "few", "hardly", "any", "not") for left in child.children
        ):
            return False
        if child.dep_ in ("nsubj", "nsubjpass", "dobj") and word in ("nobody", "nothing", "none", "neither", "few"):
            return False
        if child.dep_ == "prep" and word == "according" and _doubted_speaker(child):
            return False
        if child.dep_ in ("acomp", "advmod") and word in (
            "unlikely",
            "likely",
            "possible",
            "impossible",
            "unclear",
            "rumored",
            "rumoured",
        ):
            return False
    return True


def _shares_a_doubt(verb: Token) -> bool:
    """Whether a verb stands under the "may" or "not" of the one that it is joined to: "may be sold and moved"."""
    while verb.dep_ == "conj" and verb.tag_ in _HELPED and not any(_own(child) for child in verb.lefts):
        verb = verb.head
        for child in verb.lefts:
            unsure = child.dep_ == "aux" and child.lower_ in lexicon.UNSURE_AUXILIARIES and not announced(verb, child)
            if unsure or child.dep_ == "neg":
                return True
    return False


def _own(child: Token) -> bool:
    """Whether a word makes a verb's clause one of its own: a subject, or an auxiliary that needs no other."""
    finite = child.dep_ in ("aux", "auxpass") and child.tag_ in ("MD", "VBZ", "VBP", "VBD")
    return finite or child.dep_ in ("nsubj", "nsubjpass")


def announced(verb: Token, auxiliary: Token) -> str:
    """What an auxiliary stands for in an announcement: "will" in "the firm announced it would buy its rival"; "" elsewhere."""
    told = verb.head
    while verb.dep_ == "conj" and told.dep_ == "conj":
        told = told.head
    direct = {"would": "will"} | ({"was": "is", "were": "are"} if verb.tag_ == "VBG" else {})
    told_so = (
        verb.dep_ == "ccomp"
        and told.lemma_ in ("announce", "say", "confirm")
        and told.tag_ == "VBD"
        and (told.lemma_ != "say" or _of_itself(verb, told))
        and not any(child.dep_ == "advcl" for child in verb.children)
    )
    return direct.get(auxiliary.lower_, "") if told_so else ""


def _of_itself(verb: Token, told: Token) -> bool:
    """Whether somebody says what they will do themselves, or an office what will be done."""
    about = next((child for child in verb.lefts if child.dep_ in ("nsubj", "nsubjpass")), verb)
    by = next((child for child in told.children if child.dep_ in ("nsubj", "nsubjpass")), told)
    return about.pos_ == "PRON" or by.lemma_.lower() in lexicon.OFFICIAL_SPEAKERS


def _conditional(clause: Token) -> bool:
    return any(
        (part.dep_ in ("mark", "advmod") and part.lower_ in lexicon.CONDITIONS) or part.dep_ == "neg" for part in clause.children
    ) or (clause.lower_ in ("provided", "supposing", "assuming", "unless"))


def _framed_plainly(verb: Token, agent: bool) -> bool:
    """Whether every clause around the verb lets it stand as said."""
    token = verb
    while token.dep_ != "ROOT" and token.head != token:
        parent = token.head
        if parent.pos_ == "NOUN" and parent.lemma_ in _REPORTING_NOUNS and token.dep_ in ("acl", "relcl", "ccomp"):
            return False
        if token.dep_ in ("ccomp", "parataxis", "csubj", "csubjpass", "acomp"):
            if not _reports_plainly(parent, token):
                return False
        elif token.dep_ == "advcl" and _conditional(token):
            return False
        elif token.dep_ in ("relcl", "acl", "conj", "advcl", "pcomp", "xcomp") and parent.pos_ in ("VERB", "AUX"):
            if token.dep_ in ("xcomp", "pcomp") and parent.lemma_ not in ("begin", "start"):
                return False
            if token.dep_ == "advcl" and not agent and not _own_words_are_plain(parent, agent):
                return False
        token = parent
    return True


def _reports_plainly(report: Token, clause: Token) -> bool:
    """Whether `report` hands on `clause` as a fact, from somebody in a position to know."""
    if report.pos_ not in ("VERB", "AUX"):
        return False
    if clause.i < report.i and clause.dep_ in ("ccomp", "parataxis") and report.lemma_ not in lexicon.REPORTS:
        # Two main clauses side by side: "The label is free for members, otherwise it costs $6.95."
        return any(child.dep_ in ("nsubj", "nsubjpass") for child in clause.children)
    if report.lemma_ not in lexicon.FACTUAL_REPORTS or any(
        child.dep_ in ("neg", "aux") and child.lower_ not in ("has", "have", "had", "was", "is", "were")
        for child in report.children
    ):
        return False
    speakers = [child for child in report.children if child.dep_ in ("nsubj", "nsubjpass")]
    return not any(_doubtful(speaker) for speaker in speakers)


def _doubtful(speaker: Token) -> bool:
    if speaker.lower_ in ("i", "you", "some", "many", "others", "he", "she") and speaker.lower_ not in ("he", "she"):
        return True
    lemma = speaker.lemma_.lower()
    if lemma in lexicon.DOUBTED_SPEAKERS or (lemma in _REPORTING_NOUNS and lemma not in lexicon.OFFICIAL_SPEAKERS):
        return True
    nameless = any(child.dep_ == "det" and child.lower_ in ("a", "an", "one", "some") for child in speaker.children)
    return nameless and speaker.lemma_.lower() not in lexicon.OFFICIAL_SPEAKERS


def _doubted_speaker(according: Token) -> bool:
    to = next((child for child in according.children if child.dep_ == "prep"), according)
    return any(child.dep_ == "pobj" and _doubtful(child) for child in to.children)
