"""What the artifact store refuses to hand out: changed bytes, missing files, manifests that are none, signatures of others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rtadapt.errors import ArtifactDamaged
from tests.support.artifact_place import WEIGHTS, Place, flip_a_bit, forge


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


def test_a_path_that_is_not_the_digests_is_refused(place: Place, folder: Path, tmp_path: Path) -> None:
    store = place.store()
    artifact = store.put("adapter", "news", folder)
    for path in (f"adapter/../{artifact.path}", f"/etc/{artifact.digest}", artifact.path + "/", "adapter/news/" + "0" * 64):
        with pytest.raises(ArtifactDamaged):
            store.fetch(replace(artifact, path=path), tmp_path / "cache")
        with pytest.raises(ArtifactDamaged):
            store.remove(replace(artifact, path=path))


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
