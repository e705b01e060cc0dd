"""From a noun in a parse to a phrase: its words with references resolved, its span, and what kind of thing it names.

Takes spaCy tokens and the references that `coreference` found; gives `Phrase`. It decides no question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rtadapt.grammar import lexicon
from rtadapt.grammar.inflection import is_word
from rtadapt.grammar.kinds import SCORE, YEAR, is_person_noun, kind_of, named_kind
from rtadapt.grammar.named import (
    QUOTES,
    after_office,
    between,
    contiguous,
    cut_off,
    cut_title,
    describes,
    follows_close,
    named_by,
    names_left_out,
    numbers,
    opens_a_title,
    owns_the_name,
    says_which,
    several,
    still_or_now,
    team,
    titled,
    torn,
    uncapitalised,
)
from rtadapt.grammar.owners import owned, settled

if TYPE_CHECKING:
    from spacy.tokens import Token
References = Mapping[int, str]
"""By the token's place in its text: what the reference stands for, empty when nobody can tell."""
_COLLECTIVE = frozenset(["crew", "staff", "aircraft", "police", "personnel", "people"])


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase. `text` stands by itself, `answer` is its span in the story; `kind` is what it names."""

    text: str
    answer: str
    kind: str
    noun: str
    plural: bool = False
    named: bool = False
    count: str = ""
    counted: str = ""
    resolved: bool = True


def spelled(tokens: Iterable[Token], references: References) -> str:
    """The tokens as text, each reference in the words of what it stands for."""
    pieces: list[str] = []
    last = None
    for token in tokens:
        if last is not None and (last.i != token.i - 1 or last.whitespace_):
            pieces.append(" ")
        word = references.get(token.i, uncapitalised(token) if last is None else token.text)
        if token.i in references and token.tag_ == "PRP$" and word != "my":
            word = owned(word, token.lower_)
        pieces.append(word)
        last = token
    text = re.sub(r"\s+", " ", re.sub(r"\(\s*\)", "", "".join(pieces))).strip(" ,;:-–—")
    text = re.sub(r",(?:\s*,)+", ",", text)
    text = re.sub(r"\s+([,.;:!?)%])", r"\1", text)
    return re.sub(r"\ba(?= [aeio]\w)", "an", re.sub(r"\s+(['’]s?\b)", r"\1", text))


def replaced(head: Token, references: References) -> bool:
    """Whether the whole noun phrase of `head` is a reference that was resolved as one."""
    return head.i in references and head.pos_ != "PRON"


def kept(head: Token, references: References, without: frozenset[int] = frozenset()) -> list[Token]:
    """The tokens of the phrase, without asides: appositions, clauses after a comma or a name, `without` and all under it."""
    dropped: set[int] = set()
    for token in head.subtree:
        aside = (
            token.i in without
            or (
                token.dep_ in ("appos", "parataxis")
                and not numbers(token)
                and not (token.head != head and says_which(token))
                and not follows_close(token, head)
            )
            or (token.dep_ in ("relcl", "acl", "advcl", "prep", "amod", "npadvmod", "conj") and _after_comma(token))
        )
        if token.dep_ == "relcl" and token.head.pos_ == "PROPN":
            aside = True
        elif token.dep_ == "relcl" and token.left_edge.lower_ == "that":
            aside = token.i in without
        if token.dep_ == "conj" and not SCORE.match(token.text):
            aside = token.pos_ in ("VERB", "AUX") or _another_deed(token)
        if SCORE.match(token.text) and token != head:
            dropped.add(token.i)
        if token.dep_ in ("predet", "preconj") or (
            token.dep_ == "advmod" and token.head == head and token.i > head.i and head.pos_ in ("NOUN", "PROPN")
        ):
            aside = True
        if token.text in QUOTES or (token == head.left_edge != head and head.pos_ == "NOUN" and still_or_now(token)):
            dropped.add(token.i)
        if aside and token != head:
            dropped.update(part.i for part in token.subtree)
        if token != head and replaced(token, references):
            dropped.update(part.i for part in token.lefts)
    if replaced(head, references):
        dropped.update(part.i for child in head.lefts for part in child.subtree)
        dropped.update(part.i for child in head.rights if child.dep_ in ("acl", "relcl", "appos") for part in child.subtree)
    left = [token for token in head.subtree if token.i not in dropped]
    while left and (left[-1].is_punct or left[-1].dep_ in ("cc", "preconj")) and left[-1].text not in "\"”'’)%":
        left.pop()
    while len(left) > 2 and left[0].dep_ == "advmod" and left[1].text == ",":
        left = left[2:]
    while left and (left[0].dep_ in ("cc",) or left[0].text in (",", ";", ":", "—", "-", "–", "(")):
        left.pop(0)
    return left


def _another_deed(noun: Token) -> bool:
    """Whether the parser took a second participle for a quality: "destroying homes and forcing evacuations"."""
    deed = noun.left_edge
    done = next((up for up in noun.ancestors if up.pos_ in ("VERB", "AUX")), noun)
    return bool(deed.tag_ == "VBG" and deed.dep_ == "amod" and done.tag_ == "VBG" and done.dep_ == "advcl")


def _after_comma(token: Token) -> bool:
    first = token.left_edge
    return first.i > 0 and first.nbor(-1).text in (",", "—", "–", "-", "(", ";") and first.i > token.head.i


def phrase(
    head: Token, references: References, names: Mapping[str, str], without: frozenset[int] = frozenset(), own: bool = False
) -> Phrase | None:
    """The phrase of `head`, or None when it holds a reference that can't be resolved."""
    if SCORE.match(head.text):
        head, whole = _beaten(head, names)
        if whole is not None:
            return whole
    if head.i not in references and not own:
        head = named_by(head)
    tokens = kept(head, references, without)
    if cut_off(head):
        return None
    if not tokens or any(references.get(token.i) == "" for token in tokens) or cut_title(tokens):
        return None
    if any(
        token.pos_ == "PRON" and token.i not in references and token.lower_ in lexicon.PRONOUNS and not _relates(token, head)
        for token in tokens
    ):
        return None
    run = contiguous(tokens, head)
    tokens = _bare_name(tokens, head, references, names)
    text = spelled(tokens, references)
    if tokens[-1] == head and any(child.dep_ == "poss" and child.lemma_ in lexicon.TIME_NOUNS for child in head.lefts):
        text = f"the {text}" if tokens[0].pos_ == "PROPN" else text  # "this year's Harrow Prize"
    kind = kind_of(head, text, names)
    if head.i in references:
        last = references[head.i].split()[-1]
        kind = (
            "person"
            if head.lower_ in ("he", "she", "him", "her")
            else names.get(last.casefold(), kind if kind != "name" else "name")
        )
    if head.pos_ != "PROPN" and run and tokens[-1].i > run[-1].i:
        run = [token for token in run if token.i <= head.i]
    answer = references.get(head.i) or _answer(run, head, kind)
    if head.i not in references and any(
        token.i in references and token.pos_ not in ("PRON", "DET") and token.tag_ != "PRP$" for token in run
    ):
        answer = settled(text)
    if head.i not in references and any(token.i in references for token in run) and not answer:
        return None
    count, counted = _count(head, tokens, references)
    return Phrase(
        text=text,
        answer=answer,
        kind=kind,
        noun=head.lemma_.lower() if head.pos_ != "PROPN" else head.text,
        plural=_plural(head),
        named=any((token.pos_ == "PROPN" and token.ent_type_ not in ("DATE", "TIME")) or titled(token) for token in tokens)
        or any(word[:1].isupper() for word in references.get(head.i, "").split()[1:] + references.get(head.i, "").split()[:1])
        or any(token.i in references and references[token.i] not in ("I", "my", "me") for token in tokens),
        count=count,
        counted=counted,
    )


