"""One artifact store of each kind, with a way to its raw bytes to spoil them."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec

from rtadapt.config import ArtifactSettings, Settings
from rtadapt.records import Artifact
from rtadapt.registry.artifacts import ArtifactStore
from tests.support import object_store

assert object_store.ObjectStore.protocol == "objects"  # imported for the file system it registers

WEIGHTS = bytes(range(256)) * 9000


class Place:
    """One store of each kind, with a way to its raw bytes."""

    def __init__(self, kind: str, tmp_path: Path) -> None:
        self.root = {
            "folder": "artifacts",
            "file": f"file://{tmp_path}/data/artifacts",
            "memory": f"memory://{uuid.uuid4().hex}",
            "objects": f"objects://{uuid.uuid4().hex}",
        }[kind]
        self.data_dir = tmp_path / "data"
        url = f"file://{self.data_dir}/artifacts" if kind == "folder" else self.root
        self.system, self.base = fsspec.core.url_to_fs(url)

    def store(self, **more: Any) -> ArtifactStore:
        artifacts = ArtifactSettings(url=self.root, **more)
        return ArtifactStore(Settings.model_construct(data_dir=self.data_dir, artifacts=artifacts))

    def change(self, artifact: Artifact, name: str, edit: Callable[[bytes], bytes]) -> None:
        path = f"{self.base}/{artifact.path}/{name}"
        self.system.pipe_file(path, edit(self.system.cat_file(path)))

    def delete(self, artifact: Artifact, name: str) -> None:
        self.system.rm_file(f"{self.base}/{artifact.path}/{name}")


def make_folder(folder: Path, weights: bytes) -> Path:
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "adapter_config.json").write_text('{"r": 16}')
    (folder / "empty.jsonl").write_bytes(b"")
    return folder


def flip_a_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def forge(place: Place, content: Any) -> Artifact:
    """An artifact with nothing but this manifest, under the manifest's own digest."""
    encoded = json.dumps(content).encode()
    digest = hashlib.sha256(encoded).hexdigest()
    artifact = Artifact(digest, f"adapter/news/{digest}", len(encoded))
    place.system.makedirs(f"{place.base}/{artifact.path}", exist_ok=True)
    place.system.pipe_file(f"{place.base}/{artifact.path}/manifest.json", encoded)
    return artifact
