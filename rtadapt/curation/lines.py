"""Which facts of one batch a later event of the same batch replaces, by the rows that teach them.

Owns that comparison for `render.supersede`. Takes examples, gives lines per fact and the old lines that new ones make stale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from rtadapt.reading.asking import asking_key, same_answer
from rtadapt.records import Example
from rtadapt.words import flat

_ANYTHING = frozenset(("about", "who", "what", "which", "where", "when", "why", "how"))


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


def is_stale(
    old_keys: Collection[str], old_answers: Collection[str], new_keys: Collection[str], new_answers: Collection[str]
) -> bool:
    """Whether a fact about an entity is replaced by a newer one about the same entity.

    It is when some question is asked of both and no answer agrees. A question that asks for anything at all decides nothing.
    """
    if not (set(old_keys) & set(new_keys)) - _ANYTHING:
        return False
    return not any(same_answer(old, new) for old in old_answers for new in new_answers)
