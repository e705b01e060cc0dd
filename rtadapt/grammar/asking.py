"""Which question words fit a phrase, by what it names and what it does in its clause.

Takes a part of a clause (or its subject) and gives the ways to ask for it, the most usual first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rtadapt.grammar import lexicon
from rtadapt.grammar.clauses import Clause
from rtadapt.grammar.phrases import Phrase
from rtadapt.grammar.pieces import Part
from rtadapt.grammar.sorts import (
    AGENTIVE_BUT,
    CHANGES,
    TITLING,
    could_be_anybody,
    first_of,
    is_level,
    is_titled,
    is_where_to,
    maybe_people,
    opinion,
    rest_of,
    sort_of,
    worth_asking,
)  # fmt: skip
from rtadapt.words import word_set

_AGENTIVE = word_set(
    """beat buy sign announce unveil launch play score lose face ban agree sell hire sue fine recall defeat acquire appoint
    seek introduce plan report promise expect spend resign die want decide travel arrive vote cancel recall block lock suspend
    approve reject pass host hire scrap shelve order warn release"""
)
_INSTALMENT = re.compile(r"(?:the )?(?:Game|Round|Group|Stage|Week|Season|Episode|Chapter|Phase) \w+$")
_PERSONAL_OBJECTS = word_set(
    """beat defeat face play sue fine replace succeed oppose thank hire fire appoint elect arrest charge kill marry meet induct
    represent draw host ask tell urge order help allow force persuade advise invite ban suspend praise criticise criticize
    require"""
)
_UNWILLED = word_set(
    """beat defeat win lose rise fall grow drop score be become return go come continue get draw edge overcome recover knock
    eliminate"""
)
_SENTENCED = word_set("sentence jail imprison condemn")
_CONTESTS = word_set("beat defeat face sue host draw")
_FEELINGS = word_set("fear hope concern expectation worry news way back loss")
_STRANDABLE = word_set("with for to from of on against about into at by over through")
_MOTIONS = word_set(
    """travel go fly move escape return arrive flee come sail drive head walk relocate emigrate invite send take bring admit
    transfer"""
)
_PERFORMS = word_set("play star act appear feature portray voice perform sing dance")
_HIGH = word_set("rate limit tax deposit deductible toll age salary wage capacity")
_LASTING = word_set("last take be spend run serve wait stay cover")
_MONTHS = word_set("January February March April May June July August September October November December")
# "for the first time since 2004" says when it was so before.
_NEWS_SINCE = re.compile(r"\b(?:first|last|only|most|least|[a-z]{2,}est)\b[^,.;]*\bsince\b")
_INSTANTS = frozenset(["from", "in", "on", "at", "", "around", "about", "during", "this"])


@dataclass(frozen=True, slots=True)
class Asking:
    """A way to ask: the question words, a preposition left at the end, and the answer when it isn't the whole phrase."""

    words: str
    stranded: str = ""
    answer: str = ""
    plural: bool = False


_OWN_WORDS = {
    "score": (Asking("By what score"),),
    "votes": (Asking("By how many votes"), Asking("How many votes", "by"), Asking("By what margin")),
    "age": (Asking("At what age"), Asking("What age", "at")),
    "hours": (Asking("When"),),
    "meaning": (Asking("What"),),
}


