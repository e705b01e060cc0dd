"""Where a feed is at home among the live replicas: rendezvous hashing. Pure.

Owns that decision. Every replica makes it for itself and alike, from the names that replicas keep over restarts; one that comes
or goes moves the feeds that it takes or leaves, and no others.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Mapping


def homes(feed: str, replicas: Mapping[str, str], count: int | None) -> frozenset[str]:
    """Those of `replicas` at which `feed` is at home: `count` of them, or all where that is None or as many.

    `replicas` maps what each is called since its start to the name that it keeps.
    """
    if count is None or count >= len(replicas):
        return frozenset(replicas)
    return frozenset(heapq.nlargest(count, replicas, key=lambda replica: (_weight(feed, replicas[replica]), replica)))


def _weight(feed: str, name: str) -> bytes:
    return hashlib.blake2b(f"{feed}\0{name}".encode(), digest_size=8).digest()
