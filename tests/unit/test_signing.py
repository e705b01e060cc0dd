from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from rtadapt.config import RegistrySettings
from rtadapt.errors import ArtifactDamaged, InvalidSettings
from rtadapt.records import Artifact, Head, Version
from rtadapt.registry.signing import Signatures, Signer

DIGEST = hashlib.sha256(b"manifest").hexdigest()


def signer(folder: Path, *keys: str) -> Signer:
    file = folder / "keys"
    file.write_text("\n".join(keys) + "\n")
    return Signer(file)


def test_what_a_key_signed_it_believes_and_no_other_key_does(tmp_path: Path) -> None:
    ours, theirs = signer(tmp_path, "a" * 32), signer(tmp_path, "b" * 32)
    ours.check(DIGEST, ours.sign(DIGEST))
    ours.check(DIGEST, ours.sign(DIGEST) + "\n")
    with pytest.raises(ArtifactDamaged):
        theirs.check(DIGEST, ours.sign(DIGEST))


@pytest.mark.parametrize("signature", ["", "0" * 64, "nonsense", "ü", "\x00"])
def test_anything_else_is_no_signature(tmp_path: Path, signature: str) -> None:
    with pytest.raises(ArtifactDamaged):
        signer(tmp_path, "a" * 32).check(DIGEST, signature)


def test_a_signature_belongs_to_one_digest(tmp_path: Path) -> None:
    ours = signer(tmp_path, "a" * 32)
    with pytest.raises(ArtifactDamaged):
        ours.check("0" * 64, ours.sign(DIGEST))


def test_keys_can_be_changed_while_old_signatures_are_still_believed(tmp_path: Path) -> None:
    old = signer(tmp_path, "a" * 32)
    both = signer(tmp_path, "b" * 32, "", "a" * 32)
    new = signer(tmp_path, "b" * 32)
    both.check(DIGEST, old.sign(DIGEST))
    new.check(DIGEST, both.sign(DIGEST))


@pytest.mark.parametrize("content", ["", "\n\n", "short\n", "a" * 32 + "\nshort\n"])
def test_a_file_without_a_proper_key_is_an_invalid_setting(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys"
    file.write_text(content)
    with pytest.raises(InvalidSettings) as caught:
        Signer(file)
    assert caught.value.field == "artifacts.signing_key_file"
    assert "short" not in str(caught.value)


def test_a_key_file_that_is_not_there_is_an_invalid_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings):
        Signer(tmp_path / "nowhere")


def key_files(folder: Path, name: str) -> tuple[Path, Path]:
    key = Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


VERSION = Version("news", 2, 1, Artifact("a" * 64, "p", 1), Artifact("b" * 64, "q", 1), {0: 4, 1: 7}, (), 1.0, {})
HEAD = Head("news", 2, {0: 5, 1: 7}, 3, "now", 2, (), "first")


def signatures(private: Path | None = None, public: Path | None = None) -> Signatures:
    return Signatures(RegistrySettings(signing_key_file=private, trusted_keys_file=public))


def signed_version(private: Path) -> Version:
    return replace(VERSION, signature=signatures(private).of_version(VERSION, "first"))


def signed_head(private: Path) -> Head:
    return replace(HEAD, signature=signatures(private).of_positions("news", "first", HEAD.positions))


def test_a_version_is_believed_by_whoever_trusts_the_key_that_signed_it(tmp_path: Path) -> None:
    (ours, our_public), (_, their_public) = key_files(tmp_path, "ours"), key_files(tmp_path, "theirs")
    signed = signed_version(ours)
    signatures(public=our_public).check_version(signed, "first")
    both = tmp_path / "both"
    both.write_bytes(their_public.read_bytes() + our_public.read_bytes())
    signatures(public=both).check_version(replace(signed, positions={1: 7, 0: 4}), "first")
    with pytest.raises(ArtifactDamaged, match="news@2"):
        signatures(public=their_public).check_version(signed, "first")


