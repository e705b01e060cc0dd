"""What is known of each fact: who is asked about, in which questions, with which answers; and what a newer fact replaces.

Owns the comparison of taught facts. Takes examples, gives lines per fact, and which old line each new one makes stale.
Rehearsing a fact that is no longer true is the biggest single mistake in learning from a stream, so every draw from the
memory goes through here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rtadapt.curation.asking import asking_key, is_stale
from rtadapt.records import Example
from rtadapt.words import flat


@dataclass(slots=True)
class Line:
    """One fact. `keys` are the asking keys of its wordings, `prompts` the wordings themselves, flat."""

    entity: str
    keys: set[str] = field(default_factory=set)
    prompts: set[str] = field(default_factory=set)
    answers: set[str] = field(default_factory=set)


def question_of(example: Example) -> str:
    """What the last message of the prompt asks; empty for plain text."""
    return example.prompt[-1].content if example.prompt else ""


def lines_of(examples: Iterable[Example]) -> dict[str, Line]:
    """The facts that `examples` teach, by their names; plain text and rows without a fact teach none."""
    found: dict[str, Line] = {}
    for example in examples:
        if not example.fact or not example.prompt:
            continue
        line = found.setdefault(example.fact, Line(example.entity))
        line.keys.add(asking_key(question_of(example), example.entity))
        line.keys.add(example.fact.partition(" | ")[2])
        line.prompts.add(flat(question_of(example)))
        line.answers.add(example.target)
    return found


def stale(old: Mapping[str, Line], new: Mapping[str, Line]) -> dict[str, str]:
    """Each fact of `old` that a fact of `new` replaces, and that newer fact.

    The entity must be the same and some question be asked of both, or a question be the same word for word; and the
    answers must differ.
    """
    by_entity: defaultdict[str, list[str]] = defaultdict(list)
    by_prompt: defaultdict[str, list[str]] = defaultdict(list)
    for name, line in old.items():
        by_entity[line.entity].append(name)
        for prompt in line.prompts:
            by_prompt[prompt].append(name)
    found: dict[str, str] = {}
    for newer, line in new.items():
        for name in by_entity[line.entity]:
            if is_stale(old[name].keys, old[name].answers, line.keys, line.answers):
                found.setdefault(name, newer)
        for prompt in line.prompts:
            for name in by_prompt.get(prompt, ()):
                if is_stale({"="}, old[name].answers, {"="}, line.answers):
                    found.setdefault(name, newer)
    return found
