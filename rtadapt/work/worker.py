"""`rtadapt work`: one adaptation worker as a process.

Owns putting a pipeline together, its endpoint, its word in the registry that it is there, and what happens when a part it
needs is away, or a state that it would go on from is damaged: it lets everything go, waits a little longer each time, and starts
over from the heads.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from rtadapt import __version__
from rtadapt.config import Settings
from rtadapt.errors import ArtifactDamaged, Conflict, Unavailable
from rtadapt.events.log import EventLog, check_log, open_log
from rtadapt.events.numbered import NumberedLog
from rtadapt.grammar.reader import GrammarReader
from rtadapt.observe import metrics
from rtadapt.observe.disk import watch_disk
from rtadapt.observe.endpoint import Endpoint
from rtadapt.observe.logs import flush_logs
from rtadapt.observe.pulse import Pulse
from rtadapt.reading.endpoint import open_endpoint, serves_base
from rtadapt.reading.reader import begin
from rtadapt.reading.remembered import RememberedExam
from rtadapt.records import Artifact, Message
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.registry.registry import Registry
from rtadapt.scratch import scratch
from rtadapt.training.fitting import write_trial
from rtadapt.training.learner import Learner
from rtadapt.verification.verify import in_view
from rtadapt.work.desk import Desk
from rtadapt.work.pipeline import Pipeline

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_PARTING_SECONDS = 5.0
_TRIAL = "base"
"""Trial adapters are no feed's; in the store they lie under this name."""


def work(settings: Settings, model: str) -> None:
    """Run one worker until SIGTERM or SIGINT. `model` is a local folder or a hub id."""
    stop, ready = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pulse = Pulse(settings.work.hang_seconds)
    metrics.BUILD.labels("work", __version__, settings.serve.model_name or Path(model).name).set(1)
    watch_disk(settings.data_dir)
    with Endpoint(settings.work.metrics_host, settings.work.metrics_port, ready.is_set, pulse.alive):
        check_log(settings)  # what is wrong with any of them is said at once
        registry, store = Registry(settings.registry), ArtifactStore(settings)
        owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"  # a container that starts anew has both again
        with Presence(registry, owner, ready.is_set, pulse) as presence:
            logger.info("loading the base model")
            learner = Learner(settings.train, model, settings.revision, cache=settings.data_dir / "anchors", progress=logger.info)
            opened = Opening(settings, owner, registry, store, learner, presence)
            with suppress(Unavailable):  # it is tried again below
                opened.offer()
            learner.anchors()
            over = threading.Event()
            last = threading.Thread(target=give_up, args=(stop, over, settings.work.stop_seconds, opened.abandon), daemon=True)
            last.start()
            run(opened.pipeline, stop, ready, pulse, presence.note)
            over.set()
        opened.close()
        registry.close()
    logger.info("worker stopped")


