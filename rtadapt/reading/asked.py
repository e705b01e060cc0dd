"""What a question asks, and of whom or what: told from the question and its text, without a parser.

Owns telling entity and relation for readings that no grammar made, and whether one asks `who` or `what`. Pure.
"""

from __future__ import annotations

import re

from rtadapt.words import COMMON, flat, flat_words, holds, names, word_set

_ROLE_ENDING = re.compile(r"(?:[a-z]{2}er|[a-z]{2}or|ist|ant|ian|man|woman|person|ess|eer)$")
_ROLES = word_set(
    "boss captain ceo cfo champion chef chief clerk coach cook coo cto deputy general guard guide head host judge king lead nurse"
    " pilot president principal queen secretary sheriff star agent superintendent student vet"
)
_NO_ROLES = word_set(
    "answer beer border career chapter color colour computer corner counter cover disorder door error factor filter floor flavor"
    " flavour folder former layer letter manor mirror motor number offer order outer paper plant power printer quarter"
    " restaurant river sensor tenor theater tower trailer transistor variant water weather winter business"
)


def entity_of(question: str, answer: str, text: str) -> str:
    """The last name in `question` that also stands in `text` and is not in `answer`; empty when there is none."""
    found = [name for name in names(question) if holds(text, name) and not holds(answer, name)]
    return found[-1] if found else ""


def relation_of(question: str, entity: str) -> str:
    """The words of an English question that say what is asked of `entity`; empty when nothing is left of it."""
    about = set(flat_words(entity))
    return " ".join(word for word in flat_words(question) if word not in COMMON and word not in about)


def ask_word(relation: str, value: str) -> str:
    """`who` where `relation` sounds like what somebody is (coach, treasurer) and `value` like a name; else `what`."""
    words = flat_words(relation.partition(" of ")[0])
    last = words[-1] if words else ""
    role = last not in _NO_ROLES and (last in _ROLES or bool(_ROLE_ENDING.search(last)))
    named = value[:1].isupper() and not any(sign.isdigit() for sign in value) and flat(value) not in COMMON
    return "who" if role and named else "what"
