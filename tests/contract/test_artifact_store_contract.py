"""What the artifact store promises, in a folder, through a file:// URL and in an object store."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from rtadapt.config import ArtifactSettings, Settings
from rtadapt.errors import ArtifactDamaged, InvalidInput, TooLarge, Unavailable
from rtadapt.registry.artifacts import ArtifactStore
from tests.support import object_store
from tests.support.artifact_place import WEIGHTS, Place, flip_a_bit, make_folder


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
