"""What a candidate is asked before it is published.

Owns the choice of probes: wordings of the new facts that are never taught, earlier facts, and the base's own answers. Bounded in
number, every event with its share, the same for the same input. Takes a batch and what is known; gives probes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rtadapt.config import GateSettings
from rtadapt.reading.values import holds_value
from rtadapt.records import Batch, Example

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Probes:
    """What is asked by generation: new facts, earlier ones, and what everybody knows and the base does.

    Anchors are compared with what the base said.
    """

    new: tuple[Example, ...]
    replayed: tuple[Example, ...]
    general: tuple[Example, ...]
    anchors: tuple[Example, ...]


def choose(
    batch: Batch,
    replayed: Sequence[Example],
    anchors: Sequence[Example],
    settings: GateSettings,
    concerns: Callable[[Example], bool] = lambda _: True,
) -> Probes:
    """At most as many of each kind as `settings` say.

    A wording that is also trained on measures nothing, and a fact that the batch renews may rightly change: both are left
    out. Anchors that updates never train on are preferred, and general questions asked that the candidate would answer.
    """
    trained = {example.prompt for example in batch.examples if example.prompt}
    renewed = {example.fact for example in (*batch.examples, *batch.held_out) if example.fact}
    new = [example for example in batch.held_out if example.prompt not in trained]
    kept = [row for row in replayed if row.prompt not in trained and row.fact not in renewed]
    watched = [row for row in anchors if row.is_watched] or list(anchors)
    return Probes(
        new=fairly(new, settings.probes),
        replayed=spread(kept, settings.replay_probes),
        general=spread([row for row in anchors if row.is_watched and knows(row) and concerns(row)], settings.general_probes),
        anchors=spread(watched, settings.anchor_probes),
    )


def knows(anchor: Example) -> bool:
    """Whether the base's own answer is right, where it is known what would be."""
    return bool(anchor.value) and holds_value(anchor.target, anchor.value)


def fairly(examples: Sequence[Example], limit: int) -> tuple[Example, ...]:
    """At most `limit` of them: events take turns, then facts, so that none goes unasked while another is asked twice."""
    events: defaultdict[str, defaultdict[str, list[Example]]] = defaultdict(lambda: defaultdict(list))
    for example in examples:
        events[example.event_id][example.fact].append(example)
    facts = _in_turn([list(of_event.values()) for of_event in events.values()])
    return tuple(_in_turn(facts)[:limit])


def _in_turn(groups: Sequence[Sequence[T]]) -> list[T]:
    """The first of each group, then the second of each, and so on."""
    most = max(map(len, groups), default=0)
    return [group[turn] for turn in range(most) for group in groups if turn < len(group)]


def spread(examples: Sequence[Example], limit: int) -> tuple[Example, ...]:
    """At most `limit` of them, at even distances."""
    if len(examples) <= limit:
        return tuple(examples)
    return tuple(examples[index * len(examples) // limit] for index in range(limit))