def _beaten(score: Token, names: Mapping[str, str]) -> tuple[Token, Phrase | None]:
    """Whom the parser took into a score, "beat the Kestrels 27-20": the noun, and its phrase where that is a name."""
    found = [child for child in score.lefts if child.pos_ in ("PROPN", "NOUN") and child.dep_ in ("compound", "nmod")]
    teams = [child for child in found if child.pos_ == "PROPN"]
    if len(teams) < 2 and not (found and team(found[0])):
        return (found[0] if found else score), None
    first, last = (teams[0].left_edge, teams[-1]) if len(teams) > 1 else (found[0], found[0])
    before = first.nbor(-1) if first.i and first.pos_ != "DET" else first
    name = score.doc[first.i + (first.pos_ == "DET") : last.i + 1].text
    text = f"the {name}" if before.lower_ == "the" else name
    return score, Phrase(text, name, names.get(last.text.casefold(), "name"), last.text, team(last), named=True)


def _relates(token: Token, head: Token) -> bool:
    """Whether a pronoun is that of a relative clause, and so means the noun itself."""
    return token != head and token.tag_ in ("WDT", "WP", "WP$")


def _person_name(tokens: list[Token], head: Token) -> list[Token]:
    """A person's name without the titles and roles before it."""
    named = [token for token in tokens if token.ent_type_ == "PERSON" and token.i <= head.i]
    if named and named[-1] == head and all(later.i == earlier.i + 1 for earlier, later in pairwise(named)):
        tokens = named + [token for token in tokens if token.i > head.i]
    last = max((index for index, token in enumerate(tokens) if token.text in lexicon.TITLES and token.i < head.i), default=-1)
    tokens = after_office(tokens[last:]) if last >= 0 else tokens
    while len(tokens) > 1 and (describes(tokens[0]) or (len(tokens) > 2 and is_person_noun(tokens[0].lower_))):
        tokens = tokens[1:]
    return tokens


def _plural(head: Token) -> bool:
    joined = any(child.dep_ == "conj" for child in head.rights) and any(child.lower_ == "and" for child in head.rights)
    return (head.tag_ in ("NNS", "NNPS") and not (head.tag_ == "NNPS" and head.ent_type_)) or joined


