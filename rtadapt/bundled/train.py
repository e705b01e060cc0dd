"""Makes the bundled base model from nothing: `python -m rtadapt.bundled.train --minutes 60 --out DIR`.

Owns the optimizer, the schedule by elapsed time (so that a run always ends on time with its rate decayed) and the
checkpoints. Gives folders that `AutoModelForCausalLM`, `AutoTokenizer` and vLLM load.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

from rtadapt.bundled.batches import CHAT_TEMPLATE, LENGTHS, TOKENS, Batch, prepared, train_tokenizer
from rtadapt.bundled.corpus import ASSISTANT, BOS, END, PAD, ROW_SHARES, SYSTEM, USER
from rtadapt.bundled.model import Shape, SmallLlama

MICROBATCHES = 4
_FIRST_SAVES_SECONDS = (240.0,)


@dataclass(frozen=True, slots=True)
class Options:
    """What a run needs to know."""

    minutes: float
    out: Path
    copy_to: Path | None
    threads: int
    optimizer: str
    rate: float
    save_minutes: float
    seed: int
    start: Path | None = None


def write_model(model: SmallLlama, tokenizer: Tokenizer, folder: Path) -> None:
    """Save a loadable snapshot in bf16: written aside, then moved into place."""
    aside = folder.with_name(folder.name + ".partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    save_file(
        {name: value.detach().to(torch.bfloat16).contiguous() for name, value in model.state_dict().items()},
        aside / "model.safetensors",
        metadata={"format": "pt"},
    )
    ids = {name: tokenizer.token_to_id(token) for name, token in (("bos", BOS), ("eos", END), ("pad", PAD))}
    special = {f"{name}_token_id": number for name, number in ids.items()}
    _write(aside / "config.json", _configuration(model.shape) | special)
    _write(aside / "generation_config.json", special | {"do_sample": False, "max_new_tokens": 64})
    _write(
        aside / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": BOS,
            "eos_token": END,
            "pad_token": PAD,
            "additional_special_tokens": [SYSTEM, USER, ASSISTANT],
            "model_max_length": model.shape.positions,
            "clean_up_tokenization_spaces": False,
            "chat_template": CHAT_TEMPLATE,
        },
    )
    tokenizer.save(str(aside / "tokenizer.json"))
    if (folder / "README.md").exists():
        shutil.copy(folder / "README.md", aside / "README.md")
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    aside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _configuration(shape: Shape) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.mlp,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.hidden // shape.heads,
        "max_position_embeddings": shape.positions,
        "rms_norm_eps": shape.epsilon,
        "rope_theta": shape.theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.theta},
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "dtype": "bfloat16",
        "initializer_range": 0.02,
        "use_cache": True,
    }


def make_optimizers(model: SmallLlama, options: Options) -> list[torch.optim.Optimizer]:
    """AdamW for everything, or Muon for the matrices of the blocks."""
    named = dict(model.named_parameters())
    matrices = [value for name, value in named.items() if value.dim() == 2 and "embed" not in name]
    rest = [value for name, value in named.items() if value.dim() != 2 or "embed" in name]
    if options.optimizer == "muon":
        return [
            torch.optim.Muon(matrices, lr=options.rate * 2.5, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=options.rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
        ]
    groups = [{"params": matrices, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
    return [torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.95), fused=True)]


def rate_at(done: float) -> float:
    """Share of the full rate after a share of the time: warm-up over 1.5%, then a cosine down to 4%."""
    if done < 0.015:
        return max(done / 0.015, 0.02)
    return 0.04 + 0.96 * 0.5 * (1 + math.cos(math.pi * min(1.0, (done - 0.015) / 0.985)))


@dataclass(slots=True)
class Tally:
    """What happened since the last line of the log."""

    tokens: int = 0
    loss: Tensor = field(default_factory=lambda: torch.zeros(len(ROW_SHARES)))
    weight: Tensor = field(default_factory=lambda: torch.zeros(len(ROW_SHARES)))
    since: float = field(default_factory=time.monotonic)

    def add(self, batch: Batch, losses: Tensor) -> None:
        """Count one microbatch."""
        self.tokens += int((batch[0] != 0).sum())
        self.loss.index_add_(0, batch[2], losses.detach())
        self.weight.index_add_(0, batch[2], batch[1].sum(1))

    def line(self) -> str:
        """Tokens a second and the loss of each task."""
        losses = " ".join(
            f"{task} {value:.3f}" for task, value in zip(ROW_SHARES, (self.loss / self.weight).tolist(), strict=True)
        )
        return f"{self.tokens / (time.monotonic() - self.since):.0f} tok/s  {losses}"


def _log(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(options: Options) -> None:
    """Train for a fixed time."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    tokenizer_file = options.out.with_name(options.out.name + ".tokenizer.json")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    shape = Shape()
    tokenizer = Tokenizer.from_file(str(options.start / "tokenizer.json")) if options.start else train_tokenizer(shape.vocabulary)
    tokenizer.save(str(tokenizer_file))
    model = SmallLlama(shape)
    if options.start:
        model.load_state_dict(load_file(options.start / "model.safetensors"))
    _log(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f}M parameters")
    compiled = torch.compile(model, dynamic=False)
    optimizers = make_optimizers(model, options)
    base_rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    batches = prepared(tokenizer_file, options.seed)
    _warm_up(compiled, model)
    saves = [*_FIRST_SAVES_SECONDS, *(60 * options.save_minutes * i for i in range(1, 100))]
    begun, tally, steps, total = time.monotonic(), Tally(), 0, 0
    while (elapsed := time.monotonic() - begun) < 60 * options.minutes:
        share = rate_at(elapsed / (60 * options.minutes))
        for optimizer, rates in zip(optimizers, base_rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * share
        _step(compiled, model, optimizers, batches, tally)
        steps += 1
        if time.monotonic() - tally.since > 30:
            total += tally.tokens
            _log(f"{elapsed:6.0f} s  step {steps}  {total / 1e6:.1f}M  rate x{share:.2f}  {tally.line()}")
            tally = Tally()
        if elapsed > saves[0]:
            _save(model, tokenizer, options)
            saves = [at for at in saves if at > elapsed]
    _save(model, tokenizer, options)
    _log(f"done: {steps} steps, {(total + tally.tokens) / 1e6:.1f}M tokens")


def _warm_up(compiled: Callable[..., Tensor], model: SmallLlama) -> None:
    """Compile for every length before the clock starts."""
    for length in LENGTHS:
        rows = TOKENS // length
        with torch.autocast("cpu", torch.bfloat16):
            losses = compiled(torch.zeros(rows, length + 1, dtype=torch.long), torch.ones(rows, length))
        losses.sum().backward()  # type: ignore[no-untyped-call]
    model.zero_grad(set_to_none=True)


def _save(model: SmallLlama, tokenizer: Tokenizer, options: Options) -> None:
    write_model(model, tokenizer, options.out)
    if options.copy_to:
        write_model(model, tokenizer, options.copy_to)


def _step(
    compiled: Callable[..., Tensor],
    model: SmallLlama,
    optimizers: list[torch.optim.Optimizer],
    batches: Iterator[Batch],
    tally: Tally,
) -> None:
    """One optimizer step over a few microbatches of different lengths."""
    group = list(islice(batches, MICROBATCHES))
    weight = sum(float(batch[1].sum()) for batch in group)
    for batch in group:
        with torch.autocast("cpu", torch.bfloat16):
            losses = compiled(batch[0], batch[1])
        (losses.sum() / weight).backward()  # type: ignore[no-untyped-call]
        tally.add(batch, losses)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--copy-to", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--optimizer", choices=("adamw", "muon"), default="muon")
    parser.add_argument("--rate", type=float, default=1.7e-3)
    parser.add_argument("--save-minutes", type=float, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="a folder to go on from")
    run(Options(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
