"""GGUF files become what the engine and the learner load: once, whole or not at all, and the same model as before."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rtadapt.basemodel import convert, find_model
from rtadapt.config import Settings, load_settings
from rtadapt.errors import InvalidSettings
from tests.support.tiny_gguf import build_gguf


def settings_of(file: Path, data_dir: Path, **more: object) -> Settings:
    return load_settings(model=str(file), data_dir=str(data_dir), **more)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_gguf(tmp_path_factory.mktemp("gguf") / "Tiny-Qwen.Q8_0.gguf", end_of_turn="<|endoftext|>")


@pytest.fixture(scope="module")
def made(file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    said: list[str] = []
    folder, name = find_model(settings_of(file, tmp_path_factory.mktemp("place") / "data"), said.append)
    assert name == "tiny-qwen"
    assert Path(folder).parents[1].stat().st_mode & 0o077 == 0
    return Path(folder), said


def test_what_comes_out_is_the_model_that_went_in(file: Path, made: tuple[Path, list[str]]) -> None:
    folder, _ = made
    tokenizer, original = AutoTokenizer.from_pretrained(folder), AutoTokenizer.from_pretrained(file.with_suffix(""))
    chat = [{"role": "user", "content": "Who is the head coach of Corvin Rovers?"}]
    ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=False)
    assert (
        ids.tolist()
        == original.apply_chat_template(chat, add_generation_prompt=True, return_dict=False, return_tensors="pt").tolist()
    )
    models = [AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32) for path in (folder, file.with_suffix(""))]
    with torch.no_grad():
        new, old = (model(ids).logits for model in models)
    assert torch.nn.functional.cosine_similarity(new, old, dim=-1).min() > 0.99
    assert "quantization_config" not in json.loads((folder / "config.json").read_text())


def test_it_stops_at_both_ends_that_the_file_names(made: tuple[Path, list[str]]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(made[0])
    stops = json.loads((made[0] / "generation_config.json").read_text())["eos_token_id"]
    assert tokenizer.convert_ids_to_tokens(stops) == ["<|im_end|>", "<|endoftext|>"]


def test_it_is_made_once_and_said(file: Path, made: tuple[Path, list[str]]) -> None:
    folder, said = made
    assert len(said) == 1
    assert str(folder) in said[0]
    before = (folder / "model.safetensors").stat().st_mtime_ns
    again: list[str] = []
    assert find_model(settings_of(file, folder.parents[1]), again.append) == (str(folder), "tiny-qwen")
    assert again == []
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_processes_that_start_at_once_make_it_once_and_do_not_trip_over_what_a_killed_one_left(
    file: Path, made: tuple[Path, list[str]], tmp_path: Path
) -> None:
    said: list[str] = []
    settings = settings_of(file, tmp_path / "data")
    (tmp_path / "data").mkdir(mode=0o700)
    left = tmp_path / "data" / "models" / f"{made[0].name}.part"
    left.mkdir(parents=True)
    (left / "config.json").write_text("{")
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: find_model(settings, said.append), range(3)))
    assert len(set(found)) == len(said) == 1
    assert sorted(path.name for path in Path(found[0][0]).parent.iterdir() if path.is_dir()) == [Path(found[0][0]).name]
    assert json.loads(Path(found[0][0], "config.json").read_text())["model_type"] == "qwen2"


def test_a_file_that_is_no_model_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(InvalidSettings, match=r"model: broken\.gguf could not be made into safetensors: ") as caught:
        find_model(settings_of(broken, tmp_path / "data"))
    assert caught.value.field == "model"
    assert not [path for path in (tmp_path / "data" / "models").iterdir() if path.is_dir()]


def test_a_file_that_lacks_weights_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TQDM_DISABLE", "1")
    file = build_gguf(tmp_path / "lacking.gguf", lacking="blk.1.ffn_up.weight")
    with pytest.raises(ValueError, match=r"it lacks model\.layers\.1\.mlp\.up_proj\.weight"):
        convert(file, tmp_path / "made")
    assert not (tmp_path / "made").exists()


@pytest.mark.slow
def test_the_default_model_is_a_real_one_and_its_package_is_never_imported(tmp_path: Path) -> None:
    script = (
        "import sys; from rtadapt.basemodel import convert, find_model; from rtadapt.config import load_settings; "
        f"print(*find_model(load_settings(data_dir={str(tmp_path)!r}))); "
        "sys.exit(any(name.startswith(('llm_', 'torch')) for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    folder, name = done.stdout.split()
    assert name == "smollm2-135m-instruct"
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    chat = [{"role": "user", "content": "Name the capital of France."}]
    ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=False)
    made = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=16, do_sample=False)
    assert "Paris" in tokenizer.decode(made[0, ids.shape[1] :])
