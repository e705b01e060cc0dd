"""What a feed holds to be so, who said it and when; and what of a new event may be taught.

Owns the facts, the contradictions that wait for a second source, and the counts of what each source and entity changed.
Takes the readings of events and the feed's policy; gives, per event, what is taught, which known facts that replaces, and
why the rest is not taught. The time of an event says what is newer, not the order of arrival. To judge changes nothing:
`learn` does, with what was published. Used from one thread; saved with the learner's state (ledger_file.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rtadapt.observe import metrics
from rtadapt.policy import FeedPolicy
from rtadapt.reading.asking import fact_name, same_answer
from rtadapt.reading.readings import Reading
from rtadapt.reading.shape import Shape, Values, alike, corrects, shape_of
from rtadapt.records import Event
from rtadapt.words import flat, numbers

_HOUR = 3600.0
_MOST_WAITING = 1000
_MOST_EVENTS = 32
_SPARE_SHARE = 50


class Withheld(StrEnum):
    """Why something that an event says is not taught. Bounded: it becomes a metric label."""

    READER = "reader"
    CONTRADICTORY = "contradictory"
    UNLIKE = "unlike"
    OLD = "old"
    UNTRUSTED = "untrusted"
    WAITS = "waits"
    LIMITS = "limits"


@dataclass(frozen=True, slots=True)
class Known:
    """One fact as it is known. `asks` are the keys under which it is found, `many` says that others may be true beside it.

    `name` says what is asked and what the answer is. `time` is the newest time at which an event said so, `events` are those
    that did, the newest few.
    """

    name: str
    entity: str
    asks: frozenset[str]
    kind: str
    value: str
    many: bool
    time: float
    source: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taught:
    """A reading that may be taught, the fact it teaches, and the names of the facts that it replaces."""

    reading: Reading
    fact: Known
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of one event's readings. `waiting` are contradictions that need a second source."""

    event: Event
    taught: tuple[Taught, ...]
    withheld: tuple[tuple[Reading, Withheld], ...]
    waiting: tuple[Known, ...] = ()

    @property
    def replaced(self) -> dict[str, str]:
        """The facts that this event makes untrue, each with the one that is true instead."""
        return {old: one.fact.name for one in self.taught for old in one.replaces}

    @property
    def refusal(self) -> Withheld | None:
        """Why nothing of the event is taught; None when something is, or when it says nothing that could be."""
        reasons = {reason for _, reason in self.withheld}
        return None if self.taught else next((reason for reason in reversed(Withheld) if reason in reasons), None)


def when(event: Event) -> float:
    """The time that an event tells of, in Unix seconds: its own, but never after it came in."""
    return min(event.time, event.accepted_at)


def agree(one: Known, other: Known) -> bool:
    """Whether two facts have the same answer: the same figures, and the words of one within the other's."""
    return numbers(one.value) == numbers(other.value) and same_answer(one.value, other.value)


