"""Whether a question is about something in an English text, and whether the text holds the answer in some form.

Owns the weak checks that stand before those of single sentences. Takes a question, an answer and the text's sentences; gives
yes or no.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rtadapt.reading.values import canonical, holds_value, numbers_in
from rtadapt.verification import contrast
from rtadapt.verification.english import Line, sentences_of
from rtadapt.verification.question import Asked, asked, terms_of
from rtadapt.words import flat_words, holds, stem, word_set

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

_LEAST_COVERED = 0.34
"""Share of a question's content words that must stand in its text; pairs in other words share a third with it at least."""
_LONG = 6
_LEAST_SHARED = 2
_LEAST_SAID = 0.6
_SHORT_ANSWER = 3
_DIFFERENCES = word_set("difference ahead more fewer less older younger longer shorter between margin cheaper dearer")
_SUMS = word_set("total together altogether combined overall all sum both")
_DATED = re.compile(r"m\d+d\d+|\d+(?::\d\d)+")


def about(asks: Asked, answer: str, text: str, lines: Sequence[Line]) -> bool:
    """Whether the question is about something in the text: its names stand there, and enough of its other words.

    A long question tells half of the story again, in its own words; there some of it must be in the text.
    """
    said = frozenset().union(*(terms_of(line.span) for line in lines)) if lines else frozenset()
    covered = asks.covered(said)
    long = len(asks.terms) >= _LONG
    missing = [name for name in asks.names if not holds(text, name) and not holds(answer, name) and stem(name) not in said]
    if missing and len(missing) >= max(1, len(asks.names) - len(missing)) and not (long and len(covered) >= _LEAST_SHARED):
        return False
    if long:
        return len(covered) >= _LEAST_SHARED
    if asks.focus and not asks.focus & covered and 3 * len(covered) < 2 * len(asks.terms) and not _priced(asks, answer):
        return False
    return bool(covered) and len(covered) >= _LEAST_COVERED * len(asks.terms)


def _priced(asks: Asked, answer: str) -> bool:
    """Whether what is asked is a price and what is answered is money: texts seldom say the word."""
    return asks.carries(contrast.PRICES) and any(word in contrast.MONEY for word in canonical(answer))


def stands(answer: str, question: str, text: str, lines: Sequence[Line]) -> bool:
    """Whether the answer stands in the text, or all its names and numbers and most of its words do, or is reckoned from it."""
    if holds_value(text, answer):
        return True
    said = frozenset().union(*(terms_of(line.span) for line in lines))
    spoken = asked(answer)
    whole = f"{text} {question}"
    if any(word not in canonical(text) for word in canonical(answer) if _DATED.fullmatch(word)):
        return False
    counted = numbers_in(answer)
    if set(counted) - set(numbers_in(whole)):
        return _reckoned(answer, question, text)
    if len(counted) > 1 and "-" in " ".join(canonical(answer)):
        return False
    if any(not holds(whole, name) for name in spoken.names):
        return False
    words = frozenset(word for word in terms_of(spoken.doc) if not word[:1].isdigit())
    covered = spoken.covered(said | terms_of(asked(question).doc)) & words
    if len(flat_words(answer)) <= _SHORT_ANSWER and not counted:
        return any(_close_by(spoken.doc, line.span) for line in lines)
    return bool(words) and len(covered) > _LEAST_SAID * len(words)


def _close_by(answer: Doc, sentence: Span) -> bool:
    """Whether all words of a short answer stand close together in the sentence, in whatever forms."""
    wanted = {stem(token.lemma_.lower()) for token in answer if token.is_alpha and not token.is_stop}
    found = [stem(token.lemma_.lower()) for token in sentence]
    reach = len(wanted) + 2
    return bool(wanted) and any(wanted <= set(found[at : at + reach]) for at in range(len(found)))


def _reckoned(answer: str, question: str, text: str) -> bool:
    """Whether the answer's one number is the difference or the sum, as is asked, of two numbers of one sentence of the text."""
    wanted = numbers_in(answer)
    words = set(flat_words(question))
    if len(wanted) != 1 or not (words & (_DIFFERENCES | _SUMS) or "by how" in question.casefold()):
        return False
    for line in sentences_of(text):
        for one, other in itertools.combinations(numbers_in(line.span.text), 2):
            if wanted[0] == (one + other if words & _SUMS else abs(one - other)):
                return True
    return False
