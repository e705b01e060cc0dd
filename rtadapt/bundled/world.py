"""The invented world that the bundled model knows: its relations, its entities and its facts.

Owns the relations (closed ones with their own verbs, open ones from a list of several hundred nouns) and the facts
that hold among some 260 entities. Takes a seed and gives an immutable `World`; wording and stories are made elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from rtadapt.bundled import names
from rtadapt.bundled.nouns import COMPANY_ROLES, DEPARTMENTS, PERSON_ROLES, PLACE_ROLES, RANKS, THING_ROLES
from rtadapt.bundled.relations import CORE, Relation


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of one relation of one entity."""

    entity: str
    relation: Relation
    value: str


@dataclass(frozen=True, slots=True)
class World:
    """Everything the base model knows by heart."""

    entities: dict[str, tuple[str, ...]]
    facts: tuple[Fact, ...]

    def about(self, entity: str) -> tuple[Fact, ...]:
        """The facts of one entity."""
        return tuple(fact for fact in self.facts if fact.entity == entity)


_SIZES = {"club": 34, "company": 34, "city": 34, "product": 34, "fault": 30, "organisation": 60}
_OPEN_FACTS = 210


def open_relation(rng: Random, kind: str = "organisation", strange: float = 0.0) -> Relation:
    """A relation named by one of several hundred nouns, sometimes a compound, or a `strange` word, that no list holds."""
    draw = rng.random()
    if draw < 0.5:
        noun, ask, sort, value = rng.choice(PERSON_ROLES), "who", "person", "person"
        compound = rng.random()
        if compound < 0.15:
            noun = f"{rng.choice(RANKS)} {noun}"
        elif compound < 0.3:
            noun = rng.choice(("head of {}", "director of {}", "{} director", "{} manager", "chief {} officer")).format(
                rng.choice(DEPARTMENTS)
            )
    elif draw < 0.62:
        noun, ask, sort, value = rng.choice(COMPANY_ROLES), rng.choice(("who", "what")), "company", "company"
    elif draw < 0.72:
        noun, ask, sort, value = (
            rng.choice(PLACE_ROLES),
            rng.choice(("what", "where")),
            "place",
            rng.choice(("city", "venue", "organisation")),
        )
    else:
        noun, ask, sort, value = rng.choice(THING_ROLES), "what", "name", "title"
    if strange:
        noun = names.strange(rng, noun, strange)
    return Relation(f"open:{noun}", kind, (noun,), ask, sort, value)


def fault_name(rng: Random, product: str) -> str:
    """A fault of a product, as a customer names it."""
    return f"error {names.fault_code(rng)} on the {product}"


def _distinct(rng: Random, kind: str, count: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    while len(found) < count:
        found.setdefault(names.MAKERS[kind](rng))
    return tuple(found)


def _core_facts(rng: Random, entities: dict[str, tuple[str, ...]]) -> Iterator[Fact]:
    for relation in CORE:
        for entity in entities[relation.kind]:
            if relation.key in ("headquarters", "maker"):
                value = rng.choice(entities["city" if relation.key == "headquarters" else "company"])
            else:
                value = names.MAKERS[relation.value](rng)
            yield Fact(entity, relation, value)


def make_world(seed: int = 7) -> World:
    """The world of the shipped model, the same for the same seed."""
    rng = Random(seed)
    entities = {kind: _distinct(rng, kind, size) for kind, size in _SIZES.items() if kind != "fault"}
    entities["fault"] = tuple(fault_name(rng, rng.choice(entities["product"])) for _ in range(_SIZES["fault"]))
    facts = {(fact.entity, fact.relation.key): fact for fact in _core_facts(rng, entities)}
    homes = [(kind, name) for kind in ("organisation", "organisation", "club", "company", "city") for name in entities[kind]]
    opened = 0
    while opened < _OPEN_FACTS:
        kind, entity = rng.choice(homes)
        relation = open_relation(rng, kind)
        if relation.nouns[0] in {noun for core in CORE for noun in core.nouns} or (entity, relation.key) in facts:
            continue
        facts[entity, relation.key] = Fact(entity, relation, names.MAKERS[relation.value](rng))
        opened += 1
    return World(entities, tuple(facts.values()))
