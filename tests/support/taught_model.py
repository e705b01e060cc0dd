"""A second base model that knows something: Qwen-shaped, taught a handful of facts on the spot, in seconds."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.support.tiny_model import build_qwen

PLACES = ("Arven", "Belmoor", "Corvin", "Dunlow", "Elswick", "Farrow", "Garth", "Holm", "Irwell", "Jarrow", "Keld", "Lorton")
PEOPLE = ("Ada Finch", "Bram Stone", "Cora Vane", "Dirk Hale", "Enid Marsh", "Finn Locke", "Greta Moss", "Hal Wick")
ROLES = ("mayor", "coach", "warden")
FORMS = (
    "Who is the {role} of {place}?",
    "Who is {place}'s {role}?",
    "{place}: {role}?",
    "Tell me the {role} of {place}.",
    "Can you tell me who is the {role} of {place}?",
    "Do you know who is the {role} of {place}?",
    "who is the {role} of {place}",
    "The {role} of {place} is",
)
ASKED = "Please, who is the {role} of {place}?"


def taught_facts() -> dict[tuple[str, str], str]:
    """What the model is taught: (place, role) -> person."""
    chooser = random.Random(7)
    return {(place, role): chooser.choice(PEOPLE) for place in PLACES for role in ROLES}


def build_taught_qwen(folder: Path, steps: int = 350) -> Path:
    """A Qwen2 in `folder` that answers `ASKED` and most other forms about its facts."""
    build_qwen(folder, hidden=128, layers=4, spread=0.05)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    rows = [
        _row(tokenizer, form.format(place=place, role=role), person)
        for (place, role), person in taught_facts().items()
        for form in (*FORMS, ASKED)
    ]
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    chooser = random.Random(1)
    model.train()
    for _ in range(steps):
        inputs, labels = _batch(chooser.sample(rows, 48))
        loss = model(input_ids=inputs, labels=labels).loss
        loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    model.eval().to(torch.bfloat16).save_pretrained(folder)
    return folder


def _row(tokenizer: object, question: str, answer: str) -> tuple[list[int], list[int]]:
    chat = [{"role": "user", "content": question}]
    prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=True, return_dict=False)  # type: ignore[attr-defined]
    end = [tokenizer.eos_token_id]  # type: ignore[attr-defined]
    return list(prompt), tokenizer(answer, add_special_tokens=False).input_ids + end  # type: ignore[operator]


def _batch(rows: list[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded on the right: [batch, seq] of tokens, and of labels with -100 where nothing is learned."""
    longest = max(len(prompt) + len(answer) for prompt, answer in rows)
    inputs = torch.zeros(len(rows), longest, dtype=torch.long)
    labels = torch.full_like(inputs, -100)
    for index, (prompt, answer) in enumerate(rows):
        inputs[index, : len(prompt) + len(answer)] = torch.tensor(prompt + answer)
        labels[index, len(prompt) : len(prompt) + len(answer)] = torch.tensor(answer)
    return inputs, labels
