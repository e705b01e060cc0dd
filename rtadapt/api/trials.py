"""Trials that decide themselves: canaries are looked at again and again, and promoted or ended once the figures say which.

Any number of processes may run it: a trial is ended once, by whoever is first.
"""

from __future__ import annotations

import json
import time
from collections import Counter

from rtadapt.api.watch import Watch
from rtadapt.observe import metrics
from rtadapt.observe.logs import get_logger
from rtadapt.records import Route, version_name
from rtadapt.registry.registry import Registry
from rtadapt.trial import Decision, Finding, Rule, judge, not_begun

logger = get_logger(__name__)

LOOK_SECONDS = 2.0


class Trials:
    """Looks, and again and again while its `watch` runs."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.watch = Watch("trials", self.look, LOOK_SECONDS)

    def look(self) -> None:
        """Judge every trial that has a rule. Raises Unavailable."""
        for feed, route in self._registry.routes().items():
            if route.canary is not None and route.decide:
                self._end(feed, route, self._found(feed, route) if route.begun else self._not_begun(feed, route))

    def _not_begun(self, feed: str, route: Route) -> Finding:
        live, holdings = self._registry.live_replicas(), self._registry.holdings(feed)
        failed = [name for name, holding in sorted(holdings.items()) if name in live and route.canary in holding.failed]
        why = f"could not be loaded by {', '.join(failed)}" if failed else "not every replica has loaded it"
        return not_begun(Rule.of(json.loads(route.decide)), time.time() - route.named_at, why)

    def _found(self, feed: str, route: Route) -> Finding:
        tally = self._registry.tally(feed)
        arm = "shadow" if route.shadow else "canary"
        stable = tally.get((route.stable, f"stable{route.trial}"), Counter())
        canary = tally.get((route.canary or 0, f"{arm}{route.trial}"), Counter())
        return judge(Rule.of(json.loads(route.decide)), stable, canary, time.time() - route.begun)

    def _end(self, feed: str, route: Route, found: Finding) -> None:
        if found.decision is Decision.GO_ON:
            return
        record = {"decision": found.decision.value, "reason": found.reason, "at": time.time(), "against": route.stable}
        record |= {"trial": route.trial, "shadow": route.shadow, "figures": found.figures}
        if self._registry.decide(feed, route.trial, found.decision is Decision.PROMOTE, record) is not None:
            metrics.TRIALS.labels(feed, found.decision.value).inc()
            extra = {"feed": feed, "version": version_name(feed, route.canary or 0), "decision": found.decision.value}
            logger.info("a trial was decided", extra=extra | {"reason": found.reason, "figures": found.figures})