class Ledger:
    """The facts of one feed, at most `most_facts`: the oldest are let go."""

    def __init__(self, most_facts: int = 20_000) -> None:
        self.most_facts = most_facts
        self.facts: dict[str, Known] = {}
        self.waiting: list[Known] = []
        self.spent: dict[str, list[tuple[float, float]]] = {}
        self._named: dict[str, tuple[str, ...]] = {}

    def judge(self, told: Sequence[tuple[Event, Sequence[Reading]]], policy: FeedPolicy) -> list[Judged]:
        """What of a batch may be taught, in its order. Of two events that contradict each other the newer is believed."""
        trial = self._copy()
        found: dict[int, Judged] = {}
        came: dict[str, tuple[str, ...]] = {}
        gone: set[str] = set()
        for number in sorted(range(len(told)), key=lambda at: (when(told[at][0]), at)):
            one = trial._judge(*told[number], policy)
            taught = []
            for lesson in one.taught:
                before = [old for name in lesson.replaces for old in (name, *came.get(name, ()))]
                lesson = replace(lesson, replaces=tuple(dict.fromkeys(old for old in before if old != lesson.fact.name)))
                came[lesson.fact.name] = lesson.replaces
                gone = gone.union(lesson.replaces) - {lesson.fact.name}
                taught.append(lesson)
            found[number] = replace(one, taught=tuple(taught))
            trial._keep(found[number])
        return [_without(found[number], gone) for number in range(len(told))]

    def learn(self, judged: Iterable[Judged]) -> None:
        """Hold to be so what was published; remember what waits. Also takes events of which nothing was taught."""
        for one in judged:
            self._keep(one)
            for _, reason in one.withheld:
                metrics.FACTS_WITHHELD.labels(one.event.feed, reason).inc()

    def forget(self, event_id: str) -> None:
        """Forget what only this event said, and what waits because of it."""
        for known in [known for known in self.facts.values() if event_id in known.events]:
            events = tuple(event for event in known.events if event != event_id)
            self._drop(known.name)
            if events:
                self.put(replace(known, events=events))
        self.waiting = [known for known in self.waiting if event_id not in known.events]

    def put(self, known: Known) -> None:
        """Hold one fact to be so, in place of one of its name."""
        self._drop(known.name)
        self.facts[known.name] = known
        for ask in known.asks:
            self._named[ask] = (*self._named.get(ask, ()), known.name)

    def _drop(self, name: str) -> None:
        known = self.facts.pop(name, None)
        for ask in known.asks if known else ():
            left = tuple(other for other in self._named[ask] if other != name)
            if left:
                self._named[ask] = left
            else:
                del self._named[ask]

    def _copy(self) -> Ledger:
        other = Ledger(self.most_facts)
        other.facts, other._named = dict(self.facts), dict(self._named)
        other.waiting, other.spent = list(self.waiting), {name: list(times) for name, times in self.spent.items()}
        return other

    def _asked_alike(self, asks: Iterable[str]) -> list[Known]:
        return [self.facts[name] for name in dict.fromkeys(name for ask in asks for name in self._named.get(ask, ()))]

    def _judge(self, event: Event, readings: Sequence[Reading], policy: FeedPolicy) -> Judged:
        """What of one event may be taught beside what is known."""
        taught: list[Taught] = []
        withheld: list[tuple[Reading, Withheld]] = [(one, Withheld.READER) for one in readings if one.by not in policy.readers]
        waiting: list[Known] = []
        told = [_told(reading, event) for reading in readings if reading.by in policy.readers]
        changed: set[str] = set()
        before = self._recent(f"source {event.source}", event)
        for (reading, shape, known), doubt in zip(told, _within(told), strict=True):
            outcome = doubt if isinstance(doubt, Withheld) else self._place(replace(known, many=doubt), shape, event, policy)
            if isinstance(outcome, Taught):
                changes = self._recent(f"entity {known.entity}", event) + len(changed)
                stays = changed.issuperset(outcome.replaces) or changes < policy.max_changes_per_entity_per_hour
                if before + len(taught) >= policy.max_facts_per_source_per_hour or not stays:
                    outcome = Withheld.LIMITS
            if isinstance(outcome, Taught):
                changed.update(outcome.replaces)
                taught.append(replace(outcome, reading=reading))
            else:
                withheld.append((reading, outcome))
                waiting += [known] if outcome is Withheld.WAITS else []
        return Judged(event, tuple(taught), tuple(withheld), tuple(waiting))

    def _place(self, told: Known, shape: Shape, event: Event, policy: FeedPolicy) -> Taught | Withheld:
        """One fact beside those that are known: as one of them, as one more, or in place of some."""
        alike_asked = self._asked_alike(told.asks)
        same = next((known for known in alike_asked if agree(known, told)), None)
        others = [known for known in alike_asked if not agree(known, told)]
        mended = shape.values is Values.ONE and shape.key.startswith("then") and len(others) == 1
        many = told.many or (any(known.many for known in alike_asked) and not mended)
        taught = Taught(_NO_READING, replace(told, name=same.name if same else told.name, many=many))
        if many or not others:
            return taught
        if any(known.time > told.time for known in others):
            return Withheld.OLD
        if not all(alike(known.kind, told.kind) or _fits_better(told, known, shape) for known in others):
            return Withheld.UNLIKE
        if not policy.trusts(event.source):
            if policy.contradictions == "trusted":
                return Withheld.UNTRUSTED
            if policy.contradictions == "two_sources" and not self._seconded(told):
                return Withheld.WAITS
        return replace(taught, replaces=tuple(known.name for known in others))

    def _seconded(self, told: Known) -> bool:
        """Whether another source said the same and waits."""
        return any(one.source != told.source and one.asks & told.asks and agree(one, told) for one in self.waiting)

    def _recent(self, name: str, event: Event) -> int:
        """What a source or an entity spent within an hour of an event, by the events' own time or by their arrival."""
        return sum(
            abs(when(event) - told) < _HOUR or abs(event.accepted_at - arrived) < _HOUR
            for told, arrived in self.spent.get(name, ())
        )

    def _keep(self, one: Judged) -> None:
        spent = (when(one.event), one.event.accepted_at)
        for lesson in one.taught:
            fact, before = lesson.fact, self.facts.get(lesson.fact.name)
            changes = any(old in self.facts for old in lesson.replaces)
            for old in lesson.replaces:
                self._drop(old)
            if before is not None:
                events = tuple(dict.fromkeys((*before.events, *fact.events)))[-_MOST_EVENTS:]
                fact = replace(fact, asks=before.asks | fact.asks, time=max(before.time, fact.time), events=events)
            self.put(fact)
            self._spend(f"source {one.event.source}", spent)
            if changes:
                self._spend(f"entity {fact.entity}", spent)
            self.waiting = [known for known in self.waiting if not known.asks & fact.asks]
        self.waiting = [*self.waiting, *one.waiting][-_MOST_WAITING:]
        if len(self.facts) > self.most_facts:
            most = self.most_facts - self.most_facts // _SPARE_SHARE  # a few at once: to look for the oldest takes time
            for name in sorted(self.facts, key=lambda name: self.facts[name].time)[: len(self.facts) - most]:
                self._drop(name)

    def _spend(self, name: str, spent: tuple[float, float]) -> None:
        now = max(spent)
        if name not in self.spent:
            self.spent = {other: times for other, times in self.spent.items() if now - max(times[-1]) < _HOUR}
        times = self.spent.setdefault(name, [])
        times.append(spent)
        while now - max(times[0]) >= _HOUR:
            del times[0]


