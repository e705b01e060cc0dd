"""The base model: loaded once, frozen, shared by every feed.

Owns the network, its tokenizer, its device and its identity. Takes a local folder or a hub id; gives logits at chosen
positions only, since most positions of a row carry no loss and the output layer is the widest of all.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoTokenizer

from rtadapt.config import TrainSettings
from rtadapt.errors import InvalidSettings
from rtadapt.training import families, fused, packed
from rtadapt.training.lower import Lower, Name
from rtadapt.training.pace import Pace
from rtadapt.training.room import CPU
from rtadapt.training.rows import Padded, Row, chunks, pad

logger = logging.getLogger(__name__)

_SAMPLES_PER_TENSOR = 65_536
_TOLERANCE = 0.2
"""What another order of summing may make in bfloat16, root mean square, as a share of the logits' spread."""
_VOLATILE = frozenset(
    {"transformers_version", "dtype", "torch_dtype", "use_cache", "architectures", "initializer_range", "attention_dropout"}
    | {"pretraining_tp", "bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id"}
)
"""What a configuration says that makes no other model: conversions of the same weights differ in it."""


class BaseModel:
    """A frozen causal language model and its tokenizer.

    `digest` names it: equal for equal shape, weights and chat template, whatever the device or the compute type.
    """

    def __init__(self, settings: TrainSettings, name: str, revision: str | None = None) -> None:
        self.name = name
        self.device = pick_device(settings.device)
        self.dtype = pick_dtype(settings.dtype, self.device)
        self.pace = Pace(settings.threads, self.device.type == "cpu", self.dtype)
        try:
            # Of two tokenizers that a model may bring, the one with the chat template; the engine is told to take the same.
            self.tokenizer: Any = AutoTokenizer.from_pretrained(name, revision=revision, mistral_format=False)
            net: Any = families.load(name, revision, self.dtype)
        except (OSError, ValueError) as error:
            raise InvalidSettings(f"the base model {name} could not be loaded: {error}", field="model") from error
        if getattr(net.config.get_text_config(), "attn_logit_softcapping", None):
            net.set_attn_implementation("eager")  # the fused kernels leave out the caps, which the engine applies
        elif net.config._attn_implementation == "sdpa":
            net.set_attn_implementation(packed.ATTENTION)
        net.to(self.device).eval().requires_grad_(False)
        net.config.use_cache = False
        fused.norms(net)
        self.net = net
        self.hidden_size: int = int(net.config.get_text_config().hidden_size)
        self.family: str = str(net.config.model_type)
        self.max_positions: int = int(getattr(net.config.get_text_config(), "max_position_embeddings", 0) or 1 << 20)
        self.digest = _digest(net, self.tokenizer)
        self.room = CPU  # until it is planned
        self._lower: Lower | None = None
        self._selection: tuple[Tensor, Tensor] | None = None
        output = net.get_output_embeddings()
        if not isinstance(output, nn.Module):
            raise InvalidSettings(f"{name} has no output layer: it is not a causal language model", field="model")
        output.register_forward_pre_hook(self._select)
        self.packs = self._can_pack()

    def logits(self, ids: Tensor, rows: Tensor, columns: Tensor, packing: packed.Packing | None = None) -> Tensor:
        """Logits [n, vocabulary] after the tokens at (rows[i], columns[i]) of right-padded `ids` [batch, seq].

        With `packing`, `ids` [1, tokens] are the rows one after the other. Padding needs no mask: it stands to the right of
        everything that is looked at.
        """
        with self._selecting(rows, columns), self.pace.work():
            if packing is None:
                return self.net(input_ids=ids, use_cache=False).logits.squeeze(0)  # type: ignore[no-any-return]
            with packed.packing(packing):
                return self.net(input_ids=ids, position_ids=packing.places, use_cache=False).logits.squeeze(0)  # type: ignore[no-any-return]

    def batches(self, rows: Sequence[Row], most_tokens: int, shared: tuple[int, ...] = ()) -> Iterable[list[Row]]:
        """Rows that go through the network together: packed ones in their order, others of similar length."""
        return packed.packs(rows, most_tokens, shared) if self.packs else chunks(rows, most_tokens)

    def at_targets(self, rows: Sequence[Row], shared: tuple[int, ...] = ()) -> tuple[Padded, Tensor]:
        """Rows as one batch, packed where the network allows it, and the logits [n, vocabulary] at their targets.

        What `shared` says is computed once for all rows that begin with it.
        """
        if not self.packs:
            batch = pad(rows, self.device)
            return batch, self.logits(batch.ids, batch.rows, batch.columns)
        batch, packing = packed.pack(rows, self.device, shared)
        if self._lower is None:
            return batch, self.logits(batch.ids, batch.rows, batch.columns, packing)
        self._learn_lower(self._lower, rows, shared, self._lower.missing(packing.names))
        run = partial(self.logits, batch.ids, batch.rows, batch.columns, packing)
        return batch, self._lower.under(packing.names, run)

    def keep_lower(self, first: int) -> None:
        """From now on compute the blocks below number `first` once a row, where that pays and changes nothing."""
        if not self.packs or not first or self.device.type != "cpu":
            return
        rows, shared = self._samples()
        with torch.no_grad():
            expected = self.at_targets(rows, shared)[1]
            self._lower = Lower(families.blocks(self.net), first)
            try:
                alike = all(_alike(expected, self.at_targets(part, shared)[1]) for part in (rows, rows))
            except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
                alike = False
        if not alike:
            self._lower = None

    def next_logits(self, ids: Tensor, mask: Tensor, positions: Tensor, cache: Any) -> tuple[Tensor, Any]:
        """Logits [batch, vocabulary] after left-padded `ids` [batch, seq], and the grown key/value cache."""
        rows = torch.arange(ids.shape[0], device=self.device)
        with self._selecting(rows, torch.full_like(rows, ids.shape[1] - 1)), self.pace.work():
            out = self.net(input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True)
        return out.logits[0], out.past_key_values

    @torch.no_grad()
    def _can_pack(self) -> bool:
        """Whether rows that lie in one sequence give the logits that they give apart."""
        if self.net.config._attn_implementation != packed.ATTENTION:
            return False
        rows, shared = self._samples()
        try:
            self.packs = False
            apart = torch.cat([self.at_targets([row])[1] for row in rows])
            self.packs = True
            together = self.at_targets(rows, shared)[1]
        except (AttributeError, IndexError, NotImplementedError, RuntimeError, TypeError, ValueError):
            return False
        return _alike(apart, together)

    def _samples(self) -> tuple[list[Row], tuple[int, ...]]:
        """Made-up rows, and what some of them begin with."""
        words = self.net.get_input_embeddings().weight.shape[0]
        ids = [number * 7919 % words for number in range(1, 40)]
        rows = [Row((*ids[:8], *ids[9:length]), 9, 1.0, 0) for length in (24, 39)] + [Row(tuple(ids[3:20]), 1, 1.0, 0)]
        return rows, tuple(ids[:8])

    def _learn_lower(self, lower: Lower, rows: Sequence[Row], shared: tuple[int, ...], missing: set[Name]) -> None:
        """Compute the lower blocks of those of the rows that are missing."""
        if not missing:
            return
        named = {packed.name_of(row, shared): row for row in rows}
        # where the beginning alone is missing, it comes with a row that has it
        unknown = [row for name, row in named.items() if name in missing] or [row for name, row in named.items() if name[0]][:1]
        batch, packing = packed.pack(unknown, self.device, shared)
        nothing = batch.columns[:0]
        lower.learn(packing.names, partial(self.logits, batch.ids, nothing, nothing, packing))

    @contextmanager
    def _selecting(self, rows: Tensor, columns: Tensor) -> Iterator[None]:
        self._selection = (rows, columns)
        try:
            yield
        finally:
            self._selection = None

    def _select(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        """Before the output layer: keep only the hidden states that are asked for, as one row."""
        if self._selection is None:
            return None
        return (inputs[0][self._selection].unsqueeze(0), *inputs[1:])


def _alike(first: Tensor, second: Tensor) -> bool:
    """Whether two ways to the same logits [n, vocabulary] differ no more than another order of summing does."""
    if first.shape != second.shape:
        return False
    return bool((first.float() - second.float()).square().mean().sqrt() <= _TOLERANCE * first.float().std())


def pick_device(name: str) -> torch.device:
    """The device that a setting names; `auto` is CUDA where there is some."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InvalidSettings(f"{name} is no device", field="train.device") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InvalidSettings(f"{name} was asked for, but CUDA is not available here", field="train.device")
    return device


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """The compute type of the base; `auto` is bfloat16 where the device has it in hardware."""
    if name != "auto":
        return torch.bfloat16 if name == "bfloat16" else torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("amx_bf16") or able.get("avx512_bf16") else torch.float32


def _digest(net: Any, tokenizer: Any) -> str:
    """sha256 over the configuration, the chat template and an even sample of every weight, rounded to bfloat16."""
    told = net.config.to_dict().items()
    config = {name: value for name, value in told if not name.startswith("_") and name not in _VOLATILE}
    digest = hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode())
    digest.update(str(tokenizer.chat_template).strip().encode())
    for name, weight in sorted(net.state_dict().items()):
        flat = weight.detach().reshape(-1)
        sample = flat[:: max(1, flat.numel() // _SAMPLES_PER_TENSOR)].to(torch.bfloat16).cpu().contiguous()
        digest.update(f"{name}{tuple(weight.shape)}".encode())
        digest.update(sample.view(torch.int16).numpy().tobytes())
    return digest.hexdigest()
