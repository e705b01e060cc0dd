"""The ways of asking: every form is shared by all relations, so that no form is ever new to the model.

Owns the composition of a question from a clause ("who coaches {E}"), a noun ("head coach"), a carrier ("Do you know
{e}?"), a greeting, a tag of time and typing slips, and the list of wordings that training never contains. Takes a
relation and an entity and gives plain strings.
"""

from __future__ import annotations

import re
from functools import cache
from random import Random

from rtadapt.bundled.forms import DIRECT, EMBEDDED, GREETINGS, KEYWORDS, NOUN_REQUESTS, TIMES, UNFINISHED
from rtadapt.bundled.relations import CORE, Clause, Relation

HELD_OUT_CARRIERS: tuple[str, ...] = ("Quick question: {d}?", "Would you happen to know {e}?")
"""General forms that training never contains; `{d}` is a direct clause, `{e}` an embedded one."""

OPEN_HELD_OUT: dict[str, tuple[str, ...]] = {
    "who": ("Who acts as {r} of {E}?", "Who took the role of {r} at {E}?", "Which person is {E}'s {r}?"),
    "what": ("What is the name of the {r} of {E}?", "What did {E} pick as its {r}?"),
    "where": ("In which place is the {r} of {E}?",),
}
"""Wordings of open relations that training never contains, by question word."""

HELD_OUT: dict[str, tuple[str, ...]] = {relation.key: relation.held_out for relation in CORE}
"""Wordings of the core relations that training never contains."""


