"""What vLLM counts by adapter, held to a bound: each of our versions has a name of its own, and names are for ever.

Owns the one metric of vLLM 0.32 that has adapters in its labels: every combination of names that ever ran together is a series
for the life of the process. The newest are kept, for as long as a handful fit.
"""

from __future__ import annotations

import asyncio
import logging

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

BY_ADAPTER = "vllm:lora_requests_info"
_MOST = 64

logger = logging.getLogger(__name__)


async def keep_bounded(every_seconds: float, registry: CollectorRegistry = REGISTRY) -> None:
    """Look at it every so often, until cancelled."""
    while True:
        bound(registry)
        await asyncio.sleep(every_seconds)


def bound(registry: CollectorRegistry = REGISTRY, most: int = _MOST) -> None:
    """Drop the series by adapter once there are more than `most`; vLLM makes those again that still run."""
    found = registry._names_to_collectors.get(BY_ADAPTER)
    if isinstance(found, MetricWrapperBase) and sum(len(family.samples) for family in found.collect()) > most:
        found.clear()
        logger.debug("series by adapter were dropped", extra={"metric": BY_ADAPTER})
