"""Signatures: who may write what the engine loads, and who may say which version it is.

A digest says that an artifact is whole; a signature says that somebody who has the key wrote it, so that write
access to the store and the registry alone is not enough to change what is answered. Of an artifact: HMAC-SHA256 (RFC 2104)
over the digest. Of a version's record: Ed25519 (RFC 8032) over its feed, number, digests and positions; workers have the
key that signs, replicas only those that verify. Owns the keys, which are read once from files and never shown.
"""

from __future__ import annotations

import hmac
import json
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from rtadapt.errors import ArtifactDamaged, InvalidSettings
from rtadapt.records import Version

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


class VersionSigner:
    """Signs records of versions with the Ed25519 key of a PEM file, as `openssl genpkey -algorithm ed25519` writes it."""

    def __init__(self, key_file: Path) -> None:
        """Raises InvalidSettings when there is no such key."""
        field = "registry.signing_key_file"
        try:
            key = load_pem_private_key(_content(key_file, field), None)
        except (ValueError, TypeError) as error:
            raise InvalidSettings(f"{field}: {key_file} holds no private key without a password", field=field) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise InvalidSettings(f"{field}: {key_file} holds another key than one of Ed25519", field=field)
        self._key = key

    def sign(self, version: Version) -> str:
        """The signature of the version's record, in hexadecimal."""
        return self._key.sign(_said(version)).hex()


class VersionVerifier:
    """Believes records of versions that one of the Ed25519 public keys in a PEM file verifies."""

    def __init__(self, keys_file: Path) -> None:
        """Raises InvalidSettings when there is no such key."""
        field = "registry.trusted_keys_file"
        blocks = [block + _END for block in _content(keys_file, field).split(_END)[:-1]]
        try:
            keys = [load_pem_public_key(block) for block in blocks]
        except ValueError as error:
            raise InvalidSettings(f"{field}: {keys_file} holds something else than public keys", field=field) from error
        self._keys = [key for key in keys if isinstance(key, Ed25519PublicKey)]
        if not keys or len(self._keys) != len(keys):
            raise InvalidSettings(f"{field}: {keys_file} must hold public keys of Ed25519", field=field)

    def check(self, version: Version) -> None:
        """Raises ArtifactDamaged unless one of the keys verifies the version's signature."""
        try:
            signature = bytes.fromhex(version.signature)
        except ValueError:
            signature = b""
        for key in self._keys:
            try:
                key.verify(signature, _said(version))
            except InvalidSignature:
                continue
            return
        raise ArtifactDamaged(f"the record of {version.name} is not signed, or not by a key that is trusted here")


def _said(version: Version) -> bytes:
    """What a signature covers, always the same bytes for the same version."""
    value = {
        "feed": version.feed,
        "number": version.number,
        "parent": version.parent,
        "adapter": version.adapter.digest,
        "state": version.state.digest,
        "positions": sorted(version.positions.items()),
    }
    return b"rtadapt version 1\n" + json.dumps(value, sort_keys=True).encode()


def _content(file: Path, field: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidSettings(f"{field}: {file} cannot be read", field=field) from error
