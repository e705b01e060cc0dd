"""What the control plane talks to: the event log and the registry, connected when they are first needed.

Owns opening and closing them, so that the app starts, and says what it lacks, while either is down, and so that it
works in a process whose server runs no lifespan. Thread-safe: requests are served from several threads.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from rtadapt.access import Keys
from rtadapt.api.accepting import Accepting
from rtadapt.api.freshness import Freshness
from rtadapt.api.pushing import SILENCE_SECONDS, Pushing
from rtadapt.api.trials import Trials
from rtadapt.config import Settings
from rtadapt.errors import Unavailable
from rtadapt.events.intake import Intake
from rtadapt.events.log import EventLog, check_log, open_log
from rtadapt.events.numbered import NumberedLog
from rtadapt.events.together import Together
from rtadapt.records import EventStatus
from rtadapt.registry.registry import Registry

logger = logging.getLogger(__name__)

_NOTED_AT_ONCE = 500


class Parts:
    """The log, the registry and the keys of one app.

    Raises InvalidSettings for settings of the log or the registry, or a keys file, that cannot be right: better no start
    than a server that tells those who push that they are at fault.
    """

    def __init__(self, settings: Settings, log: EventLog | None = None, registry: Registry | None = None) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._log = log
        if log is None:
            check_log(settings)
        self._owns_log, self._owns_registry = log is None, registry is None
        self.registry = Registry(settings.registry) if registry is None else registry
        self.keys = Keys(settings.keys_file)
        self.freshness = Freshness(lambda: self.log, self.registry)
        self.trials = Trials(self.registry)
        self._watches = self.freshness.watch, self.trials.watch
        self.pushing = Pushing(settings.intake, self.registry, self.freshness, lambda: self.log)
        self.accepting = Accepting(settings.intake, lambda: self.intake, self.pushing, self.keys, self.note)
        self._noted = Together(self._note, _NOTED_AT_ONCE)
        self._silent_until = 0.0
        self._unopened_until = 0.0

    @property
    def log(self) -> EventLog:
        """The event log. Raises Unavailable while it can't be opened."""
        with self._lock:
            if self._log is None:
                self._log = self._open_log()
            return self._log

    @property
    def intake(self) -> Intake:
        """What accepts events. Raises Unavailable while the log can't be opened."""
        return Intake(self.log, self.settings.intake)

    def _open_log(self) -> EventLog:
        if time.monotonic() < self._unopened_until:
            raise Unavailable("the event log could not be opened a moment ago; try again")
        try:
            return NumberedLog(open_log(self.settings), self.registry.log_number)
        except Unavailable:
            self._unopened_until = time.monotonic() + SILENCE_SECONDS
            raise

    def can_push(self) -> None:
        """Return if events can be accepted: the log answers. Raises Unavailable."""
        self.log.ping()

    def can_operate(self) -> None:
        """Return if feeds can be looked at and moved: the registry answers. Raises Unavailable."""
        self.registry.ping()

    def note(self, statuses: Sequence[EventStatus]) -> None:
        """Tell the registry of accepted events and their feeds, if it answers: the log is what counts."""
        if statuses and time.monotonic() >= self._silent_until:
            self._noted(statuses)

    def _note(self, statuses: Sequence[EventStatus]) -> Sequence[None]:
        """What several requests have to say goes in one."""
        try:
            for feed in self.registry.note_events(statuses):
                self.registry.ensure_feed(feed)
        except Unavailable as error:
            self._silent_until = time.monotonic() + SILENCE_SECONDS
            logger.warning(
                "accepted events were not noted in the registry", extra={"events": len(statuses), "reason": str(error)}
            )
        return [None] * len(statuses)

    def start(self) -> None:
        """Begin to look how long events wait, and at trials."""
        for watch in self._watches:
            watch.start()

    def close(self) -> None:
        """Close what was opened here."""
        self.accepting.close()
        for watch in self._watches:
            watch.end()
        for watch in self._watches:
            watch.close()
        with self._lock:
            if self._owns_log and self._log is not None:
                self._log.close()
                self._log = None
        if self._owns_registry:
            self.registry.close()
