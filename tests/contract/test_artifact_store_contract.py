"""What the artifact store promises, in a folder, through a file:// URL and in an object store."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest

from rtadapt.config import ArtifactSettings, Settings
from rtadapt.errors import ArtifactDamaged, InvalidInput, TooLarge, Unavailable
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


@pytest.fixture(params=["folder", "file", "memory", "objects"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "made", WEIGHTS)


def make_folder(folder: Path, weights: bytes) -> Path:
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "adapter_config.json").write_text('{"r": 16}')
    (folder / "empty.jsonl").write_bytes(b"")
    return folder


def flip_a_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_what_was_put_comes_back_byte_for_byte(place: Place, folder: Path, tmp_path: Path) -> None:
    store = place.store()
    artifact = store.put("adapter", "news", folder)
    got = store.fetch(artifact, tmp_path / "cache")
    for file in folder.iterdir():
        assert (got / file.name).read_bytes() == file.read_bytes()
    assert artifact.path == f"adapter/news/{artifact.digest}"
    assert store.list("adapter", "news") == [artifact]
    assert store.list("state", "news") == [] == store.list("adapter", "sport")
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == [artifact.digest]


def test_the_same_content_is_the_same_artifact_and_other_content_another(place: Place, folder: Path, tmp_path: Path) -> None:
    store = place.store()
    first = store.put("adapter", "news", folder)
    assert store.put("adapter", "news", folder) == first
    assert store.put("adapter", "sport", folder).digest != first.digest
    assert store.put("state", "news", folder).digest != first.digest
    other = store.put("adapter", "news", make_folder(tmp_path / "other", WEIGHTS[1:]))
    assert {artifact.digest for artifact in store.list("adapter", "news")} == {first.digest, other.digest}


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json", "manifest.json"])
def test_a_flipped_bit_is_caught_and_nothing_is_handed_out(place: Place, folder: Path, tmp_path: Path, name: str) -> None:
    store = place.store()
    artifact = store.put("adapter", "news", folder)
    place.change(artifact, name, flip_a_bit)
    with pytest.raises(ArtifactDamaged):
        store.fetch(artifact, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("edit", [lambda content: content[:-1], lambda content: content + b"x"])
def test_a_file_of_another_length_is_caught(place: Place, folder: Path, tmp_path: Path, edit: Any) -> None:
    store = place.store()
    artifact = store.put("adapter", "news", folder)
    place.change(artifact, "adapter_model.safetensors", edit)
    with pytest.raises(ArtifactDamaged):
        store.fetch(artifact, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "manifest.json"])
def test_a_missing_file_is_damage(place: Place, folder: Path, tmp_path: Path, name: str) -> None:
    store = place.store()
    artifact = store.put("adapter", "news", folder)
    place.delete(artifact, name)
    with pytest.raises(ArtifactDamaged):
        store.fetch(artifact, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_damaged_artifact_is_mended_by_putting_it_again(place: Place, folder: Path, tmp_path: Path) -> None:
    store = place.store()
    artifact = store.put("adapter", "news", folder)
    place.change(artifact, "adapter_model.safetensors", flip_a_bit)
    assert store.put("adapter", "news", folder) == artifact
    got = store.fetch(artifact, tmp_path / "cache")
    assert (got / "adapter_model.safetensors").read_bytes() == WEIGHTS


def test_what_has_no_manifest_is_not_there(place: Place, folder: Path) -> None:
    store = place.store()
    artifact = store.put("adapter", "news", folder)
    place.delete(artifact, "manifest.json")
    assert store.list("adapter", "news") == []


def test_a_manifest_that_names_a_path_is_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("secret")
    store = place.store()
    for name in ("../../../../../secret.json", "/etc/hostname.txt", "a/b.json", "..", "model.bin", "x.py", "manifest.json"):
        content = {"format": 1, "kind": "adapter", "feed": "news", "files": {name: {"size": 6, "sha256": "0" * 64}}}
        with pytest.raises(ArtifactDamaged):
            store.fetch(forge(place, content), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        "x",
        {"format": 2, "kind": "adapter", "feed": "news", "files": {"a.json": {"size": 0, "sha256": "0" * 64}}},
        {"format": 1, "kind": "state", "feed": "news", "files": {"a.json": {"size": 0, "sha256": "0" * 64}}},
        {"format": 1, "kind": "adapter", "feed": "sport", "files": {"a.json": {"size": 0, "sha256": "0" * 64}}},
        {"format": 1, "kind": "adapter", "feed": "news", "files": {}},
        {"format": 1, "kind": "adapter", "feed": "news", "files": {"a.json": {"size": -1, "sha256": "0" * 64}}},
        {"format": 1, "kind": "adapter", "feed": "news", "files": {"a.json": {"size": True, "sha256": "0" * 64}}},
        {"format": 1, "kind": "adapter", "feed": "news", "files": {"a.json": {"size": 0, "sha256": 7}}},
        {"format": 1, "kind": "adapter", "feed": "news", "files": {"a.json": []}},
        {
            "format": 1,
            "kind": "adapter",
            "feed": "news",
            "files": {f"{n}.json": {"size": 0, "sha256": "0" * 64} for n in range(65)},
        },
    ],
)
def test_a_manifest_that_is_none_is_damage(place: Place, tmp_path: Path, content: Any) -> None:
    with pytest.raises(ArtifactDamaged):
        place.store().fetch(forge(place, content), tmp_path / "cache")


def test_sizes_are_bounded_both_ways(place: Place, folder: Path, tmp_path: Path) -> None:
    artifact = place.store().put("adapter", "news", folder)
    small = place.store(max_bytes=1000)
    with pytest.raises(TooLarge):
        small.fetch(artifact, tmp_path / "cache")
    with pytest.raises(TooLarge):
        small.put("adapter", "news", make_folder(tmp_path / "other", WEIGHTS[1:]))
    assert place.store().list("adapter", "news") == [artifact]


def test_only_plain_files_of_harmless_kinds_are_put(place: Place, folder: Path) -> None:
    store = place.store()
    for name in ("model.bin", "train.py", "weights.pt", ".hidden.json", "manifest.json", "signature.txt", "a b.json"):
        (folder / name).write_bytes(b"x")
        with pytest.raises(InvalidInput):
            store.put("adapter", "news", folder)
        (folder / name).unlink()
    (folder / "below.json").mkdir()
    with pytest.raises(InvalidInput):
        store.put("adapter", "news", folder)
    (folder / "below.json").rmdir()
    (folder / "link.json").symlink_to("/etc/hostname")
    with pytest.raises(InvalidInput):
        store.put("adapter", "news", folder)
    assert store.list("adapter", "news") == []


def test_an_empty_or_absent_folder_is_no_artifact(place: Place, tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path / "empty"):
        with pytest.raises(InvalidInput):
            place.store().put("adapter", "news", folder)
        (tmp_path / "empty").mkdir(exist_ok=True)


@pytest.mark.parametrize(("kind", "feed"), [("model", "news"), ("adapter", "../x"), ("adapter", ""), ("state", "News")])
def test_only_kinds_and_feeds_that_are_some_are_taken(place: Place, folder: Path, kind: Any, feed: str) -> None:
    with pytest.raises(InvalidInput):
        place.store().put(kind, feed, folder)
    with pytest.raises(InvalidInput):
        place.store().list(kind, feed)


def test_a_path_that_is_not_the_digests_is_refused(place: Place, folder: Path, tmp_path: Path) -> None:
    store = place.store()
    artifact = store.put("adapter", "news", folder)
    for path in (f"adapter/../{artifact.path}", f"/etc/{artifact.digest}", artifact.path + "/", "adapter/news/" + "0" * 64):
        with pytest.raises(ArtifactDamaged):
            store.fetch(replace(artifact, path=path), tmp_path / "cache")
        with pytest.raises(ArtifactDamaged):
            store.remove(replace(artifact, path=path))


def test_what_was_fetched_is_used_again_only_if_it_is_still_whole(place: Place, folder: Path, tmp_path: Path) -> None:
    store, cache = place.store(), tmp_path / "cache"
    artifact = store.put("adapter", "news", folder)
    got = store.fetch(artifact, cache)
    before = (got / "adapter_model.safetensors").stat().st_ino
    assert (store.fetch(artifact, cache) / "adapter_model.safetensors").stat().st_ino == before
    (got / "adapter_model.safetensors").write_bytes(flip_a_bit(WEIGHTS))
    assert (store.fetch(artifact, cache) / "adapter_model.safetensors").read_bytes() == WEIGHTS
    (got / "adapter_model.bin").write_bytes(b"something an engine might load instead")
    store.fetch(artifact, cache)
    assert not (got / "adapter_model.bin").exists()
    store.remove(artifact)
    assert store.fetch(artifact, cache) == got  # the store lost it, this replica has it


def test_removed_is_gone_and_removing_twice_is_fine(place: Place, folder: Path, tmp_path: Path) -> None:
    store = place.store()
    artifact = store.put("adapter", "news", folder)
    store.remove(artifact)
    store.remove(artifact)
    assert store.list("adapter", "news") == []
    with pytest.raises(ArtifactDamaged):
        store.fetch(artifact, tmp_path / "cache")
    assert store.put("adapter", "news", folder) == artifact


@pytest.mark.parametrize("kind", ["folder", "objects"])  # fsspec's memory: is for one thread
def test_many_may_put_and_fetch_the_same_at_once(kind: str, folder: Path, tmp_path: Path) -> None:
    store = Place(kind, tmp_path).store()
    gate = threading.Barrier(4)
    results: list[bytes] = []

    def both() -> None:
        gate.wait(timeout=30)
        for _ in range(3):
            artifact = store.put("adapter", "news", folder)
            results.append((store.fetch(artifact, tmp_path / "cache") / "adapter_model.safetensors").read_bytes())

    threads = [threading.Thread(target=both) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert results == [WEIGHTS] * 12
    assert len(store.list("adapter", "news")) == 1
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_store_that_cannot_be_written_is_unavailable(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = ArtifactStore(
        Settings.model_construct(data_dir=tmp_path, artifacts=ArtifactSettings(url=str(tmp_path / "file" / "artifacts")))
    )
    with pytest.raises(Unavailable):
        store.put("adapter", "news", folder)


class StoreIsAway(Exception):
    """As an object store's client has them: no OSError."""


