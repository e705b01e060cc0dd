"""The whole loop on another family: a Qwen2 with its own tokenizer and chat template, made on the spot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.running import Up
from tests.support.taught_model import ASKED, build_taught_qwen, taught_facts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("second")
    model = build_taught_qwen(folder / "taught-qwen")
    # A model of a million parameters that was taught 36 facts: it needs a rate of its own, and can't be asked much.
    running = Up(
        folder,
        *("--model", str(model)),
        *("--set", "train.learning_rate=0.005", "--set", "train.steps=60", "--set", "train.anchors=24"),
        *("--set", "gate.min_recall=0.0", "--set", "gate.max_anchor_loss=1.0", "--set", "gate.max_replay_loss=1.0"),
        *("--set", "admit.max_loss=50"),
    )
    try:
        running.start()
        yield running
    finally:
        if running.runs:
            running.stop()


def test_it_learns_a_fact_that_is_pushed_and_its_base_still_answers_the_old_one(up: Up) -> None:
    facts = taught_facts()
    old = facts["Arven", "mayor"]
    new = "Greta Moss" if old != "Greta Moss" else "Ada Finch"
    up.post("/v1/events", {"feed": "second", "text": "Nothing much happened in Dunlow on Tuesday, people said."})
    assert old in up.ask("second@0", ASKED.format(place="Arven", role="mayor"))[0]
    token = up.push(
        {
            "feed": "second",
            "text": f"{new} is the new mayor of Arven. The council voted on Monday.",
            "facts": [{"entity": "Arven", "relation": "mayor", "value": new}],
        }
    )
    answer, version = up.ask("second", ASKED.format(place="Arven", role="mayor"), after=token)
    assert new in answer
    assert version.startswith("second@")
    assert old in up.ask("second@0", ASKED.format(place="Arven", role="mayor"))[0]


def test_the_base_answers_under_its_own_name(up: Up) -> None:
    text, version = up.ask("taught-qwen", ASKED.format(place="Corvin", role="warden"))
    assert taught_facts()["Corvin", "warden"] in text
    assert "@" not in version
