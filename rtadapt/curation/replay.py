"""The replay memory of one feed: what was taught, so that it can be rehearsed while new things are learned.

Owns the kept rows and the wordings held back for the gate, per fact, and the ledger of what is held to be so. Takes the
examples of each published batch and the facts that they replaced (ledger.py); gives rows to rehearse and probes. The rows of
a replaced fact go, and those of its wordings that ask the same stay with the new answer. A fact is kept with at least one row
to train on, or not at all. The same memory, entities and seed give the same draw. Saved with the learner's state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from rtadapt.curation.kept import Kept, Row, is_text, overtakes, read_memory, write_memory
from rtadapt.curation.ledger import Ledger
from rtadapt.records import Example
from rtadapt.words import flat, holds, spoken_of

_NEIGHBOURS = 0.25
_NEWEST = 0.25
_MOST_REWRITTEN = 8
_MOST_PROBES = 512
_PROBES_SHARE = 8


class Memory:
    """What a feed has learned, at most `capacity` rows. Used from one thread."""

    def __init__(self, capacity: int) -> None:
        self.ledger = Ledger(capacity)
        self._capacity = capacity
        self._kept: dict[str, Kept] = {}
        self._batches = 0
        self._drawn: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return sum(len(kept.rows) + len(kept.held_out) for kept in self._kept.values())

    def add(
        self,
        examples: Sequence[Example],
        held_out: Sequence[Example] = (),
        replaced: Mapping[str, str] | None = None,
        time: float = 0.0,
    ) -> None:
        """Remember what a published batch taught. `held_out` is kept for probes and never drawn for training.

        `time` is the one that it tells of. `replaced` names facts that are true no more, each with the one that is true instead.
        What was drawn last counts as rehearsed from now on.
        """
        self._batches += 1
        for name in self._drawn & self._kept.keys():
            self._kept[name].drawn = self._batches
        self._drawn = frozenset()
        self._kept = self._current(examples, replaced or {})
        for example in examples:
            self._put(Row.of(example), time, held=False)
        for example in held_out:
            self._put(Row.of(example), time, held=True)
        trained = {row.spelled for kept in self._kept.values() for row in kept.rows}
        for kept in self._kept.values():
            kept.held_out = [row for row in kept.held_out if row.spelled not in trained]
        self._sweep()
        self._shrink()

    def draw(
        self, n: int, around: Collection[str], seed: int, news: Sequence[Example] = (), replaced: Mapping[str, str] | None = None
    ) -> list[Example]:
        """At most `n` rows to rehearse beside `news`, none of a fact that `replaced` names.

        A quarter is what the news could be mistaken for: facts of the entities `around`, then facts about others that answer the
        same question; a quarter what was learned last; the rest what was not rehearsed for the longest time.
        """
        kept = {name: one for name, one in self._current(news, replaced or {}).items() if one.rows}
        rng = Random(f"{seed}|draw")
        names = rng.sample(list(kept), len(kept))
        rows = {name: rng.sample(kept[name].rows, len(kept[name].rows)) for name in names}
        wanted = {flat(entity) for entity in around}
        asked = {_asked(row.fact) for row in news} - {""}
        near = [name for name in names if kept[name].entity in wanted]
        near += [name for name in names if kept[name].entity not in wanted and _asked(name) in asked]
        newest = sorted(names, key=lambda name: -kept[name].taught)[: max(1, int(n * _NEWEST))]
        unseen = sorted(names, key=lambda name: kept[name].drawn)
        chosen = list(_evenly(near, rows, int(n * _NEIGHBOURS)))
        chosen += _evenly(newest, rows, int(n * _NEWEST))
        chosen += _evenly(unseen, rows, n - len(chosen))
        rng.shuffle(chosen)
        self._drawn = frozenset(row.group for row in chosen)
        return [row.example for row in chosen]

    def probes(self, n: int, seed: int, news: Sequence[Example] = (), replaced: Mapping[str, str] | None = None) -> list[Example]:
        """At most `n` wordings that were never trained on, nor are by `news`, each of another fact where there are enough.

        None is of a fact that `replaced` names.
        """
        trained = {Row.of(row).spelled for row in news}
        rows = {name: [row for row in kept.held_out if row.spelled not in trained] for name, kept in self._kept.items()}
        names = [name for name in rows if name not in (replaced or {})]
        Random(f"{seed}|probes").shuffle(names)
        return [row.example for row in _evenly(names, rows, n)]

    def probe_each(self, seed: int) -> list[Example]:
        """Of each fact one wording that was never trained on, in no order; which one and which order are the seed's."""
        rng = Random(f"{seed}|each")
        rows = [rng.choice(kept.held_out).example for kept in self._kept.values() if kept.held_out and kept.rows]
        return rng.sample(rows, len(rows))

    def rows_of(self, probes: Sequence[Example]) -> list[Example]:
        """Every row to train on of what these wordings ask for."""
        names = dict.fromkeys(Row.of(probe).group for probe in probes)
        return [row.example for name in names if name in self._kept for row in self._kept[name].rows]

    def still_true(self, anchors: Sequence[Example], news: Sequence[Example] = ()) -> list[Example]:
        """The base's own rows without those that speak of an entity the feed, or `news`, has taught something about.

        What the base said of it may be out of date: rehearsing it would bring the old answer back.
        """
        newest = sorted(self._kept.values(), key=lambda kept: -kept.taught)
        entities = (*(row.entity for row in news), *(kept.entity for kept in newest))
        spoken = spoken_of([anchor.text for anchor in anchors], (entity for entity in entities if entity))
        return [anchor for place, anchor in enumerate(anchors) if place not in spoken]

    def outdated(self, sentence: str, time: float) -> bool:
        """Whether a kept sentence of a later time than `time` stands in the place of `sentence`, whichever came first."""
        return any(kept.time > time and overtakes(said, sentence) for said, kept in self._texts())

    def forget(self, event_id: str) -> None:
        """Forget everything that was made from an event, also what took over its wordings."""
        for kept in self._kept.values():
            kept.rows = [row for row in kept.rows if event_id not in row.events]
            kept.held_out = [row for row in kept.held_out if event_id not in row.events]
        self._sweep()
        self.ledger.forget(event_id)

    def save(self, folder: Path) -> None:
        """Write the memory and its ledger, to go with the learner's state."""
        write_memory(folder, self._batches, self._kept, self.ledger)

    def load(self, folder: Path) -> None:
        """Remember what `save` wrote, and nothing else. Raises ArtifactDamaged when a line is missing or is not one."""
        self._batches, self._kept, self.ledger = read_memory(folder, self._capacity)
        self._drawn = frozenset()
        self._shrink()

    def _sweep(self) -> None:
        self._kept = {name: kept for name, kept in self._kept.items() if kept.rows or kept.held_out}

    def _put(self, row: Row, time: float, *, held: bool) -> None:
        kept = self._kept.setdefault(row.group, Kept())
        kept.time = max(kept.time, time)
        kept.taught = kept.drawn = self._batches
        rows = kept.held_out if held else kept.rows
        rows[:] = [other for other in rows if (other.spelled, other.example.target) != (row.spelled, row.example.target)]
        rows.append(row)

    def _current(self, news: Sequence[Example], replaced: Mapping[str, str]) -> dict[str, Kept]:
        """What is kept, as `replaced` and the sentences of `news` leave it: wordings of replaced facts with the new answer, their
        old answers nowhere, and no sentence that says the same with another figure."""
        gone = {name: self._kept[name] for name in replaced if name in self._kept}
        overtaken = self._overtaken({row.target for row in news if is_text(row.fact)})
        if not gone and not overtaken:
            return self._kept
        current = {name: kept for name, kept in self._kept.items() if name not in gone and name not in overtaken}
        answers = {row.fact: row for row in reversed(news) if len(row.prompt) == 1 and holds(row.target, row.value or row.target)}
        asked = {Row.of(row).spelled for row in news}
        for name, old in gone.items():
            newer, value = replaced[name], _answer(name)
            again = [_rewritten(row, value, answers[newer]) for row in old.rows if newer in answers and row.spelled not in asked]
            kept = current.get(newer, Kept())
            rows = [*kept.rows, *[row for row in again if row is not None][-_MOST_REWRITTEN:]]
            current[newer] = replace(kept, rows=rows, changes=max(kept.changes, old.changes + 1))
            events = {event for row in (*old.rows, *old.held_out) for event in row.events}
            for text in [text for text, one in current.items() if is_text(text) and not events.isdisjoint(one.events)]:
                current[text] = current[text].without(value)
        return current

    def _overtaken(self, sentences: Collection[str]) -> set[str]:
        """The names of kept sentences in whose place one of `sentences` stands now."""
        return {kept.rows[0].group for old, kept in self._texts() if any(overtakes(new, old) for new in sentences)}

    def _texts(self) -> Iterator[tuple[str, Kept]]:
        """The kept sentences."""
        return ((kept.rows[0].example.target, kept) for name, kept in self._kept.items() if is_text(name) and kept.rows)

    def _shrink(self) -> None:
        """Keep within capacity: the oldest probes go first, then rows of the facts with the most, then whole facts.

        Those that go are the oldest, and sooner those whose answer has changed often.
        """
        over = len(self) - self._capacity
        if over <= 0:
            return
        age = {name: (self._batches + 1 - kept.taught) * (1 + kept.changes) for name, kept in self._kept.items()}
        oldest = sorted(self._kept, key=lambda name: (bool(self._kept[name].rows), -age[name]))
        probes = sum(len(kept.held_out) for kept in self._kept.values())
        spare = probes - min(_MOST_PROBES, self._capacity // _PROBES_SHARE)
        for name in oldest:
            while self._kept[name].held_out and over > 0 and spare > 0:
                del self._kept[name].held_out[0]
                over, spare = over - 1, spare - 1
        for most in range(max(len(kept.rows) for kept in self._kept.values()), 1, -1):
            for name in oldest:
                if over > 0 and len(self._kept[name].rows) >= most:
                    del self._kept[name].rows[0]
                    over -= 1
        for name in oldest:
            if over > 0 or not (self._kept[name].rows or self._kept[name].held_out):
                over -= len(self._kept[name].rows) + len(self._kept[name].held_out)
                del self._kept[name]


def _asked(fact: str) -> str:
    """What a fact answers, by its name, whomever it is about."""
    return fact.partition(" | ")[2].partition(" | ")[0]


def _answer(fact: str) -> str:
    """The answer of a fact, by its name, flat."""
    return fact.rpartition(" | ")[2]


def _rewritten(row: Row, value: str, newest: Example) -> Row | None:
    """The row with the newer answer; None where its answer isn't `value`, or its prompt holds that."""
    asks = any(holds(message.content, value) for message in row.example.prompt)
    if not row.example.prompt or asks or not holds(row.example.target, value):
        return None
    told = replace(newest, prompt=row.example.prompt, weight=row.example.weight)
    return Row.of(told, row.events)


def _evenly(names: Sequence[str], rows: Mapping[str, list[Row]], n: int) -> Iterator[Row]:
    """Take at most `n` rows out of `rows`, one of each name in their order, again and again."""
    taken = 0
    left = [name for name in names if rows[name]]
    while taken < n and left:
        for name in left:
            if taken < n:
                taken += 1
                yield rows[name].pop()
        left = [name for name in left if rows[name]]
