"""How far the event log is: which log it is, from where it must be read, and what was begun and not ended.

Owns the numbers of logs, the floors and the attempts. Takes them from workers. None of it is a commit: heads say what is decided,
and a floor says beside which heads it was noted.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rtadapt.records import Position
from rtadapt.registry import codec
from rtadapt.registry.connection import Connection

_ATTEMPTS_LIFETIME_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Floor:
    """From where a partition must be read, as long as heads stand there at `heads` (by feed) or beyond; noted `notes` times."""

    offset: int
    heads: Mapping[str, int]
    notes: int


class Progress:
    """The part of the registry that knows of the log. `log_name` names the one whose floors are kept."""

    def __init__(self, connection: Connection, log_name: str) -> None:
        self._connection, self._log_name = connection, log_name

    def log_number(self, identity: str) -> int:
        """The number of the event log with this identity: 0 for the first one ever, a new one for each that comes later."""
        return int(self._connection.run("log", [codec.logs_key(self._log_name)], [identity]))

    def begin_log(self, identity: str) -> int:
        """By an operator's word, the log counts as one that the registry has not met before; gives its new number."""
        return int(self._connection.run("log", [codec.logs_key(self._log_name)], [identity, "anew", uuid.uuid4().hex]))

    def begin_attempt(self, stage: str, places: Sequence[Position], process: str) -> list[int]:
        """Something is begun at each of the places by a process; gives how many have, without having ended it."""
        key, names = codec.attempts_key(self._log_name, stage), [f"{place.partition}.{place.offset}" for place in places]
        return [int(count) for count in self._connection.run("attempt", [key], [_ATTEMPTS_LIFETIME_MS, process, *names])]

    def end_attempt(self, stage: str, places: Sequence[Position]) -> None:
        """It ended, well or not."""
        with self._connection.answered():
            names = [f"{place.partition}.{place.offset}" for place in places]
            self._connection.redis.hdel(codec.attempts_key(self._log_name, stage), *names)

    def attempts(self, stage: str) -> dict[Position, int]:
        """Where something was begun that has not ended, and by how many processes."""
        with self._connection.answered():
            begun = self._connection.redis.hgetall(codec.attempts_key(self._log_name, stage))
        return {Position(*map(int, place.split("."))): len(processes.split()) for place, processes in begun.items()}

    def floor(self, partition: int) -> int:
        """The first offset of the partition that any feed may still need; 0 when none was set. Only a hint."""
        with self._connection.answered():
            return int(self._connection.redis.hget(codec.floor_key(self._log_name), str(partition)) or 0)

    def noted(self, partition: int) -> Floor:
        """The partition's floor with what was noted beside it."""
        with self._connection.answered():
            fields = self._connection.redis.hgetall(codec.floor_key(self._log_name))
        mark = f"head {partition} "
        heads = {name.removeprefix(mark): int(offset) for name, offset in fields.items() if name.startswith(mark)}
        return Floor(int(fields.get(str(partition), 0)), heads, int(fields.get(f"notes {partition}", 0)))

    def set_floor(
        self, partition: int, offset: int, read: int, heads: Mapping[str, int | None] | None = None, notes: int | None = None
    ) -> int | None:
        """Everything before `offset` is decided, and everything before `read` was read. `heads` are where those that moved stand,
        None for a feed that was deleted.

        Gives how often that was noted by now. With `notes`, how often it had been: None, and nothing is noted, where it had not.
        """
        places = [part for feed, place in (heads or {}).items() for part in (feed, "" if place is None else place)]
        args = [partition, offset, read, "" if notes is None else notes, *places]
        found = int(self._connection.run("floor", [codec.floor_key(self._log_name)], args))
        return found if found >= 0 else None

    def read_up_to(self, partition: int) -> int:
        """The offset after the last record of the partition that a worker has read; 0 when none was."""
        with self._connection.answered():
            return int(self._connection.redis.hget(codec.floor_key(self._log_name), f"read {partition}") or 0)
