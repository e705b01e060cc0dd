"""`rtadapt up` in an empty folder, without a word about the model: a real one answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import Up

pytestmark = pytest.mark.slow

# To "What is the capital of France?" this model, quantised as it is, begins in French nearly as gladly as in English.
QUESTION = "Name the capital of France."


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("default"), "--set", "train.anchors=1")  # nothing is learned here
    try:
        running.start()
        yield running
    finally:
        if running.runs:
            running.stop()


def test_it_says_that_the_model_is_made_and_what_it_waits_for(up: Up) -> None:
    made, *rest = up.printed.splitlines()
    assert "making safetensors of SmolLM2-135M-Instruct.Q4_1.gguf" in made
    assert any("the engine is ready after" in line for line in rest)
    assert any("the worker is ready after" in line for line in rest)


def test_the_base_knows_what_a_real_model_knows(up: Up) -> None:
    answer, version = up.ask("smollm2-135m-instruct", QUESTION)
    assert "Paris" in answer
    assert "@" not in version


def test_started_again_it_takes_the_model_that_is_there(up: Up) -> None:
    models = up.folder / "data" / "models"
    [folder] = [path for path in models.iterdir() if path.is_dir()]
    before = Path(folder, "model.safetensors").stat().st_mtime_ns
    assert up.stop() == 0
    up.start()
    assert "making safetensors" not in up.printed
    assert Path(folder, "model.safetensors").stat().st_mtime_ns == before
    assert "Paris" in up.ask("smollm2-135m-instruct", QUESTION)[0]
