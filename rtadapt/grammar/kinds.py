"""What kind of thing a phrase names: a person, a company, a place, a date, an amount, a count.

Takes the head of a noun phrase and its words; gives the kind. The parser's entity labels are one hint among several.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rtadapt.grammar import lexicon
from rtadapt.words import word_set

if TYPE_CHECKING:
    from spacy.tokens import Token


SCORE = re.compile(r"^\d{1,3}[-–]\d{1,3}$")
YEAR = re.compile(r"^(?:1[5-9]|20)\d\d$")
_CLOCK = re.compile(r"\b(?:\d{1,2}:\d\d|\d{1,2}(?::\d\d)?\s?(?:[ap]\.?m\.?)|noon|midnight)", re.IGNORECASE)
_MONEY = re.compile(
    r"[$€£¥]|\b(?:dollars?|euros?|pounds? sterling|cents?|yen|rupees?|francs?|pesos?|yuan|kron(?:er|or|a|e))\b"
    r"|(?:\d|illion) crowns\b"
)
_DATE = re.compile(
    r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|\b(?:January|February|March|April|June|July|August|September|October"
    r"|November|December|Jan\.|Feb\.|Aug\.|Sept?\.|Oct\.|Nov\.|Dec\.)|\bMay \d|\d May\b|^(?:early |late |mid-)?May$"
    r"|\b(?:last|next|this) (?:week|month|year|spring"
    r"|summer|autumn|fall|winter|night|morning|evening)|\b(?:yesterday|tomorrow|tonight)\b|\bearly \d{4}|^(?:1[5-9]|20)\d\d$"
    r"|\bthe (?:spring|summer|autumn|fall|winter|morning|evening|afternoon|weekend|new year)$|^(?:spring|summer|autumn|winter)$"
    r"|\bthe (?:end|start|beginning|middle) of (?:the|this|next) (?:year|month|week|season|decade|summer|winter)"
    r"|\bthe (?:end|start|beginning|middle) of (?:\d{4}$|[A-Z][a-z]+$)"
    r"|\b(?:first|second|third|fourth) (?:quarter|half)$"
    r"|\b(?:week|month|year|day|hour|minute|decade)s? (?:ago|earlier|later)\b|\bthe \d{4}s\b"
)

_CURRENCIES = word_set("dollar euro cent yen pound franc peso yuan krone kroner kronor krona crown")
_NO_PERSONS = word_set("Storm Hurricane Typhoon Cyclone Mount Lake River Cape Fort Camp Operation Project Hotel")
_PRIZES = word_set("Prize Award Awards Cup Medal Trophy Championship Championships Festival Act Treaty Games Marathon")
_DATED = word_set("start beginning middle end half year-end new")
_PAYING = word_set("cost pay spend raise earn invest charge donate give receive owe fine award worth for of save lend borrow")
_SUMS = word_set("fee sum price total fine salary loss profit prize deposit refund")
_PRICES = word_set("price fee cost charge fine rent fare prize toll profit revenue loss ticket bill total budget")


def kind_of(head: Token, text: str, names: Mapping[str, str]) -> str:
    """person, org, place, date, year, clock, duration, money, percent, measure, number, score, name or thing."""
    words = text.split()
    lemma = head.lemma_.lower()
    if SCORE.match(text):
        return "score"
    if _MONEY.search(text) and (head.like_num or head.is_currency or head.ent_type_ == "MONEY" or lemma in _CURRENCIES):
        return "money"
    if (lemma == "pound" and _priced(head)) or (lemma in _SUMS and _MONEY.search(text) and " of " in text):
        return "money"
    if head.text == "%" or lemma in ("percent", "percentage"):
        return "percent" if any(child.like_num for child in head.lefts) else "thing"
    if YEAR.match(text):
        return "year"
    if _CLOCK.search(text) and len(words) <= 5:
        return "clock"
    if (
        lemma in lexicon.SPAN_UNITS
        and any(child.dep_ in ("nummod", "advmod") or (child.like_num and child.tag_ == "CD") for child in head.lefts)
        and not _DATE.search(text)
    ):
        return "duration" if any(child.like_num and child.tag_ == "CD" for child in head.lefts) else "date"
    if (
        _DATE.search(text)
        and (len(words) <= 4 or head.ent_type_ == "DATE")
        and (head.ent_type_ in ("DATE", "TIME", "") and head.pos_ in ("PROPN", "NUM", "NOUN", "ADV"))
        and (head.ent_type_ or head.pos_ != "NOUN" or lemma in lexicon.TIME_NOUNS | _DATED or _DATE.search(head.text))
    ):
        return "date" if head.ent_type_ == "DATE" or head.dep_ in ("npadvmod", "pobj") else "thing"
    if head.like_num or head.pos_ == "NUM":
        return "number"
    if head.pos_ == "PROPN" or (lemma in names and not head.text.islower()):
        return named_kind(head, names)
    if any(child.dep_ == "nummod" for child in head.lefts) and any(lemma in units for units in lexicon.MEASURE_UNITS.values()):
        return "measure"
    if lemma in ("thousand", "hundred", "dozen", "million", "number", "majority", "group", "pair", "crowd", "most", "some"):
        of = next((child for child in head.rights if child.lower_ == "of"), None)
        if any(
            part.dep_ == "pobj" and (is_person_noun(part.lemma_.lower()) or part.lemma_ == "people")
            for part in (of.children if of else ())
        ):
            return "person"
    if is_person_noun(lemma) or lemma in ("everyone", "everybody", "anyone", "anybody"):
        return "person"
    return "org" if lemma in lexicon.ORG_NOUNS else "thing"


def named_kind(head: Token, names: Mapping[str, str]) -> str:
    """What a name names: Storm Wendeline is no person."""
    if any(child.text in _NO_PERSONS for child in head.lefts):
        return "name"
    kind = names.get(head.text.casefold()) or "name"
    return "name" if kind == "person" and head.text in _PRIZES else kind


def _priced(head: Token) -> bool:
    """Whether pounds are money here and not a weight: somebody pays them, or a price is that much."""
    verb = head.head if head.dep_ != "nmod" else head
    if verb.lemma_ in _PAYING or verb.lower_ == "fined":
        return True
    subject = next((child for child in verb.lefts if child.dep_ == "nsubj"), None)
    return verb.lemma_ == "be" and subject is not None and subject.lemma_.lower() in _PRICES


def is_person_noun(lemma: str) -> bool:
    """Whether a common noun names a person by what they do or are."""
    if lemma in lexicon.PERSON_NOUNS:
        return True
    return (
        len(lemma) > 4
        and lemma.endswith(lexicon.PERSON_ENDINGS)
        and lemma not in lexicon.NOT_PERSONS
        and lemma not in lexicon.ORG_NOUNS
    )
