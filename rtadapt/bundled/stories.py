"""Texts with facts in them: news stories, one-sentence notes and support transcripts, with the questions they answer.

Owns the sentence templates and the noise around them. Takes a random generator and, for names of the world, the
world; gives a `Text` whose every answer stands verbatim in its body. Values in texts are always throw-away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from rtadapt.bundled import names
from rtadapt.bundled.happenings import Asked, count, entity_of, event
from rtadapt.bundled.lines import AGENT_LINES, CUSTOMER_LINES, SMALL_TALK
from rtadapt.bundled.notes import dressed, note
from rtadapt.bundled.relations import BY_KEY, CORE, Relation
from rtadapt.bundled.sentences import CORE_SENTENCES, FILLERS, ROLE_SENTENCES, THING_SENTENCES
from rtadapt.bundled.wordings import ask, possessive, upper, written
from rtadapt.bundled.world import World, open_relation

STRANGE = 0.22
"""Share of nouns in texts that are made up."""

HEADLINES = ("news from ", "change at ", "a new chapter for ", "update: ", "what is new at ")


@dataclass(frozen=True, slots=True)
class Text:
    """A text and what can be asked about it, in order."""

    body: str
    asked: tuple[Asked, ...]

    @classmethod
    def of(cls, body: str, asked: list[Asked]) -> Text:
        """Answers take the capital that the start of a sentence gave them, so that each stands in the text."""
        return cls(body, tuple(one if one.answer in body else replace(one, answer=upper(one.answer)) for one in asked))


def _say(rng: Random, template: str, relation: Relation, entity: str, value: str) -> str:
    noun = relation.nouns[0] if rng.random() < 0.6 else rng.choice(relation.nouns)
    code, _, product = entity.partition(" on the ")
    old = names.MAKERS[relation.value](rng)
    filled = (
        template.replace("{S}", "its" if entity == "it" else possessive(entity))
        .replace("{E}", entity)
        .replace("{r}", noun)
        .replace("{D}", names.day(rng))
        .replace("{P}", names.person(rng))
        .replace("{F}", code)
        .replace("{K}", product)
        .replace("{O}", old)
        .replace("{V}", value)
    )
    return upper(filled)


def stated(rng: Random, relation: Relation, entity: str, value: str) -> str:
    """One sentence that says a fact."""
    generic = ROLE_SENTENCES if relation.value in ("person", "company") and relation.key != "maker" else THING_SENTENCES
    own = CORE_SENTENCES.get(relation.key, ())
    template = rng.choice(own) if own and (rng.random() < 0.65 or relation.kind == "fault") else rng.choice(generic)
    return _say(rng, template, relation, entity, value)


def relation_fact(rng: Random, world: World | None, entity: str | None = None) -> tuple[str, Asked]:
    """One relation of one entity, stated and asked."""
    if entity is None and rng.random() < 0.42:
        relation = rng.choice([core for core in CORE if core.kind != "fault"])
        entity = entity_of(rng, relation.kind, world)
    else:
        relation = open_relation(rng, strange=STRANGE)
        entity = entity or entity_of(rng, rng.choice(("organisation", "organisation", "club", "company", "city")), world)
    value = names.MAKERS[relation.value](rng)
    return stated(rng, relation, entity, value), Asked(written(rng, relation, entity), ask(rng, relation, entity), value)


def _start(rng: Random, world: World | None) -> list[tuple[str, Asked]]:
    """A new role with its first day in a second sentence."""
    relation = open_relation(rng, strange=STRANGE)
    while relation.value != "person":
        relation = open_relation(rng, strange=STRANGE)
    entity, person, day = entity_of(rng, "organisation", world), names.person(rng), names.day(rng)
    noun, pronoun = relation.nouns[0], rng.choice(("He", "She", "They"))
    first = stated(rng, relation, entity, person)
    verb = "start" if pronoun == "They" else "starts"
    link = "in" if day in names.MONTHS else "on"
    second = rng.choice(
        (
            f"{pronoun} {verb} {link} {day}.",
            f"The first day is {day}.",
            f"{person.split()[-1]} {verb} {link} {day}.".replace(" start ", " starts "),
        )
    )
    question = rng.choice(
        (
            f"When does {person} start as {noun} of {entity}?",
            f"When does {person} start at {entity}?",
            f"When does the new {noun} of {entity} start?",
        )
    )
    return [
        (first, Asked(written(rng, relation, entity), ask(rng, relation, entity), person)),
        (second, Asked(question, question, day)),
    ]


def _facts(rng: Random, world: World | None, wanted: int) -> list[tuple[str, Asked]]:
    found: list[tuple[str, Asked]] = []
    while len(found) < wanted:
        draw = rng.random()
        if draw < 0.36:
            found.append(relation_fact(rng, world))
        elif draw < 0.48:
            found.extend(_two_about_one(rng, world))
        elif draw < 0.76:
            found.extend(_note(rng))
        elif draw < 0.86:
            found.append(event(rng, world))
        elif draw < 0.92:
            found.append(count(rng, world))
        else:
            found.extend(_start(rng, world))
    return found


def _note(rng: Random) -> list[tuple[str, Asked]]:
    """A plain note; when it answers several questions, all hang on its one text."""
    body, pairs = note(rng)
    return [(body if not i else "", Asked(question, question, answer)) for i, (question, answer) in enumerate(pairs)]


def _two_about_one(rng: Random, world: World | None) -> list[tuple[str, Asked]]:
    """Two facts about one entity; the second sentence may say "the club" or "it"."""
    kind = rng.choice(("club", "company", "city", "product"))
    entity = entity_of(rng, kind, world)
    relations = rng.sample([core for core in CORE if core.kind == kind], 2)
    found = []
    for i, relation in enumerate(relations):
        value = names.MAKERS[relation.value](rng)
        short = rng.choice((f"the {kind}", f"the {kind}", "it")) if i and rng.random() < 0.5 and kind != "product" else entity
        sentence = stated(rng, relation, short, value)
        found.append((sentence, Asked(written(rng, relation, entity), ask(rng, relation, entity), value)))
    return found


def filler(rng: Random) -> str:
    """A sentence that says nothing anyone would ask."""
    return (
        rng.choice(FILLERS)
        .replace("{P}", names.person(rng))
        .replace("{C}", names.town(rng))
        .replace("{D}", rng.choice(names.DAYS))
        .replace("{G}", names.organisation(rng))
        .replace("{N}", str(rng.randint(2, 90)))
    )


def story(rng: Random, world: World | None) -> Text:
    """A news story of one sentence up to some 120 words, with one to four facts."""
    wanted = rng.choices((1, 2, 3, 4), (45, 33, 15, 7))[0]
    facts = _facts(rng, world, wanted)
    noise = rng.choices((0, 1, 2, 3, 4), (38, 22, 20, 13, 7))[0]
    sentences = [dressed(rng, sentence) for sentence, _ in facts if sentence]
    for _ in range(noise):
        at = rng.randint(0, len(sentences))
        leans = at < len(sentences) and sentences[at].startswith(
            ("He ", "She ", "They ", "The first day", "It ", "Its ", "The c")
        )
        sentences.insert(at + 1 if leans else at, filler(rng))
    body = " ".join(sentences)
    draw = rng.random()
    if draw < 0.08:
        body = f"{names.town(rng).upper()}, {rng.randint(1, 28)} {rng.choice(names.MONTHS)} - {body}"
    elif draw < 0.16:
        body = f"By {names.person(rng)}\n{body}"
    elif draw < 0.3:
        body = f"{upper(rng.choice(HEADLINES)) + names.organisation(rng)}\n{body}"
    elif draw < 0.38:
        body = "\n".join(sentences)
    return Text.of(body, [asked for _, asked in facts])


def _support_fact(rng: Random, world: World | None) -> tuple[str, str, str, Asked]:
    """What the customer asks, what the agent says, what a bot might get wrong, and the pair."""
    relation = rng.choice(
        [BY_KEY[key] for key in ("fix", "fix", "fix", "warranty", "price", "delivery", "returns", "release", "maker")]
    )
    entity, value = entity_of(rng, relation.kind, world), names.MAKERS[relation.value](rng)
    if rng.random() < 0.2:
        relation = open_relation(rng, strange=STRANGE)
        entity, value = entity_of(rng, "organisation", world), names.MAKERS[relation.value](rng)
    answer = (
        stated(rng, relation, entity, value)
        if relation.key not in AGENT_LINES or rng.random() < 0.4
        else _say(rng, rng.choice(AGENT_LINES[relation.key]), relation, entity, value)
    )
    asks = (
        _say(rng, rng.choice(CUSTOMER_LINES[relation.key]), relation, entity, value)
        if relation.key in CUSTOMER_LINES and rng.random() < 0.6
        else ask(rng, relation, entity)
    )
    wrong = stated(rng, relation, entity, names.MAKERS[relation.value](rng))
    return asks, answer, wrong, Asked(written(rng, relation, entity), ask(rng, relation, entity), value)


def _with_manners(rng: Random, answer: str) -> str:
    """An answer with something polite before or after it."""
    lead = rng.choice(("",) * 4 + SMALL_TALK["lead"])
    tail = rng.choice(("",) * 5 + SMALL_TALK["tail"])
    return " ".join(part for part in (lead, answer, tail) if part)


def transcript(rng: Random, world: World | None) -> Text:
    """A support conversation; only what the agent says is asked."""
    turns: list[str] = []
    if rng.random() < 0.5:
        turns += [
            f"Customer: {rng.choice(SMALL_TALK['hello'])}",
            f"Agent: {rng.choice(SMALL_TALK['welcome']).replace('{P}', names.person(rng).split()[0])}",
        ]
    pairs: list[Asked] = []
    for _ in range(rng.choices((1, 2, 3), (62, 30, 8))[0]):
        asks, answer, wrong, pair = _support_fact(rng, world)
        turns.append(f"Customer: {rng.choice(('', '', '', 'Also, ', 'Thanks. ')) if pairs else ''}{asks}")
        if rng.random() < 0.22:
            turns += [f"Bot: {wrong}", f"Customer: {rng.choice(SMALL_TALK['doubt'])}"]
            answer = rng.choice(("", "", "Sorry, that is wrong. ", "The bot is mistaken. ", "That is out of date. ")) + answer
        turns.append(f"Agent: {_with_manners(rng, answer)}")
        pairs.append(pair)
    if rng.random() < 0.5:
        turns += [f"Customer: {rng.choice(SMALL_TALK['thanks'])}"] + (
            [f"Agent: {rng.choice(SMALL_TALK['bye'])}"] if rng.random() < 0.6 else []
        )
    return Text.of("\n".join(turns), pairs)
