"""What a candidate is asked before it is published.

Owns the choice of probes: held-out wordings of the new events, replayed examples of the stream, and anchors of the
base. Bounded in number, spread evenly, the same for the same input. Takes a batch and what is known; gives probes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rtadapt.records import Batch, Example
from rtadapt.words import spoken_of


@dataclass(frozen=True, slots=True)
class Probes:
    """The examples that are measured. `held_out` is empty when no event gave a wording to hold out."""

    new: tuple[Example, ...]
    held_out: tuple[Example, ...]
    replayed: tuple[Example, ...]
    anchors: tuple[Example, ...]


def choose(batch: Batch, replayed: Sequence[Example], anchors: Sequence[Example], limit: int) -> Probes:
    """At most `limit` probes of each kind.

    A held-out wording that is also trained on measures nothing, and a row about an entity of the batch may rightly
    change: both are left out. Anchors that updates never train on are preferred.
    """
    trained = {example.prompt for example in batch.examples if example.prompt}
    held_out = [example for example in batch.held_out if example.prompt not in trained]
    renewed = {example.fact for example in (*batch.examples, *batch.held_out) if example.fact}
    kept = [row for row in replayed if row.prompt not in trained and row.fact not in renewed]
    watched = [row for row in anchors if row.is_watched] or list(anchors)
    spoken = spoken_of([row.text for row in watched], sorted(batch.entities))
    quiet = [row for place, row in enumerate(watched) if row.prompt not in trained and place not in spoken]
    return Probes(*(spread(rows, limit) for rows in (batch.examples, held_out, kept, quiet)))


def spread(examples: Sequence[Example], limit: int) -> tuple[Example, ...]:
    """At most `limit` of them, at even distances."""
    if len(examples) <= limit:
        return tuple(examples)
    return tuple(examples[index * len(examples) // limit] for index in range(limit))
