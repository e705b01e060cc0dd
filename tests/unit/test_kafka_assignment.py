"""What one member of Kafka's group keeps, takes and lets go of when partitions are handed out anew."""

from __future__ import annotations

from kafka import TopicPartition
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

from rtadapt.events.kafka_reader import Assignment


def parts(*numbers: int) -> list[TopicPartition]:
    return [TopicPartition("events", number) for number in numbers]


def claimed(assignment: Assignment) -> list[int]:
    """What this member says in the next round that it owns."""
    said = assignment.assignor.metadata({"events"}).owned_partitions
    return sorted(number for topic in said for number in topic.partitions)


def test_what_a_member_keeps_goes_on_where_it_was() -> None:
    held = Assignment()
    held.on_partitions_assigned(parts(0, 1))
    held.waiting, held.next = {1}, {0: 7}
    held.on_partitions_assigned(parts(2))
    assert (held.waiting, held.next) == ({1, 2}, {0: 7})
    held.on_partitions_revoked(parts(1))
    assert (held.waiting, held.next) == ({2}, {0: 7})
    held.on_partitions_revoked(parts(0))
    assert (held.waiting, held.next, held.changes) == ({2}, {}, 4)


def test_a_member_that_was_thrown_out_claims_nothing_when_it_comes_back() -> None:
    held = Assignment()
    held.on_partitions_assigned(parts(0, 1))
    held.assignor.on_assignment(ConsumerProtocolAssignment(1, [("events", [0, 1])], b""), 3)
    assert claimed(held) == [0, 1]
    held.on_partitions_lost(parts(0, 1))
    assert claimed(held) == []
    assert (held.waiting, held.next) == (set(), {})
