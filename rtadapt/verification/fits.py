"""Whether an answer is what an English question asks for, and belongs to what it asks about.

Owns the slots of questions, the roles in a clause (who did it, to whom), and which of several like values in a sentence goes
with which name or qualifier. Takes the answer's spot in a parsed sentence and the question; gives yes or no.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rtadapt.reading.values import canonical, numbers_in
from rtadapt.verification import cues
from rtadapt.verification.operators import verb_of
from rtadapt.verification.question import Asked, is_name, terms_of
from rtadapt.words import flat_words, stem, word_set

if TYPE_CHECKING:
    from spacy.tokens import Span

_VALUES = frozenset(("DATE", "TIME", "MONEY", "PERCENT", "CARDINAL", "ORDINAL", "QUANTITY"))
_TIMELY = word_set(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december today tomorrow yesterday tonight morning afternoon evening night noon midnight week month year
    day hour minute spring summer autumn winter fall season decade century weekend after before during when while since until
    now soon ago next last late early end start beginning christmas easter once as earlier later quarter date"""
)
_SHARES = word_set("percentage percent share proportion amount")
_COUNTED = word_set(
    """age price score magnitude size speed cost result temperature height length rate record total vote margin number figure
    level fee sum value distance weight version model room gate platform page period deadline term duration grade rank position
    place channel line code interval point stage phase round seed limit discount fine part time error step port size"""
)
_AMOUNTS = word_set(
    "dozen dozens several none all both half twice once few hundreds thousands millions no zero double couple free nothing"
)
_COMPARED = re.compile(
    r"\b(?:compared (?:with|to)|up from|down from|versus|against|from|instead of|rather than|than)\s+"
    r"(?:about |some |around |a |an |the )*$",
    re.IGNORECASE,
)
_EARLIER = re.compile(
    r"^\W*(?:\w+\W+){0,3}?(?:a (?:year|month|week|quarter) (?:earlier|ago|before)|last (?:year|month|week|season)"
    r"|previously|the (?:year|month|previous)\w* before)",
    re.IGNORECASE,
)
_ASKS_BOUND = re.compile(r"\b(?:fewer|less|under|below|up to|at most|most|maximum|limit|within|long|top)\b")


def spot_of(sentence: Span, answer: str) -> Span | None:
    """The tokens of `sentence` that are the answer, however it is spelled; the shortest such run."""
    wanted = list(canonical(answer))
    while len(wanted) > 1 and wanted[0] in ("on", "in", "at", "by", "to", "from", "for", "it", "is"):
        del wanted[0]
    longest = len(flat_words(answer)) + 5
    for length in range(1, min(longest, len(sentence)) + 1):
        for start in range(len(sentence) - length + 1):
            if list(canonical(sentence[start : start + length].text)) == wanted:
                return sentence[start : start + length]
    return None


def slot(spot: Span, asks: Asked) -> bool:
    """Whether the answer is of the kind that the question asks for."""
    head = spot.root
    if (
        asks.kind in ("who", "what")
        and asks.doc[:].root.lemma_ == "be"
        and head.pos_ == "VERB"
        and any(child.dep_ in ("aux", "auxpass") for child in head.children)
    ):
        return False
    text = spot.text.casefold()
    held = set(re.findall(r"[^\W\d]+", text))
    if asks.kind in ("who", "whom"):
        indefinite = any(child.dep_ == "det" and child.lower_ in ("a", "an") for child in head.children)
        if indefinite and head.pos_ == "NOUN" and re.match(r"who(?: is|'s|’s) the\b", asks.doc.text.casefold()):
            return False  # the owner is nobody in particular: that is said of somebody else
        timely = all(token.ent_type_ in _VALUES for token in spot if not token.is_punct)
        return head.pos_ in ("NOUN", "PROPN", "PRON", "NUM", "X", "ADJ") and not timely and not _adverbial(spot)
    if asks.kind == "when":
        return bool(held & _TIMELY or {word.rstrip("s") for word in held} & _TIMELY or re.search(r"\d", text))
    if asks.kind in ("how_many", "how_much", "how_old", "how_far"):
        return bool(numbers_in(text) or held & _AMOUNTS)
    if asks.kind in ("which", "what") and (noun := _noun_asked(asks)) and noun not in _TIMELY | _COUNTED:
        if noun in _SHARES:
            return bool(numbers_in(text))
        return not all(token.ent_type_ in _VALUES for token in spot if token.is_alpha or token.like_num)
    if asks.kind == "where":
        return not all(token.ent_type_ in _VALUES | {"PERSON"} for token in spot if token.is_alpha or token.like_num)
    return True


