"""What answers came to: feedback by receipt, and what replicas counted, by version and arm.

Owns the counts. Takes feedback from the control plane and counts from replicas; gives both to whoever decides or looks.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping

from rtadapt.receipts import LIFETIME_SECONDS, Receipt
from rtadapt.registry import codec
from rtadapt.registry.connection import Connection

_FIELDS_KEPT = 5000
_KEY_BYTES = 32

Count = tuple[int, str, str]
"""A version's number, the arm, and what is counted."""


class Tallies:
    """The part of the registry that counts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def receipt_key(self) -> bytes:
        """The key of all receipts; drawn by whoever asks first."""
        with self._connection.answered():
            self._connection.redis.set(codec.RECEIPTS, secrets.token_hex(_KEY_BYTES), nx=True)
            return bytes.fromhex(self._connection.redis.get(codec.RECEIPTS))

    def feedback(self, receipt: Receipt, said: Mapping[str, tuple[str, str]]) -> dict[str, int]:
        """Count what was `said` of an answer: by kind, its value and what it counts as. Each kind counts once.

        Gives by kind 1 where it was counted, 0 where the same was said before, and -1 where something else was: then none counts.
        """
        args: list[str | int] = [LIFETIME_SECONDS * 1000, _FIELDS_KEPT]
        for kind, (value, what) in said.items():
            args += [kind, value, _field((receipt.number, receipt.arm, what)), 1]
        keys = [codec.feed_key(receipt.feed, "tally"), codec.feed_key(receipt.feed, "said", receipt.nonce)]
        return dict(zip(said, map(int, self._connection.run("tally", keys, args)), strict=True))

    def count(self, feed: str, counts: Mapping[Count, int]) -> None:
        """Add what a replica counted."""
        args: list[str | int] = [0, _FIELDS_KEPT]
        for count, amount in counts.items():
            args += ["", "", _field(count), amount]
        self._connection.run("tally", [codec.feed_key(feed, "tally"), codec.feed_key(feed, "said")], args)

    def tally(self, feed: str) -> dict[tuple[int, str], Counter[str]]:
        """All counts, by version and arm."""
        with self._connection.answered():
            fields = self._connection.redis.hgetall(codec.feed_key(feed, "tally"))
        found: dict[tuple[int, str], Counter[str]] = {}
        for field, amount in fields.items():
            number, arm, what = field.split(" ")
            found.setdefault((int(number), arm), Counter())[what] = int(amount)
        return found


def _field(count: Count) -> str:
    number, arm, what = count
    return f"{number} {arm} {what}"