@pytest.mark.parametrize("call", ["open", "find"])
def test_an_object_store_that_does_not_answer_is_unavailable(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise StoreIsAway("secret://user:password@host")

    store = Place("objects", tmp_path).store()
    artifact = store.put("adapter", "news", folder)
    monkeypatch.setattr(object_store.ObjectStore, call, fail)
    with pytest.raises(Unavailable, match="StoreIsAway") as caught:
        store.fetch(artifact, tmp_path / "cache") if call == "open" else store.list("adapter", "news")
    assert "password" not in str(caught.value)


def test_what_a_crash_left_half_written_is_invisible_and_cleared(folder: Path, tmp_path: Path) -> None:
    place = Place("folder", tmp_path)
    store = place.store()
    aside = place.data_dir / "artifacts" / ".aside"
    aside.mkdir(parents=True)
    for name, age_seconds in ((".partial-old", 200_000), (".partial-new", 10)):
        make_folder(aside / name, b"half")
        moment = (aside / name).stat().st_mtime - age_seconds
        os.utime(aside / name, (moment, moment))
    artifact = store.put("adapter", "news", folder)
    assert store.list("adapter", "news") == [artifact]
    assert [entry.name for entry in aside.iterdir()] == [".partial-new"]


def test_a_signed_artifact_is_fetched_and_any_other_is_refused(place: Place, folder: Path, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.key", tmp_path / "theirs.key"
    ours.write_text("a" * 40 + "\n")
    theirs.write_text("b" * 40 + "\n")
    unsigned = place.store().put("adapter", "news", folder)
    signing = place.store(signing_key_file=ours)
    with pytest.raises(ArtifactDamaged, match="signature"):
        signing.fetch(unsigned, tmp_path / "cache")
    signed = signing.put("adapter", "news", folder)
    assert signed.digest == unsigned.digest
    assert (signing.fetch(signed, tmp_path / "cache") / "adapter_model.safetensors").read_bytes() == WEIGHTS
    with pytest.raises(ArtifactDamaged, match="signature"):
        place.store(signing_key_file=theirs).fetch(signed, tmp_path / "another")
    assert list((tmp_path / "another").iterdir()) == []
    # A store without a key believes the digest alone; a changed signature is refused by one with a key.
    assert place.store().fetch(signed, tmp_path / "plain").is_dir()
    place.change(signed, "signature.txt", flip_a_bit)
    with pytest.raises(ArtifactDamaged, match="signature"):
        signing.fetch(signed, tmp_path / "fresh")


def test_a_copy_fetched_before_the_key_was_set_is_checked_again(place: Place, folder: Path, tmp_path: Path) -> None:
    key = tmp_path / "ours.key"
    key.write_text("a" * 40)
    artifact = place.store().put("adapter", "news", folder)
    place.store().fetch(artifact, tmp_path / "cache")
    signing = place.store(signing_key_file=key)
    with pytest.raises(ArtifactDamaged, match="signature"):
        signing.fetch(artifact, tmp_path / "cache")


def forge(place: Place, content: Any) -> Artifact:
    """An artifact with nothing but this manifest, under the manifest's own digest."""
    encoded = json.dumps(content).encode()
    digest = hashlib.sha256(encoded).hexdigest()
    artifact = Artifact(digest, f"adapter/news/{digest}", len(encoded))
    place.system.makedirs(f"{place.base}/{artifact.path}", exist_ok=True)
    place.system.pipe_file(f"{place.base}/{artifact.path}/manifest.json", encoded)
    return artifact
