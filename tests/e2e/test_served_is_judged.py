"""A real vLLM beside a real learner: the engine is tried before anything is learned, and what is served is what was judged.

Nor does it end of what it is asked. One replica on a base that a learner in this process shares. Both count in float32, so
that they are held to the narrow bound.
"""

from __future__ import annotations

import dataclasses
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from safetensors.torch import load_file, save_file

from rtadapt.config import TrainSettings
from rtadapt.judged import FIT, JUDGED, Chat, Fit, read_answers, read_fit, write_fit
from rtadapt.records import Artifact, Example, Message
from rtadapt.training.fitting import write_trial
from rtadapt.training.learner import Learner
from tests.support.replica import ServedFeed, served_feed
from tests.support.running import eventually
from tests.support.taught_model import FORMS, change
from tests.support.tiny_model import build_adapter, build_qwen

pytestmark = pytest.mark.slow

SETTINGS = TrainSettings(
    learning_rate=5e-3, least_steps=60, most_steps=60, anchors=4, new_rows=4, device="cpu", dtype="float32", threads=1
)
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture(scope="module")
def learner(taught_qwen: Path) -> Learner:
    return Learner(SETTINGS, str(taught_qwen))


@pytest.fixture(scope="module")
def feed(taught_qwen: Path) -> Iterator[ServedFeed]:
    with tempfile.TemporaryDirectory(prefix="rta-") as folder, served_feed(Path(folder), taught_qwen, dtype="float32") as started:
        yield started


