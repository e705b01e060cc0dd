"""Signatures of artifacts: who may write what the engine loads.

A digest says that an artifact is whole; the signature says that somebody who has the key wrote it, so that write
access to the store and the registry alone is not enough to change what is answered. HMAC-SHA256 (RFC 2104) over the
digest. Owns the keys, which are read once from a file and never shown.
"""

from __future__ import annotations

import hmac
from pathlib import Path

from rtadapt.errors import ArtifactDamaged, InvalidSettings

_PURPOSE = b"rtadapt artifact 1\n"
_SHORTEST_KEY_BYTES = 32
_FIELD = "artifacts.signing_key_file"


class Signer:
    """Signs digests and checks signatures. Several keys allow a change of keys: the first signs, all are believed."""

    def __init__(self, key_file: Path) -> None:
        """Reads keys, one a line. Raises InvalidSettings when there is none, or one too short to be a secret."""
        try:
            lines = key_file.read_bytes().split(b"\n")
        except OSError as error:
            raise InvalidSettings(f"the signing key file {key_file} cannot be read", field=_FIELD) from error
        self._keys = [line.strip() for line in lines if line.strip()]
        if not self._keys or min(map(len, self._keys)) < _SHORTEST_KEY_BYTES:
            message = f"the signing key file needs keys of at least {_SHORTEST_KEY_BYTES} bytes, one a line"
            raise InvalidSettings(message, field=_FIELD)

    def sign(self, digest: str) -> str:
        """The signature of `digest`, in hexadecimal."""
        return _signature(self._keys[0], digest)

    def check(self, digest: str, signature: str) -> None:
        """Raises ArtifactDamaged unless one of the keys made `signature`. Takes the same time whichever byte is wrong."""
        given = signature.strip().encode("ascii", "replace")
        matches = [hmac.compare_digest(_signature(key, digest).encode(), given) for key in self._keys]
        if not any(matches):
            raise ArtifactDamaged("the artifact's signature is missing or was not made with our key")


def _signature(key: bytes, digest: str) -> str:
    return hmac.new(key, _PURPOSE + digest.encode(), "sha256").hexdigest()