def _answer(run: list[Token], head: Token, kind: str) -> str:
    if not run or torn(run, head) or names_left_out(run, head):
        return ""
    if head.pos_ == "PROPN" and head.text[:1].isupper() and not several(head):
        inside = [token for token in run if not _loose(token, head)]
        run = contiguous(inside, head) or run
        if kind == "person":
            run = _person_name(run, head)
        while (
            len(run) > 1
            and (
                (run[0].text in lexicon.TITLES and kind != "name")
                or (run[0].pos_ == "DET" and kind != "date" and not opens_a_title(run[0]))
                or describes(run[0])
            )
            and run[0].i != head.i
        ):
            run = run[1:]
    elif len(run) > 10:
        near = [
            token
            for token in run
            if token.i <= head.i or any(up.dep_ == "prep" and up.lower_ == "of" for up in between(token, head))
        ]
        run = contiguous(near, head)
    while run and run[-1].text in (",", ";", "and", "or"):
        run = run[:-1]
    if len(run) > 1 and run[0].tag_ == "PRP$":
        run = run[1:]
    return "".join(token.text_with_ws for token in run).strip(' ,;"“”')


def _bare_name(tokens: list[Token], head: Token, references: References, names: Mapping[str, str]) -> list[Token]:
    """Of a phrase with a name as its head, the name itself, without titles, roles and descriptions."""
    if (
        head.pos_ == "PROPN"
        and head.text[:1].isupper()
        and not (head.is_sent_start and not head.ent_type_ and is_word(head.lower_))
        and head.i not in references
        and not several(head)
    ):
        roles = [token.i for token in tokens if _loose(token, head) and token.i < head.i and token.pos_ == "NOUN"]
        name = roles[-1] + 1 if roles and head.tag_ != "NNPS" else 0
        kept_by_name = (token for token in tokens if token.i >= name)
        tokens = [token for token in kept_by_name if (token.pos_ == "DET" and token.head == head) or not _loose(token, head)]
        while len(tokens) > 1 and tokens[1].pos_ == "PROPN" and (tokens[0].text in lexicon.TITLES or describes(tokens[0])):
            tokens = after_office(tokens) if tokens[0].text in lexicon.TITLES else tokens[1:]
        if named_kind(head, names) == "person":
            tokens = _person_name(tokens, head)
        broken = len(tokens) > 1 and any(token.pos_ == "NOUN" for token in head.doc[tokens[0].i + 1 : tokens[1].i])
        apart = len(tokens) > 1 and tokens[1].i > tokens[0].i + 1
        if tokens[0].pos_ == "DET" and (broken or (apart and names.get(head.text.casefold()) == "person")):
            tokens = tokens[1:]
    return tokens


def _loose(token: Token, head: Token) -> bool:
    """Whether a token belongs to something hung onto a name that isn't the name itself: in Cheyenne, with its role before it."""
    chain = between(token, head)
    if not chain:
        return False
    top = chain[-1]
    if top.i > head.i:
        if top.dep_ == "prep" and any(sign.isdigit() for sign in head.text):
            return False
        return top.dep_ in ("prep", "acl", "relcl", "amod", "punct") and not (
            top.lower_ in ("of", "for", "and") and (token.ent_iob_ == "I" or (top.lower_ == "of" and head.ent_type_ != "PERSON"))
        )
    same = head.ent_type_ and top.ent_type_ == head.ent_type_ and top.ent_iob_ != "O"
    if top.dep_ == "amod" and (head.tag_ == "NNPS" or top.tag_ in ("JJS", "JJR") or top.lower_ in lexicon.RANKS):
        return False
    if top.dep_ == "amod" and head.ent_type_ != "PERSON" and any(child.dep_ == "det" for child in head.lefts):
        return False
    if top.dep_ == "poss" and owns_the_name(top, head):
        return False
    return top.dep_ in ("poss",) or (
        top.dep_ in ("compound", "nmod", "amod", "det") and (not top.text[:1].isupper() or top.text.endswith("-old")) and not same
    )


def _count(head: Token, tokens: list[Token], references: References) -> tuple[str, str]:
    """How many, and of what, when a plural noun is counted."""
    if head.tag_ != "NNS" and head.lower_ not in _COLLECTIVE:
        return "", ""
    number = next((child for child in head.lefts if child.dep_ == "nummod"), None)
    if (
        number is None
        or number.text in ("one", "One")
        or any(child.dep_ in ("det", "poss") for child in head.lefts)
        or YEAR.match(number.text)
    ):
        return "", ""
    of_number = {token.i for token in number.subtree}
    alone = any(child.dep_ == "conj" and any(part.like_num for part in child.subtree) for child in head.rights)
    joined = {part.i for child in head.rights if alone and child.dep_ in ("conj", "cc") for part in child.subtree}
    rest = [token for token in tokens if token.i not in of_number | joined]
    if not rest or rest[0].i < number.i:
        return "", ""
    run = [token for token in tokens if token.i in of_number]
    return "".join(token.text_with_ws for token in run).strip(), spelled(rest, references)
