"""What an artifact consists of: a manifest names each file with its size and SHA-256.

Owns the manifest's format and every check of a file against it. Takes folders and bytes; gives manifests, or raises
ArtifactDamaged. An artifact holds plain files of a few harmless kinds, directly in its folder: no code, no pickles, no
links, no folders below.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from rtadapt.errors import ArtifactDamaged, InvalidInput, TooLarge

ArtifactKind = Literal["adapter", "state", "trial"]

MANIFEST = "manifest.json"
SIGNATURE = "signature.txt"
MAX_MANIFEST_BYTES = 2**20

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}\.(safetensors|json|jsonl|txt)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FORMAT = 1
_MAX_FILES = 64
_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class File:
    """One file of an artifact."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of an artifact by name, with what it is and whose."""

    kind: str
    feed: str
    files: Mapping[str, File]

    def encode(self) -> bytes:
        """The manifest as bytes; the same content always gives the same bytes."""
        files = {name: {"size": file.size, "sha256": file.sha256} for name, file in self.files.items()}
        value = {"format": _FORMAT, "kind": self.kind, "feed": self.feed, "files": files}
        return json.dumps(value, sort_keys=True, indent=1).encode()

    @property
    def payload_bytes(self) -> int:
        """The size of all files, the manifest aside."""
        return sum(file.size for file in self.files.values())


def digest_of(manifest: bytes) -> str:
    """The digest that names an artifact, in hexadecimal."""
    return hashlib.sha256(manifest).hexdigest()


def allowed(name: str) -> bool:
    """Whether a file of an artifact may be called `name`: no path, no reserved name, a harmless kind."""
    return _FILE_NAME.fullmatch(name) is not None and name not in (MANIFEST, SIGNATURE)


def decode(content: bytes, kind: str, feed: str, max_bytes: int) -> Manifest:
    """The manifest that `content` holds, of an artifact of `kind` and `feed`. Raises ArtifactDamaged, TooLarge."""
    try:
        value = json.loads(content)
        if (value["format"], value["kind"], value["feed"]) != (_FORMAT, kind, feed):
            raise ArtifactDamaged("the artifact's manifest is of another format, kind or feed")
        files = {str(name): _file(name, entry) for name, entry in value["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactDamaged("the artifact's manifest cannot be read") from error
    if not 0 < len(files) <= _MAX_FILES:
        raise ArtifactDamaged(f"the artifact's manifest names {len(files)} files")
    manifest = Manifest(kind, feed, files)
    if manifest.payload_bytes > max_bytes:
        raise TooLarge(f"the artifact has {manifest.payload_bytes} bytes; artifacts.max_bytes is {max_bytes}")
    return manifest


def fill(kind: ArtifactKind, feed: str, folder: Path, into: Path, max_bytes: int) -> Manifest:
    """Copy the files of `folder` into the empty folder `into`, digesting what is written.

    Raises InvalidInput for a folder with anything in it that an artifact may not hold, TooLarge.
    """
    if not folder.is_dir():
        raise InvalidInput("the folder of the artifact is not there", field="folder")
    sources = sorted(folder.iterdir())
    for source in sources:
        if not allowed(source.name) or source.is_symlink() or not source.is_file():
            raise InvalidInput(
                f"an artifact holds no {source.name!r}: only safetensors, json, jsonl and txt files", field="folder"
            )
    if not 0 < len(sources) <= _MAX_FILES:
        raise InvalidInput(f"an artifact holds 1 to {_MAX_FILES} files, not {len(sources)}", field="folder")
    files: dict[str, File] = {}
    left = max_bytes
    for source in sources:
        with source.open("rb") as reading, (into / source.name).open("xb") as writing:
            file = copy(reading, writing, left)
        if file is None:
            raise TooLarge(f"the artifact has more than {max_bytes} bytes (artifacts.max_bytes)")
        files[source.name] = file
        left -= file.size
    return Manifest(kind, feed, files)


def copy(reading: BinaryIO, writing: BinaryIO | None, limit: int) -> File | None:
    """Copy to the end and give size and digest of what passed; None as soon as it is more than `limit` bytes."""
    digest, size = hashlib.sha256(), 0
    while chunk := reading.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > limit:
            return None
        digest.update(chunk)
        if writing is not None:
            writing.write(chunk)
    return File(size, digest.hexdigest())


def check(manifest: Manifest, folder: Path, beside: frozenset[str]) -> None:
    """Raises ArtifactDamaged unless `folder` holds exactly the manifest's files, `beside` aside, each as it says."""
    if {entry.name for entry in folder.iterdir()} - beside != set(manifest.files):
        raise ArtifactDamaged("the artifact's folder does not hold the files of its manifest")
    for name, file in manifest.files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise ArtifactDamaged(f"{name} of the artifact is no plain file")
        with path.open("rb") as reading:
            if copy(reading, None, file.size) != file:
                raise ArtifactDamaged(f"{name} of the artifact is not what its manifest says")


def _file(name: str, entry: Mapping[str, Any]) -> File:
    size, sha256 = entry["size"], entry["sha256"]
    if not allowed(name):
        raise ArtifactDamaged("the artifact's manifest names a file that no artifact may hold")
    if type(size) is not int or size < 0 or not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise ArtifactDamaged("the artifact's manifest does not say size and digest of each file")
    return File(size, sha256)