@pytest.fixture(scope="module")
def trial(learner: Learner, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The adapters that change nothing and much."""
    zero, moving = tmp_path_factory.mktemp("zero"), tmp_path_factory.mktemp("moving")
    write_trial(learner, zero, moving)
    return zero, moving


@pytest.fixture(scope="module")
def adapter(learner: Learner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that has learned a fact, with what the learner heard of it beside."""
    fact, folder = change(0), tmp_path_factory.mktemp("learned")
    rows = [Example("e", (Message("user", form.format(role=fact.role, place=fact.place)),), fact.new, fact="f") for form in FORMS]
    learner.open("news", None)
    learner.update("news", rows, [])
    learner.answers("news", rows, "candidate", 24)
    learner.save_adapter("news", folder)
    return folder


def word_of(feed: ServedFeed, *trial: Path) -> str:
    """What the replica says of its engine, held against adapters in these folders by a worker that offers them."""
    stored: list[Artifact] = [feed.publisher.store.put("trial", "base", folder) for folder in trial]
    (before,) = (info["fits"] for info in feed.publisher.registry.live_replicas().values())
    found = [before]

    def has_changed() -> bool:
        feed.publisher.registry.note_worker("w", {"trial": [dataclasses.asdict(one) for one in stored]})
        found[0] = next(iter(feed.publisher.registry.live_replicas().values()))["fits"]
        return bool(found[0] != before)

    assert eventually(has_changed, 60), feed.log()[-2000:]
    return str(found[0])


def test_the_engine_fits_its_learner(feed: ServedFeed, trial: tuple[Path, Path]) -> None:
    fit = read_fit(trial[1])
    assert len(fit.chats) == 4  # this template knows no thoughts
    assert word_of(feed, *trial) == "fits"
    assert feed.metric("rtadapt_engine_fits") == 1


def copy_of(folder: Path, into: Path) -> Path:
    into.mkdir()
    for file in folder.iterdir():
        (into / file.name).write_bytes(file.read_bytes())
    return into


def other_chat(fit: Fit) -> Fit:
    first = fit.chats[1]
    return dataclasses.replace(fit, chats=(fit.chats[0], Chat(first.about, first.messages, False, (*first.ids[:-1], 0))))


def thought(fit: Fit) -> Fit:
    first = fit.chats[0]
    return dataclasses.replace(fit, chats=(dataclasses.replace(first, ids=(*first.ids, 5, 6)),))


def other_end(fit: Fit) -> Fit:
    return dataclasses.replace(fit, ends=(*fit.ends, 100))


def other_change(fit: Fit) -> Fit:
    twice = tuple(
        dataclasses.replace(one, adapted=tuple(b + 0.5 * (a - b) for a, b in zip(one.adapted, one.base, strict=True)))
        for one in fit.shifts
    )
    return dataclasses.replace(fit, shifts=twice)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_chat, "a chat with a system line is"),
        (thought, "opens a thought although enable_thinking is off"),
        (other_end, "taught to end with token 100, at which the engine does not stop"),
        (other_change, "by other amounts than in the learner"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(
    feed: ServedFeed, trial: tuple[Path, Path], tmp_path: Path, change: Callable[[Fit], Fit], said: str
) -> None:
    zero, moving = trial
    unfit = copy_of(moving, tmp_path / "unfit")
    (unfit / FIT).unlink()
    write_fit(unfit, change(read_fit(moving)))
    word = word_of(feed, zero, unfit)
    assert said in word
    assert said in feed.log()
    assert feed.metric("rtadapt_engine_fits") == 0


def test_an_adapter_that_should_change_nothing_and_does_is_told(
    feed: ServedFeed, trial: tuple[Path, Path], tmp_path: Path
) -> None:
    again = copy_of(trial[1], tmp_path / "again")
    write_fit(again, dataclasses.replace(read_fit(again), chats=()))  # another offer of the same
    assert "an adapter that changes nothing changes" in word_of(feed, trial[1], again)


def test_what_is_served_is_what_was_judged(feed: ServedFeed, adapter: Path, taught_qwen: Path) -> None:
    assert len(read_answers(adapter)) == 8
    version = feed.publisher.publish(adapter)
    assert eventually(lambda: feed.ask(version.name).status_code == 200, 60)
    assert feed.metric("rtadapt_served_agreement_ratio") == 1.0
    fact = change(0)
    body = {"model": version.name, "messages": [{"role": "user", "content": FORMS[0].format(role=fact.role, place=fact.place)}]}
    answer = httpx.post(f"{feed.url}/v1/chat/completions", json=body | {"temperature": 0, "max_tokens": 24}, timeout=60)
    assert fact.new in answer.json()["choices"][0]["message"]["content"]


def renamed(adapter: Path, _: Path) -> None:
    tensors = load_file(adapter / WEIGHTS)
    save_file({name.replace(".layers.", ".layer."): tensor for name, tensor in tensors.items()}, adapter / WEIGHTS)


def truncated(adapter: Path, _: Path) -> None:
    tensors = load_file(adapter / WEIGHTS)
    save_file({name: tensor for name, tensor in tensors.items() if ".layers.3.self_attn.q_proj." in name}, adapter / WEIGHTS)


def emptied(adapter: Path, _: Path) -> None:
    tensors = load_file(adapter / WEIGHTS)
    save_file({name: tensor * (0 if "lora_B" in name else 1) for name, tensor in tensors.items()}, adapter / WEIGHTS)


def of_another_base(adapter: Path, taught: Path) -> None:
    """Of the same shapes, so that no name and no size gives it away."""
    other = build_qwen(adapter.parent / "other", seed=5, hidden=128, layers=4, spread=0.05)
    build_adapter(adapter.parent / "theirs", other, seed=5, rank=json.loads((adapter / "adapter_config.json").read_text())["r"])
    for name in (WEIGHTS, "adapter_config.json"):
        (adapter / name).write_bytes((adapter.parent / "theirs" / name).read_bytes())


@pytest.mark.parametrize("spoil", [renamed, truncated, emptied, of_another_base])
def test_an_adapter_that_is_not_what_was_judged_is_refused_before_it_answers(
    feed: ServedFeed, adapter: Path, taught_qwen: Path, tmp_path: Path, spoil: Callable[[Path, Path], None]
) -> None:
    stable = feed.ask("news").headers["x-rtadapt-version"]
    bad = copy_of(adapter, tmp_path / "bad")
    spoil(bad, taught_qwen)
    assert (bad / JUDGED).is_file()
    version = feed.publisher.publish(bad)
    refused = rf'"code": "engine_refused", "reason": "(the engine would not load )?{version.name}-'
    assert eventually(lambda: re.search(refused, feed.log()) is not None, 60), feed.log()[-3000:]
    assert feed.ask(version.name).status_code == 404
    assert feed.ask("news").headers["x-rtadapt-version"] == stable


@pytest.mark.parametrize("asked", [{"prompt_logprobs": 1}, {"echo": True, "logprobs": 1}])
def test_asking_how_likely_prompts_are_does_not_end_the_engine(feed: ServedFeed, asked: dict[str, object]) -> None:
    prompts = ["the council has", "Marla Tindle", "my parcel is late and"]
    body = {
        "model": "news",
        "prompt": prompts,
        "max_tokens": 1,
        **asked,
    }
    answer = httpx.post(f"{feed.url}/v1/completions", json=body, timeout=60, trust_env=False)
    assert answer.status_code == 400
    assert feed.ask("news").status_code == 200
