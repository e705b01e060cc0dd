from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rtadapt.errors import ArtifactDamaged, InvalidSettings
from rtadapt.registry.signing import Signer

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
