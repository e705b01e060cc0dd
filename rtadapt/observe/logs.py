"""Structured logs: one JSON object a line on standard error.

Owns the format. Takes a message and named fields; ids (`event_id`, `request_id`, `feed`, `version`) make a path
followable across processes. A line of a long start says how far it is with `done` and `of`: `rtadapt up` shows the last
one. Never give it event text, prompts, completions or keys.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from functools import lru_cache
from typing import Any, TextIO

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

_TOGETHER_SECONDS = 0.01
_MOST_LINES = 1000

_LINE = json.JSONEncoder(default=str, ensure_ascii=False)


class JsonFormatter(logging.Formatter):
    """A log record as one JSON line: time (ISO 8601, UTC), level, process, logger, message, then its fields."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": f"{_second(int(record.created))}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "process": self.process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update((name, value) for name, value in record.__dict__.items() if name not in _STANDARD)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _LINE.encode(line)


@lru_cache(maxsize=2)
def _second(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))


class Lines(logging.Handler):
    """Writes lines in a thread of its own, those of some milliseconds at once.

    Whoever logs waits for no disk and no pipe, and lets no other thread in, as each write would. A warning, and what is worse, is
    written before the call returns, and so is what stands before it. Where nobody takes them, whoever logs waits in the end.
    """

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out
        self._begin()
        os.register_at_fork(after_in_child=self._begin)  # threads stay behind, and what they hold

    def emit(self, record: logging.LogRecord) -> None:
        """Take the record's line."""
        try:
            self._lines.append(self.format(record) + "\n")
            if record.levelno >= logging.WARNING or len(self._lines) >= _MOST_LINES:
                self.flush()
            elif not self._filled.is_set():
                self._write_soon()
        except Exception:  # noqa: BLE001 - as every handler: what can't be logged ends nobody
            self.handleError(record)

    def flush(self) -> None:
        """Write what is held. Called at the end of the process, too."""
        with self._writing:
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            if lines:
                self._out.write("".join(lines))
                self._out.flush()

    def _begin(self) -> None:
        self._lines: deque[str] = deque()
        self._writing = threading.RLock()  # a signal's or an object's last words may come in the midst of writing
        self._filled = threading.Event()
        self._thread: threading.Thread | None = None

    def _write_soon(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._write, name="logs", daemon=True)
            thread.start()
            self._thread = thread
        self._filled.set()

    def _write(self) -> None:
        while self._filled.wait():
            time.sleep(_TOGETHER_SECONDS)
            self._filled.clear()
            try:
                self.flush()
            except OSError:  # a disk that is full, a pipe that nobody reads: those lines are lost, and not what follows
                continue
            except ValueError:  # the stream is closed
                return


def start_logs(process: str, level: str) -> None:
    """Send this package's logs to standard error as JSON lines, under the name `process`."""
    out = Lines(sys.stderr)
    out.setFormatter(JsonFormatter(process))
    logger = logging.getLogger("rtadapt")
    logger.handlers[:] = [out]
    logger.setLevel(level.upper())
    logger.propagate = False


def flush_logs() -> None:
    """Write what is held: for whoever ends the process without its leave."""
    for handler in logging.getLogger("rtadapt").handlers:
        with suppress(OSError, ValueError):
            handler.flush()


def adopt(name: str, level: str) -> None:
    """Send the logs of another library (its logger `name`) where ours go. Call after `start_logs`."""
    logger = logging.getLogger(name)
    logger.handlers[:] = logging.getLogger("rtadapt").handlers
    logger.setLevel(level.upper())
    logger.propagate = False


def get_logger(name: str) -> logging.Logger:
    """The logger of module `name`; give fields as `extra={...}`."""
    return logging.getLogger(name)
