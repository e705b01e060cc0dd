"""A registry that loses writes: what its keys held is put back, or nothing is."""

from __future__ import annotations

import redis

ONE_FEED = "rtadapt:{news}*"


def dump(url: str, pattern: str = ONE_FEED) -> dict[bytes, bytes]:
    """What the keys hold."""
    with redis.Redis.from_url(url) as client:
        return {key: client.dump(key) for key in client.keys(pattern)}  # type: ignore[misc]


def restore(url: str, kept: dict[bytes, bytes], pattern: str = ONE_FEED) -> None:
    """The keys hold what `dump` gave, and the others of the pattern are gone."""
    with redis.Redis.from_url(url) as client:
        for key in client.keys(pattern):
            client.delete(key)
        for key, value in kept.items():
            client.restore(key, 0, value)