@pytest.mark.parametrize(
    "change",
    [
        {"number": 3},
        {"feed": "sport"},
        {"parent": 0},
        {"adapter": Artifact("c" * 64, "p", 1)},
        {"adapter": Artifact("a" * 64, "p", 2)},
        {"state": Artifact("c" * 64, "q", 1)},
        {"positions": {0: 5, 1: 7}},
        {"signature": ""},
        {"signature": "no hex"},
    ],
)
def test_a_signature_belongs_to_one_version_and_what_it_has_learned(tmp_path: Path, change: dict[str, Any]) -> None:
    private, public = key_files(tmp_path, "ours")
    with pytest.raises(ArtifactDamaged):
        signatures(public=public).check_version(replace(signed_version(private), **change), "first")


def test_a_version_of_a_feed_that_was_deleted_is_none_of_another_of_its_name(tmp_path: Path) -> None:
    private, public = key_files(tmp_path, "ours")
    with pytest.raises(ArtifactDamaged):
        signatures(public=public).check_version(signed_version(private), "second")


def test_an_adapter_for_a_trial_is_believed_by_its_own_signature_alone(tmp_path: Path) -> None:
    private, public = key_files(tmp_path, "ours")
    worker, replica = signatures(private), signatures(public=public)
    replica.check_trial(VERSION.adapter, worker.of_trial(VERSION.adapter))
    for signature in ("", worker.of_trial(VERSION.state), signed_version(private).signature):
        with pytest.raises(ArtifactDamaged):
            replica.check_trial(VERSION.adapter, signature)


def test_a_head_is_vouched_for_by_whoever_has_the_key(tmp_path: Path) -> None:
    private, public = key_files(tmp_path, "ours")
    trusting, head = signatures(public=public), signed_head(private)
    moved = replace(head, version=1, epoch=4, incarnation="trusted since", last=3, abandoned=((2, 3),))
    for known in (head, moved, Head("sport", 0, {}, 1)):  # a rewind and an operator's trust leave the positions as they are
        assert trusting.vouch_for(known)
        trusting.check_head(known)


@pytest.mark.parametrize(
    "change",
    [
        {"feed": "sport"},
        {"origin": "second"},
        {"positions": {0: 99, 1: 7}},
        {"positions": {0: 4, 1: 7}},
        {"signature": ""},
        {"signature": "no hex"},
    ],
)
def test_a_head_that_nobody_signed_is_not_gone_on_from(tmp_path: Path, change: dict[str, Any]) -> None:
    private, public = key_files(tmp_path, "ours")
    head = replace(signed_head(private), **change)
    assert not signatures(public=public).vouch_for(head)
    with pytest.raises(ArtifactDamaged, match="head"):
        signatures(public=public).check_head(head)


def test_a_feed_that_was_made_again_begins_at_positions_that_nobody_has_signed(tmp_path: Path) -> None:
    trusting = signatures(public=key_files(tmp_path, "ours")[1])
    anew = Head("news", 0, {0: 9}, 4, "second", 0, (), "second")
    trusting.check_head(anew)
    assert not trusting.vouch_for(anew)


def test_without_keys_nothing_is_signed_and_everything_believed() -> None:
    nobody = signatures()
    assert not nobody.signs
    assert nobody.of_version(VERSION, "first") == nobody.of_positions("news", "first", {0: 4}) == ""
    nobody.check_version(VERSION, "second")
    nobody.check_head(HEAD)
    assert nobody.vouch_for(HEAD)


def test_files_without_an_ed25519_key_are_invalid_settings(tmp_path: Path) -> None:
    private, public = key_files(tmp_path, "ours")
    (tmp_path / "empty").write_text("")
    for wrong in (public, tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(InvalidSettings) as caught:
            signatures(wrong)
        assert caught.value.field == "registry.signing_key_file"
    for wrong in (private, tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(InvalidSettings) as caught:
            signatures(public=wrong)
        assert caught.value.field == "registry.trusted_keys_file"