def for_subject(clause: Clause) -> list[Asking]:
    """Ways to ask who or what did it."""
    subject = clause.subject
    if subject.count:
        return [Asking(f"How many {subject.counted}", answer=subject.count, plural=True)]
    happens = clause.lemma in lexicon.LYING or (clause.lemma == "take" and any(part.text == "place" for part in clause.parts))
    if happens or (any(sign.isdigit() for sign in subject.answer) and subject.kind in ("person", "org")):
        return [Asking("What")]
    if clause.lemma == "belong" or opinion(clause) or (subject.kind == "thing" and not subject.named and maybe_people(subject)):
        return []
    if clause.lemma == "be" and any(part.role == "attribute" and part.phrase and is_level(part.phrase) for part in clause.parts):
        return []  # "What is 1.75%?"
    if subject.kind == "person" or is_titled(clause):
        return [Asking("Who"), *([] if subject.plural else [Asking("Which person")])]
    if (
        (subject.kind == "org" or (subject.noun[:1].isupper() and clause.passive and clause.lemma in _PERSONAL_OBJECTS))
        and clause.lemma not in AGENTIVE_BUT
        and (not clause.passive or clause.lemma in _PERSONAL_OBJECTS)
        and (clause.lemma not in ("open", "reopen", "close") or any(part.role == "object" for part in clause.parts))
    ):
        kind = sort_of(subject)
        return [Asking("Who"), Asking(f"Which {kind}")] if kind else [Asking("Who")]
    if (
        subject.kind == "place"
        and clause.lemma not in AGENTIVE_BUT
        and not clause.passive
        and any(p.role == "object" for p in clause.parts)
    ):
        return [Asking("Who")]
    if subject.kind in ("thing", "name", "org", "place"):
        kind = sort_of(subject) or (first_of(clause) if subject.named else "")
        if kind and kind == first_of(clause):
            return [Asking(f"Which {kind}"), Asking("What")]
        if kind in ("city", "town", "state", "county", "province") and clause.lemma not in AGENTIVE_BUT:
            return [Asking(f"Which {kind}")]
        if (
            subject.named
            and clause.lemma in _AGENTIVE
            and not clause.passive
            and not any(sign.isdigit() for sign in subject.text)
        ):
            return [Asking("Who")]
        if not kind and could_be_anybody(clause):
            return []
        return [Asking("What"), *([Asking(f"Which {kind}")] if kind else [])]
    if subject.kind == "money":
        return [Asking("How much money")]
    if subject.kind == "percent":
        rest = rest_of(subject)
        return [Asking(f"What percentage {rest}", answer=subject.text.split(" of ")[0])] if rest else []
    return []


def for_part(part: Part, clause: Clause) -> list[Asking]:
    """Ways to ask for a part of a clause, none when no question would be natural."""
    asked = part.phrase
    if asked is None or not asked.answer or opinion(clause):
        return []
    if clause.auxiliaries == ("can",) and clause.instruction and is_where_to(part):
        return [Asking("Where", answer=f"{part.preposition} {asked.answer}")]
    if (
        clause.instruction
        and part.role in ("object", "oblique", "title")
        and not (asked.count or asked.kind in ("money", "percent", "duration", "clock", "date"))
    ):
        return []
    if part.preposition in ("to", "from") and {"to", "from"} <= {other.preposition for other in clause.parts}:
        return []
    if part.role in _OWN_WORDS:
        return [*_OWN_WORDS[part.role]]
    if part.role == "frequency":
        return [] if clause.instruction else [Asking("How often")]
    if part.role == "measure" and part.preposition == "worth":
        return [Asking("How much", "worth"), Asking("What", "worth")]
    if part.role == "measure" and " times" in f" {asked.text}":
        return []
    if part.role == "measure":
        return [Asking(f"How {'much ' if part.preposition.endswith('er') else ''}{part.preposition}")]
    if part.preposition == "from" and re.search(rf"{re.escape(asked.answer)} (?:to|until|till|through) ", clause.sentence):
        return []
    if part.role in ("time", "oblique", "place") and asked.kind in ("date", "year", "clock", "duration"):
        return _times(part, asked, clause.lemma, clause.sentence)
    if part.role == "oblique" and clause.lemma in lexicon.LYING:
        return [Asking("Where")]
    if part.role == "place":
        return _places(part, clause)
    if part.role == "oblique" and clause.lemma == "be" and any(other.role == "attribute" for other in clause.parts):
        return []
    if part.role == "manner":
        return [Asking("How")] if not clause.instruction else []
    if part.role == "reason":
        if part.preposition in ("amid", "over") and clause.lemma not in lexicon.CAUSED_VERBS and not clause.passive:
            return []
        return [Asking("Why"), Asking("For what reason")]
    if part.role == "circumstance":
        lasted = any(unit in part.text for unit in lexicon.SPAN_UNITS)  # "resigned after a six-week tenure"
        causal = part.text.startswith("after ") and clause.lemma in lexicon.CAUSED_VERBS and not lasted
        return [Asking("Why")] if causal else []
    if part.role == "purpose":
        return [] if clause.instruction or clause.lemma in _UNWILLED else [Asking("Why"), Asking("For what purpose")]
    if part.role in ("object", "attribute", "title", "recipient"):
        return _things(part, asked, clause)
    if part.role == "oblique" and not part.essential and asked.kind != "money":
        return []
    if part.role == "agent":
        return [Asking("Who" if asked.kind in ("person", "org") else "What", "by")]
    return _obliques(part, asked, clause) if part.role == "oblique" else []


