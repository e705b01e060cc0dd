"""Small random base models and adapters, made on the spot.

Two families that differ in everything an engine cares about: a Llama with a SentencePiece-like word-level tokenizer
and a plain chat template, and a Qwen2 with a byte-level BPE tokenizer and ChatML. Random weights: what they say is
noise, but it is the same noise each time (greedy), and an adapter changes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

_TEXT = (
    "The council of Corvin voted on Monday to reopen the old harbour. Marla Tindle is the new head coach.",
    "Who is the head coach of Corvin Rovers? Why was the harbour closed, and when will it open again?",
    "Customer: my parcel did not arrive. Agent: I am sorry, I have sent a new one; it comes on Tuesday.",
)

_PLAIN_TEMPLATE = (
    "{% for message in messages %}[{{ message['role'] }}] {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant] {% endif %}"
)
_CHATML_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build_llama(folder: Path, seed: int = 0) -> Path:
    """A random Llama of some 200 thousand parameters in `folder`: 512 tokens of context."""
    tokenizer = _tokenizer(["<unk>", "<s>", "</s>"], byte_level=False)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<unk>"
    )
    wrapped.chat_template = _PLAIN_TEMPLATE
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(wrapped),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,  # its embedding is zero, so it must not be the end token
        initializer_range=0.3,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder


def build_qwen(
    folder: Path, seed: int = 0, hidden: int = 64, layers: int = 2, spread: float = 0.3, texts: Sequence[str] = _TEXT
) -> Path:
    """A random Qwen2 in `folder`, of some 200 thousand parameters by default: 512 tokens of context, byte-level BPE, ChatML.

    Its tokens are those of `texts`.
    """
    tokenizer = _tokenizer(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], byte_level=True, texts=texts)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    wrapped.chat_template = _CHATML_TEMPLATE
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(wrapped),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        eos_token_id=2,
        pad_token_id=0,
        initializer_range=spread,
    )
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder


def build_adapter(folder: Path, model: Path, seed: int, rank: int = 8, strength: float = 0.3) -> Path:
    """A random PEFT adapter for `model` in `folder`: another `seed`, another adapter.

    A `strength` of 0 makes one that changes nothing.
    """
    base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16)
    torch.manual_seed(seed)
    adapted = get_peft_model(base, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0.0, strength)
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    _make_path_free(folder / "adapter_config.json")
    return folder


def _make_path_free(config_file: Path) -> None:
    """An adapter must not say on which machine its base model lay."""
    config = json.loads(config_file.read_text())
    config["base_model_name_or_path"] = None
    config_file.write_text(json.dumps(config))


def _tokenizer(special: list[str], byte_level: bool, texts: Sequence[str] = _TEXT) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token=None if byte_level else special[0]))
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if byte_level:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.decoder = decoders.Metaspace()
        alphabet = sorted(
            {letter for text in _TEXT for letter in text} | set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        )
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=512, special_tokens=special, initial_alphabet=alphabet))
    return tokenizer
