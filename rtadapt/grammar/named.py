"""Which words of a parse are a name: the name beside a common noun, the number at its end, the role before it, what cuts one.

Takes spaCy tokens; gives tokens or yes and no. `phrases` makes phrases of them.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from rtadapt.grammar.inflection import is_word
from rtadapt.grammar.kinds import is_person_noun
from rtadapt.grammar.lexicon import DROPPED_ADVERBS, ORG_NOUNS
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token

_NUMERIC = frozenset(["", "CARDINAL", "ORDINAL", "DATE", "TIME", "MONEY", "PERCENT", "QUANTITY"])
_TENS = frozenset(["tens", "dozens", "hundreds", "thousands"])
QUOTES = '"“”«»'
_FIRM_KINDS = word_set(
    """rival airline retailer carmaker chipmaker automaker drugmaker maker manufacturer startup start-up supplier insurer
    lender operator carrier broadcaster brewer brewery"""
)
_OFFICE = word_set(
    """executive officer financial operating technology technical information marketing medical scientific legal product people
    justice minister general secretary inspector constable scientist economist engineer negotiator"""
)


def named_by(head: Token) -> Token:
    """The name that a common noun goes with: "her husband, the painter Owen Dunne" is about Owen Dunne; else the noun."""
    if head.pos_ != "NOUN" or head.tag_ == "NNS" or any(child.dep_ == "conj" for child in head.children):
        return head
    some = any(child.lower_ in ("a", "an", "one", "another", "some") for child in head.lefts)
    for child in head.rights:
        if child.dep_ == "appos" and child.pos_ in ("PROPN", "NOUN") and not (some and _goes_on(child)):
            found = named_by(child)
            if found.pos_ == "PROPN" and not any(part.dep_ == "conj" for part in found.children):
                return found
        if child.dep_ == "acl" and child.lower_ in ("named", "called", "dubbed", "known"):
            for part in child.rights:
                if part.dep_ in ("oprd", "dobj", "attr") and part.pos_ == "PROPN":
                    return part
    return head


def _goes_on(name: Token) -> bool:
    """Whether more than a comma follows a name beside "a successor": then it may be one of a list."""
    last = name.i + (numbers(name.nbor(1)) if name.i + 1 < len(name.doc) else 0)
    return last + 1 < len(name.doc) and name.doc[last + 1].text not in ",.;"


def numbers(token: Token) -> bool:
    """Whether a number is the last part of the name before it: the "4" of "the Lumo 4"."""
    return (
        bool(token.like_num) and token.text.isdigit() and token.i > 0 and token.nbor(-1).pos_ == "PROPN" and token.dep_ == "appos"
    )


def several(head: Token) -> bool:
    """Whether something is joined to a noun that is not of its own name, as "Co" is of "Crumb & Co"."""
    return any(child.dep_ == "conj" for child in head.rights) and not any(child.text == "&" for child in head.rights)


def says_which(name: Token) -> bool:
    """Whether a name stands close behind the noun that it goes with: "of the ferry operator Blueline"."""
    return bool(name.pos_ == "PROPN" and name.head.pos_ == "NOUN" and name.left_edge.i == name.head.i + 1)


def says_what(noun: Token, name: Token) -> bool:
    """Whether the first of two subjects is what the second is: "The supermarket chain Dagmart"."""
    kind = noun.lemma_.lower() in ORG_NOUNS or is_person_noun(noun.lemma_.lower())
    the = any(child.lower_ == "the" for child in noun.lefts)
    return bool(kind and the and noun.pos_ == "NOUN" and name.pos_ == "PROPN" and name.left_edge.i == noun.i + 1)


def follows_close(name: Token, head: Token) -> bool:
    """Whether a name stands close behind another noun of a phrase than its head: "shares in chipmaker Veltron"."""
    before = name.left_edge.nbor(-1) if name.left_edge.i else name
    return bool(name.pos_ == "PROPN" and before.pos_ == "NOUN" and before != head and before in head.subtree)


def describes(token: Token) -> bool:
    """Whether a sentence begins with a role that stands before a name: "Midfielder Joao Seixas", "Rival Corbeau"."""
    role = is_person_noun(token.lower_) or token.lower_ in _FIRM_KINDS or token.lower_.endswith("maker")
    return role and bool(token.is_sent_start) and token.i + 1 < len(token.doc) and token.nbor(1).text[:1].isupper()


def after_office(tokens: list[Token]) -> list[Token]:
    """A name without the title that it begins with, and what else belongs to it: "Chief Financial Officer Ana Ruiz"."""
    rest = tokens[1:]
    while len(rest) > 1 and rest[0].lower_ in _OFFICE:
        rest = rest[1:]
    return rest


def names_left_out(run: list[Token], head: Token) -> bool:
    """Whether an answer would lack what is joined to it or the names it stands for: "protesters Ann Holt, 21, and Bo Reed"."""
    inside = {token.i for token in run}
    return any(
        child.i not in inside
        and (child.dep_ == "conj" or (child.dep_ == "appos" and child.pos_ == "PROPN" and head.tag_ == "NNS"))
        for child in head.rights
        if child.pos_ in ("NOUN", "PROPN", "NUM")
    )


def cut_off(name: Token) -> bool:
    """Whether the parser cut the end off a name such as "Marlowe's", since nothing follows that it owns."""
    return name.dep_ != "poss" and any(child.tag_ == "POS" and child.i == name.i + 1 for child in name.rights)


def cut_title(tokens: list[Token]) -> bool:
    """Whether the words begin a title in quotation marks that a colon divides: “Thor: Love and …”. The parser cuts it there."""
    first = tokens[0]
    if first.i == 0 or first.nbor(-1).text not in QUOTES or sum(token.text in QUOTES for token in first.doc[: first.i]) % 2 == 0:
        return False
    title = itertools.takewhile(lambda token: token.text not in QUOTES, first.doc[first.i :])
    return any(token.text in (":", ";") for token in title)


def owns_the_name(owner: Token, head: Token) -> bool:
    """Whether what a name owns is no name without it: "Newton's First Law", "Rupert's Land"; not "France's Emmanuel Macron"."""
    owned = [token for token in head.doc[owner.i + 1 : head.i + 1] if token.tag_ != "POS"]
    plain = bool(owned) and all(token.pos_ in ("ADJ", "NOUN", "PROPN") and is_word(token.lower_) for token in owned)
    return owner.pos_ == "PROPN" and head.ent_type_ != "PERSON" and plain and not is_person_noun(head.lower_)


def torn(run: list[Token], head: Token) -> bool:
    """Whether a quotation mark cuts the run off from more of its phrase."""
    first = run[0]
    return (
        first.i > 1 and first.nbor(-1).text in QUOTES and first.nbor(-2) in head.subtree and first.nbor(-2).text not in (",", "(")
    )


def titled(token: Token) -> bool:
    """Whether a word is a name by how it is written: a capital inside ("TikTok"), or first in quotation marks."""
    if any(sign.isupper() for sign in token.text[1:]) and any(sign.islower() for sign in token.text):
        return True
    return token.text[:1].isupper() and token.i > 0 and token.nbor(-1).text in QUOTES and token.pos_ != "DET"


def opens_a_title(token: Token) -> bool:
    """Whether an article is the first word of a title in quotation marks."""
    return token.i > 0 and token.text[:1].isupper() and token.nbor(-1).text in QUOTES and token.ent_type_ == "WORK_OF_ART"


def uncapitalised(token: Token) -> str:
    """A word as it stands inside a sentence: the capital of a sentence's beginning taken off common words."""
    plain = not token.ent_type_ and token.pos_ == "PROPN" and token.tag_ == "NNPS"
    named = (token.pos_ == "PROPN" and not plain) or (token.pos_ != "DET" and token.ent_type_ not in _NUMERIC)
    several = token.tag_ == "NNS" and token.i + 1 < len(token.doc) and token.nbor(1).pos_ in ("AUX", "VERB")  # "Schools will"
    if several or token.lower_ in _TENS:
        named = False
    if token.is_sent_start and not named and token.text[1:].islower() and token.text != "I" and _common(token):
        return str(token.lower_)
    return "a" if token.is_sent_start and token.text == "A" and token.pos_ == "DET" else str(token.text)


