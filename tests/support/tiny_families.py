"""Tiny random networks of many families, one configuration each, made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

from tests.support.tiny_model import build_qwen

_TEXT: dict[str, Any] = {
    "vocab_size": 512,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_EXPERTS = {"num_experts_per_tok": 2, "num_local_experts": 4, "num_experts": 4, "moe_intermediate_size": 32}
_STATE = {
    "mamba_d_ssm": 32,
    "mamba_n_heads": 2,
    "mamba_d_head": 16,
    "mamba_d_state": 8,
    "mamba_n_groups": 1,
    "mamba_chunk_size": 16,
}
_VISION = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}

LEARNED: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {},
    "qwen3": {},
    "qwen3_moe": _EXPERTS,
    "mistral": {"sliding_window": None},
    "gemma": {},
    "gemma2": {"query_pre_attn_scalar": 16},
    "gemma3_text": {"query_pre_attn_scalar": 16},
    "gemma3": {"text_config": {**_TEXT, "query_pre_attn_scalar": 16}, "vision_config": _VISION, "mm_tokens_per_image": 4},
    "phi": {"partial_rotary_factor": 0.5, "num_key_value_heads": 2},
    "phi3": {},
    "smollm3": {},
    "olmo2": {},
    "olmoe": {**_EXPERTS, "intermediate_size": 32},
    "granite": {},
    "granitemoe": _EXPERTS,
    "gpt_neox": {},
    "opt": {"ffn_dim": 64, "word_embed_proj_dim": 32, "init_std": 0.3},
    "mixtral": _EXPERTS,
    "gpt_oss": {**_EXPERTS, "intermediate_size": 32, "layer_types": ["sliding_attention", "full_attention"]},
    "jamba": {**_EXPERTS, "use_mamba_kernels": False, "attn_layer_period": 2, "attn_layer_offset": 1, "mamba_d_state": 8},
    "falcon_h1": _STATE,
    "cohere": {"logit_scale": 1.0},
    "starcoder2": {},
    "glm4": {},
    "qwen2_vl": {
        "text_config": {**_TEXT, "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 1e4}},
        "vision_config": {"embed_dim": 16, "hidden_size": 32, "depth": 1, "num_heads": 2, "mlp_ratio": 2},
    },
}
"""Families that are learned, and what their tiny configurations need beside the usual sizes."""

REFUSED: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_inner": 64},
    "bloom": {"n_layer": 2, "n_head": 2},
    "mamba": {"state_size": 8},
    "mamba2": {"state_size": 8, "num_heads": 4, "head_dim": 16, "n_groups": 1, "chunk_size": 16},
    "falcon_mamba": {"state_size": 8},
    "stablelm": {},
}
"""Families that the engine serves without adapters."""


def build_family(folder: Path, family: str) -> Path:
    """A random model of `family` in `folder`, with a tokenizer of some 500 tokens."""
    build_qwen(folder)
    more = {**LEARNED, **REFUSED}[family]
    config = AutoConfig.for_model(family, **(more if "text_config" in more else _TEXT | more))
    torch.manual_seed(0)
    kind = AutoModelForImageTextToText if "text_config" in more else AutoModelForCausalLM
    net = kind.from_config(config, dtype=torch.float32)
    net.generation_config.do_sample = False
    net.save_pretrained(folder)
    return folder
