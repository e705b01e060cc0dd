"""Which of several like values in an English sentence goes with what the question names.

Owns pairing values with names and qualifiers: `6% … while … 2%`, `500 in Canada and 700 in Mexico`, `respectively`, before and
after tax, the count of shops and the millions paid for them. Takes the answer's spot and the question; gives yes or no.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from rtadapt.reading.values import canonical, numbers_in
from rtadapt.verification import cues
from rtadapt.verification.operators import verb_of
from rtadapt.verification.question import Asked, is_name, terms_of
from rtadapt.words import flat_words, stem, word_set

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

MONEY = frozenset(("usd", "eur", "gbp", "jpy", "inr"))
_MEASURES = frozenset(("km", "m", "cm", "mm", "mile", "ft", "kg", "g", "t", "l", "gb", "mb", "degree", "%", *MONEY))
_TIMES = frozenset(("s", "min", "h", "day", "week", "month", "year"))
_SEPARATORS = word_set(", ; — – ( but and while whereas against versus or compared than to / followed : .")
PRICES = word_set("pay cost price fee worth charge salary fine wage rent dollar euro pound expensive value")
_PERIODS = ("year", "month", "week", "quarter", "season", "summer", "winter", "spring", "autumn")
_NAME_WEIGHT = 4
_SIGNS = ("$", "€", "£", "¥", "₹")
_WRITTEN = re.compile(r"-?\d[\d.]*")


def belongs_elsewhere(spot: Span, sentence: Span, asks: Asked) -> bool:
    """Whether another value in the sentence goes better with the question than the answer does."""
    if _wrong_measure(spot, sentence, asks) or _wrong_way(spot, asks):
        return True
    values = _like(spot, sentence, asks)
    if any(token.lower_ == "respectively" for token in sentence):
        return _out_of_order(spot, values, sentence, asks)
    at = next((at for at, value in enumerate(values) if value.start < spot.end and spot.start < value.end), None)
    if at is None:
        return _other_time(asks, sentence) or _opposed(asks, _around(spot))
    parts = _segments(values, sentence)
    scores = [_weight(asks, terms) for terms in _terms(parts, values, sentence)]
    if max(scores) > scores[at] or any(_told_apart(parts[at], part, asks) for part in parts if part != parts[at]):
        return True
    return _other_time(asks, parts[at]) or _opposed(asks, set(parts[at]) if len(values) > 1 else _around(spot))


def _told_apart(mine: Span, other: Span, asks: Asked) -> bool:
    """Whether two values differ by opposite words, before and after tax, of which the question says neither."""
    said, across = ({token.lemma_.lower() for token in part} for part in (mine, other))
    pairs = [(word, opposite) for word in said for opposite in cues.OPPOSITES.get(word, frozenset()) & across]
    return any(not {word, opposite} & (said & across) and not {word, opposite} & asks.lemmas for word, opposite in pairs)


def _weight(asks: Asked, terms: frozenset[str]) -> int:
    """How much of the question `terms` say. Names tell values apart, other words are often left out the second time."""
    named = {stem(name) for name in asks.names}
    return sum(_NAME_WEIGHT if term in named else 1 for term in asks.covered(terms))


def unit_of(spot: Span) -> str:
    """The unit that the first number of a spot stands in, also when it stands just after it; empty for a plain number."""
    signed = spot.start > spot.sent.start and spot.doc[spot.start - 1].text in _SIGNS
    words = canonical(spot.doc[spot.start - signed : min(spot.end + 2, spot.sent.end)].text)
    at = next((at for at, word in enumerate(words) if _WRITTEN.fullmatch(word)), None)
    after = words[at + 1] if at is not None and at + 1 < len(words) else ""
    return after if after in _MEASURES | _TIMES else ""


def counted(spot: Span) -> str:
    """The lemma of the noun that a number counts; empty when it counts none."""
    for token in spot:
        if token.like_num or token.text[:1].isdigit():
            noun = token.head if token.dep_ in ("nummod", "compound", "quantmod", "amod") else None
            while noun is not None and noun.like_num and noun.dep_ in ("nummod", "compound", "quantmod"):
                noun = noun.head
            return noun.lemma_.lower() if noun is not None and noun.pos_ in ("NOUN", "PROPN", "SYM") and not noun.like_num else ""
    return ""


def _numbers(sentence: Span) -> list[Span]:
    """The spots of numbers in a sentence, a number of several words as one."""
    found: list[Span] = []
    for token in sentence:
        if (
            not (token.like_num or token.text[:1].isdigit())
            or token.lower_ in ("one", "first", "second")
            or not numbers_in(token.text)
        ):
            continue
        if found and found[-1].end == token.i:
            found[-1] = sentence.doc[found[-1].start : token.i + 1]
        else:
            found.append(sentence.doc[token.i : token.i + 1])
    return found


def _wrong_measure(spot: Span, sentence: Span, asks: Asked) -> bool:
    """Whether the question asks for money or for a count, another number of the sentence is one, and the answer isn't."""
    if not numbers_in(spot.text):
        return False
    unit = unit_of(spot)
    others = [number for number in _numbers(sentence) if not (number.start < spot.end and spot.start < number.end)]
    if (
        asks.carries(PRICES)
        and unit not in MONEY
        and asks.kind in ("how_much", "what")
        and not asks.doc.text.startswith("By how")
        and not asks.carries(word_set("percent percentage many increase rise up down"))
    ):
        return unit == "%" or any(
            unit_of(other) in MONEY or (other.start and other[0].nbor(-1).text in "$€£") for other in others
        )
    if asks.kind != "how_many":
        return False
    asked_for = _counted_in(asks)
    if not asked_for:
        return False
    noun = counted(spot)
    if noun and cues.alike(stem(noun), asked_for):
        return False
    if (
        unit in _MEASURES | MONEY
        and not cues.alike(stem(unit), asked_for)
        and not asked_for.startswith(("dollar", "euro", "pound", "percent", unit[:3]))
    ):
        return True
    return bool(noun) and any(cues.alike(stem(counted(other)), asked_for) for other in others if counted(other))


