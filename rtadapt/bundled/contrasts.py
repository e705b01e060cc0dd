"""Texts that name an old and a new holder of a role, in any order, of which only the new one is the answer.

Owns the clauses that end one time in office and begin the next, and how two of them are joined. Takes a random
generator; gives a sentence or two with their pairs.
"""

from __future__ import annotations

from random import Random

from rtadapt.bundled import names
from rtadapt.bundled.happenings import entity_of
from rtadapt.bundled.lists import lines
from rtadapt.bundled.relations import BY_KEY, Relation
from rtadapt.bundled.wordings import ask, plain, possessive, upper, written
from rtadapt.bundled.world import open_relation

ENDS = lines("""
    {E} replaced {O} {W}
    {E} dismissed {O} {W}
    {E} sacked {O} {W}
    {E} parted ways with {O} {W}
    {E} has let {O} go
    {E} dropped {O} {W}
    {E} and {O} have gone separate ways
    {O} left {E} {W}
    {O} has left {E}
    {O} stepped down {W}
    {O} resigned {W}
    {O} is leaving {E} {W}
    {O} has been let go
    {O} retired {W}
    {O} gave up the job {W}
    {O} lost the job {W}
    {O} is no longer {r} of {E}
    {O} was {r} of {E} for {T}
    {O} had been {r} of {E} for {T}
    {O} has resigned as {r} of {E}
    {O} will not go on as {r} of {E}
    the contract of {O} was ended {W}
    the time of {O} at {E} is over
    the old {r}, {O}, has left
    {S} former {r} {O} has moved on
    it was a short stay for {O}
    {O} had taken over as {r} of {E} only {T} before
    {O} lasted just {T} as {r} of {E}
    until now the {r} of {E} was {O}
    until {D} the {r} was {O}
""")
"""What is said of the old holder."""

BEGINS = lines("""
    {V} is the new {r} of {E}
    {V} is now {r} of {E}
    {V} takes over as {r} of {E}
    {V} becomes {r} of {E}
    {V} has been named {r} of {E}
    {V} was appointed {r} of {E}
    the new {r} of {E} is {V}
    the {r} of {E} is now {V}
    {S} new {r} is {V}
    {E} named {V} as its new {r}
    {E} has made {V} its {r}
    {E} hired {V} as {r}
    {E} turned to {V} as its next {r}
    {E} has given the job of {r} to {V}
    {V} steps in as {r} of {E}
    {V} will be {r} of {E} from now on
    the job of {r} at {E} goes to {V}
    {V} has signed as {r} of {E}
    from {D} {V} is {r} of {E}
    {V} now does the job of {r} at {E}
""")
"""What is said of the new one."""

ONE_SENTENCE = lines("""
    {E} has a new {r}: {V}, who follows {O}
    {V} succeeds {O} as {r} of {E}
    {V} succeeded {O}, who had been {r} of {E} for {T}
    {V} has taken the place of {O} as {r} of {E}
    {E} swapped its {r} {O} for {V}
    {V}, not {O}, is {r} of {E} now
    it is {V} and no longer {O} who is {r} of {E}
    {O} handed over to {V}, the new {r} of {E}
    {O} made way for {V}, who is now {r} of {E}
    instead of {O}, {V} is now {r} of {E}
    where {O} was {r} of {E} before, {V} is now in charge
    {V} follows {O}, who left {E} {W}, as {r}
    {O} was followed by {V} as {r} of {E}
    {E} went from {O} to {V} as its {r}
    after {T} with {O}, {E} has {V} as {r}
    {E} chose {V} over {O} as its next {r}
    with {O} gone, {V} is {r} of {E}
    {E} has changed its {r} again, from {O} to {V}
""")
"""Both in one clause."""

_AFTER = (
    "after {T}",
    "after just {T}",
    "after {N} games",
    "last week",
    "in {M}",
    "on {D}",
    "after a row",
    "for health reasons",
    "at the end of {M}",
    "yesterday",
    "after a bad start",
    "without warning",
    "",
)
_OPENINGS = (
    "That was quick.",
    "Things did not go well.",
    "Another change.",
    "It was to be expected.",
    "The wait is over.",
    "The experiment has failed.",
    "Once more there is a change at the top.",
    "It is official.",
)
_SHORT = {"club": "the club", "company": "the company", "city": "the city"}
_ROLES = ("coach", "captain", "ceo", "mayor")


def contrast(rng: Random) -> tuple[str, list[tuple[str, str, str]]]:
    """A text with (question as the model writes it, as a user asks it, answer)."""
    relation, entity = _role(rng)
    noun = relation.nouns[0] if rng.random() < 0.7 else rng.choice(relation.nouns)
    new, old = names.person(rng), names.person(rng)
    after = rng.choice(_AFTER)

    def told(template: str) -> str:
        span = rng.choice((f"{rng.randint(2, 20)} months", f"{rng.randint(2, 9)} years", "one season", "three weeks", "a year"))
        text = template.replace("{W}", after).replace("{E}", entity).replace("{S}", possessive(entity)).replace("{r}", noun)
        text = text.replace("{O}", old).replace("{V}", new).replace("{T}", span).replace("{N}", str(rng.randint(2, 30)))
        text = text.replace("{M}", rng.choice(names.MONTHS)).replace("{D}", rng.choice(names.DAYS))
        return " ".join(text.split()).replace(" ,", ",")

    if rng.random() < 0.3:
        body = upper(told(rng.choice(ONE_SENTENCE))) + "."
    else:
        pair, turned = [rng.choice(ENDS), rng.choice(BEGINS)], rng.random() < 0.3
        if turned:
            pair.reverse()
        if relation.kind in _SHORT and "{E}" in pair[0] and rng.random() < 0.35:
            pair[1] = pair[1].replace("{E}", _SHORT[relation.kind]).replace("{S}", possessive(_SHORT[relation.kind]))
        first, second = (told(template) for template in pair)
        body = upper(first) + _joint(rng, second, now=not turned) + "."
    if rng.random() < 0.25:
        body = f"{rng.choice(_OPENINGS)} {body}"
    question = plain(relation, entity) if rng.random() < 0.6 else written(rng, relation, entity)
    return body, [(question, ask(rng, relation, entity), new)]


def _joint(rng: Random, second: str, *, now: bool) -> str:
    """How the second clause hangs on the first."""
    mark = rng.choice(
        ("; ", "; ", ", and ", " and ", ". ", ". ", " - ") + ((": ", ". Now ", "; now ") if now and " now " not in second else ())
    )
    return mark + (upper(second) if mark == ". " else second)


def _role(rng: Random) -> tuple[Relation, str]:
    """A relation that a person holds, and where."""
    if rng.random() < 0.5:
        relation = BY_KEY[rng.choice(_ROLES)]
        return relation, entity_of(rng, relation.kind, None)
    while True:
        relation = open_relation(rng, strange=0.12)
        if relation.value == "person":
            return relation, entity_of(rng, rng.choice(("organisation", "organisation", "club", "company")), None)
