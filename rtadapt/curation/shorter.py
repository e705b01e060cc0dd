"""Names as others write them: a person by the last name, a body by its initials, and the few that everybody has two names for.

Takes a name and what spaCy calls it; gives another way to write it.
"""

from __future__ import annotations

import re

_PAIRS = (("United Nations", "UN"), ("European Union", "EU"), ("United States", "US"), ("United Kingdom", "UK"))
_KNOWN = dict(_PAIRS) | {short: name for name, short in _PAIRS}
_BODIES = re.compile(
    r"\b(?:Administration|Agency|Association|Authority|Bank|Board|Bureau|Cent(?:er|re)|Commission|Committee|Council|Court|Department"
    r"|Federation|Foundation|Fund|Guild|Institute|League|Office|Organi[sz]ation|Party|Service|Society|Trust|Union|University)\b"
)
_INSIDE = frozenset(("of", "the", "and", "for", "&"))
_LEAST_WORDS = 3


def otherwise(name: str, label: str) -> str:
    """Another way to write a name, empty where nobody would: two initials are too few to be known by, and a firm seldom is."""
    bare = name.removeprefix("the ").removeprefix("The ")
    if bare in _KNOWN:
        return _KNOWN[bare]
    words = [word for word in bare.split() if word not in _INSIDE]
    if not all(word[0].isupper() and word.isalpha() for word in words):
        return ""
    if label == "PERSON":
        return words[-1] if len(words) > 1 and len(words) == len(bare.split()) else ""
    if label == "ORG" and len(words) >= _LEAST_WORDS and _BODIES.search(bare):
        return "".join(word[0] for word in words)
    return ""
