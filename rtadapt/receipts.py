"""Receipts: the id that an answer goes out with, and that feedback on it comes back with.

Owns how one is written and read. A receipt says itself which version answered, under which incarnation of its feed, in which arm
of which trial, and when, under a keyed digest: nothing is stored for an answer that nobody comes back to, and nobody makes one
up.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from rtadapt.errors import InvalidInput
from rtadapt.records import FEED_NAME, version_name

LIFETIME_SECONDS = 7 * 86_400
OUTSIDE = "outside"
"""The arm of an answer that the base gave, since nothing that its version was taught was asked about: no trial is of it."""
_LONGEST = 200
_SHORT = 8
"""So many characters of an incarnation tell it from another one of the feed, as the answer's header has it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One answer. `arm` is `stable`, `canary` or `pinned`, with the number of the trial while there is one, or OUTSIDE."""

    feed: str
    incarnation: str
    number: int
    arm: str
    answered_at: int
    nonce: str

    @property
    def version(self) -> str:
        """The version that answered."""
        return version_name(self.feed, self.number)

    def is_of(self, incarnation: str) -> bool:
        """Whether the answer was given under this incarnation of the feed: under another one its number may be another's."""
        return self.incarnation == incarnation[:_SHORT]


def write(key: bytes, feed: str, incarnation: str, number: int, arm: str) -> str:
    """The receipt of an answer that is given now."""
    said = f"{feed}.{incarnation[:_SHORT]}.{number}.{arm}.{int(time.time()):x}.{secrets.token_hex(8)}"
    return f"{said}.{_digest(key, said)}"


def read(key: bytes, text: str) -> Receipt:
    """The answer that `text` is the receipt of. Raises InvalidInput for what is none of ours, or too old."""
    said, _, digest = text.rpartition(".")
    parts = said.split(".")
    genuine = hmac.compare_digest(_digest(key, said).encode(), digest.encode("utf-8", "surrogatepass"))
    if len(text) > _LONGEST or not genuine or len(parts) != 6 or not FEED_NAME.fullmatch(parts[0]):
        raise InvalidInput("give the x-rtadapt-receipt of an answer, as it was", field="id")
    receipt = Receipt(parts[0], parts[1], int(parts[2]), parts[3], int(parts[4], 16), parts[5])
    if time.time() - receipt.answered_at > LIFETIME_SECONDS:
        raise InvalidInput(f"the answer was given more than {LIFETIME_SECONDS // 86_400} days ago", field="id")
    return receipt


def _digest(key: bytes, said: str) -> str:
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), key=key, digest_size=8).hexdigest()
