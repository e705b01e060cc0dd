"""Rows that the base model writes itself: what it says when nothing was learned yet.

Owns the anchor set and its file. A user turn is sampled from the bare header of the model's own chat template
(Magpie, Xu et al. 2024), then answered greedily. Replayed in updates they keep the base where it was; those marked as
watched are never trained on, so the gate can see what is lost.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rtadapt.records import WATCHED, Example, Message
from rtadapt.training.generate import generate
from rtadapt.training.model import BaseModel
from rtadapt.training.rows import Encoder

logger = logging.getLogger(__name__)

_ROUND = 256
_ROUNDS_PER_NEEDED = 6
_POOL = 2
_QUESTION_TOKENS = 48
_ANSWER_TOKENS = 64
_MAX_LOSS = 0.5
_WATCH_EVERY = 4
_TEMPERATURE = 1.0


def load_or_write(
    model: BaseModel,
    encoder: Encoder,
    count: int,
    cache: Path | None,
    losses: Callable[[list[Example]], list[float]],
    progress: Callable[[str], object] | None,
) -> list[Example]:
    """`count` rows that the base is sure of, as varied as can be, or fewer where it is sure of fewer.

    They come from the base's own folder when they lie there (all of them, however many), or from the cache folder when
    this base was there before.

    `losses` gives the base's mean loss on examples, in nats per target token.
    """
    file = cache / f"{model.digest[:32]}-{count}.jsonl" if cache is not None else None
    shipped = Path(model.name, shipped_name(model))
    for known in (shipped, file):
        if known is not None and known.is_file():
            return _mark([_from_line(line) for line in known.read_text("utf-8").splitlines()])
    found = _write(model, encoder, count, losses, progress)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".part")
        fresh.write_text("".join(_to_line(example) for example in found), "utf-8")
        fresh.replace(file)
    return _mark(found)


def shipped_name(model: BaseModel) -> str:
    """The file beside a model's weights that spares writing anchors anew: it names the very weights that wrote it."""
    return f"anchors-{model.digest[:32]}.jsonl"


def _write(
    model: BaseModel,
    encoder: Encoder,
    count: int,
    losses: Callable[[list[Example]], list[float]],
    progress: Callable[[str], object] | None,
) -> list[Example]:
    kept: dict[tuple[Message, ...], tuple[float, Example]] = {}
    pool = _POOL * count
    rounds = max(4, _ROUNDS_PER_NEEDED * -(-count // _ROUND))
    for number in range(rounds):
        if len(kept) >= pool or (number >= rounds // 2 and not kept):
            break
        for example, loss in _round(model, encoder, number, min(_ROUND, 32 * count), losses):
            if loss <= _MAX_LOSS:
                kept.setdefault(example.prompt, (loss, example))
        if progress is not None:
            progress(f"the base model has written {min(len(kept), pool)} of {pool} rows to choose anchors from")
    if len(kept) < count:
        logger.warning("fewer anchors than asked for", extra={"anchors": len(kept), "wanted": count})
    return _varied(sorted(kept.values(), key=lambda pair: pair[0]), count)


def _varied(surest_first: list[tuple[float, Example]], count: int) -> list[Example]:
    """`count` of them that say as many different things as there are: answers take turns, the surest row of each first."""
    rows: dict[str, int] = Counter()
    ranked = []
    for place, (_, example) in enumerate(surest_first):
        ranked.append((rows[example.target], place, example))
        rows[example.target] += 1
    ranked.sort(key=lambda entry: entry[:2])
    return [example for _, _, example in ranked[:count]]


def _round(
    model: BaseModel, encoder: Encoder, number: int, size: int, losses: Callable[[list[Example]], list[float]]
) -> list[tuple[Example, float]]:
    """`size` sampled user turns with the base's own greedy answers, and its loss on them."""
    header = encoder.tokens([encoder.header])[0] or [encoder.end_id]
    sampled = generate(
        model,
        [header] * size,
        max_new_tokens=_QUESTION_TOKENS,
        stop_ids=encoder.stop_ids,
        temperature=_TEMPERATURE,
        seed=number,
    )
    questions = dict.fromkeys(filter(None, (_question(encoder, ids) for ids in sampled)))
    chats = [(Message("user", question),) for question in questions]
    if not chats:
        return []
    answers = generate(model, encoder.prompts(chats), max_new_tokens=_ANSWER_TOKENS, stop_ids=encoder.stop_ids)
    examples = []
    for chat, ids in zip(chats, answers, strict=True):
        target = encoder.tokenizer.decode(ids, skip_special_tokens=True).strip()
        if target and ids[-1] in encoder.stop_ids:
            examples.append(Example("", chat, target))
    return list(zip(examples, losses(examples), strict=True))


def _question(encoder: Encoder, ids: list[int]) -> str:
    """The user turn in sampled tokens: up to where the template would go on. Empty when it never ended."""
    closing = encoder.footer.strip().splitlines()[0] if encoder.footer.strip() else "\n"
    text = encoder.tokenizer.decode(ids, skip_special_tokens=False)
    head, ended, _ = text.partition(closing)
    if not ended and ids[-1] not in encoder.stop_ids:
        return ""
    return encoder.tokenizer.decode(encoder.tokens([head])[0], skip_special_tokens=True).strip() if head.strip() else ""


def _mark(examples: list[Example]) -> list[Example]:
    """Every fourth is only watched."""
    return [
        Example("", example.prompt, example.target, fact=WATCHED if number % _WATCH_EVERY == 0 else "")
        for number, example in enumerate(examples)
    ]


def _to_line(example: Example) -> str:
    return (
        json.dumps({"prompt": [[m.role, m.content] for m in example.prompt], "target": example.target}, ensure_ascii=False) + "\n"
    )


def _from_line(line: str) -> Example:
    row = json.loads(line)
    return Example("", tuple(Message(role, content) for role, content in row["prompt"]), row["target"])
