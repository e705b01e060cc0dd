"""Who takes a place, where a text appoints somebody: whoever was appointed replaces the one before, and not the firm that did it.

Takes spaCy tokens; gives one, or None where a parse leaves it open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token

_APPOINTS = word_set("appoint name hire elect choose pick sign recruit promote install select nominate bring")


def appoints(verb: Token) -> bool:
    """Whether somebody gives an office by this verb."""
    return verb.lemma_ in _APPOINTS and not any(child.dep_ == "auxpass" for child in verb.children)


def appointed(verb: Token, before: Token) -> Token | None:
    """To whom the office is given, of those named between the verb and `before`."""
    objects = [token for token in verb.rights if token.dep_ in ("dobj", "oprd") and token.pos_ == "PROPN"]
    people = [name.root for name in verb.doc[verb.i + 1 : before.i].ents if name.label_ == "PERSON"]
    chosen = objects or people
    return chosen[0] if len(chosen) == 1 else None