class Presence:
    """This worker's word in the registry that it is there and how it gets on, said from a thread of its own while the `with`
    block runs: a step may be long, and one that hangs must show.
    """

    def __init__(self, registry: Registry, owner: str, ready: Callable[[], bool], pulse: Pulse) -> None:
        self._registry, self._owner, self._ready, self._pulse = registry, owner, ready, pulse
        self._about: Mapping[str, int] = {}
        self.trial: Sequence[Artifact] = ()
        """The adapters that replicas are to hold their engines against."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def __enter__(self) -> Presence:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        self._thread.join(timeout=self._registry.settings.timeout_seconds)
        try:
            self._registry.forget_worker(self._owner)
        except Unavailable:
            logger.info("the registry was not told that this worker stops")

    def note(self, pipeline: Pipeline | None) -> None:
        """A step of `pipeline` is over; or everything was let go."""
        self._about = {} if pipeline is None else pipeline.about()

    def said(self) -> dict[str, Any]:
        """What is said now."""
        steps = {"ready": self._ready(), "alive": self._pulse.alive(), "last_step_at": self._pulse.last_at}
        sign = self._registry.signatures.of_trial
        offers = [asdict(artifact) | {"signature": sign(artifact)} for artifact in self.trial]
        return steps | ({"trial": offers} if offers else {}) | dict(self._about)

    def _run(self) -> None:
        while not self._end.is_set():
            with suppress(Unavailable):  # the loop says so
                self._registry.note_worker(self._owner, self.said())
            self._end.wait(self._registry.settings.replica_ttl_seconds / 3)


def give_up(stop: threading.Event, over: threading.Event, stop_seconds: float, abandon: Callable[[], None]) -> None:
    """End the process when it was told to stop and is not `over` by `stop_seconds` later; `abandon` gets a few seconds before.

    Nothing is lost by it: what was not committed is done again.
    """
    stop.wait()
    if over.wait(stop_seconds):
        return
    logger.warning("the step under way does not end; it is given up, and done again by whoever reads next")
    parting = threading.Thread(target=abandon, daemon=True)
    parting.start()
    parting.join(timeout=_PARTING_SECONDS)
    flush_logs()
    os._exit(0)


class Opening:
    """What a worker's pipelines are made of, one after the other. Log and reading desk are opened once, when they are needed.

    The readers are chosen by what the base shows in the reading exam.
    """

    def __init__(
        self, settings: Settings, owner: str, registry: Registry, store: ArtifactStore, learner: Learner, presence: Presence
    ) -> None:
        self._settings, self._owner, self._registry, self._store, self._learner = settings, owner, registry, store, learner
        self._presence = presence
        self._desk: Desk | None = None
        self._log: EventLog | None = None
        self._pipeline: Pipeline | None = None

    def pipeline(self) -> Pipeline:
        """A new one. Raises Unavailable while the log, the store, or what the readers need, is away."""
        self.offer()
        if self._log is None:
            self._log = NumberedLog(open_log(self._settings), self._registry.log_number)
        self._pipeline = Pipeline(
            self._settings,
            self._owner,
            log=self._log,
            registry=self._registry,
            store=self._store,
            learner=self._learner,
            desk=self.desk(),
        )
        return self._pipeline

    def offer(self) -> None:
        """Store the adapters that engines are held against, once, and say where they lie. Raises Unavailable."""
        if self._presence.trial:
            return
        with scratch("trial") as around:
            folders = around / "zero", around / "moving"
            for folder in folders:
                folder.mkdir()
            write_trial(self._learner, *folders)
            trial = [self._store.put("trial", _TRIAL, folder) for folder in folders]
        for artifact in self._store.list("trial", _TRIAL):
            if artifact not in trial:
                self._store.remove(artifact)
        self._presence.trial = trial

    def abandon(self) -> None:
        """Leave what is under way to others."""
        if self._pipeline is not None:
            self._pipeline.abandon()

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()

    def desk(self) -> Desk:
        """The desk. Raises Unavailable while the model that shall read is away and the settings say to wait for it."""
        if self._desk is None:
            reading = self._settings.reading
            logger.info("loading the grammar, and examining the base model as a reader")
            exam = RememberedExam(self._settings.data_dir / "exams", self._learner.model.digest) if serves_base(reading) else None
            reader, choice, report = begin(reading, GrammarReader(), open_endpoint(reading), self._answer, exam)
            self._registry.note_reading(self._owner, report)
            self._desk = Desk(reading, reader, self._ask if choice.asks else None)
        return self._desk

    def _ask(self, chats: Sequence[Sequence[Message]]) -> list[str]:
        return self._learner.write(chats, self._settings.gate.answer_tokens)

    def _answer(self, asked: Sequence[tuple[str, str]]) -> list[str]:
        return self._ask([in_view(text, question) for text, question in asked])


def run(
    start: Callable[[], Pipeline],
    stop: threading.Event,
    ready: threading.Event,
    pulse: Pulse,
    note: Callable[[Pipeline | None], None] = lambda _: None,
) -> None:
    """Step a pipeline until `stop`. When a part is away or a feed was taken over, drop everything and start over."""
    pause = _FIRST_PAUSE_SECONDS
    metrics.WORKER_READY.set(0)
    while not stop.is_set():
        try:
            with closing(start()) as pipeline:
                while not stop.is_set():
                    pipeline.step()
                    note(pipeline)
                    pulse.beat()
                    ready.set()
                    metrics.WORKER_READY.set(1)
                    pause = _FIRST_PAUSE_SECONDS
        except (Unavailable, Conflict, ArtifactDamaged) as error:
            ready.clear()
            note(None)
            pulse.beat()
            metrics.WORKER_READY.set(0)
            metrics.WORKER_RESTARTS.labels(error.code).inc()
            metrics.OWNED_PARTITIONS.set(0)  # what it let go, nobody reads until it has them again
            logger.warning("starting over from the heads", extra={"code": error.code, "why": str(error), "pause_seconds": pause})
            if isinstance(error, Conflict):
                metrics.COMMIT_CONFLICTS.labels(error.code).inc()
            stop.wait(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, pause * 2)
