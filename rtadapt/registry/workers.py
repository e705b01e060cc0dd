"""Which workers there are, how they get on, and what reads for each.

Takes their own word; gives it to anyone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rtadapt.registry import codec
from rtadapt.registry.connection import Connection


class Workers:
    """The part of the registry that knows of workers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note_worker(self, worker: str, info: Mapping[str, Any]) -> None:
        """`worker` is there for another `replica_ttl_seconds`, by the server's clock, and this is how it gets on."""
        lifetime = int(self._connection.settings.replica_ttl_seconds * 1000)
        self._connection.run("replicas", [codec.WORKERS], [worker, lifetime, codec.compact(info)])

    def forget_worker(self, worker: str) -> None:
        """`worker` stops."""
        with self._connection.answered():
            self._connection.redis.hdel(codec.WORKERS, worker)

    def live_workers(self) -> dict[str, dict[str, Any]]:
        """What every worker said last that is still there, by its name."""
        return self._noted(codec.WORKERS)

    def note_reading(self, worker: str, report: Mapping[str, Any]) -> None:
        """What reads for `worker`, and how it did in the reading exam. Say it again before `status_ttl_seconds` end."""
        lifetime = int(self._connection.settings.status_ttl_seconds * 1000)
        self._connection.run("replicas", [codec.READING], [worker, lifetime, codec.compact(report)])

    def readings(self) -> dict[str, dict[str, Any]]:
        """What every worker noted last, by its name."""
        return self._noted(codec.READING)

    def _noted(self, key: str) -> dict[str, dict[str, Any]]:
        noted = codec.pairs(self._connection.run("replicas", [key], []))
        return {worker: json.loads(report.partition("|")[2]) for worker, report in sorted(noted.items())}
