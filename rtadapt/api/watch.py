"""Something that is looked at again and again, on a thread of its own, from `start` to `close`.

Owns the thread, its pauses, and what is said when a look fails: once while a part is away, and nothing after the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from rtadapt.errors import RtadaptError
from rtadapt.observe.logs import get_logger

logger = get_logger(__name__)

_PARTING_SECONDS = 15.0
"""A look under way at the end may wait for its own time limits: so long it is waited for."""


class Watch:
    """Looks every `seconds`; `what` names it in the log."""

    def __init__(self, what: str, look: Callable[[], None], seconds: float) -> None:
        self._what, self._look, self._seconds = what, look, seconds
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look, on a thread that holds up no exit."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._what, daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Begin no other look."""
        self._end.set()

    def close(self) -> None:
        """End looking, and return once the look under way is over or has had its time."""
        self.end()
        if self._thread is not None:
            self._thread.join(timeout=_PARTING_SECONDS)

    def _run(self) -> None:
        silent = False
        while not self._end.is_set():
            try:
                self._look()
                silent = False
            except RtadaptError as error:
                if not silent and not self._end.is_set():
                    logger.warning("a look failed", extra={"what": self._what, "code": error.code, "why": str(error)})
                silent = True
            except Exception:  # whatever is wrong: a watch that ended would look no more, and it is in the log
                if not self._end.is_set():
                    logger.exception("a look failed in a way that nobody foresaw", extra={"what": self._what})
            self._end.wait(self._seconds)