def _times(part: Part, asked: Phrase, clause_lemma: str, sentence: str) -> list[Asking]:
    preposition = part.preposition
    if preposition == "to" and clause_lemma in _SENTENCED:
        return [Asking("What", "to"), Asking("How long", "to")]
    if asked.kind == "duration":
        if preposition == "" and (clause_lemma not in _LASTING or re.search(r"\b(?:later|ago|earlier|old)\b", asked.text)):
            return []
        if preposition in ("for", ""):
            return [Asking("How long"), Asking("For how long")]
        return [Asking("Within how long"), Asking("How soon")] if preposition == "within" else []
    if preposition in ("until", "till"):
        return [Asking("Until when"), Asking("How long")]
    if preposition == "from":
        return [Asking("From when"), Asking("When"), *([Asking("From what date")] if asked.kind != "clock" else [])]
    if preposition == "since" and _NEWS_SINCE.search(sentence):
        return []
    if preposition in ("since", "by"):
        return [Asking(f"{preposition.capitalize()} when")]
    if preposition not in _INSTANTS:
        return []
    asks = [Asking("When")]
    if asked.kind == "year" and preposition == "in":
        asks += [Asking("In what year"), Asking("What year")]
    elif asked.kind == "clock":
        asks = [Asking("At what time" if preposition == "at" else "When"), Asking("When"), Asking("What time")]
    elif preposition == "on" and asked.text.endswith("day"):
        asks += [Asking("On what day"), Asking("What day")]
    elif any(sign.isdigit() for sign in asked.text):
        asks += [Asking("On what date"), Asking("What day")] if preposition in ("on", "") else []
    elif asked.kind == "date" and preposition == "in":
        asks.append(Asking("In which month" if asked.answer in _MONTHS else "Around when"))
    return asks


def _places(part: Part, clause: Clause) -> list[Asking]:
    if part.preposition in ("in", "at", "near", "on", "outside"):
        return [Asking("Where")] if clause.lemma not in ("miss", "skip") else []
    moved = clause.lemma in _MOTIONS or clause.passive or any(other.role == "object" for other in clause.parts)
    if part.preposition == "to" and (clause.lemma == "bear" or not moved):
        return []  # "referred to Canada", "born to Utama": not whither
    return [Asking("Where", part.preposition)] if part.preposition in ("to", "from") else []


def _things(part: Part, asked: Phrase, clause: Clause) -> list[Asking]:
    left = part.role == "object" and asked.named and part.governor in ("leave", "reach", "enter")
    if left or (part.role == "title" and clause.passive and clause.lemma not in TITLING):
        return []  # "leaves Elstow at 20:15", "was defeated west of Lund"
    if part.role == "attribute" and (
        coded := re.match(r"(part|model|number|code|version|size|room|gate|channel|port|error|step) (\S*\d\S*)", asked.text)
    ):
        return [Asking(f"Which {coded.group(1)}", answer=coded.group(2)), Asking("What", answer=coded.group(2))]
    if part.governor in ("weigh", "measure") and asked.kind in ("measure", "thing") and asked.count:
        return [Asking("How much" if part.governor == "weigh" else "How big")]
    if part.role == "attribute" and clause.subject.kind == "person" and re.fullmatch(r"\d{1,3}", asked.answer):
        return [Asking("How old")]
    if part.role == "attribute" and re.search(r"\d[\d,.]* (?:light-years|miles|kilomet\w+|met\w+|km) (?:from|away)", asked.text):
        return [
            Asking(
                f"How far from {asked.text.split(' from ')[1]}" if " from " in asked.text else "How far",
                answer=asked.answer.split(" from ")[0],
            )
        ]
    if part.role == "attribute" and clause.lemma == "be" and clause.subject.noun in lexicon.QUANTITIES and is_level(asked):
        return [Asking("What"), Asking("How high" if clause.subject.noun in _HIGH else "How much")]
    if asked.kind == "duration" and part.governor in _LASTING:
        return [Asking("How long")] if part.governor != "spend" or len(clause.parts) > 1 else []
    if asked.count and asked.kind != "money":
        return [Asking(f"How many {asked.counted}", answer=asked.count, plural=True)]
    if part.governor == "join" and asked.named and clause.subject.kind == "person":
        return [Asking("What"), Asking("Who")] if asked.kind != "org" else [Asking("Which team or organization"), Asking("Who")]
    if asked.kind == "money":
        return _sums(part, asked, clause)
    if asked.kind == "percent":
        rest = rest_of(asked)
        if rest:
            share = asked.text.split(" of ")[0]
            return [Asking(f"What share {rest}", answer=share), Asking(f"What percentage {rest}", answer=share)]
        return [Asking("By how much"), Asking("How much")] if clause.lemma in CHANGES else []
    if asked.kind in ("date", "year", "clock"):
        return [Asking("When")] if part.role == "attribute" else []
    if asked.kind == "duration":
        return []
    if part.role == "attribute" and (clause.auxiliaries or clause.lemma != "be"):
        return [Asking("What")] if clause.lemma == "become" and asked.kind in ("person", "thing") else []
    if not worth_asking(asked) and part.governor not in ("study", "teach", "require", "ban"):
        return []
    if asked.kind in ("number", "score", "measure"):
        return [Asking("What")] if asked.kind == "number" and part.role == "attribute" else []
    if asked.kind == "person":
        return [Asking("What" if part.role == "title" else "Who")]
    if clause.lemma in ("coach", "captain") and part.role == "object" and asked.named:
        return [Asking("Which team"), Asking("Who")]
    if asked.kind == "org" and part.role != "title":
        kind = sort_of(asked)
        first = Asking("Who") if clause.lemma in _PERSONAL_OBJECTS else Asking(f"Which {kind}") if kind else Asking("What")
        return [first]
    if (asked.kind == "place" and clause.lemma in _PERSONAL_OBJECTS) or (
        asked.named and asked.noun[:1].isupper() and clause.lemma in _CONTESTS and part.role == "object"
    ):
        return [Asking("Who")]
    return [Asking("What"), *(Asking(f"Which {kind}") for kind in [sort_of(asked)] if kind and part.role == "object")]


