"""API keys: which key may do what.

Owns the key table. Takes a file with one `scope[,scope] key` a line (empty lines and lines that begin with `#` are
skipped) and the `authorization` header of a request; gives yes, or the error to answer with. Keys are kept as SHA-256
digests only and compared in constant time; they never appear in an error or a log.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rtadapt.errors import Forbidden, InvalidSettings, Unauthorized

_SHORTEST_KEY = 8


class Scope(StrEnum):
    """What a key may do."""

    COMPLETE = "complete"
    PUSH = "push"
    OPERATE = "operate"


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Digest of each key -> its scopes."""

    entries: tuple[tuple[bytes, frozenset[Scope]], ...]

    @classmethod
    def load(cls, path: Path) -> KeyTable:
        """The table in the file at `path`. Raises InvalidSettings naming the line at fault, never its content."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(f"keys_file: {path} could not be read: {type(error).__name__}", field="keys_file") from error
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> KeyTable:
        """The table that `text` spells. Raises InvalidSettings."""
        entries: dict[bytes, frozenset[Scope]] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if len(words) != 2 or len(words[1]) < _SHORTEST_KEY:
                message = f"keys_file: line {number} is not `scope[,scope] key` with a key of {_SHORTEST_KEY} characters or more"
                raise InvalidSettings(message, field="keys_file")
            try:
                scopes = frozenset(Scope(word) for word in words[0].split(","))
            except ValueError:
                message = f"keys_file: line {number} names an unknown scope; there are {', '.join(Scope)}"
                raise InvalidSettings(message, field="keys_file") from None
            digest = _digest(words[1])
            entries[digest] = entries.get(digest, frozenset()) | scopes
        if not entries:
            raise InvalidSettings("keys_file: no key in it, so nobody could do anything", field="keys_file")
        return cls(tuple(entries.items()))

    def scopes(self, key: str) -> frozenset[Scope]:
        """What `key` may do; nothing when it is not known. Takes the same time for any key."""
        digest = _digest(key)
        found: frozenset[Scope] = frozenset()
        for known, scopes in self.entries:
            if hmac.compare_digest(known, digest):
                found = scopes
        return found

    def allows(self, key: str, scope: Scope | str) -> bool:
        """Whether `key` may do `scope`."""
        return scope in self.scopes(key)

    def check(self, authorization: str | None, scope: Scope | str) -> None:
        """Returns when an `authorization` header's value carries a key with `scope`. Raises Unauthorized, Forbidden."""
        kind, _, key = (authorization or "").partition(" ")
        key = key.strip()
        if kind.lower() != "bearer" or not key:
            raise Unauthorized("send your key as `authorization: Bearer KEY`", field="authorization")
        scopes = self.scopes(key)
        if not scopes:
            raise Unauthorized("this key is not known", field="authorization")
        if scope not in scopes:
            raise Forbidden(f"this key lacks the scope {scope}", field="authorization")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", errors="surrogatepass")).digest()
