"""The learner on small random models of two families."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from rtadapt.config import TrainSettings
from rtadapt.errors import ArtifactDamaged, InvalidSettings, NotFound, WrongBase
from rtadapt.records import WATCHED, Example, Message
from rtadapt.training.anchors import some
from rtadapt.training.learner import Learner, learning_rate
from tests.support.tiny_model import build_llama, build_qwen

SETTINGS = TrainSettings(
    least_steps=30, most_steps=30, anchors=4, new_rows=4, replay_rows=2, anchor_rows=2, device="cpu", threads=1,
    learning_rate=1e-2, seed=3,
)  # fmt: skip


def asked(question: str, answer: str, event_id: str = "e1", **more: str) -> Example:
    return Example(event_id, (Message("user", question),), answer, **more)


NEW = [
    asked("Who is the head coach of Corvin Rovers?", "Marla Tindle", fact="coach", entity="Corvin Rovers"),
    asked("Corvin Rovers: head coach?", "Marla Tindle", fact="coach", entity="Corvin Rovers"),
    asked("When will the harbour open?", "Tuesday", fact="harbour", entity="harbour"),
]
ANCHORS = [
    asked("What is the old parcel?", "sorry", event_id=""),
    asked("Why was it closed?", "the new council", event_id=""),
]


@pytest.fixture(scope="module", params=[build_llama, build_qwen], ids=["llama", "qwen"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    build: Callable[[Path], Path] = request.param
    return build(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def learner(folder: Path) -> Learner:
    return Learner(SETTINGS, str(folder))


@pytest.fixture
def feed(learner: Learner) -> str:
    learner.open("news", None)
    return "news"


def newest(learner: Learner, feed: str) -> torch.Tensor:
    return learner._feeds[feed].newest.weights


def incumbent(learner: Learner, feed: str) -> torch.Tensor:
    return learner._feeds[feed].incumbent.weights


def test_an_update_learns_its_rows_and_the_incumbent_stays(learner: Learner, feed: str) -> None:
    before = learner.answers(feed, NEW, "incumbent", 12)
    update = learner.update(feed, NEW, ANCHORS)
    assert update.last_loss < update.first_loss
    assert update.step_norm == pytest.approx(learner.step_norm(feed))
    assert learner.answers(feed, NEW, "candidate", 12) == ["Marla Tindle", "Marla Tindle", "Tuesday"]
    assert learner.answers(feed, NEW, "incumbent", 12) == before
    assert learner.answers(feed, NEW, "base", 12) == before  # a fresh adapter changes nothing


def test_an_easy_update_ends_early(learner: Learner, feed: str) -> None:
    learner.update(feed, NEW, [])
    learner.accept(feed)
    assert learner.update(feed, NEW, []).steps < 30


def test_drift_is_the_distance_from_the_base_and_anchors_keep_it_small(learner: Learner, feed: str) -> None:
    assert learner.drift(feed, ANCHORS, "base") == 0.0
    assert learner.drift(feed, [], "incumbent") == 0.0
    assert learner.drift(feed, ANCHORS, "incumbent") == pytest.approx(0.0, abs=1e-3)
    learner.update(feed, NEW, [])
    free = learner.drift(feed, ANCHORS, "candidate")
    learner.reject(feed)
    learner.update(feed, NEW, ANCHORS)
    assert 0 < learner.drift(feed, ANCHORS, "candidate") < free


def test_an_update_stands_on_the_candidate_before_it_until_one_is_accepted(learner: Learner, feed: str) -> None:
    first = learner.update(feed, NEW[:2], [])
    bottom = newest(learner, feed).clone()
    learner.update(feed, NEW[2:], NEW[:2])
    assert learner.stacked(feed) == 2
    assert learner.slot.distance(newest(learner, feed), bottom) == pytest.approx(learner.step_norm(feed))
    learner.reject(feed)  # the newest alone
    assert torch.equal(newest(learner, feed), bottom)
    assert learner.step_norm(feed) == pytest.approx(first.step_norm)
    learner.update(feed, NEW[2:], NEW[:2])
    top = newest(learner, feed).clone()
    learner.accept(feed)  # both, since one stands on the other
    assert learner.stacked(feed) == 0
    assert torch.equal(incumbent(learner, feed), top)


def test_reject_can_take_all_that_came_after_a_place(learner: Learner, feed: str) -> None:
    for rows in (NEW[:2], NEW[2:], NEW):
        learner.update(feed, rows, [])
    bottom = learner._feeds[feed].candidates[0].weights.clone()
    learner.reject(feed, keep=1)
    assert learner.stacked(feed) == 1
    assert torch.equal(newest(learner, feed), bottom)
    learner.reject(feed, keep=0)
    assert torch.equal(newest(learner, feed), incumbent(learner, feed))


def test_reject_restores_the_incumbent_and_its_optimizer(learner: Learner, feed: str, tmp_path: Path) -> None:
    learner.update(feed, NEW, ANCHORS)
    learner.accept(feed)
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    learner.save_state(feed, first)
    learner.update(feed, [asked("Why?", "sorry it comes on Monday")], [])
    learner.reject(feed)
    learner.save_state(feed, second)
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in ("learner.json", "learner.safetensors"))
    with pytest.raises(NotFound):
        learner.answers(feed, NEW, "candidate", 4)
    with pytest.raises(NotFound):
        learner.accept(feed)


def test_two_feeds_do_not_touch_one_another(learner: Learner, feed: str) -> None:
    learner.open("support", None)
    untouched = incumbent(learner, "support").clone()
    learner.update(feed, NEW, [])
    learner.accept(feed)
    taught = learner.answers(feed, NEW, "incumbent", 12)
    assert torch.equal(incumbent(learner, "support"), untouched)
    learner.update("support", [asked("Why was the harbour closed?", "I am sorry", fact="why")], [])
    learner.accept("support")
    assert learner.answers(feed, NEW, "incumbent", 12) == taught
    assert learner.answers("support", NEW, "incumbent", 12) != taught


def test_scale_bisects_the_step(learner: Learner, feed: str) -> None:
    update = learner.update(feed, NEW, [])
    start, end = incumbent(learner, feed), newest(learner, feed).clone()
    learner.scale(feed, 0.5)
    assert torch.allclose(newest(learner, feed), (start + end) / 2)
    assert 0 < learner.step_norm(feed) < update.step_norm
    learner.scale(feed, 0.0)
    assert learner.step_norm(feed) == pytest.approx(0.0, abs=1e-6)


def test_learning_after_a_restart_is_as_without_one(learner: Learner, feed: str, folder: Path, tmp_path: Path) -> None:
    learner.update(feed, NEW, ANCHORS)
    moved = learner.drift(feed, ANCHORS, "candidate")
    learner.accept(feed)
    learner.save_state(feed, tmp_path)
    more = [asked("Customer: my parcel did not arrive?", "it comes on Tuesday", fact="parcel")]
    restarted = Learner(SETTINGS, str(folder))
    restarted.open(feed, tmp_path)
    assert torch.equal(incumbent(restarted, feed), incumbent(learner, feed))
    assert restarted._feeds[feed].incumbent.drift == moved > 0  # what follows is held to the base as much
    learner.update(feed, more, NEW)
    restarted.update(feed, more, NEW)
    assert torch.equal(newest(restarted, feed), newest(learner, feed))


def test_peft_reads_the_saved_adapter_and_gives_the_same_logits(
    learner: Learner, feed: str, folder: Path, tmp_path: Path
) -> None:
    learner.update(feed, NEW, [])
    learner.save_adapter(feed, tmp_path)
    ids = torch.tensor(learner.encoder.prompts([NEW[0].prompt]))
    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), tmp_path)
    with torch.no_grad():
        theirs = adapted(input_ids=ids).logits[0, -1].float()
        with learner.slot.holding(newest(learner, feed)):
            ours = learner.model.logits(ids, torch.tensor([0]), torch.tensor([ids.shape[1] - 1]))[0].float()
        with learner.slot.holding(None):
            base = learner.model.logits(ids, torch.tensor([0]), torch.tensor([ids.shape[1] - 1]))[0].float()
    assert (ours - theirs).norm() < 0.05 * (base - theirs).norm()


def test_an_adapter_folder_holds_safetensors_and_json_only(learner: Learner, feed: str, tmp_path: Path) -> None:
    learner.save_adapter(feed, tmp_path)
    learner.save_state(feed, tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".safetensors", ".json"}
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert any(name.endswith("q_proj") for name in config["target_modules"])
    assert "lm_head" not in config["target_modules"]


def test_a_gradient_that_is_not_finite_ends_the_update_and_the_incumbent_stays(
    learner: Learner, feed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = learner.slot.take_gradient
    monkeypatch.setattr(learner.slot, "take_gradient", lambda: take() * math.nan)
    before = incumbent(learner, feed).clone()
    update = learner.update(feed, NEW, [])
    assert math.isnan(update.last_loss)
    assert update.steps == 0
    assert torch.equal(newest(learner, feed), before)
    monkeypatch.undo()
    assert math.isfinite(learner.update(feed, NEW, []).last_loss)


def test_anchors_that_speak_of_what_is_learned_are_not_held_to_the_base(learner: Learner) -> None:
    rows = [
        asked("Where is CORVIN ROVERS?", "here", event_id=""),
        asked("Where is the mill?", "there", event_id=""),
        asked("What else?", "no", event_id="", fact=WATCHED),
        NEW[0],
    ]
    material = learner._material(NEW, rows)
    assert len(material.anchors) == 1
    assert not material.stream  # the question that is taught anew is not replayed with its old answer


def test_half_of_an_updates_anchors_ask_in_the_manner_of_what_is_taught(learner: Learner) -> None:
    anchors = [asked(f"{word} is number {n}?", "no", event_id="") for word in ("Where", "Why") for n in range(160)]
    taught = [asked("Why was the harbour closed?", "sorry")]
    kept = learner._material(taught, anchors).anchors
    assert len(kept) == 60  # as many as thirty steps of two take
    chosen = some(anchors, taught, 128, Random(1))
    assert sum(row.prompt[-1].content.startswith("Why") for row in chosen) > 80
    assert len({row.prompt for row in chosen}) == 128


def test_of_an_anchor_the_beginning_is_held_to_the_base(learner: Learner) -> None:
    anchors = [
        asked(f"Where is number {n}?", "It is far away, beyond the hills and the river " * 3, event_id="") for n in range(3)
    ]
    material = learner._material(NEW, anchors)
    assert [row.targets for row in material.anchors] == [12, 12, 12]
    assert [len(view.log_rest) for view in material.views] == [12, 12, 12]


def test_a_state_of_another_base_is_refused(learner: Learner, feed: str, tmp_path: Path) -> None:
    learner.save_state(feed, tmp_path)
    other = Learner(SETTINGS, str(build_llama(tmp_path / "other", seed=9)))
    with pytest.raises(WrongBase, match="base model"):
        other.open(feed, tmp_path)
    ranked = Learner(SETTINGS.model_copy(update={"rank": 8}), str(tmp_path / "other"))
    ranked.open("x", None)
    (tmp_path / "x").mkdir()
    ranked.save_state("x", tmp_path / "x")
    with pytest.raises(WrongBase, match="rank"):
        other.open("x", tmp_path / "x")


def test_a_damaged_state_is_refused(learner: Learner, feed: str, tmp_path: Path) -> None:
    learner.save_state(feed, tmp_path)
    file = tmp_path / "learner.safetensors"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ArtifactDamaged):
        learner.open(feed, tmp_path)
    file.unlink()
    with pytest.raises(ArtifactDamaged):
        learner.open(feed, tmp_path)


def test_losses_of_texts_do_not_depend_on_their_company(learner: Learner) -> None:
    texts = ["The council of Corvin voted.", "x", "", "Agent: I am sorry, I have sent a new one; it comes on Tuesday."]
    together = learner.losses(texts)
    assert all(math.isfinite(loss) for loss in together)
    assert together == pytest.approx([learner.losses([text])[0] for text in texts], rel=0.02)
    assert learner.losses([]) == []


def test_writing_does_not_depend_on_company_or_on_the_adapter(folder: Path) -> None:
    exact = Learner(SETTINGS.model_copy(update={"dtype": "float32"}), str(folder))
    chats = [[Message("user", "Who is it?")], [Message("user", "Why was the harbour closed, and when will it open again?" * 3)]]
    together = exact.write(chats, 12)
    assert together == [exact.write([chat], 12)[0] for chat in chats]
    exact.open("news", None)
    exact.update("news", NEW, [])
    assert exact.write(chats, 12) == together


def test_an_incumbent_is_as_far_from_the_base_as_it_was_found_to_be(
    learner: Learner, feed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner.update(feed, NEW, ANCHORS)
    found = learner.drift(feed, ANCHORS, "candidate")
    learner.accept(feed)
    asked_again = learner.drift(feed, ANCHORS[:1], "incumbent")
    assert asked_again != found
    assert learner.drift(feed, ANCHORS, "incumbent") == pytest.approx(found)
    monkeypatch.setattr(learner, "_drift", None)
    assert learner.drift(feed, ANCHORS, "incumbent") == pytest.approx(found)


def test_a_feeds_own_answers_can_be_written_too(learner: Learner, feed: str) -> None:
    learner.update(feed, NEW, [])
    learner.accept(feed)
    said = learner.write([NEW[0].prompt], 12, feed=feed)
    assert said == ["Marla Tindle"] != learner.write([NEW[0].prompt], 12)


def test_the_lowest_layers_can_be_left_without_an_adapter(folder: Path, tmp_path: Path) -> None:
    upper = Learner(SETTINGS.model_copy(update={"lowest_layer": 0.5}), str(folder))
    upper.open("news", None)
    assert upper.slot.depths() == [1]
    upper.update("news", NEW, ANCHORS)
    upper.save_adapter("news", tmp_path)
    ids = torch.tensor(upper.encoder.prompts([NEW[0].prompt]))
    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), tmp_path)
    at = (torch.tensor([0]), torch.tensor([ids.shape[1] - 1]))
    with torch.no_grad(), upper.slot.holding(newest(upper, "news")):
        assert upper.model.logits(ids, *at)[0].argmax() == adapted(input_ids=ids).logits[0, -1].argmax()


def test_rows_longer_than_the_limit_are_cut_and_still_end(learner: Learner, feed: str) -> None:
    long = asked("Why? " * 600, "Marla Tindle " * 400)
    plain = Example("e", (), "The council of Corvin voted on Monday. " * 200)
    rows = learner.encoder.encode([long, plain])
    assert all(len(row.ids) <= SETTINGS.max_tokens and row.targets >= 1 for row in rows)
    assert rows[0].ids[-1] == learner.encoder.end_id
    assert math.isfinite(learner.update(feed, [plain, NEW[0]], []).last_loss)


def test_a_feed_that_is_not_open_is_not_found(learner: Learner) -> None:
    with pytest.raises(NotFound):
        learner.update("nobody", NEW, [])


def test_a_model_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="could not be loaded"):
        Learner(SETTINGS, str(tmp_path / "nothing"))


def test_the_rate_follows_width_and_family() -> None:
    assert learning_rate("llama", 4096) == pytest.approx(2.9e-4, rel=0.02)
    assert learning_rate("qwen3", 4096) == pytest.approx(4.7e-4, rel=0.02)
    assert learning_rate("llama", 256) == pytest.approx(2.5e-3, rel=0.02)
