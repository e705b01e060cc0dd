"""What a learner writes for whoever serves its adapters: the trial of an engine, and what a version was heard to answer."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from safetensors.torch import load_file

from rtadapt.bench import Bench, report
from rtadapt.config import Settings, TrainSettings
from rtadapt.judged import read_answers, read_fit
from rtadapt.records import Example, Message
from rtadapt.training.fitting import write_trial
from rtadapt.training.learner import Learner
from rtadapt.training.template import Template
from tests.support.tiny_model import build_qwen

SETTINGS = TrainSettings(
    least_steps=3, most_steps=3, anchors=4, new_rows=4, replay_rows=2, anchor_rows=2, device="cpu", dtype="float32", threads=1
)
NEW = [
    Example("e", (Message("user", "Who is the head coach of Corvin Rovers?"),), "Marla Tindle", fact="coach"),
    Example("e", (Message("user", "When will the harbour open?"),), "Tuesday", fact="harbour"),
]
THINKS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
    "{% if not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_qwen(tmp_path_factory.mktemp("model"))


@pytest.fixture
def learner(model: Path) -> Learner:
    return Learner(SETTINGS, str(model))


def folders(tmp_path: Path) -> tuple[Path, Path]:
    zero, moving = tmp_path / "zero", tmp_path / "moving"
    zero.mkdir()
    moving.mkdir()
    return zero, moving


def test_the_trial_is_an_adapter_that_changes_nothing_and_one_that_changes_much(learner: Learner, tmp_path: Path) -> None:
    zero, moving = folders(tmp_path)
    write_trial(learner, zero, moving)
    still, moves = (load_file(folder / "adapter_model.safetensors") for folder in (zero, moving))
    assert still.keys() == moves.keys()
    assert not any(tensor.any() for name, tensor in still.items() if "lora_B" in name)
    fit = read_fit(moving)
    assert set(fit.ends) == set(learner.encoder.stop_ids)
    assert fit.dtype == "float32"
    assert [chat.about for chat in fit.chats] == [
        "a chat of one question", "a chat with a system line", "a chat of several turns", "a chat with a developer's line"
    ]  # fmt: skip
    changes = [b - a for shift in fit.shifts for a, b in zip(shift.base, shift.adapted, strict=True)]
    assert math.sqrt(sum(change**2 for change in changes) / len(changes)) > 1


def test_a_template_that_thinks_is_compared_thinking_and_not(learner: Learner, tmp_path: Path) -> None:
    learner.model.tokenizer.chat_template = THINKS
    learner.encoder.template = Template(learner.model.tokenizer)
    write_trial(learner, *folders(tmp_path))
    first, *_, last = read_fit(tmp_path / "moving").chats
    assert (first.messages, first.thinking, last.thinking) == (last.messages, False, True)
    assert first.ids[: len(last.ids)] == last.ids != first.ids
    assert len(read_fit(tmp_path / "moving").chats) == 5


def test_without_a_template_there_is_a_chat_without_ids_and_a_change_to_compare(learner: Learner, tmp_path: Path) -> None:
    learner.model.tokenizer.chat_template = None
    learner.encoder.template = Template(learner.model.tokenizer)
    write_trial(learner, *folders(tmp_path))
    fit = read_fit(tmp_path / "moving")
    assert [chat.ids for chat in fit.chats] == [()]
    assert len(fit.shifts) == 1


def test_what_a_candidate_was_heard_to_answer_lies_beside_its_adapter(learner: Learner, tmp_path: Path) -> None:
    learner.open("news", None)
    folders = [tmp_path / name for name in ("unheard", "heard", "scaled", "before")]
    for folder in folders:
        folder.mkdir()
    learner.update("news", NEW, [])
    learner.save_adapter("news", folders[0])
    said = learner.answers("news", NEW, "candidate", 12)
    learner.answers("news", NEW, "base", 12)
    learner.save_adapter("news", folders[1])
    learner.update("news", NEW, [])
    learner.answers("news", NEW, "candidate", 4)
    learner.reject("news")
    learner.save_adapter("news", folders[3])
    learner.scale("news", 0.5)
    learner.save_adapter("news", folders[2])
    told = read_answers(folders[1])
    assert [learner.model.tokenizer.decode(one.said, skip_special_tokens=True).strip() for one in told] == said
    assert [one.prompt for one in told] == [tuple(ids) for ids in learner.encoder.prompts([row.prompt for row in NEW])]
    assert read_answers(folders[3]) == told
    assert read_answers(folders[0]) == read_answers(folders[2]) == []


def test_the_bench_says_where_an_update_spends_its_time(model: Path, tmp_path: Path) -> None:
    bench = Bench(Settings(data_dir=tmp_path, train=SETTINGS, reading={"by": "grammar"}), str(model))
    rounds = list(bench.rounds(1))
    assert list(rounds[0].parts) == ["read", "draw", "forward", "backward", "optimizer", "rest", "judge", "save"]
    assert sum(rounds[0].parts[part] for part in ("draw", "forward", "backward", "optimizer")) <= rounds[0].update.seconds
    assert rounds[0].plain_rows == rounds[0].update.rows
    printed = "\n".join(report(bench, rounds))
    assert "share of the floor" in printed
    assert "transformers and PEFT on the same rows" in printed