def _noun_asked(asks: Asked) -> str:
    """The noun of `which town` or `what share`; empty when nothing is named so."""
    found = (
        token.head for token in asks.doc if token.lower_ in ("which", "what") and token.dep_ == "det" and token.i < token.head.i
    )
    return next((noun.lemma_.lower() for noun in found), "")


def _adverbial(spot: Span) -> bool:
    """Whether the words say how somebody is, not who: injured, under pressure."""
    first = spot[0]
    hung = spot.root.head if spot.root.dep_ in ("appos", "compound") and not is_name(spot.root.head) else spot.root
    if hung.dep_ == "pobj" and hung.head.lower_ in ("in", "at", "on", "near", "inside", "outside"):
        return True
    return (first.pos_ == "ADP" and first.dep_ == "prep") or (
        spot.root.pos_ == "ADJ" and not any(is_name(token) for token in spot) and spot.root.dep_ == "acomp"
    )


def part_of_measure(spot: Span, asks: Asked) -> bool:
    """Whether the number is only by how much something differs or changed, or a bound, while the question asks how much it is."""
    if not numbers_in(spot.text):
        return False
    sentence = spot.sent
    after = list(sentence.doc[spot.end : min(spot.end + 2, sentence.end)])
    before = sentence.doc[sentence.start : spot.start].text.casefold()
    leading = bool(after) and (after[0].lower_ in cues.COMPARATIVES or after[0].pos_ not in ("ADP", "PUNCT", "CCONJ"))
    if leading and any(token.lower_ in cues.COMPARATIVES for token in after) and not _compares(asks):
        return True
    bounded = re.search(rf"\b(?:{'|'.join(cues.AT_MOST)})\s+(?:\W|us)*$", before + " ")
    if bounded and not _ASKS_BOUND.search(asks.doc.text.casefold()):
        return not spot.text.casefold().startswith(cues.AT_MOST)
    verb = verb_of(spot.root)
    if verb.lemma_.lower() in cues.CHANGES and not _compares(asks) and not asks.covered([stem(verb.lemma_.lower())]):
        hung = spot.root if spot.root.dep_ in ("dobj", "npadvmod", "pobj") else spot.root.head
        return (hung.dep_ == "pobj" and hung.head.lower_ == "by") or (hung.dep_ in ("npadvmod",) and hung.head == verb)
    return False


def _compares(asks: Asked) -> bool:
    return asks.carries(
        cues.COMPARATIVES
        | cues.CHANGES
        | word_set("difference change differ save discount expensive cheap cheaper percent increase by")
    )


def left_behind(spot: Span, asks: Asked) -> bool:
    """Whether the value is the one that another is compared with: up from 15, 6 million a year earlier."""
    if not numbers_in(spot.text) or asks.carries(
        cues.BACKWARD | frozenset(("from", "before", "initially", "originally", "start", "old"))
    ):
        return False
    sentence = spot.sent
    before = sentence.doc[sentence.start : spot.start].text_with_ws
    after = sentence.doc[spot.end : sentence.end].text
    if re.match(r"from\b", spot.text.casefold()):
        return False
    compared = _COMPARED.search(before)
    if compared and compared.group().casefold().startswith("from"):
        return bool(re.match(r"^\W*(?:\w+\W+){0,3}?to\W+\S*\d", after)) and verb_of(spot.root).lemma_.lower() in cues.CHANGES
    if compared and not asks.carries(frozenset(("than", "more", "less", "fewer", "over", "least", "most"))):
        more = re.search(r"\b(?:more|less|fewer|rather) than\s+(?:\w+ ){0,2}$", before, re.IGNORECASE)
        return not more and not compared.group().casefold().startswith(("than", "against", "versus"))
    return bool(_EARLIER.match(after))


