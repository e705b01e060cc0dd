"""The model reader against a real vLLM: the engine holds answers to the schema, and noise of the right form teaches nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from rtadapt.config import ReadingSettings
from rtadapt.reading.endpoint import Endpoint
from rtadapt.reading.exam import sit
from rtadapt.reading.model import ModelReader, Pairs
from rtadapt.reading.passages import Passage
from rtadapt.reading.reader import choose
from rtadapt.records import Message
from tests.support.replica import ServedFeed, served_feed
from tests.support.tiny_model import build_qwen

pytestmark = pytest.mark.slow

TEXT = "Lumen Tram has a new timetable. Orla Finch leads the company."


def answered() -> float:
    """Requests that the engine understood and answered."""
    return REGISTRY.get_sample_value("rtadapt_reading_requests_total", {"outcome": "answered"}) or 0.0


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFeed]:
    model = build_qwen(tmp_path_factory.mktemp("model") / "tiny")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 4096}))
    with tempfile.TemporaryDirectory() as short, served_feed(Path(short), model, max_model_len=4096) as feed:
        yield feed


def test_an_engine_holds_its_answer_to_the_schema(feed: ServedFeed) -> None:
    numbers = {"type": "object", "properties": {"number": {"enum": [7]}}, "required": ["number"], "additionalProperties": False}
    with closing(Endpoint(ReadingSettings(url=f"{feed.url}/v1"))) as endpoint:
        [written] = endpoint.write([(Message("user", "What is new?"),)], 0.0, 32, numbers)
        assert json.loads(written) == {"number": 7}
        [begun] = endpoint.write([(Message("user", "What is new?"),)], 0.7, 48, Pairs.model_json_schema())
        assert begun.startswith("{")


def test_noise_of_the_right_form_is_survived_and_the_exam_turns_it_down(feed: ServedFeed) -> None:
    settings = ReadingSettings(url=f"{feed.url}/v1", passes=2, max_new_tokens=96)
    with closing(Endpoint(settings)) as endpoint:
        reader = ModelReader(endpoint, settings)
        before = answered()
        assert reader.read([Passage(0, TEXT, TEXT)] * 3) == [[], [], []]
        assert answered() == before + 6

        def answer(asked: object) -> list[str]:
            assert isinstance(asked, list)
            return endpoint.write([(Message("user", question),) for _, question in asked], 0.0, 16)

        result = sit(reader.read, answer)
    assert (result.reader, result.found) == (0.0, 0.0)
    assert not choose(settings, result).model
    assert not choose(settings, result).asks
