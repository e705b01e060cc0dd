"""What the base answers to general prompts: a few at the start, the rest in slices, each kept as it comes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from rtadapt.config import TrainSettings
from rtadapt.training import anchors, ship_anchors
from rtadapt.training.anchors import file_name, general_prompts
from rtadapt.training.learner import Learner
from tests.support.full_disk import full_disk
from tests.support.tiny_model import build_llama, build_qwen

SETTINGS = TrainSettings(anchors=40, device="cpu", dtype="float32", threads=1, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_qwen(tmp_path_factory.mktemp("model"))


def test_the_prompts_are_many_varied_and_a_quarter_is_only_watched() -> None:
    prompts = general_prompts()
    assert len(prompts) >= 320
    assert len({row.prompt for row in prompts}) == len(prompts)
    assert 0.2 < sum(row.is_watched for row in prompts) / len(prompts) < 0.3
    assert sum(row.prompt[0].role == "system" for row in prompts) > 50
    kinds = [json.loads(line)["kind"] for line in anchors._PROMPTS.read_text("utf-8").splitlines()]
    assert len(set(kinds[:32])) == len(set(kinds)) >= 10
    assert max(Counter(kinds[:32]).values()) < 10


def test_a_learner_begins_with_some_and_grows_to_all(folder: Path, tmp_path: Path) -> None:
    learner = Learner(SETTINGS, str(folder), cache=tmp_path)
    assert len(learner.anchors()) == 32
    assert not learner.grow_anchors()  # the last eight
    assert len(learner.anchors()) == 40
    assert not learner.grow_anchors()
    first = learner.anchors()
    assert all(row.is_anchor and row.target for row in first)
    assert any(row.is_watched for row in first)
    assert not all(row.ends for row in first)  # random weights seldom end


def test_what_the_base_says_on_its_answers_is_looked_at_in_rest(folder: Path, tmp_path: Path) -> None:
    learner = Learner(SETTINGS, str(folder), cache=tmp_path)
    learner.anchors()
    for _ in range(4):
        learner.grow_anchors(16)
    assert set(learner._views) == set(learner.anchors())


def test_answers_are_kept_from_one_start_to_the_next_and_a_torn_line_is_asked_again(folder: Path, tmp_path: Path) -> None:
    before = Learner(SETTINGS, str(folder), cache=tmp_path)
    rows = before.anchors()
    file = tmp_path / file_name(before.model)
    file.write_bytes(file.read_bytes()[:-20])
    again = Learner(SETTINGS, str(folder), cache=tmp_path)
    assert again.anchors() == rows  # what was missing was asked for again
    assert Learner(SETTINGS, str(folder), cache=tmp_path).anchors() == again.anchors()


def test_a_full_disk_keeps_nothing_for_the_next_start_and_stops_nobody(folder: Path, tmp_path: Path) -> None:
    with full_disk(most_bytes=200):
        learner = Learner(SETTINGS, str(folder), cache=tmp_path)
        assert len(learner.anchors()) == 32
        assert not learner.grow_anchors()
    assert Learner(SETTINGS, str(folder), cache=tmp_path).anchors() == learner.anchors()[:32]


def test_a_model_with_answers_in_the_package_asks_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "general_prompts", lambda: general_prompts()[:48])
    ship_anchors.ship(str(folder), tmp_path / "shipped")
    monkeypatch.setattr(anchors, "_SHIPPED", tmp_path / "shipped")
    learner = Learner(TrainSettings(device="cpu", threads=1), str(folder), cache=tmp_path / "cache")
    assert len(learner.anchors()) == 48
    assert not learner.grow_anchors()
    assert not (tmp_path / "cache").exists()
    other = Learner(SETTINGS, str(build_llama(tmp_path / "other")), cache=tmp_path / "cache")
    assert len(other.anchors()) < 40


def test_an_answer_that_was_cut_off_is_taught_without_an_end(folder: Path) -> None:
    learner = Learner(SETTINGS, str(folder))
    rows = learner.anchors()
    for example, row in zip(rows, learner.encoder.encode(rows), strict=True):
        assert (row.ids[-1] == learner.encoder.end_id) is example.ends


def test_every_shipped_answer_is_to_a_prompt_that_is_asked() -> None:
    asked = {row.prompt: row.is_watched for row in general_prompts()}
    for file in anchors._SHIPPED.glob("*.jsonl"):
        rows = anchors._read(file)
        assert {prompt: row.is_watched for prompt, row in rows.items()} == asked
