"""Signatures: who may write what the engine loads, and who may say which version it is and what was learned.

A digest says that an artifact is whole; a signature says that somebody who has the key wrote it, so that write
access to the store and the registry alone is not enough to change what is answered. Of an artifact: HMAC-SHA256 (RFC 2104)
over the digest. Of a version's record, a head's positions and a trial's adapter: Ed25519 (RFC 8032), statement by statement;
workers have the key that signs, replicas only those that verify. Owns the keys, read once from files and never shown.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from rtadapt.config import RegistrySettings
from rtadapt.errors import ArtifactDamaged, InvalidSettings
from rtadapt.records import Artifact, Head, Positions, Version

_PURPOSE = b"rtadapt artifact 1\n"
_SHORTEST_KEY_BYTES = 32
_FIELD = "artifacts.signing_key_file"
_END = b"-----END PUBLIC KEY-----"


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


class Signatures:
    """What is signed in the registry: by whoever has the private key, and believed by whoever trusts a public one.

    Without a key nothing is signed, and without trusted keys everything is believed. What is signed holds for one life of a
    feed: a head's `origin`, which another one that is made under the same name does not have.
    """

    def __init__(self, settings: RegistrySettings) -> None:
        """Raises InvalidSettings for files that hold no such keys, as `openssl genpkey -algorithm ed25519` writes them."""
        private, trusted = settings.signing_key_file, settings.trusted_keys_file
        self._key = _private_key(private) if private is not None else None
        self._trusted = _public_keys(trusted) if trusted is not None else None

    @property
    def signs(self) -> bool:
        """Whether there is a key to sign with."""
        return self._key is not None

    def of_version(self, version: Version, origin: str) -> str:
        """The signature of the version's record, in hexadecimal; without a key empty."""
        return self._sign(_version(version, origin))

    def of_positions(self, feed: str, origin: str, positions: Positions) -> str:
        """The signature of what a head says was decided, in hexadecimal; without a key empty."""
        return self._sign(_positions(feed, origin, positions))

    def of_trial(self, artifact: Artifact) -> str:
        """The signature of an adapter that engines are held against, in hexadecimal; without a key empty."""
        return self._sign(_trial(artifact))

    def check_version(self, version: Version, origin: str) -> None:
        """Raises ArtifactDamaged unless the version is believed to be one of the feed whose head has this origin."""
        if not self._believes(_version(version, origin), version.signature):
            raise ArtifactDamaged(f"the record of {version.name} is not signed, or not by a key that is trusted here")

    def check_trial(self, artifact: Artifact, signature: str) -> None:
        """Raises ArtifactDamaged unless it is believed that a worker has engines held against this adapter."""
        if not self._believes(_trial(artifact), signature):
            raise ArtifactDamaged("the adapter for a trial is not signed, or not by a key that is trusted here")

    def vouch_for(self, head: Head) -> bool:
        """Whether it is believed that everything before the head's positions was decided."""
        return not head.positions or self._believes(_positions(head.feed, head.origin, head.positions), head.signature)

    def check_head(self, head: Head) -> None:
        """Raises ArtifactDamaged unless learning may go on from the head's positions: what is before them is never read.

        A feed that was made again after it was deleted begins at positions that nobody has signed.
        """
        is_new = head.last == 0 and not head.signature
        if not is_new and not self.vouch_for(head):
            raise ArtifactDamaged(f"the positions of {head.feed}'s head are not signed, or not by a key that is trusted here")

    def _sign(self, statement: bytes) -> str:
        return self._key.sign(statement).hex() if self._key is not None else ""

    def _believes(self, statement: bytes, signature: str) -> bool:
        if self._trusted is None:
            return True
        try:
            given = bytes.fromhex(signature)
        except ValueError:
            return False
        return any(_verifies(key, statement, given) for key in self._trusted)


def _verifies(key: Ed25519PublicKey, statement: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, statement)
    except InvalidSignature:
        return False
    return True


def _trial(artifact: Artifact) -> bytes:
    return _statement("trial", {"adapter": [artifact.digest, artifact.size_bytes]})


def _version(version: Version, origin: str) -> bytes:
    value = {
        "feed": version.feed,
        "origin": origin,
        "number": version.number,
        "parent": version.parent,
        "adapter": [version.adapter.digest, version.adapter.size_bytes],
        "state": [version.state.digest, version.state.size_bytes],
        "positions": sorted(version.positions.items()),
    }
    return _statement("version", value)


def _positions(feed: str, origin: str, positions: Positions) -> bytes:
    return _statement("positions", {"feed": feed, "origin": origin, "positions": sorted(positions.items())})


def _statement(kind: str, value: Mapping[str, Any]) -> bytes:
    """What a signature covers: the same bytes for the same, and none that are another kind's too."""
    return f"rtadapt {kind} 1\n".encode() + json.dumps(value, sort_keys=True).encode()


def _private_key(file: Path) -> Ed25519PrivateKey:
    field = "registry.signing_key_file"
    try:
        key = load_pem_private_key(_content(file, field), None)
    except (ValueError, TypeError) as error:
        raise InvalidSettings(f"{field}: {file} holds no private key without a password", field=field) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidSettings(f"{field}: {file} holds another key than one of Ed25519", field=field)
    return key


def _public_keys(file: Path) -> list[Ed25519PublicKey]:
    field = "registry.trusted_keys_file"
    blocks = [block + _END for block in _content(file, field).split(_END)[:-1]]
    try:
        keys = [load_pem_public_key(block) for block in blocks]
    except ValueError as error:
        raise InvalidSettings(f"{field}: {file} holds something else than public keys", field=field) from error
    found = [key for key in keys if isinstance(key, Ed25519PublicKey)]
    if not keys or len(found) != len(keys):
        raise InvalidSettings(f"{field}: {file} must hold public keys of Ed25519", field=field)
    return found


def _content(file: Path, field: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidSettings(f"{field}: {file} cannot be read", field=field) from error
