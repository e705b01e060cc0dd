"""What an English question asks for, by parse.

Owns the kind of a question, the names and content words in it, its tense and its polarity, and which words of it count as
content. Takes a question; gives `Asked`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rtadapt.verification import cues
from rtadapt.verification.english import parse
from rtadapt.words import flat_words, stem, word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

_LIGHT = word_set(
    """be have do get go make take name number people person time kind type thing many much long far old high big large
    according what who which when where why how whose whom please tell know help question answer new current currently now
    will would can could may might should must shall today recently week also still yes no one say call happen come give
    long use need want try let exactly there here news recent person's amount year date day"""
)
_CONTENT = frozenset(("NOUN", "PROPN", "VERB", "ADJ", "NUM", "ADV", "X", "AUX"))
_POLAR = word_set(
    "is are was were do does did has have had can could will would should may might must am isn't aren't don't doesn't"
)
_WH = re.compile(r"\b(how many|how much|how long|how old|how far|how often|who|whom|whose|when|where|why|which|what|how)\b")
_FUTURE = word_set(
    "will shall would plan expect schedule intend due hope upcoming next future tomorrow propose soon want set likely"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """An English question. `terms` are the stems of its content words, names among them; `names` are the words of its names;
    `focus` are the stems of its main verb and of that verb's subject or predicate noun, names and light words aside."""

    doc: Doc
    kind: str
    names: frozenset[str]
    terms: frozenset[str]
    focus: frozenset[str]
    lemmas: frozenset[str]
    future: bool
    past: bool
    negated: bool

    def carries(self, words: frozenset[str]) -> bool:
        """Whether one of `words` is a lemma of the question."""
        return bool(self.lemmas & words)

    def covered(self, terms: Iterable[str]) -> frozenset[str]:
        """The terms of the question that `terms` say, in these or in like words."""
        said = frozenset(terms)
        return frozenset(term for term in self.terms if term in said or any(cues.alike(term, other) for other in said))


@lru_cache(maxsize=256)
def asked(question: str) -> Asked:
    """What `question` asks."""
    doc = parse(question)
    flat = " ".join(word.lower_ for word in doc)
    first = next((token.lower_ for token in doc if token.is_alpha), "")
    found = _WH.search(flat)
    kind = "polar" if first in _POLAR and "or" not in flat.split() else found.group(1).replace(" ", "_") if found else "what"
    verbs = [token for token in doc if token.pos_ in ("VERB", "AUX")]
    lemmas = frozenset(token.lemma_.lower() for token in doc) | frozenset(token.lower_ for token in doc)
    names = frozenset(
        word for token in doc if is_name(token) and not _country_of(token) for word in flat_words(token.text) if word != "s"
    )
    going = any(token.lower_ == "going" and any(child.dep_ == "xcomp" for child in token.children) for token in doc)
    return Asked(
        doc=doc,
        kind=kind,
        names=names,
        terms=terms_of(doc),
        focus=_focus(doc),
        lemmas=lemmas | _particle_verbs(doc),
        future=going or bool(lemmas & _FUTURE),
        past=any(token.tag_ == "VBD" or token.lower_ in ("did", "was", "were", "had") for token in verbs),
        negated=any(token.dep_ == "neg" or token.lower_ in ("never", "no", "nobody", "neither", "not") for token in doc),
    )


def is_name(token: Token) -> bool:
    """Whether a token is part of a name: a proper noun, or a capitalised word or a code inside the sentence."""
    if token.ent_type_ in ("DATE", "TIME", "MONEY", "PERCENT", "CARDINAL", "ORDINAL", "QUANTITY"):
        return False
    if token.lower_ in _LIGHT or token.pos_ == "PRON" or not token.text[:1].isalnum():
        return False
    inside = token.i > token.sent.start and token.text[:1].isupper()
    return token.pos_ == "PROPN" or inside or (any(sign.isdigit() for sign in token.text) and token.text[:1].isalpha())


def terms_of(tokens: Iterable[Token] | Span | Doc) -> frozenset[str]:
    """The stems of the content words among `tokens`."""
    found: set[str] = set()
    for token in tokens:
        lemma = token.lemma_.lower()
        if token.pos_ not in _CONTENT or lemma in _LIGHT or token.lower_ in _LIGHT or token.dep_ in ("aux", "auxpass"):
            continue
        if not is_name(token):
            lemma = lemma if token.pos_ != "PROPN" else token.lower_
        found.update(stem(word) for word in flat_words(token.text if is_name(token) else lemma) if word not in ("s", "one"))
    return frozenset(found)


def _country_of(token: Token) -> bool:
    """Whether a name only says of which country something is: a US city, the Mexican president."""
    return token.ent_type_ in ("GPE", "NORP") and token.dep_ in ("compound", "amod", "nmod") and not is_name(token.head)


def _focus(doc: Doc) -> frozenset[str]:
    root = doc[:].root
    kernel = [
        root,
        *(child for child in root.children if child.dep_ in ("nsubj", "nsubjpass", "attr", "dobj", "xcomp", "ccomp", "acomp")),
    ]
    return terms_of(token for token in kernel if not is_name(token) and token.tag_ not in ("WP", "WDT"))


def _particle_verbs(doc: Doc) -> frozenset[str]:
    return frozenset(f"{token.lemma_}_{part.lower_}" for token in doc for part in token.children if part.dep_ == "prt")


def lemma_of(verb: Token) -> frozenset[str]:
    """A verb's lemma, and with its particle: turn, turn_down."""
    return frozenset(
        (
            verb.lemma_.lower(),
            *(f"{verb.lemma_.lower()}_{part.lower_}" for part in verb.children if part.dep_ in ("prt", "advmod")),
        )
    )