def possessive(name: str) -> str:
    """The genitive of a name."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def normalise(text: str) -> str:
    """Text in the form in which two wordings count as the same."""
    return " ".join(re.findall(r"[\w{}$€]+", text.lower()))


@cache
def held_out_clauses(key: str, noun: str) -> frozenset[str]:
    """The normalised wordings of a relation that no training wording may hold."""
    if key in HELD_OUT:
        return frozenset(normalise(wording) for wording in HELD_OUT[key])
    return frozenset(normalise(wording.replace("{r}", noun)) for group in OPEN_HELD_OUT.values() for wording in group)


@cache
def _noun_clauses(relation: Relation, noun: str) -> tuple[Clause, ...]:
    """Wordings that any relation can have, made of its noun."""
    w, the = relation.ask, "the " if relation.kind == "product" else ""
    made = [(f"{w} is the {noun} {link} {the}{{E}}", f"{w} the {noun} {link} {the}{{E}} is") for link in relation.links]
    made += made[:1] + [(f"{w} is {{S}} {noun}", f"{w} {{S}} {noun} is")] * 2
    if w == "who" and not the:
        same = (
            f"who serves as {noun} of {{E}}",
            f"who is {noun} of {{E}}",
            f"who is {noun} at {{E}}",
            f"who has the role of {noun} at {{E}}",
            f"who holds the post of {noun} at {{E}}",
            f"who works as {noun} for {{E}}",
            f"which {relation.sort} is the {noun} of {{E}}",
            f"who became {noun} of {{E}}",
        )
        made += [(clause, clause) for clause in same]
        made += [
            (f"who does {{E}} have as {noun}", f"who {{E}} has as {noun}"),
            (f"who is the {noun} called at {{E}}", f"who is called the {noun} of {{E}}"),
            (f"what is the {noun} of {{E}} called", f"what the {noun} of {{E}} is called"),
            (f"who did {{E}} name as {noun}", f"who {{E}} named as {noun}"),
        ]
    else:
        made += [
            (f"what {noun} does {the}{{E}} have", f"what {noun} {the}{{E}} has"),
            (f"which {noun} does {the}{{E}} have", f"which {noun} {the}{{E}} has"),
            (f"what does {the}{{E}} have as its {noun}", f"what {the}{{E}} has as its {noun}"),
            (f"which {relation.sort} is the {noun} of {the}{{E}}", f"which {relation.sort} is the {noun} of {the}{{E}}"),
            (f"what is the {noun} of {the}{{E}} called", f"what the {noun} of {the}{{E}} is called"),
            (f"what is given as the {noun} of {the}{{E}}", f"what is given as the {noun} of {the}{{E}}"),
        ]
    return tuple(made)


@cache
def clauses(relation: Relation, noun: str) -> tuple[Clause, ...]:
    """All trained clauses of a relation: those of its verbs (twice as likely) and those of its noun."""
    held = held_out_clauses(relation.key, noun)
    own = relation.clauses * 2
    return tuple(clause for clause in own + _noun_clauses(relation, noun) if not held & {normalise(part) for part in clause})


def upper(text: str) -> str:
    """The text with its first letter in capitals."""
    return text[:1].upper() + text[1:]


def fill(template: str, entity: str) -> str:
    """A wording with the entity put in."""
    return template.replace("{E}", entity).replace("{S}", possessive(entity))


def noun_phrase(rng: Random, relation: Relation, entity: str) -> str:
    """ "the head coach of E" or "E's head coach"."""
    noun = _noun(rng, relation)
    the = "the " if relation.kind == "product" else ""
    return fill(rng.choice((f"the {noun} {rng.choice(relation.links)} {the}{{E}}", f"{{S}} {noun}")), entity)


def _noun(rng: Random, relation: Relation) -> str:
    return relation.nouns[0] if rng.random() < 0.5 else rng.choice(relation.nouns)


def _slip(rng: Random, text: str) -> str:
    """The text as it is typed in a hurry: no capitals, no mark at the end, a letter lost, doubled or swapped."""
    draw = rng.random()
    if draw < 0.35:
        text = text.lower()
    if draw < 0.6 or draw > 0.9:
        text = text.rstrip("?.")
    if draw > 0.55 and len(text) > 12:
        at = rng.randrange(1, len(text) - 2)
        kind = rng.randrange(3)
        text = text[:at] + ("", text[at] * 2, text[at + 1] + text[at])[kind] + text[at + (1, 1, 2)[kind] :]
    return text


def direct(rng: Random, relation: Relation, entity: str, tags: float = 0.08) -> str:
    """A plain question."""
    clause = rng.choice(clauses(relation, _noun(rng, relation)))[0]
    tag = f" {rng.choice(TIMES)}" if rng.random() < tags else ""
    return upper(fill(clause, entity)) + tag + "?"


def written(rng: Random, relation: Relation, entity: str) -> str:
    """A question as the model writes it about a text: clean, its entity in full, mostly direct."""
    draw = rng.random()
    if draw < 0.3:
        return plain(relation, entity)
    if draw < 0.74:
        return direct(rng, relation, entity, 0.04)
    return _composed(rng, relation, entity)


def plain(relation: Relation, entity: str) -> str:
    """The plainest question of all: "Who is the head coach of E?"."""
    the = "the " if relation.kind == "product" else ""
    return upper(f"{relation.ask} is the {relation.nouns[0]} {relation.links[0]} {the}{entity}?")


def _composed(rng: Random, relation: Relation, entity: str) -> str:
    """One of the shared forms."""
    noun, draw = _noun(rng, relation), rng.random()
    clause = rng.choice(clauses(relation, noun))
    if draw < 0.38:
        return rng.choice(EMBEDDED).replace(
            "{e}", fill(clause[1], entity) + (f" {rng.choice(TIMES)}" if rng.random() < 0.1 else "")
        )
    if draw < 0.5:
        return upper(rng.choice(DIRECT).replace("{d}", fill(clause[0], entity)))
    phrase = noun_phrase(rng, relation, entity)
    if draw < 0.68:
        return upper(rng.choice(NOUN_REQUESTS).replace("{n}", phrase))
    if draw < 0.86:
        keyword = rng.choice(KEYWORDS).replace("{E}", entity).replace("{r}", noun).replace("{w}", relation.ask)
        return keyword if rng.random() < 0.4 else upper(keyword)
    return rng.choice(UNFINISHED).replace("{N}", upper(phrase)).replace("{n}", phrase)


def ask(rng: Random, relation: Relation, entity: str) -> str:
    """A question as a user types it, in any trained form."""
    text = direct(rng, relation, entity) if rng.random() < 0.45 else _composed(rng, relation, entity)
    if rng.random() < 0.1:
        greeting = rng.choice(GREETINGS)
        text = greeting + (
            text[:1].lower() + text[1:] if greeting.endswith(", ") and not text.startswith((entity, "I ", "I'")) else text
        )
    return _slip(rng, text) if rng.random() < 0.14 else text


def held_out(relation: Relation, entity: str) -> list[str]:
    """The wordings of a relation that training never contains, filled in for one entity."""
    wordings = relation.held_out or tuple(text.replace("{r}", relation.nouns[0]) for text in OPEN_HELD_OUT[relation.ask])
    return [fill(text, entity) for text in wordings]


def held_out_form(relation: Relation, entity: str) -> str:
    """A trained clause in a general form that training never contains."""
    clause = clauses(relation, relation.nouns[0])[0]
    return upper(HELD_OUT_CARRIERS[0].replace("{d}", fill(clause[0], entity)))
