"""Structured logs: one JSON object a line on standard error.

Owns the format. Takes a message and named fields; ids (`event_id`, `request_id`, `feed`, `version`) make a path
followable across processes. A line of a long start says how far it is with `done` and `of`: `rtadapt up` shows the last
one. Never give it event text, prompts, completions or keys.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

_LINE = json.JSONEncoder(default=str, ensure_ascii=False)


class JsonFormatter(logging.Formatter):
    """A log record as one JSON line: time (ISO 8601, UTC), level, process, logger, message, then its fields."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, Any] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "process": self.process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update((name, value) for name, value in record.__dict__.items() if name not in _STANDARD)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _LINE.encode(line)


def start_logs(process: str, level: str) -> None:
    """Send this package's logs to standard error as JSON lines, under the name `process`."""
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(JsonFormatter(process))
    logger = logging.getLogger("rtadapt")
    logger.handlers[:] = [out]
    logger.setLevel(level.upper())
    logger.propagate = False


def adopt(name: str, level: str) -> None:
    """Send the logs of another library (its logger `name`) where ours go. Call after `start_logs`."""
    logger = logging.getLogger(name)
    logger.handlers[:] = logging.getLogger("rtadapt").handlers
    logger.setLevel(level.upper())
    logger.propagate = False


def get_logger(name: str) -> logging.Logger:
    """The logger of module `name`; give fields as `extra={...}`."""
    return logging.getLogger(name)
