"""The start of a worker's reading: the exam over a real socket, the choice, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest

from rtadapt.config import ReadingSettings
from rtadapt.errors import Unavailable
from rtadapt.reading.endpoint import Endpoint
from rtadapt.reading.exam import without
from rtadapt.reading.exam_papers import PAPERS
from rtadapt.reading.passages import Passage
from rtadapt.reading.reader import begin
from rtadapt.reading.readings import Reading
from rtadapt.words import holds, sentences
from tests.support.reading_server import ReadingServer, Reply, nowhere, said

ONE = Reading("Who leads it?", "x", "x", by="grammar")
TEXT = "Lumen Tram has a new timetable. Orla Finch leads the company."


class Grammar:
    def read(self, passages: Sequence[Passage]) -> list[list[Reading]]:
        return [[ONE] for _ in passages]


def good_reader(body: dict[str, Any]) -> Reply:
    """Writes what the papers know, and one thing about any other text."""
    prompt = str(body["messages"][0]["content"])
    for paper in PAPERS:
        if prompt.startswith(f"Text:\n{paper.text}\n"):
            pairs = []
            for one in paper.known:
                sentence = next(part for part in sentences(paper.text) if holds(part, one.answer))
                pairs.append({"sentence": sentence, "question": one.question, "answer": one.answer})
            return said(json.dumps({"pairs": pairs}))
    last = {"sentence": "Orla Finch leads the company.", "question": "Who leads Lumen Tram?", "answer": "Orla Finch"}
    return said(json.dumps({"pairs": [last]}))


def knows(asked: Sequence[tuple[str, str]]) -> list[str]:
    every = {one.question: one.answer for paper in PAPERS for one in paper.known}
    return [every[question] if question in every and without(text, every[question]) != text else "" for text, question in asked]


def settings(url: str, **more: Any) -> ReadingSettings:
    return ReadingSettings.model_validate({"url": url, "wordings": 0} | more)


def test_a_model_that_reads_well_reads_beside_the_grammar() -> None:
    with ReadingServer(good_reader) as server, closing(Endpoint(settings(server.url))) as endpoint:
        reader, choice, report = begin(settings(server.url), Grammar(), endpoint, knows)
        assert (choice.grammar, choice.model, choice.asks) == (True, True, True)
        assert report["reader"] >= 0.9 and report["found"] >= 0.9 and report["confirms"] == report["refuses"] == 1.0
        assert [one.by for one in reader.read([Passage(0, TEXT, TEXT)])[0]] == ["model", "grammar"]


def test_a_model_that_writes_nothing_of_use_leaves_reading_to_the_grammar() -> None:
    with ReadingServer(lambda _: said("Sure! Here are")) as server, closing(Endpoint(settings(server.url))) as endpoint:
        reader, choice, report = begin(settings(server.url), Grammar(), endpoint, None)
        assert (choice.grammar, choice.model, choice.asks) == (True, False, False)
        assert (report["reader"], report["able"]) == (0.0, True)
        assert reader.read([Passage(0, TEXT, TEXT)]) == [[ONE]]
        assert begin(settings(server.url, by="model"), Grammar(), endpoint, None)[1].model


def test_the_model_of_the_grammar_alone_is_never_asked() -> None:
    with ReadingServer(good_reader) as server, closing(Endpoint(settings(server.url))) as endpoint:
        _, choice, report = begin(settings(server.url, by="grammar"), Grammar(), endpoint, None)
    assert server.asked == []
    assert not choice.model and "reader" not in report


def test_an_endpoint_that_is_away_is_waited_for_or_gone_on_without() -> None:
    with closing(Endpoint(settings(nowhere()))) as endpoint:
        with pytest.raises(Unavailable):
            begin(settings(nowhere()), Grammar(), endpoint, knows)
        going_on = settings(nowhere(), when_away="go_on")
        reader, choice, report = begin(going_on, Grammar(), endpoint, knows)
        assert (choice.model, choice.asks) == (False, True)
        assert report["confirms"] == 1.0
        assert reader.read([Passage(0, TEXT, TEXT)]) == [[ONE]]


def test_without_an_endpoint_the_grammar_reads() -> None:
    reader, choice, report = begin(ReadingSettings(), Grammar(), None, None)
    assert reader.read([Passage(0, TEXT, TEXT)]) == [[ONE]]
    assert not choice.model
    assert report["by"] == "auto" and "reader" not in report