def _common(token: Token) -> bool:
    """Whether a capitalised word is one of the language's, and not a name that the tagger took for a noun."""
    if token.pos_ in ("DET", "ADP", "PRON", "SCONJ", "ADV", "CCONJ", "NUM") or token.like_num or token.lower_ in _TENS:
        return True
    return is_word(token.lower_)


def still_or_now(word: Token) -> bool:
    """Whether a word before a role or thing only says that it is so now: "currently principal conductor"."""
    return word.dep_ == "advmod" and word.lower_ in DROPPED_ADVERBS


def team(name: Token) -> bool:
    """Whether a name is that of a team or group, by its article and its plural: "the Ravens"."""
    before = name.nbor(-1) if name.i else name
    return (
        name.pos_ == "PROPN"
        and name.ent_type_ in ("PERSON", "NORP", "ORG", "")
        and bool(name.text[:1].isupper() and name.text.endswith("s") and not name.text.endswith("ss"))
        and before.lower_ == "the"
    )


def contiguous(tokens: list[Token], head: Token) -> list[Token]:
    """The run of tokens around `head` without a gap."""
    at = next((index for index, token in enumerate(tokens) if token.i == head.i), None)
    if at is None:
        return []
    start = end = at
    while start > 0 and tokens[start - 1].i == tokens[start].i - 1:
        start -= 1
    while end + 1 < len(tokens) and tokens[end + 1].i == tokens[end].i + 1:
        end += 1
    return tokens[start : end + 1]


def between(token: Token, head: Token) -> list[Token]:
    """The tokens from one up to the head that it hangs from, without the head."""
    found = [token]
    while found[-1] != head and found[-1].head != found[-1]:
        found.append(found[-1].head)
    return found[:-1]