def other_holder(spot: Span, asks: Asked) -> bool:
    """Whether the answer holds another office than is asked for: deputy mayor, one of the owners, a director."""
    subtree = list(spot.root.subtree)
    near = (
        {*subtree, *spot.root.head.subtree}
        if spot.root.dep_ in ("appos", "compound", "nsubj", "attr", "nsubjpass")
        else set(subtree)
    )
    for token in near:
        if (
            token.pos_ not in ("NOUN", "PROPN")
            or not asks.covered(terms_of([token]))
            or (is_name(token) and token.lemma_.lower() in asks.names)
        ):
            continue
        words = {child.lower_ for child in token.children} | {token.nbor(-1).lower_ if token.i else ""}
        if words & cues.UNLIKE and not asks.carries(frozenset(words & cues.UNLIKE)):
            return True
        several = token.head.lower_ == "of" and token.head.head.lower_ in ("one", "some", "two", "many", "member")
        single = re.search(rf"\bthe (?:\w+ )?{re.escape(token.lemma_.lower())}\b", asks.doc.text.casefold())
        if several and single:
            return True
    return False


def held_by_other(spot: Span, asks: Asked) -> bool:
    """Whether the sentence gives the office that is asked for to another name: a friend of director Paolo Neri."""
    if asks.kind != "who":
        return False
    holders: list[set[int]] = []
    for token in spot.sent:
        if (
            (is_name(token) and token.pos_ == "PROPN")
            or token.pos_ not in ("NOUN", "PROPN")
            or token.lemma_.lower() not in asks.lemmas
        ):
            continue
        names = [token.head] if token.dep_ in ("compound", "appos", "nmod") and is_name(token.head) else []
        names += [child for child in token.children if child.dep_ == "appos" and is_name(child)]
        if not names:
            return False
        holders += [
            {name.i, *(child.i for child in name.children if is_name(child))} for name in names if name.ent_type_ != "ORG"
        ]
    return bool(holders) and not any(held & set(range(spot.start, spot.end)) for held in holders)


def former(spot: Span, asks: Asked) -> bool:
    """Whether the noun that the question asks about is called a former one beside the answer."""
    if asks.carries(cues.FORMER | cues.BACKWARD):
        return False
    nouns = {*spot, spot.root}
    if spot.root.dep_ in ("appos", "compound", "attr") or any(child.dep_ in ("appos", "attr") for child in spot.root.children):
        nouns |= {spot.root.head, *spot.root.head.children, *spot.root.children}
    for token in spot.sent:
        if (
            re.match(r"(?:ex|then|former)-\w", token.lower_)
            and (token in nouns or token.head in nouns)
            and asks.covered(terms_of([token]))
        ):
            return True
        if token.lower_ not in cues.FORMER or not ({token.head, token.head.head} & nouns or token in spot):
            continue
        if token.dep_ in ("amod", "advmod", "compound", "nmod", "punct", "npadvmod") and token.head.pos_ in ("NOUN", "PROPN"):
            held_by = {word.lower_ for word in token.head.subtree if is_name(word) and word not in spot}
            if held_by and not held_by & asks.names:
                continue  # elsewhere: "Ana Ruiz, a former Norrail executive", of whoever names her
            said = token.head.pos_ == "PROPN" or asks.covered(terms_of([token.head])) or asks.doc[:].root.lemma_ == "be"
            return bool(said) and asks.kind != "how_old"
    return False
