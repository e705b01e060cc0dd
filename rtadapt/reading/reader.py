"""What a reader is, and which readers read.

Owns the protocol and the choice: the setting's word, and what the reading exam found where the setting is `auto`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rtadapt.config import ReadingSettings
from rtadapt.errors import Unavailable
from rtadapt.observe import metrics
from rtadapt.reading.endpoint import Endpoint
from rtadapt.reading.exam import BUDGET_SECONDS, Answer, ExamResult, sit
from rtadapt.reading.model import ModelReader
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.reading.remembered import RememberedExam
from rtadapt.words import flat

logger = logging.getLogger(__name__)

LEAST_RIGHT = 0.8
"""Share of a model's pairs that must be right. Verification takes out answers that the text does not give, but finds a question
about the wrong thing harder to tell, so most of what is proposed must be right before it."""
LEAST_FOUND = 0.4
"""Share of the facts that a model must find: one that finds fewer adds little to the grammar, at hundreds of times its cost."""
LEAST_CHECKED = 0.6
"""Share of right pairs confirmed, and of wrong ones refused, from which on the base may check. The worse a checker confirms,
the more is missing; one that refuses less than this would let through most of what it is there for."""


class Reader(Protocol):
    """Reads passages."""

    def read(self, passages: Sequence[Passage]) -> list[list[Reading]]:
        """What can be asked about each passage, in the order of the passages. Raises Unavailable when it can't read now."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """Which readers read, and whether the base checks pairs by being asked."""

    grammar: bool
    model: bool
    asks: bool


def choose(settings: ReadingSettings, result: ExamResult | None) -> Choice:
    """The readers that `settings.by` names; with `auto` what `result` speaks for. None: there was no exam."""
    writes = result is not None and result.reader >= LEAST_RIGHT and result.found >= LEAST_FOUND
    asks = result is not None and result.checker >= LEAST_CHECKED
    if settings.by == "auto":
        return Choice(grammar=True, model=writes, asks=asks)
    return Choice(grammar=settings.by in ("grammar", "both"), model=settings.by in ("model", "both"), asks=asks)


class Several:
    """Readers one after the other. Of two readings with the same question the earlier reader's stays."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = tuple(readers)

    def read(self, passages: Sequence[Passage]) -> list[list[Reading]]:
        """What all of them read."""
        found: list[dict[str, Reading]] = [{} for _ in passages]
        for reader in self._readers:
            for known, readings in zip(found, reader.read(passages), strict=True):
                for reading in readings:
                    known.setdefault(flat(reading.question), reading)
        return [list(known.values()) for known in found]


def begin(
    settings: ReadingSettings,
    grammar: Reader,
    endpoint: Endpoint | None,
    answer: Answer | None,
    remembered: RememberedExam | None = None,
) -> tuple[Reader, Choice, dict[str, Any]]:
    """Hold the exam, choose, and say so: the reader of this worker, the choice, and what `GET /v1/reading` shall show.

    `answer` is how the base is asked with a text in view. `remembered` is what the same base showed before, where it alone is
    examined: then there is no exam. Raises Unavailable while the endpoint is away and `when_away` says wait: before it was
    examined nobody knows whether it shall read.
    """
    model = ModelReader(endpoint, settings) if endpoint is not None and settings.by != "grammar" else None
    known = remembered.result() if remembered is not None and model is not None else None
    result = known or _examined(settings, endpoint if model is not None else None, answer, remembered)
    choice = choose(settings, result)
    chosen = [reader for reader, reads in ((model, choice.model), (grammar, choice.grammar)) if reads and reader is not None]
    return Several(chosen), choice, report(settings, choice, result, remembered=known is not None)


def _examined(
    settings: ReadingSettings, endpoint: Endpoint | None, answer: Answer | None, remembered: RememberedExam | None
) -> ExamResult | None:
    """What comes out when both are examined, as far as they are there; remembered if both were."""
    examinee: ModelReader | None = None
    if endpoint is not None:
        try:
            _ = endpoint.model
        except Unavailable:
            if settings.when_away == "wait":
                raise
        else:
            plain = settings.model_copy(update={"wordings": 0, "passes": 1, "when_away": "wait"})
            examinee = ModelReader(endpoint, plain, seconds=min(BUDGET_SECONDS / 2, settings.timeout_seconds))
    if examinee is None and answer is None:
        return None
    result = sit(examinee.read if examinee else None, answer)
    if remembered is not None and examinee is not None and answer is not None:
        remembered.keep(result)
    return result


def report(settings: ReadingSettings, choice: Choice, result: ExamResult | None, *, remembered: bool) -> dict[str, Any]:
    """What `GET /v1/reading` shows of a worker; the same goes to the log and the metrics."""
    said: dict[str, Any] = {"by": settings.by, "grammar": choice.grammar, "model": choice.model, "asks": choice.asks}
    if result is not None:
        measures = {name: getattr(result, name) for name in ("reader", "found", "confirms", "refuses")}
        for measure, share in measures.items():
            metrics.READING_EXAM.labels(measure).set(share)
        said |= measures | {"able": result.able, "seconds": round(result.seconds, 3), "remembered": remembered}
    logger.info("the readers are chosen", extra=said)
    return said | {"at": time.time()}
