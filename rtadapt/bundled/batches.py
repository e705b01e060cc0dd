"""Tokenizer and batches: rows of the corpus become padded arrays of a few fixed lengths.

Owns the tokenizer's training, its chat template, and the stream of microbatches, which a second process prepares so
that the training core never waits. Takes a seed; gives tensors of token ids, loss weights and task numbers.
"""

from __future__ import annotations

import multiprocessing as mp
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

from rtadapt.bundled.corpus import ASSISTANT, BOS, END, PAD, ROW_SHARES, SYSTEM, USER, Row, rows
from rtadapt.bundled.world import make_world

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + (message['content'] | trim) + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
LENGTHS = (24, 32, 48, 80, 128, 192, 288)
TOKENS = 3072
_SHARD_ROWS = 24_000
Batch = tuple[Tensor, Tensor, Tensor]


def train_tokenizer(vocabulary: int, sample_rows: int = 40_000) -> Tokenizer:
    """A byte-level BPE with single digits, which can encode any text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = [PAD, BOS, SYSTEM, USER, ASSISTANT, END]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    sample = islice(rows(99, make_world()), sample_rows)
    texts = (segment.text for row in sample for segment in row.segments)
    tokenizer.train_from_iterator((_without(text, special) for text in texts), trainer)
    return tokenizer


def _without(text: str, special: list[str]) -> str:
    for token in special:
        text = text.replace(token, "\n")
    return text


def encode(tokenizer: Tokenizer, row: Row) -> tuple[list[int], list[float]]:
    """Token ids of a row and the weight of each as a target. Segments meet at special tokens or line ends."""
    ids: list[int] = []
    weights: list[float] = []
    for segment in row.segments:
        if segment.text:
            piece = tokenizer.encode(segment.text, add_special_tokens=False).ids
            ids += piece
            weights += [segment.weight] * len(piece)
    return ids, weights


def microbatches(tokenizer: Tokenizer, seed: int) -> Iterator[Batch]:
    """An endless stream of (ids [batch, length + 1], weights [batch, length], tasks [batch])."""
    stream, rng, tasks = rows(seed, make_world()), Random(seed), list(ROW_SHARES)
    waiting: dict[int, list[tuple[list[int], list[float], int]]] = {length: [] for length in LENGTHS}
    while True:
        for row in islice(stream, _SHARD_ROWS):
            ids, weights = encode(tokenizer, row)
            fitting = next((length for length in LENGTHS if len(ids) <= length + 1), None)
            if fitting:
                waiting[fitting].append((ids, weights, tasks.index(row.task)))
        ready: list[Batch] = []
        for length, held in waiting.items():
            size = TOKENS // length
            while len(held) >= size:
                ready.append(_pad(held[:size], length))
                del held[:size]
        rng.shuffle(ready)
        yield from ready


def _pad(group: list[tuple[list[int], list[float], int]], length: int) -> Batch:
    ids = torch.zeros(len(group), length + 1, dtype=torch.long)
    weights = torch.zeros(len(group), length)
    for i, (tokens, counts, _) in enumerate(group):
        ids[i, : len(tokens)] = torch.tensor(tokens)
        weights[i, : len(tokens) - 1] = torch.tensor(counts[1:])
    return ids, weights, torch.tensor([task for *_, task in group])


def _prepare(path: str, seed: int, queue: mp.Queue[list[tuple[object, ...]]]) -> None:
    os.nice(8)
    torch.set_num_threads(1)
    stream = microbatches(Tokenizer.from_file(path), seed)
    while True:
        queue.put([tuple(part.numpy() for part in batch) for batch in islice(stream, 64)])


def prepared(tokenizer_file: Path, seed: int) -> Iterator[Batch]:
    """The same stream, made by a second process."""
    context = mp.get_context("spawn")
    queue: mp.Queue[list[tuple[object, ...]]] = context.Queue(maxsize=8)
    context.Process(target=_prepare, args=(str(tokenizer_file), seed, queue), daemon=True).start()
    while True:
        for ids, weights, tasks in queue.get():
            yield torch.from_numpy(ids), torch.from_numpy(weights), torch.from_numpy(tasks)
