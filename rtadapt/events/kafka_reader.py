"""One worker's membership in Kafka's consumer group.

Owns one KafkaConsumer, used from one thread. Takes from the caller where each partition starts; gives records in offset order. A
rebalance is cooperative: what a member keeps it reads on, and each partition that comes is read from where the caller says, so
nothing rests on the group's own offsets. Only what was committed is read. A record that can't be unpacked, and a range that the
brokers removed before it was read, are given as records with a fault, so that they stop nothing.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import CorruptRecordError, IllegalStateError, KafkaError, UnsupportedCodecError
from kafka.structs import OffsetAndMetadata

from rtadapt.config import EventLogSettings
from rtadapt.errors import Unavailable
from rtadapt.events.kafka_client import keep_what_is_joined
from rtadapt.events.log import LogRecord, check_end, removed
from rtadapt.observe import metrics

_SLICE_SECONDS = 0.1
"""How soon a poll notices that partitions came; records do not wait for it."""
_SESSION_SECONDS = 15
"""A worker that is silent this long has lost its partitions. A background thread keeps the session while it trains."""
_HEARTBEAT_SECONDS = 1
"""How soon a member hears that another one joins; a cooperative rebalance has two rounds."""
_LONGEST_PAUSE_SECONDS = 300
"""One that neither polls nor breathes for this long, as a step that hangs ends to do, has lost them too."""
_METADATA_SECONDS = 10
"""How soon a change in the number of partitions is seen; the group's leader then divides them anew."""
_HINT_SECONDS = 2.0
_BREATH_MS = 100


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc,unused-ignore]
    """What the group gave this member. Its methods run on the client's own thread, so they only take notes."""

    def __init__(self) -> None:
        self.assignor = CooperativeStickyAssignor()
        self.lock = threading.Lock()
        self.waiting: set[int] = set()
        """Assigned, but not yet told where to start."""
        self.next: dict[int, int] = {}
        """Assigned and started: the offset after the last record that was returned."""
        self.changes = 0

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Those that came."""
        with self.lock:
            self.waiting |= {partition.partition for partition in assigned}
            self.changes += 1

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Those that went."""
        with self.lock:
            for partition in revoked:
                self.waiting.discard(partition.partition)
                self.next.pop(partition.partition, None)
            self.changes += 1

    def on_partitions_lost(self, lost: Collection[TopicPartition]) -> None:
        """All of them: the group went on without this member."""
        # It would say in the next round that it owns them still, and what a member owns is given to no other before it lets
        # go of it. This one never would.
        self.assignor.member_assignment = None
        self.on_partitions_revoked(lost)


