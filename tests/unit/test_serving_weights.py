"""The last look at an adapter before it is loaded, and the copy it is of."""

from __future__ import annotations

import fcntl
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from rtadapt.config import Settings
from rtadapt.errors import ArtifactDamaged
from rtadapt.records import Version
from rtadapt.registry.artifacts import ArtifactStore
from rtadapt.serving.copies import Copies
from rtadapt.serving.weights import WEIGHTS, check_finite

_BAD = {
    "F64": [struct.pack("<d", value) for value in (float("nan"), float("inf"), -float("inf"))],
    "F32": [struct.pack("<f", value) for value in (float("nan"), float("inf"), -float("inf"))],
    "F16": [struct.pack("<e", value) for value in (float("nan"), float("inf"), -float("inf"))],
    "BF16": [struct.pack("<f", value)[2:] for value in (float("nan"), float("inf"), -float("inf"))],
}
_GOOD = {
    "F64": struct.pack("<d", -1e300),
    "F32": struct.pack("<f", 3e38),
    "F16": struct.pack("<e", 65504.0),
    "BF16": struct.pack("<f", -1e38)[2:],
}


def write(path: Path, tensors: dict[str, tuple[str, bytes]]) -> Path:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    numbers = b""
    for name, (dtype, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": [1], "data_offsets": [len(numbers), len(numbers) + len(content)]}
        numbers += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + numbers)
    return path


@pytest.mark.parametrize("dtype", list(_GOOD))
def test_weights_that_are_finite_are_good(tmp_path: Path, dtype: str) -> None:
    check_finite(write(tmp_path / WEIGHTS, {"a": (dtype, _GOOD[dtype] * 3), "b": (dtype, b"")}))


@pytest.mark.parametrize("dtype", list(_BAD))
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_value_that_is_no_finite_number_is_refused_and_its_tensor_named(tmp_path: Path, dtype: str, which: int) -> None:
    path = write(tmp_path / WEIGHTS, {"fine": (dtype, _GOOD[dtype]), "broken": (dtype, _GOOD[dtype] + _BAD[dtype][which])})
    with pytest.raises(ArtifactDamaged, match="broken"):
        check_finite(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234",
        b"\xff" * 16,
        struct.pack("<Q", 4) + b"null",
        struct.pack("<Q", 8) + b'{"a": 1}',
        struct.pack("<Q", 2) + b"{{",
        struct.pack("<Q", 100_000) + b"[" * 100_000,
    ],
)
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / WEIGHTS).write_bytes(content)
    with pytest.raises(ArtifactDamaged):
        check_finite(tmp_path / WEIGHTS)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactDamaged):
        check_finite(tmp_path / WEIGHTS)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(Settings(data_dir=tmp_path / "data"))


@pytest.fixture
def version(tmp_path: Path, store: ArtifactStore) -> Version:
    folder = tmp_path / "made"
    folder.mkdir()
    write(folder / WEIGHTS, {"a": ("F32", _GOOD["F32"])})
    artifact = store.put("adapter", "news", folder)
    return Version("news", 4, 3, artifact, artifact, {0: 1}, (), 0.0)


def test_a_checked_copy_is_given_and_taken_away_again(tmp_path: Path, store: ArtifactStore, version: Version) -> None:
    copies = Copies(tmp_path / "copies", "last-one", "one", store)
    folder = copies.fetch(version)
    assert (folder / WEIGHTS).is_file()
    assert copies.fetch(version) == folder
    copies.discard(version)
    assert not folder.exists()
    copies.discard(version)
    copies.close()
    assert list((tmp_path / "copies").iterdir()) == []


def test_two_versions_with_the_same_adapter_have_their_own_copies(tmp_path: Path, store: ArtifactStore, version: Version) -> None:
    copies = Copies(tmp_path / "copies", "last-one", "one", store)
    again = Version("news", 5, 4, version.adapter, version.state, {0: 2}, (), 0.0)
    first, second = copies.fetch(version), copies.fetch(again)
    copies.discard(version)
    assert first != second
    assert second.exists()
    copies.close()


def test_the_leavings_of_a_killed_replica_are_removed_and_a_living_ones_stay(
    tmp_path: Path, store: ArtifactStore, version: Version
) -> None:
    root = tmp_path / "copies"
    living = Copies(root, "last-living", "living", store)
    kept = living.fetch(version)
    (root / "killed" / "news" / "1").mkdir(parents=True)
    (root / "killed.lock").touch()
    copies = Copies(root, "last-new", "new", store)
    assert kept.exists()
    assert not (root / "killed").exists()
    assert sorted(path.name for path in root.glob("*.lock")) == ["last-living.lock", "last-new.lock"]
    with (root / "last-new.lock").open() as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    copies.close()
    living.close()