def _counted_in(asks: Asked) -> str:
    """The stem of what `how many` counts in the question."""
    for token in asks.doc:
        if token.lower_ == "many" and token.head.pos_ in ("NOUN", "PROPN"):
            return stem(token.head.lemma_.lower())
    return ""


def _wrong_way(spot: Span, asks: Asked) -> bool:
    """Whether the answer stands behind the preposition opposite to the one the question asks with: from and to, by and to."""
    before = spot.sent.doc[max(spot.start - 2, spot.sent.start) : spot.start]
    given = next(
        (token.lower_ for token in reversed(list(before)) if token.lower_ in ("from", "to", "by", "before", "after")), ""
    )
    given = spot[0].lower_ if spot[0].lower_ in ("from", "to", "by") else given
    words = [token.lower_ for token in asks.doc]
    asked_with = next((word for word in ("from", "to", "by") if words[:1] == [word] or words[-2:-1] == [word]), "")
    number = bool(numbers_in(spot.text))
    if asked_with == "by" and number:
        return given == "to"
    if asked_with in ("from", "to") and given in ("from", "to"):
        return asked_with != given
    moves = asks.kind == "where" and given == "from" and "from" not in words
    return moves and any(token.lower_ == "to" and token.dep_ == "prep" for token in verb_of(spot.root).subtree)


def _like(spot: Span, sentence: Span, asks: Asked) -> list[Span]:
    """The values in the sentence that are of the answer's kind, in order, and that the question doesn't name."""
    named = {token.lower_ for token in asks.doc}
    if numbers_in(spot.text) and not all(is_name(token) for token in spot):
        unit, dated = unit_of(spot), spot.root.ent_type_ == "DATE"
        noun = _counted_in(asks) if cues.alike(stem(counted(spot)), _counted_in(asks)) else ""
        return [
            number
            for number in _numbers(sentence)
            if (not noun or not counted(number) or cues.alike(stem(counted(number)), noun))
            and unit_of(number) == unit
            and (number.root.ent_type_ == "DATE") == dated
            and number.text.casefold() not in named
        ]
    governor = spot.root.head
    if spot.root.dep_ != "pobj" or not is_name(spot.root):
        return []
    alike = [token for token in sentence if token.dep_ == "pobj" and token.head.lower_ == governor.lower_ and is_name(token)]
    return [
        sentence.doc[token.i : token.i + 1] if token.i != spot.root.i else spot for token in alike if token.lower_ not in named
    ]


