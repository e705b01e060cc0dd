"""What a base showed in the reading exam is remembered for these papers, and nothing that is no whole result."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from rtadapt.config import ReadingSettings
from rtadapt.reading import remembered
from rtadapt.reading.endpoint import ENGINE, Endpoint, serves_base
from rtadapt.reading.exam import ExamResult
from rtadapt.reading.reader import begin
from rtadapt.reading.remembered import SHIPPED, RememberedExam, papers
from tests.support.reading_server import ReadingServer, nowhere, said
from tests.unit.test_reading_begin import Grammar, good_reader, knows, settings

BASE = "ab" * 32
GOOD = ExamResult(0.9, 0.6, 0.8, 0.9, 3.0, able=True)


def test_a_whole_result_is_remembered_and_no_other(tmp_path: Path) -> None:
    exam = RememberedExam(tmp_path / "exams", BASE)
    assert exam.result() is None
    exam.keep(ExamResult(0.0, 0.0, 0.0, 0.0, 20.0, able=False))
    assert exam.result() is None
    exam.keep(GOOD)
    assert exam.result() == GOOD
    assert RememberedExam(tmp_path / "exams", "cd" * 32).result() is None


def test_a_result_of_other_papers_or_a_damaged_one_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exam = RememberedExam(tmp_path, BASE)
    exam.keep(GOOD)
    monkeypatch.setattr(remembered, "PAPERS", remembered.PAPERS[:-1])
    assert exam.result() is None
    monkeypatch.undo()
    for file in tmp_path.glob("*.json"):
        for broken in ("", "[]", "{}", json.dumps({"papers": papers(), "reader": 1.0})):
            file.write_text(broken)
            assert exam.result() is None


def test_who_can_write_nothing_sits_the_exam_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    exam = RememberedExam(tmp_path / "file" / "exams", BASE)
    exam.keep(GOOD)
    assert exam.result() is None


def test_the_exam_of_a_base_that_sat_it_is_not_held_again_nor_its_endpoint_waited_for(tmp_path: Path) -> None:
    exam = RememberedExam(tmp_path, BASE)
    with ReadingServer(good_reader) as server, closing(Endpoint(settings(server.url))) as endpoint:
        *_, first = begin(settings(server.url), Grammar(), endpoint, knows, exam)
    with closing(Endpoint(settings(nowhere()))) as endpoint:
        _, choice, again = begin(settings(nowhere()), Grammar(), endpoint, knows, exam)
    assert (first["remembered"], again["remembered"]) == (False, True)
    assert choice.model
    assert {**first, "at": 0, "remembered": 0} == {**again, "at": 0, "remembered": 0}


def test_half_an_exam_is_not_remembered(tmp_path: Path) -> None:
    exam = RememberedExam(tmp_path, BASE)
    going_on = settings(nowhere(), when_away="go_on")
    with closing(Endpoint(going_on)) as endpoint:
        begin(going_on, Grammar(), endpoint, knows, exam)
    with ReadingServer(lambda _: said("Sure!")) as server, closing(Endpoint(settings(server.url))) as endpoint:
        begin(settings(server.url), Grammar(), endpoint, None, exam)
    assert exam.result() is None


def test_only_the_engine_of_the_same_base_is_known_by_the_base() -> None:
    own = ReadingSettings(url=f"{ENGINE}http://127.0.0.1:8000/v1")
    assert serves_base(own)
    assert not serves_base(ReadingSettings(url="http://127.0.0.1:8000/v1"))
    assert not serves_base(ReadingSettings(url=None))
    with ReadingServer(good_reader) as server, closing(Endpoint(settings(f"{ENGINE}{server.url}", model=None))) as endpoint:
        assert endpoint.model


def test_what_the_default_model_showed_comes_with_the_package_and_is_of_these_papers() -> None:
    files = list(SHIPPED.glob("*.json"))
    assert files
    for file in files:
        said_there = json.loads(file.read_text(encoding="utf-8"))
        assert said_there["papers"] == papers(), "the papers changed: python -m rtadapt.training.ship_exam MODEL URL"
        assert RememberedExam(Path("nowhere"), file.stem).result() is not None
