"""What a sentence names beside what is so, to say that it is not: "240 people this year, not 340".

Corrections are written so. Whoever reads on sees what is so; a parser sees a denial, and of a denial nothing is taught.
"""

from __future__ import annotations

import re

# Not what limits ("not only", "not including tax", "not until May").
_LIMITS = (
    "only|just|even|yet|all|every|until|till|before|without|including|counting|necessarily|always|least|if|unless|because|since"
    "|that|to|by|than|quite|so|very|as"
)
_WORD = r"(?:[^\s,;:.!?]|[.,:](?=\d))+"
_RIVAL = re.compile(rf",(?: and)? not (?!(?:{_LIMITS})\b)(?P<rival>{_WORD}(?: {_WORD}){{0,5}})(?=[.;!]?$|[.;!] )", re.MULTILINE)
_VERB = re.compile(r"\b(?:is|are|was|were|has|have|had|will|would|can|may|does|do|did)\b")
_AS_TOLD = re.compile(r" as (?:we|it was|was|had been) .*| as (?:reported|stated|announced|said)\b.*")


def without_rivals(text: str) -> str:
    """The text without what it says is not so beside what is. Sentences that deny something stay as they are."""
    return _RIVAL.sub(_cut, text)


def _cut(found: re.Match[str]) -> str:
    return found.group() if _VERB.search(_AS_TOLD.sub("", found["rival"])) else ""
