"""Events and readings for the ledger, in a line each."""

from __future__ import annotations

from rtadapt.curation.ledger import Judged, Ledger
from rtadapt.policy import FeedPolicy
from rtadapt.reading.readings import Reading
from rtadapt.records import Event, EventKind

T0 = 1_760_000_000.0
NEWEST = FeedPolicy()


def event(event_id: str, at: float = 0.0, source: str = "", *, arrived: float | None = None) -> Event:
    """An event that tells of `at` seconds after T0, and came in then or at `arrived`."""
    came = T0 + (at if arrived is None else arrived)
    return Event(event_id, "news", EventKind.STORY, "", accepted_at=came, time=T0 + at, source=source)


def says(question: str, answer: str, entity: str = "", sentence: str = "", *, relation: str = "") -> Reading:
    """A reading. Without a sentence, one that just gives the answer."""
    return Reading(question, answer, sentence or f"It is {answer}.", entity, relation)


def tell(ledger: Ledger, told: Event, *readings: Reading, policy: FeedPolicy = NEWEST) -> Judged:
    """Judge one event and hold to be so what of it is taught."""
    [judged] = ledger.judge([(told, readings)], policy)
    ledger.learn([judged])
    return judged


def known(ledger: Ledger) -> set[str]:
    """The answers that are held to be right."""
    return {fact.value for fact in ledger.facts.values()}
