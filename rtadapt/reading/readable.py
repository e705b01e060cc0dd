"""A text as a parser understands it: what people see at once, and it does not, is left out or written another way.

Owns what a sentence names beside what is so, to say that it is not: "240 people this year, not 340". Corrections are written so;
a parser sees a denial, and of a denial nothing is taught. And titles in single quotation marks, which it takes for apostrophes.
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
_TITLE = re.compile(r"(?<![\w'’])['‘](?P<title>(?=[A-Z0-9])[^'’‘\"\n]{1,60}(?:['’](?=\w)[^'’‘\"\n]{1,60}){0,4})['’](?![\w'’])")
_AS_TOLD = re.compile(r" as (?:we|it was|was|had been) .*| as (?:reported|stated|announced|said)\b.*")


def readable(text: str) -> str:
    """The text without what it says is not so beside what is, and titles in double quotes. Whole denials stay as they are."""
    return _TITLE.sub(r'"\g<title>"', _RIVAL.sub(_cut, text))


def _cut(found: re.Match[str]) -> str:
    return found.group() if _VERB.search(_AS_TOLD.sub("", found["rival"])) else ""