def _segments(values: list[Span], sentence: Span) -> list[Span]:
    """The parts of the sentence that belong to each value: cut at the last comma, conjunction or contrast between two of them."""
    cuts = [sentence.start]
    for one, other in itertools.pairwise(values):
        between = [
            token.i for token in sentence.doc[one.end : other.start] if token.lower_ in _SEPARATORS and token.dep_ != "prep"
        ]
        cuts.append(between[0] if between and between[-1] == other.start - 1 else between[-1] if between else -1)
    cuts.append(sentence.end)
    starts = [next(cut for cut in reversed(cuts[: at + 1]) if cut >= 0) for at in range(len(values))]
    ends = [next(cut for cut in cuts[at + 1 :] if cut >= 0) for at in range(len(values))]
    return [sentence.doc[start:end] for start, end in zip(starts, ends, strict=True)]


def _terms(parts: list[Span], values: list[Span], sentence: Span) -> list[frozenset[str]]:
    """The content words of each part. What stands before the first value goes with all that have no subject of their own."""
    opening = sentence.doc[sentence.start : values[0].start]
    nouns = frozenset(stem(noun) for value in values if (noun := counted(value)))
    shared = terms_of(opening) | nouns
    names = {stem(word) for token in opening if is_name(token) for word in flat_words(token.text)}
    found: list[frozenset[str]] = []
    for part in parts:
        own = any(token.dep_ in ("nsubj", "nsubjpass") and token.pos_ != "PRON" for token in part) and part.start > sentence.start
        rivals = {token.ent_type_ or token.pos_ for token in part if is_name(token)} and bool(names)
        inherited = frozenset() if own else shared - names if rivals and part.start > sentence.start else shared
        found.append(terms_of(part) | inherited)
    return found


def _out_of_order(spot: Span, values: list[Span], sentence: Span, asks: Asked) -> bool:
    """Whether, by `respectively`, the question's name stands at another spot in its list than the answer does in its own."""
    lists = {tuple(sorted(token.i for token in (token, *token.conjuncts))) for token in sentence if token.conjuncts}
    lists |= {tuple(value.start for value in values)} if len(values) > 1 else set()
    at: set[int] = set()
    asked_at: set[int] = set()
    for listed in lists:
        mine = [number for number, i in enumerate(listed) if spot.start <= i < spot.end or (spot.start <= i + 1 and i < spot.end)]
        said = [number for number, i in enumerate(listed) if asks.covered(terms_of(_without_conjuncts(sentence.doc[i])))]
        at.update(mine if len(mine) == 1 else ())
        asked_at.update(said if len(said) == 1 and not mine else ())
    return bool(at and asked_at) and not at & asked_at


def _without_conjuncts(token: Token) -> list[Token]:
    return [token, *(child for child in token.children if child.dep_ in ("compound", "nmod", "amod", "nummod"))]


def _around(spot: Span) -> set[Token]:
    verb = verb_of(spot.root)
    return {verb, *verb.children, *spot.root.subtree, *spot.root.head.children, spot.root.head}


def _opposed(asks: Asked, near: set[Token]) -> bool:
    """Whether the words that go with the answer say the opposite of a word in the question, and not that word."""
    said = {token.lemma_.lower() for token in near} | {token.lower_ for token in near}
    for word in asks.lemmas & frozenset(cues.OPPOSITES):
        if said & cues.OPPOSITES[word] and not any(cues.alike(stem(word), stem(other)) for other in said):
            return True
    return False


def _other_time(asks: Asked, part: Span) -> bool:
    """Whether the answer is of last year, and the question asks of this; or of another year, month or season altogether."""
    for period in _PERIODS:
        wanted = {match[1] for match in re.finditer(rf"\b(this|last|next|previous) {period}\b", asks.doc.text.casefold())}
        found = {match[1] for match in re.finditer(rf"\b(this|last|next|previous) {period}\b", part.text.casefold())}
        if wanted and found and not wanted & found:
            return True
    return False