_NO_READING = Reading("", "", "")


def _told(reading: Reading, event: Event) -> tuple[Reading, Shape, Known]:
    """What a reading says, as it would be known."""
    shape = shape_of(reading)
    name = f"{fact_name(reading.entity, shape.key)} | {flat(reading.answer)}"
    many = shape.values is Values.MANY
    known = Known(
        name, flat(reading.entity), shape.asks, shape.kind, reading.answer, many, when(event), event.source, (event.id,)
    )
    return reading, shape, known


def _within(told: Sequence[tuple[Reading, Shape, Known]]) -> list[bool | Withheld]:
    """For each of one event's readings whether it can have several answers, or why it can't be taught.

    Two answers to one question that can have one only are both left out, unless one of their sentences says that it
    corrects the other, or only one is of the kind that is asked for. Two answers to any other question are both right.
    """
    found: list[bool | Withheld] = [known.many for _, _, known in told]
    for at, (reading, shape, known) in enumerate(told):
        for other_reading, other_shape, other in (one for number, one in enumerate(told) if number != at):
            if not known.asks & other.asks or agree(known, other) or isinstance(found[at], Withheld):
                continue
            if _fits_better(other, known, shape):
                found[at] = Withheld.UNLIKE
            elif _fits_better(known, other, other_shape) or known.many:
                continue
            elif Values.ONE not in (shape.values, other_shape.values):
                found[at] = True
            elif not corrects(reading.sentence) or corrects(other_reading.sentence):
                found[at] = Withheld.CONTRADICTORY
    return found


def _fits_better(one: Known, other: Known, shape: Shape) -> bool:
    """Whether `one` is of a kind that the question asks for, and `other` isn't."""
    return one.kind in shape.wanted and other.kind not in shape.wanted


def _without(one: Judged, gone: set[str]) -> Judged:
    """What is left of an event when later ones of its batch replaced some of it."""
    stale = tuple((lesson.reading, Withheld.OLD) for lesson in one.taught if lesson.fact.name in gone)
    left = tuple(lesson for lesson in one.taught if lesson.fact.name not in gone)
    return replace(one, taught=left, withheld=one.withheld + stale) if stale else one
