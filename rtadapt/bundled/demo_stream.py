"""Writes the demo's stream: `python -m rtadapt.bundled.demo_stream OUT.jsonl`.

Owns the plot: 22 news stories and 10 support transcripts, half about entities the bundled model knows (with a value
that differs from what it learned), half about new ones. Questions use only wordings that training never contains.
Takes a seed; gives one JSON object a line, `{"body": …, "questions": […]}`.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from rtadapt.bundled import names
from rtadapt.bundled.demo_plots import NEWS, SUPPORT, Plot
from rtadapt.bundled.relations import BY_KEY, Relation
from rtadapt.bundled.wordings import held_out
from rtadapt.bundled.world import Fact, World, fault_name, make_world

DEMO_FILE = Path(__file__).parent.parent / "demo" / "stream.jsonl"
_UGLY = re.compile(
    r"[aeiouy]{3}|[b-df-hj-np-tv-xz]{4}|(.)\1\1|-|[bcdfghjklmnpqstvwxz]{2}[lr]|.{10}|[xqj].*[xqjyz]|y[a-z]*y|[aeiou]{2}.*[aeiou]{2}|20[12]\d"
)


@dataclass(slots=True)
class Writer:
    """Draws names that read well, never one twice, and remembers what the stream has changed."""

    world: World
    rng: Random
    used: set[str] = field(default_factory=set)
    asked: int = 0
    changed: dict[str, Fact] = field(default_factory=dict)

    def draw(self, make: Callable[[], str], free: bool = True) -> str:
        """A readable name or value, `free` if it may not have been used before."""
        while True:
            made = make()
            if _readable(made) and (not free or made not in self.used):
                self.used.add(made)
                return made

    def fact(self, key: str, how: str, told: dict[str, Fact]) -> tuple[Fact, str]:
        """The new fact and the value it replaces (empty when there was none)."""
        if how == "again":
            before = self.changed[key]
            return Fact(
                before.entity, before.relation, self.draw(lambda: names.MAKERS[before.relation.value](self.rng))
            ), before.value
        if how == "known":
            known = [fact for fact in self.world.facts if fact.relation.key == key] or [self._open(key)]
            before = self._choose(known)
            value = self.draw(lambda: names.MAKERS[before.relation.value](self.rng))
            return Fact(before.entity, before.relation, value), before.value
        relation = BY_KEY[key] if key in BY_KEY else _open_relation(key)
        entity = told[how[5:]].entity if how.startswith("same:") else self.draw(lambda: self._new_entity(relation.kind))
        return Fact(entity, relation, self.draw(lambda: names.MAKERS[relation.value](self.rng))), ""

    def _new_entity(self, kind: str) -> str:
        return fault_name(self.rng, names.product(self.rng)) if kind == "fault" else names.MAKERS[kind](self.rng)

    def _choose(self, known: list[Fact]) -> Fact:
        good = [fact for fact in known if fact.entity not in self.used and _readable(fact.entity) and _readable(fact.value)]
        chosen = self.rng.choice(good or [fact for fact in known if fact.entity not in self.used])
        self.used.add(chosen.entity)
        return chosen

    def _open(self, key: str) -> Fact:
        """A role the world does not fill yet, at an organisation that it knows."""
        home = self.rng.choice([name for name in self.world.entities["organisation"] if _readable(name)])
        return Fact(home, _open_relation(key), "")

    def ask(self, fact: Fact) -> dict[str, str]:
        """The question about a fact, in one of the wordings that training never contains."""
        self.asked += 1
        wordings = held_out(fact.relation, fact.entity)
        return {"ask": wordings[self.asked % len(wordings)], "answer": fact.value}


def _readable(name: str) -> bool:
    """Whether a reader can pronounce every invented word of a name or value."""
    return len(name) <= 44 and not any(
        _UGLY.search(word.lower()) for word in name.split() if word[:1].isupper() or word[:2] == "20"
    )


def _open_relation(key: str) -> Relation:
    noun = key.removeprefix("open:")
    ask, sort, value = {
        "mascot": ("what", "name", "title"),
        "signature dish": ("what", "name", "title"),
        "main sponsor": ("what", "company", "company"),
    }.get(noun, ("who", "person", "person"))
    return Relation(key, "organisation", (noun,), ask, sort, value)


def write_event(writer: Writer, plot: Plot, feed: str, number: int, again: frozenset[str]) -> dict[str, Any]:
    """One line of the stream. A fact whose relation is told `again` later is not asked here."""
    told: dict[str, Fact] = {}
    values: dict[str, str] = {}
    questions = []
    for part in plot.facts.split(", "):
        letter, key, how = [*part.rsplit(" ", 1)[0].split(" ", 1), part.rsplit(" ", 1)[1]]
        fact, old = writer.fact(key, how, told)
        told[letter] = fact
        if how == "known":
            writer.changed[key] = fact
        code, _, product = fact.entity.partition(" on the ")
        values |= {
            letter: fact.entity,
            f"{letter}_new": fact.value,
            f"{letter}_old": old,
            f"{letter}_code": code,
            f"{letter}_product": product,
        }
        if not (how == "known" and key in again):
            questions.append(writer.ask(fact))
    text = plot.text.format(**values)
    return {"body": _body(plot, feed, text, number, list(told.values())), "questions": questions}


def _body(plot: Plot, feed: str, text: str, number: int, facts: list[Fact]) -> dict[str, Any]:
    """The text in one of the forms that the server takes."""
    turns = [line.split(": ", 1) for line in text.splitlines()] if feed == "support" else []
    minute = f"2026-11-02T09:{number:02d}:00Z"
    if plot.form == "cloudevent":
        return {
            "specversion": "1.0",
            "id": f"story-{number}",
            "source": "https://newsroom.example/wire",
            "type": "rtadapt.story",
            "time": minute,
            "subject": facts[0].entity,
            "data": {"feed": feed, "text": text},
        }
    if plot.form == "ninjs":
        headline = text.partition(". ")[0]
        return {
            "uri": f"urn:newsroom.example:{number}",
            "standard": {"name": "ninjs", "version": "2.1"},
            "type": "text",
            "language": "en",
            "versioncreated": minute,
            "headlines": [{"value": headline}],
            "bodies": [{"value": text, "contenttype": "text/plain"}],
            "feed": feed,
        }
    if plot.form == "vcon":
        roles = ("agent", "customer")
        dialog = [
            {
                "type": "text",
                "start": minute,
                "parties": roles.index(who),
                "originator": roles.index(who),
                "mimetype": "text/plain",
                "body": said,
            }
            for who, said in turns
        ]
        return {
            "vcon": "0.0.1",
            "uuid": str(uuid5(NAMESPACE_URL, minute)),
            "created_at": minute,
            "feed": feed,
            "parties": [{"name": "Robin", "role": "agent"}, {"name": "Kim", "role": "customer"}],
            "dialog": dialog,
        }
    plain: dict[str, Any] = {"feed": feed}
    if turns:
        plain["turns"] = [{"speaker": who, "text": said} for who, said in turns]
    else:
        plain["text"] = text
    if plot.form == "facts":
        plain["facts"] = [{"entity": fact.entity, "relation": fact.relation.nouns[0], "value": fact.value} for fact in facts]
    return plain


def make_stream(seed: int = 17) -> list[dict[str, Any]]:
    """The whole stream, the same for the same seed: the two feeds in turns, two stories to a transcript."""
    writer = Writer(make_world(), Random(seed))
    again = frozenset(part.split()[1] for plot in NEWS for part in plot.facts.split(", ") if part.endswith(" again"))
    news = [write_event(writer, plot, "news", number, again) for number, plot in enumerate(NEWS)]
    support = [write_event(writer, plot, "support", 30 + number, frozenset()) for number, plot in enumerate(SUPPORT)]
    stream = []
    for number, event in enumerate(news):
        stream.append(event)
        if number % 2 and support:
            stream.append(support.pop(0))
    return stream + support


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=DEMO_FILE)
    out: Path = parser.parse_args().out
    out.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in make_stream()), encoding="utf-8")


if __name__ == "__main__":
    main()
