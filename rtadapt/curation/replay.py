"""The replay memory of one feed: what was taught, so that it can be rehearsed while new things are learned.

Owns the kept examples and the wordings held back for the gate, per fact. Takes the examples of each published batch; gives
rows to rehearse and probes. A newer answer supersedes an older one: the old rows go, and where the question is surely the
same their wordings stay with the new answer. Each fact is drawn as often as any other, however many rows it has. Bounded;
the same memory, entities and seed give the same draw. Saved with the learner's state as JSON lines, whole and strict.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from rtadapt.curation.asking import asking_key
from rtadapt.curation.ledger import Line, lines_of, question_of, stale
from rtadapt.errors import ArtifactDamaged
from rtadapt.records import Example, Message
from rtadapt.words import flat, spoken_of

_FILE = "memory.jsonl"
_FORMAT = 1
_NEIGHBOURS = 0.25
_NEWEST = 0.25
_MOST_REWRITTEN = 8
_SURE_KEYS = 2


@dataclass(frozen=True, slots=True)
class _Kept:
    """One row. `events` are all those it was made from (a rewritten row has two), `spelled` its wording, flat."""

    example: Example
    held_out: bool
    events: frozenset[str]
    spelled: str

    @classmethod
    def of(cls, example: Example, held_out: bool, events: Iterable[str]) -> _Kept:
        """The row of an example."""
        spelled = flat(question_of(example)) or f"text {flat(example.target)}"
        return cls(example, held_out, frozenset(events), spelled)

    @property
    def group(self) -> str:
        """The fact it teaches, or the text it is a part of."""
        return self.example.fact or f"text of {self.example.event_id}"


class Memory:
    """What a feed has learned, at most `capacity` rows. Used from one thread."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._rows: list[_Kept] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, examples: Sequence[Example], held_out: Sequence[Example] = ()) -> None:
        """Remember what a published batch taught. `held_out` is kept for probes and never drawn for training."""
        new = [_Kept.of(row, False, (row.event_id,)) for row in examples]
        new += [_Kept.of(row, True, (row.event_id,)) for row in held_out]
        kept, rewritten = self._current([*examples, *held_out])
        known: set[tuple[str, str, bool]] = set()
        self._rows = []
        for row in [*reversed(new), *reversed(rewritten), *reversed(kept)]:
            sign = (row.spelled, row.example.target, row.held_out)
            if sign not in known:
                known.add(sign)
                self._rows.append(row)
        self._rows.reverse()
        self._part()
        self._shrink()

    def draw(self, n: int, around: Collection[str], seed: int, news: Sequence[Example] = ()) -> list[Example]:
        """At most `n` rows to rehearse beside `news`, none of which `news` makes stale.

        A quarter is about the entities `around`, a quarter about what was learned last, the rest about anything.
        """
        kept, rewritten = self._current(news)
        groups: defaultdict[str, list[Example]] = defaultdict(list)
        for row in [*kept, *rewritten]:
            if not row.held_out:
                groups[row.group].append(row.example)
        rng = Random(f"{seed}|draw")
        for rows in groups.values():
            rng.shuffle(rows)
        names = list(groups)
        wanted = {flat(entity) for entity in around}
        near = [name for name in names if groups[name][0].entity in wanted]
        newest = names[-max(1, int(n * _NEWEST)) :]
        chosen = list(_evenly(near, groups, int(n * _NEIGHBOURS), rng))
        chosen += _evenly(newest, groups, int(n * _NEWEST), rng)
        chosen += _evenly(names, groups, n - len(chosen), rng)
        rng.shuffle(chosen)
        return chosen

    def probes(self, n: int, seed: int, news: Sequence[Example] = ()) -> list[Example]:
        """At most `n` wordings that were never trained on, each of another fact where there are enough."""
        groups: defaultdict[str, list[Example]] = defaultdict(list)
        for row in self._current(news)[0]:
            if row.held_out:
                groups[row.group].append(row.example)
        rng = Random(f"{seed}|probes")
        return list(_evenly(list(groups), groups, n, rng))

    def still_true(self, anchors: Sequence[Example], news: Sequence[Example] = ()) -> list[Example]:
        """The base's own rows without those that speak of an entity the feed, or `news`, has taught something about.

        What the base said of it may be out of date: rehearsing it would bring the old answer back.
        """
        newest_first = (*news, *(kept.example for kept in reversed(self._rows)))
        spoken = spoken_of([anchor.text for anchor in anchors], (row.entity for row in newest_first if row.entity))
        return [anchor for place, anchor in enumerate(anchors) if place not in spoken]

    def forget(self, event_id: str) -> None:
        """Forget everything that was made from an event."""
        self._rows = [row for row in self._rows if event_id not in row.events]

    def save(self, folder: Path) -> None:
        """Write the memory, to go with the learner's state."""
        lines = [{"format": _FORMAT, "rows": len(self._rows)}, *(_to_json(row) for row in self._rows)]
        text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
        (folder / _FILE).write_text(text, encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Remember what `save` wrote, and nothing else. Raises ArtifactDamaged when a line is missing or is no row."""
        try:
            with (folder / _FILE).open(encoding="utf-8") as lines:
                values = [json.loads(line) for line in lines]
            head, *rest = values
            if head != {"format": _FORMAT, "rows": len(rest)}:
                raise ValueError("the first line does not count the others")
            self._rows = [_from_json(value) for value in rest]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ArtifactDamaged("the replay memory can't be read") from error
        self._shrink()

    def _current(self, news: Iterable[Example]) -> tuple[list[_Kept], list[_Kept]]:
        """The rows that `news` leaves true, and those that it makes true again with its own answers."""
        new = lines_of(news)
        if not new or not self._rows:
            return list(self._rows), []
        entities = {line.entity for line in new.values()}
        prompts = {prompt for line in new.values() for prompt in line.prompts}
        touched = {row.group for row in self._rows if row.example.entity in entities or row.spelled in prompts}
        old = lines_of(row.example for row in self._rows if row.group in touched)
        gone = stale(old, new)
        if not gone:
            return list(self._rows), []
        spoiled = {event for row in self._rows if row.group in gone for event in row.events}
        kept = [row for row in self._rows if row.group not in gone and not (_is_text(row) and row.events & spoiled)]
        sources = {row.fact: row for row in news}
        rewritten: defaultdict[str, list[_Kept]] = defaultdict(list)
        for row in self._rows:
            newer = gone.get(row.group)
            if newer is not None and not row.held_out and len(rewritten[row.group]) < _MOST_REWRITTEN:
                again = _rewritten(row, old[row.group], new[newer], sources[newer])
                if again is not None:
                    rewritten[row.group].append(again)
        return kept, [row for rows in rewritten.values() for row in rows]

    def _part(self) -> None:
        """Take out the probes whose wording is trained on, by whichever event."""
        trained = {row.spelled for row in self._rows if not row.held_out}
        self._rows = [row for row in self._rows if not (row.held_out and row.spelled in trained)]

    def _shrink(self) -> None:
        """Keep within capacity: rows of the facts with the most go first, and the oldest of those."""
        over = len(self._rows) - self._capacity
        if over <= 0:
            return
        groups: defaultdict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(self._rows):
            groups[row.group].append(number)
        fair = max(map(len, groups.values()))
        dropped: set[int] = set()
        while len(dropped) < over:
            for numbers in groups.values():
                if len(numbers) >= fair and len(dropped) < over:
                    dropped.add(numbers.pop(0))
            fair -= 1
        self._rows = [row for number, row in enumerate(self._rows) if number not in dropped]


def _rewritten(row: _Kept, old: Line, new: Line, newest: Example) -> _Kept | None:
    """The row with the newer answer, where the newer fact surely answers it.

    That is when it is asked in one of the newer fact's keys, or when the facts share so many that they are the same.
    """
    key = asking_key(question_of(row.example), row.example.entity)
    same = len(old.keys & new.keys) >= _SURE_KEYS or old.keys <= new.keys
    if not row.example.prompt or len(new.answers) != 1 or not (same or key in new.keys):
        return None
    example = replace(row.example, event_id=newest.event_id, target=newest.target, fact=newest.fact, entity=newest.entity)
    return _Kept.of(example, False, row.events | {newest.event_id})


def _is_text(row: _Kept) -> bool:
    """Whether a row belongs to its whole event and to no one fact of it."""
    return not row.example.fact


def _evenly(names: Sequence[str], groups: dict[str, list[Example]], n: int, rng: Random) -> Iterator[Example]:
    """Take at most `n` rows out of `groups`, one of each name in random order, again and again."""
    order = list(names)
    rng.shuffle(order)
    taken = 0
    while taken < n and order:
        for name in order:
            if taken < n and groups[name]:
                taken += 1
                yield groups[name].pop()
        order = [name for name in order if groups[name]]


def _to_json(row: _Kept) -> dict[str, Any]:
    example = row.example
    value: dict[str, Any] = {
        "event": example.event_id,
        "prompt": [[message.role, message.content] for message in example.prompt],
        "target": example.target,
        "fact": example.fact,
        "entity": example.entity,
        "weight": example.weight,
        "held_out": row.held_out,
    }
    others = sorted(row.events - {example.event_id})
    return value | {"also": others} if others else value


def _from_json(value: dict[str, Any]) -> _Kept:
    known = {"event", "prompt", "target", "fact", "entity", "weight", "held_out", "also"}
    if not isinstance(value, dict) or not set(value) <= known:
        raise ValueError("a line is no row")
    for name in ("event", "target", "fact", "entity"):
        if not isinstance(value[name], str):
            raise TypeError(f"{name} is no text")
    if not isinstance(value["held_out"], bool) or not isinstance(value["weight"], (int, float)):
        raise TypeError("a flag or a weight is of another type")
    prompt = tuple(Message(str(role), str(content)) for role, content in value["prompt"])
    event = value["event"]
    example = Example(event, prompt, value["target"], value["fact"], value["entity"], float(value["weight"]))
    return _Kept.of(example, value["held_out"], (event, *map(str, value.get("also", ()))))
