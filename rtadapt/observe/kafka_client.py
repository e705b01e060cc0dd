"""What librdkafka says of itself every few seconds, as metrics: brokers, what waits, how long they take, what went wrong.

Takes its statistics (JSON, once for each client that has the settings that `statistics` gives); sets gauges and counters.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from rtadapt.observe import metrics

_EVERY_MS = 10_000
_KINDS = {"req_timeouts": "timeout", "txerrs": "error", "rxerrs": "error", "txretries": "retry"}


def statistics() -> dict[str, Any]:
    """The settings of one client that says it."""
    return {"statistics.interval.ms": _EVERY_MS, "stats_cb": KafkaClient().note}


class KafkaClient:
    """One client's figures, of which the totals are since its start."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def note(self, text: str) -> None:
        """Take one report. What is not in it counts as nothing: a callback that raises would end an append."""
        said = json.loads(text)
        brokers = [broker for broker in said.get("brokers", {}).values() if broker.get("nodeid", -1) >= 0]
        metrics.KAFKA_BROKERS.set(sum(broker.get("state") == "UP" for broker in brokers))
        metrics.KAFKA_QUEUED.set(said.get("msg_cnt", 0))
        if trips := [broker["rtt"]["avg"] for broker in brokers if broker.get("rtt", {}).get("cnt")]:  # else nothing was asked
            metrics.KAFKA_ROUND_TRIP.set(max(trips) / 1e6)
        totals: Counter[str] = Counter()
        for broker in brokers:
            for name, kind in _KINDS.items():
                totals[kind] += broker.get(name, 0)
        for kind, total in totals.items():
            metrics.KAFKA_FAILURES.labels(kind).inc(max(0, total - self._seen[kind]))
        self._seen = totals
