"""When two questions ask the same thing, and when two answers agree.

Owns the asking key: what is left of a question once its entity and the scaffolding of asking are taken away, as stems.
"Who is the new head coach of Kelby United?", "kelby united: coach" and "Tell me who coaches Kelby United." all ask
`coach` of Kelby United; "Who captains Kelby United?" does not. Takes and gives strings and sets; pure.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from rtadapt.words import COMMON, flat, flat_words, stem, word_set

_SCAFFOLD = word_set(
    """actual actually afternoon answer ask asking blank called complete currently current day days evening excuse exactly
    existing fill find finish forgot give going got happen hello help hey hi idea inform know knows latest let like look
    looking main missing moment morning name named names need new newest news nowadays person persons please present
    question quick quickly recent recently remember remind right say sentence short sorry state tell term thank thanks
    think time trying want week wonder wondering words word year s m d re ve ll t don doesn didn isn aren wasn can couldn
    wouldn"""
)
_KEPT = word_set("before after until over under up down off out once one first last next much not no never nobody")
_MODIFIERS = word_set(
    """appointed become becomes became chief chosen confirmed elected get gets got head hold holds job official officially over
    picked position post promoted role serve serves serving take takes taken took work works"""
)
_MEASURES = word_set("many much long old far big large often fast high tall deep heavy wide")
_ASKS = {"where": "where", "when": "when", "why": "why", "how": "how"}


@lru_cache(maxsize=16384)
def asking_key(question: str, entity: str = "") -> str:
    """What `question` asks of `entity`: sorted stems joined by spaces, never empty.

    Where, when, why and how stay in it; who, what and which are scaffolding, since "coach of X?" has none of them.
    """
    words = flat(question).removeprefix("one question ").split()
    about = set(flat_words(entity))
    kind = next((_ASKS[word] for word in words if word in _ASKS), "")
    kept = [word for word in words if word not in about and (word in _KEPT or word not in COMMON)]
    content = [word for word in kept if word not in _SCAFFOLD]
    strong = [word for word in content if word not in _MODIFIERS] or content or [word for word in kept if word != kind]
    if kind == "how" and (measure := next((b for a, b in pairwise(words) if a == "how"), "")) in _MEASURES:
        kind = f"how {measure}"
        strong = [word for word in strong if word != measure]
    stems = sorted({stem(word) for word in strong})
    key = " ".join([kind, *stems] if kind else stems)
    return key or next((word for word in words if word in ("who", "what", "which")), "about")


def fact_name(entity: str, key: str) -> str:
    """The stable name of a fact: `kelby united | coach`."""
    return f"{flat(entity)} | {key}"


def same_answer(one: str, other: str) -> bool:
    """Whether two answers agree: one holds the words of the other ("Tindle", "Marla Tindle")."""
    first, second = f" {flat(one)} ", f" {flat(other)} "
    return first in second or second in first
