"""Every kind of fault once, in a running system on a real Kafka and a real registry; a short form of `make chaos`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.run import Plan, Report, run
from tests.support.kafka_broker import has_broker

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_broker(), reason="needs ../shared/kafka, to kill a broker that is this test's own"),
]


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    with tempfile.TemporaryDirectory(prefix="rta-") as folder:
        plan = Plan(faults=len(FAULTS), round_faults=len(FAULTS), feeds=6, workers=2, rate=3.0, longest=2.0, together_share=0.0)
        yield run(Path(folder), plan)


def test_every_kind_of_fault_happened_while_events_came(report: Report) -> None:
    assert report.faults == {fault.kind: 1 for fault in FAULTS}
    assert report.pushed > 20
    assert report.answered > 0


def test_nothing_was_lost_learned_twice_stuck_or_covered_too_early(report: Report) -> None:
    assert report.wrong == [], "\n".join(report.lines())
