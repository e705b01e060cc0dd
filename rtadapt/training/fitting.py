"""What an engine is held against before anything is learned on its base.

Owns the two adapters that are tried, one that changes nothing and one that changes much, and what the learner gets from
the latter: how it writes chats, where its answers end, and how log probabilities move. Takes a learner; writes folders.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import jinja2
import torch
from torch import Tensor

from rtadapt.judged import Chat, Fit, Shift, write_fit
from rtadapt.records import Message
from rtadapt.training import checkpoint
from rtadapt.training.adapter import AdapterState
from rtadapt.training.learner import Learner

_SEED = 20
_TOP = 4
_MOVED = 2.0
"""Nats, root mean square, that the changing adapter moves log probabilities by: well above what rounding makes."""
_FIRST, _DOUBLINGS = 0.004, 14

_ASKED = Message("user", "Who is the head coach now?")
_TALK = (Message("user", "Hello."), Message("assistant", "Good morning. What can I do for you?"), _ASKED)
_CHATS: tuple[tuple[str, bool, tuple[Message, ...]], ...] = (
    ("a chat of one question", False, (_ASKED,)),
    ("a chat with a system line", False, (Message("system", "Answer in one sentence."), _ASKED)),
    ("a chat of several turns", False, _TALK),
    ("a chat with a developer's line", False, (Message("developer", "Answer in one sentence."), _ASKED)),
    ("a chat that may think", True, (_ASKED,)),
)


def write_trial(learner: Learner, zero: Path, moving: Path) -> None:
    """Write the adapter that changes nothing into `zero`, the one that changes much into `moving`, with `fit.json`."""
    state = learner.slot.fresh(_SEED)
    checkpoint.save_adapter(zero, state, learner.slot)
    chats = tuple(_chats(learner))
    (asked,) = learner.encoder.prompts([(_ASKED,)])
    prompts = [chat.ids for chat in chats if chat.ids and not chat.thinking] or [tuple(asked)]
    shifts = _move(learner, state, prompts)
    checkpoint.save_adapter(moving, state, learner.slot)
    dtype = str(learner.model.dtype).removeprefix("torch.")
    write_fit(moving, Fit(chats, tuple(sorted(learner.encoder.stop_ids)), tuple(shifts), dtype))


def _chats(learner: Learner) -> Iterator[Chat]:
    """The chats that the model's template can write, as token ids; without a template a question without any."""
    encoder = learner.encoder
    if not encoder.template.is_there:
        yield Chat(_CHATS[0][0], _CHATS[0][2], False, ())
        return
    for about, thinking, messages in _CHATS:
        if thinking and not encoder.template.may_think:
            continue
        try:
            (ids,) = encoder.prompts([messages], thinking=thinking)
        except (jinja2.TemplateError, TypeError, ValueError):  # nobody can ask like this
            continue
        yield Chat(about, messages, thinking, tuple(ids))


def _move(learner: Learner, state: AdapterState, prompts: Sequence[tuple[int, ...]]) -> list[Shift]:
    """Give `state` random B's, as large as it takes to move what the base says after `prompts` well; gives how it moves."""
    slot, generator = learner.slot, torch.Generator().manual_seed(_SEED)
    noise = torch.randn(slot.size - slot.split, generator=generator).to(state.weights.device)
    base = _log_probs(learner, None, prompts)
    for doubling in range(_DOUBLINGS):
        state.weights[slot.split :] = noise * _FIRST * 2**doubling
        adapted = _log_probs(learner, state.weights, prompts)
        tokens = [_likely(*pair) for pair in zip(base, adapted, strict=True)]
        moved = torch.cat([(b - a)[ids] for a, b, ids in zip(base, adapted, tokens, strict=True)])
        if moved.square().mean().sqrt() >= _MOVED:
            break
    told = zip(prompts, tokens, base, adapted, strict=True)
    return [Shift(prompt, tuple(ids), tuple(a[ids].tolist()), tuple(b[ids].tolist())) for prompt, ids, a, b in told]


def _likely(base: Tensor, adapted: Tensor) -> list[int]:
    """The tokens that one of two distributions [vocabulary] holds for likely."""
    return sorted({*base.topk(_TOP).indices.tolist(), *adapted.topk(_TOP).indices.tolist()})


@torch.no_grad()
def _log_probs(learner: Learner, weights: Tensor | None, prompts: Sequence[tuple[int, ...]]) -> list[Tensor]:
    """Log probabilities [vocabulary] of what follows each prompt, in fp32."""
    found = []
    with learner.slot.holding(weights):
        for prompt in prompts:
            ids = torch.tensor([prompt], device=learner.model.device)
            at = torch.tensor([0], device=ids.device), torch.tensor([len(prompt) - 1], device=ids.device)
            found.append(torch.log_softmax(learner.model.logits(ids, *at)[0].float(), -1))
    return found