def _sums(part: Part, asked: Phrase, clause: Clause) -> list[Asking]:
    if part.role == "title" or (clause.lemma == "have" and asked.text.startswith(("a ", "an ", "the "))):
        return []
    if how_big := re.fullmatch(r"an? ([a-z]+) of (.*\d.*)", asked.answer):
        return [Asking(f"How big a {how_big.group(1)}", answer=how_big.group(2))]
    return [Asking("How much"), *([Asking("What")] if part.governor in ("cost", "be") else [])]


def _obliques(part: Part, asked: Phrase, clause: Clause) -> list[Asking]:
    if " " in part.preposition or part.preposition in ("than", "out", "off", "as"):
        return [Asking("What", "as")] if part.preposition == "as" and asked.kind in ("person", "thing") else []
    vague = not asked.named and (part.preposition == "by" or (part.preposition == "for" and asked.noun in lexicon.TIME_NOUNS))
    if not worth_asking(asked) or _INSTALMENT.match(asked.text) or (vague and asked.kind == "thing" and not asked.count):
        return []
    if part.preposition in ("to", "from") and asked.named and clause.lemma in _MOTIONS:
        return [Asking("Where", part.preposition)]
    if part.preposition in ("from", "to", "in") and asked.kind == "person" and " " not in asked.answer:
        return []
    if asked.noun in _FEELINGS or " than " in clause.sentence[clause.sentence.find(asked.answer) :]:
        return []
    if part.preposition == "at" and asked.kind not in ("person", "money") and not asked.count:
        return [Asking("Where")] if asked.named else []
    if asked.count and asked.kind != "money":
        return (
            [Asking(f"How many {asked.counted}", part.preposition, asked.count)]
            if part.preposition in _STRANDABLE - {"from", "to"}
            else []
        )
    if part.preposition in ("at", "in") and asked.kind == "org":
        return [Asking("Where")]
    if part.preposition == "to" and asked.kind in ("money", "percent", "measure") and clause.lemma in CHANGES:
        level = [Asking("To how much")] if asked.kind == "money" else []
        return [*level, Asking("To what level"), Asking("What", "to")]
    if asked.kind == "money" and clause.lemma == "join":
        return []
    if asked.kind == "money" or (asked.kind == "measure" and part.preposition in ("from", "to")):
        return [Asking("How much", part.preposition)] if part.preposition in ("for", "at") else []
    if asked.kind == "percent":
        return [Asking("By how much"), Asking("By what percentage")] if part.preposition == "by" and not rest_of(asked) else []
    if part.preposition == "with" and clause.lemma in ("pay", "fund", "finance"):
        return [Asking("How"), Asking("What", "with")]
    if asked.kind in ("person", "org") and part.preposition in _STRANDABLE:
        kind = sort_of(asked)
        return [Asking("Who", part.preposition), *([Asking(f"Which {kind}", part.preposition)] if kind else [])]
    if part.preposition in ("in", "at", "on") and asked.named and asked.kind == "name" and clause.lemma not in _PERFORMS:
        return [Asking("Where")] if part.preposition != "on" else []
    if asked.kind in ("thing", "name", "place") and part.preposition in _STRANDABLE and worth_asking(asked):
        kind = sort_of(asked)
        return [*([Asking(f"Which {kind}", part.preposition)] if kind else []), Asking("What", part.preposition)]
    return []
