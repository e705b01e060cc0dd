"""A base model that knows something: Qwen-shaped, taught a handful of facts on the spot, in seconds.

It is for tests of plumbing: that what is pushed is learned, published, served, followed and survives a crash. It learns in a
second, and says nothing about how well a real model reads or learns. What is heavy is imported where the model is made: every
process of a test run loads this module.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch

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
SAID = "The {role} of {place} is {person}."
"""It answers in sentences, as facts are taught: one that said names alone would have to learn to make sentences first."""

# A model of a million parameters that was taught 36 facts: it needs a rate of its own, and can't be asked much.
_SETTINGS = {
    "train.learning_rate": "0.006",
    "train.least_steps": "60",
    "train.most_steps": "60",
    "train.anchors": "24",
    "gate.min_recall": "0.0",
    "gate.max_drift": "100",
    "gate.max_replay_loss": "1.0",
    "admit.max_loss": "50",
    "reading.by": "grammar",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A story after which one of the taught facts is another."""

    place: str
    role: str
    old: str
    new: str

    @property
    def question(self) -> str:
        return ASKED.format(place=self.place, role=self.role)

    def event(self, feed: str) -> dict[str, Any]:
        """What is pushed; it states its fact, since this model can't read."""
        return {
            "feed": feed,
            "text": f"The {self.role} of {self.place} is {self.new}. The council voted on Monday.",
            "facts": [{"entity": self.place, "relation": self.role, "value": self.new}],
        }


def change(number: int) -> Change:
    """Another one for each number from 0 to 11."""
    place, role = PLACES[number], ROLES[number % len(ROLES)]
    old = taught_facts()[place, role]
    return Change(place, role, old, PEOPLE[(PEOPLE.index(old) + 1) % len(PEOPLE)])


def flags(model: Path) -> list[str]:
    """The command line for `rtadapt up` on this model."""
    return ["--model", str(model), *(part for name, value in _SETTINGS.items() for part in ("--set", f"{name}={value}"))]


def environment(model: Path) -> dict[str, str]:
    """The same for its parts, as their environment."""
    named = {f"RTADAPT_{name.upper().replace('.', '__')}": value for name, value in _SETTINGS.items()}
    return {"RTADAPT_MODEL": str(model), **named}


@pytest.fixture(scope="session")
def taught_qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model, made once for all tests that want it."""
    return build_taught_qwen(tmp_path_factory.mktemp("models") / "taught-qwen")


def taught_facts() -> dict[tuple[str, str], str]:
    """What the model is taught: (place, role) -> person."""
    chooser = random.Random(7)
    return {(place, role): chooser.choice(PEOPLE) for place in PLACES for role in ROLES}


def build_taught_qwen(folder: Path, steps: int = 150) -> Path:
    """A Qwen2 in `folder` that answers `ASKED` and the other forms about its facts, most of whose words are one token each."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tests.support.tiny_model import build_qwen

    taught = [
        (form.format(place=place, role=role), SAID.format(place=place, role=role, person=person))
        for (place, role), person in taught_facts().items()
        for form in (*FORMS, ASKED)
    ]
    texts = [f"<|im_start|>user\n{question}\nassistant\n{answer}" for question, answer in taught]
    build_qwen(folder, hidden=128, layers=4, spread=0.05, texts=texts)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    rows = [_row(tokenizer, question, answer) for question, answer in taught]
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
    import torch

    longest = max(len(prompt) + len(answer) for prompt, answer in rows)
    inputs = torch.zeros(len(rows), longest, dtype=torch.long)
    labels = torch.full_like(inputs, -100)
    for index, (prompt, answer) in enumerate(rows):
        inputs[index, : len(prompt) + len(answer)] = torch.tensor(prompt + answer)
        labels[index, len(prompt) : len(prompt) + len(answer)] = torch.tensor(answer)
    return inputs, labels
