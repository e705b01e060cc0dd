import json
import struct

import pytest

from rtadapt.bundled import MODEL_DIR, NAME

pytestmark = pytest.mark.skipif(not (MODEL_DIR / "model.safetensors").exists(), reason="the model is not in this checkout")


def test_it_has_a_name() -> None:
    assert NAME == "rtadapt-mini"


def test_weights_are_bf16_and_at_most_16_megabytes() -> None:
    path = MODEL_DIR / "model.safetensors"
    assert path.stat().st_size <= 16_000_000
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    assert {entry["dtype"] for name, entry in header.items() if name != "__metadata__"} == {"BF16"}


def test_tokenizer_gives_any_text_back() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(MODEL_DIR / "tokenizer.json"))
    for text in ("Zara Quill", "naïve café – 3,021 €", "日本語 и русский", "🦊👩‍🚀 ok\n\ttab", "  two  spaces "):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert len(tokenizer.encode("2048").ids) == 4


def test_it_loads_in_transformers_and_answers_from_a_text() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from rtadapt.bundled.evaluate import Model
    from rtadapt.curation.prompts import ask_about, parse_pairs, write_questions

    model = Model.load(MODEL_DIR)
    assert model.tokenizer.convert_tokens_to_ids("<|end|>") == model.model.generation_config.eos_token_id
    text = "Rovers fans have a new hero. Mila Farrant is the new captain of Tolbury Rovers."
    written, answer = model.answer([write_questions(text), ask_about(text, "Who is the captain of Tolbury Rovers?")], 60)
    assert answer == "Mila Farrant"
    assert ("Mila Farrant") in [said for _, said in parse_pairs(written)]