class KafkaReader:
    """A LogReader in the group `settings.group`."""

    def __init__(self, connection: dict[str, Any], settings: EventLogSettings, start: Callable[[int], int]) -> None:
        self._topic = settings.topic
        self._start = start
        self._assignment = Assignment()
        self._lost: list[LogRecord] = []
        self._seen: tuple[int, frozenset[int]] = (0, frozenset())
        self._generation = 0
        self._hinted_at = time.monotonic()
        self._close_ms = int(min(5.0, settings.timeout_seconds) * 1000)
        self._consumer = KafkaConsumer(
            **connection,
            group_id=settings.group,
            enable_auto_commit=False,
            partition_assignment_strategy=(self._assignment.assignor,),
            # The floor may lie before what the broker still keeps; then the oldest record it has is the next one.
            auto_offset_reset="earliest",
            isolation_level="read_committed",  # what a producer took back must not be learned
            session_timeout_ms=_SESSION_SECONDS * 1000,
            heartbeat_interval_ms=_HEARTBEAT_SECONDS * 1000,
            max_poll_interval_ms=_LONGEST_PAUSE_SECONDS * 1000,
            metadata_max_age_ms=_METADATA_SECONDS * 1000,
        )
        keep_what_is_joined(self._consumer)
        self._consumer.subscribe([self._topic], listener=self._assignment)
        try:
            # A member that leads its first rebalance before it knows the topic would give everybody nothing.
            self._consumer.partitions_for_topic(self._topic)
        except BaseException:
            self.close()
            raise

    def poll(self, timeout_seconds: float, max_records: int) -> list[LogRecord]:
        """Records of the partitions that are started; joins the group and takes rebalances in passing."""
        deadline = time.monotonic() + timeout_seconds
        try:
            self._consumer.resume(*self._consumer.paused())
            while True:
                self._start_waiting()
                left_seconds = max(0.0, deadline - time.monotonic())
                records = self._fetch(int(min(left_seconds, _SLICE_SECONDS) * 1000), max_records)
                if records or time.monotonic() >= deadline:
                    self._hint()
                    return records
        except KafkaError as error:
            raise Unavailable(f"the event log could not be read: {type(error).__name__}") from error

    def partitions(self) -> frozenset[int]:
        """The partitions that the last poll could return records of."""
        return self._seen[1]

    def generation(self) -> int:
        """How often `partitions` was handed out anew, as of the last poll."""
        return self._generation

    def again(self, partition: int, offset: int) -> None:
        """Seek back."""
        with self._assignment.lock:
            if offset < self._assignment.next.get(partition, 0):
                with suppress(ValueError):  # a rebalance has just taken it, and its note is about to come
                    self._consumer.seek(TopicPartition(self._topic, partition), offset)
                    self._assignment.next[partition] = offset

    def breathe(self) -> None:
        """Poll with all partitions paused: a rebalance is taken in passing, and this member is not thrown out."""
        try:
            self._consumer.pause(*self._consumer.assignment())
            # Partitions that have just come are not started: what is fetched of them is read again.
            self._consumer.poll(_BREATH_MS)
            with self._assignment.lock:
                self._note()
        except KafkaError as error:
            raise Unavailable(f"the event log could not be read: {type(error).__name__}") from error

    def lag(self) -> int:
        """Records up to the high-water marks that the last answers carried."""
        with self._assignment.lock:
            started = dict(self._assignment.next)
        total = 0
        for partition, following in started.items():
            place = TopicPartition(self._topic, partition)
            with suppress(IllegalStateError):  # a rebalance has just taken it
                # The marks that end transactions take places too, which are passed but never returned.
                passed = max(following, self._consumer.position(place, timeout_ms=0) or 0)
                total += max(0, (self._consumer.highwater(place) or 0) - passed)
        return total

    def close(self) -> None:
        """Leave the group, so that the others take over at once."""
        self._consumer.close(autocommit=False, timeout_ms=self._close_ms)

    def _fetch(self, timeout_ms: int, max_records: int) -> list[LogRecord]:
        try:
            return self._take(self._consumer.poll(timeout_ms, max_records))
        except (UnsupportedCodecError, CorruptRecordError) as error:
            return self._set_aside(error)
        except (KafkaError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - the codecs raise whatever they like on bytes that they can't unpack
            return self._set_aside(error)

    def _set_aside(self, error: Exception) -> list[LogRecord]:
        """Step over the record that could not be unpacked, and give a record with a fault for it. Raises `error` if none is."""
        # kafka-python does not say which record it was. The one place that knows is where it unpacks; the version is pinned.
        unpacked = self._consumer._fetcher._next_partition_records
        if unpacked is None:
            raise error
        place, offset = unpacked.topic_partition, unpacked.next_fetch_offset
        with self._assignment.lock:
            if place.partition not in self._assignment.next:
                return []
            with suppress(ValueError):  # as above
                self._consumer.seek(place, offset + 1)
            self._assignment.next[place.partition] = offset + 1
        fault = f"the record can't be unpacked: {type(error).__name__}"
        return [LogRecord(place.partition, offset, "", b"", time.time(), fault)]

    def _take(self, answer: dict[TopicPartition, list[Any]]) -> list[LogRecord]:
        """The records that belong to the present assignment, as ours."""
        begins = self._begins(answer)
        taken, self._lost = self._lost, []
        with self._assignment.lock:
            following = self._assignment.next
            # A rebalance may come at any moment on the client's thread. What the caller is told about it must fit the
            # records it gets, or it would take a partition's later records before it reads the earlier ones again.
            self._note()
            for place, records in answer.items():
                expected = following.get(place.partition, records[0].offset)
                if expected < begins.get(place.partition, 0) <= records[0].offset:
                    taken.append(removed(place.partition, expected, begins[place.partition]))
                for record in records:
                    # Not started yet, or fetched before the partition was handed out anew: it will be read again.
                    if record.offset >= following.get(place.partition, record.offset + 1):
                        following[place.partition] = record.offset + 1
                        if record.value is None and not record.headers:  # a compacted topic's mark that a key was deleted
                            metrics.EVENTS_NULL.inc()
                        else:
                            taken.append(to_record(record))
        return taken

    def _note(self) -> None:
        """Take note of how partitions were handed out; with the lock."""
        seen = (self._assignment.changes, frozenset(self._assignment.next))
        if seen != self._seen:
            self._seen = seen
            self._generation += 1

    def _begins(self, answer: dict[TopicPartition, list[Any]]) -> dict[int, int]:
        """Where the partitions begin now in which the answer has left a gap.

        Compaction and the ends of transactions leave gaps too: only what the brokers no longer begin with was removed.
        """
        with self._assignment.lock:
            expected = dict(self._assignment.next)
        gaps = [
            place for place, records in answer.items() if records[0].offset > expected.get(place.partition, records[0].offset)
        ]
        return {place.partition: begin for place, begin in self._consumer.beginning_offsets(gaps).items()} if gaps else {}

    def _start_waiting(self) -> None:
        """Seek each partition that has just come to where the caller says. Raises what `start` raises."""
        with self._assignment.lock:
            waiting, changes = sorted(self._assignment.waiting), self._assignment.changes
        for partition in waiting:
            offset = self._start(partition)
            gone = self._look_around(partition, offset) if offset > 0 else None
            if gone is not None:
                offset = gone.offset + 1
            with self._assignment.lock:
                if self._assignment.changes != changes:
                    return
                try:
                    self._consumer.seek(TopicPartition(self._topic, partition), offset)
                except ValueError:
                    return  # a rebalance has just taken it, and its note is about to come
                self._assignment.waiting.discard(partition)
                self._assignment.next[partition] = offset
                if gone is not None:
                    self._lost.append(gone)

    def _look_around(self, partition: int, start: int) -> LogRecord | None:
        """A record for the range that was removed before it was read, if there is any. Raises Unavailable as `check_end` does."""
        place = TopicPartition(self._topic, partition)
        check_end(partition, start, self._consumer.end_offsets([place])[place])
        first = self._consumer.beginning_offsets([place])[place]
        if first <= start:
            return None
        return removed(partition, start, first)

    def _hint(self) -> None:
        """Tell the group's lag tools now and then what was read. Nobody starts from it, so a failure is no matter."""
        now = time.monotonic()
        if now - self._hinted_at < _HINT_SECONDS:
            return
        self._hinted_at = now
        with self._assignment.lock:
            read = dict(self._assignment.next)
        offsets = {TopicPartition(self._topic, partition): OffsetAndMetadata(offset) for partition, offset in read.items()}
        if offsets:
            self._consumer.commit_async(offsets)


def to_record(record: Any) -> LogRecord:
    """A kafka-python record as ours; CloudEvents' binary mode (`ce_…` headers) becomes the structured mode."""
    key = (record.key or b"").decode("utf-8", "replace")
    value: bytes = record.value or b""
    headers = {name.lower(): text for name, text in record.headers}
    if "ce_specversion" in headers:
        value = structured(headers, value)
    return LogRecord(record.partition, record.offset, key, value, max(0, record.timestamp) / 1000)


def structured(headers: dict[str, bytes], data: bytes) -> bytes:
    """A CloudEvent in Kafka's binary mode, as the structured JSON it means. Parsing the data is the envelope's part."""
    texts = {name: (value or b"").decode("utf-8", "replace") for name, value in headers.items()}
    event = {name.removeprefix("ce_"): text for name, text in texts.items() if name.startswith("ce_")}
    event.pop("data", None)
    event["datacontenttype"] = texts.get("content-type") or "application/json"
    event["data_base64"] = base64.b64encode(data).decode()
    return json.dumps(event, ensure_ascii=False).encode()
