"""What kind of thing an answer is, and whether a question of its kind can have it: when asks for a time, who for no price.

Owns the small word lists of times and numbers, English only. Takes and gives strings; pure. An answer of no known kind fits
any question, so another language loses nothing here.
"""

from __future__ import annotations

import re

from rtadapt.words import flat_words, word_set

MONTHS = word_set("january february march april may june july august september october november december")
DAYS = word_set("monday tuesday wednesday thursday friday saturday sunday")
NUMBERS = word_set(
    """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen half"""
)
_SPANS = word_set("second minute hour day week month year night weekend decade")
_TIMES = word_set(
    """noon midnight morning afternoon evening night today tonight tomorrow yesterday spring summer autumn fall winter christmas
    easter dawn dusk now soon immediately am pm"""
)
_ASKING = re.compile(r"\b(when|where|who|whom|why|how many|how much|how old)\b")


def is_number(answer: str) -> bool:
    """Whether there is a figure or a number word in it."""
    return any(any(sign.isdigit() for sign in word) or word in NUMBERS for word in flat_words(answer))


def is_time(answer: str) -> bool:
    """Whether it speaks of a moment or a length of time."""
    words = flat_words(answer)
    return any(word in MONTHS or word in DAYS or word in _TIMES or word.removesuffix("s") in _SPANS for word in words)


def is_bare_figure(answer: str) -> bool:
    """Whether it is nothing but an amount or a time: $56, 14 days, March 2027."""
    return all(
        any(sign.isdigit() for sign in word)
        or word in NUMBERS | MONTHS | DAYS | _TIMES
        or word.removesuffix("s") in _SPANS | {"dollar", "euro", "pound", "percent", "cent"}
        for word in flat_words(answer)
    )


def fits(question: str, answer: str) -> bool:
    """Whether `answer` is of the kind that `question` asks for, as far as that can be told."""
    found = _ASKING.search(" ".join(flat_words(question)))
    if found is None:
        return True
    if found[1] == "when":
        return is_time(answer) or is_number(answer)
    if found[1] in ("how many", "how much", "how old"):
        return is_number(answer)
    if found[1] == "why" and all(word[:1].isupper() for word in answer.split()):
        return False  # a name is no reason
    return not is_bare_figure(answer)
