"""Free sentences about what someone does, with the questions a reader has about them.

Owns the order of subject, verb, object and adjuncts in active and passive clauses. Takes a random generator; gives
sentences, each with its (question, answer) pairs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from rtadapt.bundled import free_follow, free_words, names
from rtadapt.bundled.free_phrases import OBJECTS, Phrase, building, event_object, filled, subject
from rtadapt.bundled.free_verbs import Said, Verb, When, active, agreeing, invented, passive, verb
from rtadapt.bundled.lists import words
from rtadapt.bundled.sequels import Pairs, Sentence, held
from rtadapt.bundled.wordings import upper

_VERBS = {group: tuple(verb(item) for line in lines for item in line.split()) for group, lines in free_words.VERBS.items()}
_ALONE = {group: tuple(verb(item) for line in lines for item in line.split()) for group, lines in free_words.INTRANSITIVE.items()}
_GROUPS = tuple(_VERBS)
_GROUP_SHARES = (17, 15, 14, 9, 8, 14, 10, 7, 8, 6)
_TAKING_ON = frozenset(words("hire appoint elect sign choose select recruit find welcome nominate train"))
_INVENTED = 0.14
"""Share of verbs that are made up."""
_PLACED = frozenset({"person", "event", "people", "goods", "product", "work"})


@dataclass(frozen=True, slots=True)
class Adjunct:
    """A time, a place, a price, a reason or a length: its words, what asks for it, and the answer."""

    text: str
    ask: str
    answer: str


def _time(rng: Random, when: When) -> Adjunct:
    lists = {"past": free_words.PAST_TIMES, "future": free_words.FUTURE_TIMES, "always": free_words.CLOCK_TIMES}
    text = filled(rng, rng.choice(lists[when]))
    bare = re.sub(r"^(?:on|at|from|in(?= [A-Z\d])) ", "", text)
    return Adjunct(text, "when", bare)


def _place(rng: Random) -> Adjunct:
    form = rng.choice(("in", "in", "at", "near"))
    place = names.venue(rng) if form == "at" else names.town(rng)
    return Adjunct(f"{form} {place}", "where", place if form != "near" else f"near {place}")


def _why(rng: Random) -> Adjunct:
    if rng.random() < 0.4:
        text = filled(rng, rng.choice(free_words.PURPOSES))
        return Adjunct(text, "why", text)
    reason = rng.choice(free_words.REASONS)
    return Adjunct(f"{rng.choice(('because of', 'because of', 'due to', 'after', 'owing to'))} {reason}", "why", reason)


def _length(rng: Random, when: When) -> Adjunct:
    if when != "past" and rng.random() < 0.5:
        until = filled(rng, rng.choice(("{day}", "{month}", "{date}", "{month} {year}")))
        return Adjunct(f"until {until}", "until when", until)
    span = filled(rng, rng.choice(free_words.SPANS))
    return Adjunct(f"for {span}", "for how long", span)


def _adjuncts(rng: Random, group: str, one: Verb, when: When) -> list[Adjunct]:
    """Up to two adjuncts that go with the verb and its object."""
    found = []
    if one.base in ("buy", "sell", "acquire", "steal") and rng.random() < 0.5 and one.base != "steal":
        price = filled(rng, "{amount}")
        found.append(Adjunct(f"for {price}", "for how much", price))
    if one.base in ("close", "shut", "ban", "suspend", "rent", "lease", "house") and rng.random() < 0.6:
        found.append(_length(rng, when))
    if group in _PLACED and rng.random() < 0.35:
        found.append(_place(rng))
    if when != "perfect" and rng.random() < 0.5:
        found.append(_time(rng, when))
    if rng.random() < 0.22:
        found.append(_why(rng))
    return found[:2]


def _arranged(rng: Random, core: str, adjuncts: list[Adjunct], *, named: bool = False) -> str:
    """The sentence, with a time or a reason in front now and then; `named` says that the core ends with an appositive."""
    front = [one for one in adjuncts if one.ask in ("when", "why")]
    if front and rng.random() < 0.28:
        lead = rng.choice(front)
        rest = " ".join(one.text for one in adjuncts if one is not lead)
        return upper(f"{lead.text}, {core} {rest}".strip().rstrip(",") + ".")
    tail = " ".join(one.text for one in adjuncts)
    comma = "," if named and tail else ""
    return upper(f"{core}{comma} {tail}".strip().rstrip(",") + ".")


def _asked(auxiliary: str, who: str, rest: str, adjuncts: list[Adjunct], *, buying: bool = False) -> Pairs:
    pairs = []
    for one in adjuncts:
        question = f"{one.ask} {auxiliary} {who} {rest}?"
        if buying and one.ask == "for how much" and auxiliary == "did":
            question = f"how much did {who} pay for {rest.partition(' ')[2]}?"
        pairs.append((upper(" ".join(question.split())), one.answer))
    return pairs


def _object_question(who: Phrase, said: Said, what: Phrase) -> Pairs:
    if not what.answer:
        return []
    if what.text.startswith("a new ") and what.kind == "person":
        job = what.text.removeprefix("a new ").partition(",")[0]
        return [(f"Who is the new {job} of {who.name}?", what.answer)]
    tail = f" {what.counted}" if what.kind == "money" else ""
    return [(upper(f"{what.ask} {said.auxiliary} {who.name} {said.rest}{tail}?"), what.answer)]


def doing(rng: Random, who: Phrase | None = None) -> tuple[Sentence, Phrase, Phrase]:
    """An active clause with its subject, which may be given, and its object."""
    group = rng.choices(_GROUPS, _GROUP_SHARES)[0]
    one, who, what = rng.choice(_VERBS[group]), who or subject(rng), OBJECTS[group](rng)
    one = invented(rng) if rng.random() < _INVENTED else one
    if not _fits(who, one, what):
        what = Phrase(what.name, what.name, "who", what.name, "person")
    if what.text.startswith("its ") and what.kind == "building" and who.kind not in ("company", "club", "institution"):
        what = Phrase(what.name, what.name, "what", what.name, "building")
    said = active(rng, one, who.plural)
    adjuncts = _adjuncts(rng, group, one, said.when)
    sentence = _arranged(rng, f"{who.text} {said.finite} {what.text}", adjuncts, named=", " in what.text)
    tail = agreeing(said.finite, False) if not who.plural else _single(said, one)
    thing = f"money {what.counted}" if what.kind == "money" else what.counted or what.name
    pairs = [(upper(f"{who.ask} {tail} {what.name if what.kind not in ('money',) else thing}?"), who.answer)]
    pairs += _object_question(who, said, what)
    pairs += _asked(said.auxiliary, who.name, f"{said.rest} {what.name}", adjuncts, buying=one.base == "buy")
    return (sentence, _kept([*who.more, *pairs])), who, what


def _fits(who: Phrase, one: Verb, what: Phrase) -> bool:
    """Whether an employee with a job goes with who employs and what is done."""
    if what.kind != "person" or not what.text.startswith(("its ", "a new ")):
        return True
    if who.kind in ("person", "people", "council", "firm", "group"):
        return False
    return what.text.startswith("its ") or one.base in _TAKING_ON


def _single(said: Said, one: Verb) -> str:
    """The finite verb after "who", which takes the singular."""
    head, _, tail = said.finite.partition(" ")
    single = {"have": "has", "are": "is", "plan": "plans", "want": "wants"}.get(head, head)
    return f"{single} {tail}".strip()


def done(rng: Random) -> tuple[Sentence, Phrase | None, Phrase]:
    """A passive clause, mostly without its agent."""
    group = rng.choices(_GROUPS, _GROUP_SHARES)[0]
    one, what = rng.choice([each for each in _VERBS[group] if each.base not in ("speak", "join", "meet")]), OBJECTS[group](rng)
    one = invented(rng) if rng.random() < _INVENTED else one
    said = passive(rng, one, what.plural)
    who = subject(rng) if rng.random() < 0.5 else None
    adjuncts = _adjuncts(rng, group, one, said.when)
    text = what.name if what.kind in ("person", "product") or what.text.startswith("its ") else what.text
    agent = f" by {who.text}" if who else ""
    if not who and not adjuncts:
        adjuncts = [_why(rng) if said.when == "perfect" else _time(rng, said.when)]
    sentence = _arranged(rng, f"{text} {said.finite}{agent}", adjuncts)
    pairs: Pairs = []
    if who:
        asked = f"by whom {said.auxiliary} {what.name} {said.rest}?"
        if rng.random() < 0.65:
            asked = f"who {_as_active(said, one)} {what.name}?"
        pairs = [*who.more, (upper(asked), who.answer)]
    if what.counted and what.kind != "money":
        place = next((f" {one_.text}" for one_ in adjuncts if one_.ask == "where"), "")
        by = f" by {who.name}" if who else ""
        if place or by:
            pairs.append((upper(f"{what.ask} {said.finite}{by or place}?"), what.answer))
    elif what.kind == "money":
        pairs.append((upper(f"how much {said.finite} {what.counted}?"), what.answer))
    elif who:
        asked_for = "what" if what.kind == "product" else what.ask
        pairs.append((upper(f"{asked_for} {said.finite} by {who.name}?"), what.name if text == what.name else what.answer))
    pairs += _asked(said.auxiliary, what.name, said.rest, adjuncts)
    return (sentence, _kept(pairs)), who, what


def _as_active(said: Said, one: Verb) -> str:
    return {
        "was": one.past,
        "were": one.past,
        "has": f"has {one.participle}",
        "have": f"has {one.participle}",
        "will": f"will {one.base}",
        "must": f"must {one.base}",
    }.get(said.auxiliary, f"is {one.going}" if "being" in said.rest else f"is to {one.base}")


def _kept(pairs: Pairs) -> Pairs:
    """Three pairs at most: the first two and the last."""
    return pairs if len(pairs) < 4 else [*pairs[:2], pairs[-1]]


_ACTORS: dict[str, Callable[[Random], Phrase]] = {
    "building": building,
    "event": event_object,
    "person": lambda rng: next(one for one in iter(lambda: subject(rng), None) if one.kind == "person"),
    "scheme": lambda rng: _plain(held(rng, {}, rng.choice(free_follow.SCHEMES))),
    "ride": lambda rng: _plain(held(rng, {}, rng.choice(free_follow.RIDES))),
}


def _plain(text: str) -> Phrase:
    return Phrase(text, text, "what", text, "scheme")


def happening(rng: Random) -> Sentence:
    """A clause without an object: something opens, ends or leaves."""
    group = rng.choice(tuple(_ALONE))
    one, who = rng.choice(_ALONE[group]), _ACTORS[group](rng)
    one = invented(rng) if rng.random() < _INVENTED else one
    said = active(rng, one, who.plural, regular=group in ("ride", "scheme", "event"))
    if said.rest.startswith(("plan", "want", "decide")) and group != "person":
        said = Said(f"will {one.base}", "will", one.base, "future")
    adjuncts = [_why(rng) if said.when == "perfect" else _time(rng, said.when)]
    if group in ("person", "event") and rng.random() < 0.5:
        adjuncts = [_place(rng), *adjuncts[: rng.randint(0, 1)]]
    if rng.random() < 0.25 and said.when != "perfect":
        adjuncts = [*adjuncts[:1], _why(rng)]
    pairs: Pairs = list(who.more[:1]) + _asked(said.auxiliary, who.name, said.rest, adjuncts)
    return _arranged(rng, f"{who.text} {said.finite}", adjuncts), pairs
