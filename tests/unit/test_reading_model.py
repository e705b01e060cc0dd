"""The model as a reader, over a real socket: what it is asked, and which of the things it writes are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from rtadapt.config import ReadingSettings
from rtadapt.errors import Unavailable
from rtadapt.reading.endpoint import Endpoint
from rtadapt.reading.examples import SHOWN
from rtadapt.reading.language import language_of
from rtadapt.reading.model import ModelReader, items
from rtadapt.reading.passages import Passage
from rtadapt.reading.readings import Reading
from rtadapt.words import holds
from tests.support.reading_server import ReadingServer, Reply, nowhere, said

TEXT = "Lumen Tram has a new timetable. From Monday trams to Gorse Hill leave every 12 minutes. Orla Finch leads the company."
FIRST, SECOND = "From Monday trams to Gorse Hill leave every 12 minutes.", "Orla Finch leads the company."


def pair(sentence: str, question: str, answer: str) -> dict[str, Any]:
    return {"sentence": sentence, "question": question, "answer": answer}


GOOD = pair(SECOND, "Who leads Lumen Tram?", "Orla Finch")


def pairs(*found: object) -> Reply:
    return said(json.dumps({"pairs": found}))


@contextmanager
def reader(url: str, **more: Any) -> Iterator[ModelReader]:
    settings = ReadingSettings(url=url, **({"wordings": 0} | more))
    with closing(Endpoint(settings)) as endpoint:
        yield ModelReader(endpoint, settings)


def read(reply: Reply, text: str = TEXT, spoken: str | None = None, **more: Any) -> list[Reading]:
    with ReadingServer(lambda _: reply) as server, reader(server.url, **more) as one:
        return one.read([Passage(0, text, text if spoken is None else spoken)])[0]


def prompt_of(body: dict[str, Any]) -> str:
    return str(body["messages"][0]["content"])


def test_a_pair_that_stands_in_the_text_becomes_a_reading_as_the_text_spells_it() -> None:
    [one] = read(pairs(pair("orla finch leads the company", "Who leads Lumen Tram?", "orla finch")))
    assert (one.question, one.answer, one.sentence) == ("Who leads Lumen Tram?", "Orla Finch", SECOND)
    assert (one.entity, one.relation, one.by) == ("Lumen Tram", "leads", "model")
    assert len(one.wordings) >= 4 and len(one.probes) == 2
    assert len({flat.casefold() for flat in (one.question, *one.wordings, *one.probes)}) == 3 + len(one.wordings)


@pytest.mark.parametrize(
    "wrong",
    [
        pair(SECOND, "Who leads Lumen Tram?", "Petra Finch"),
        pair("Orla Finch leads Lumen Tram.", "Who leads Lumen Tram?", "Orla Finch"),
        pair(FIRST, "Who leads Lumen Tram?", "Orla Finch"),
        pair(SECOND, "Does Orla Finch lead the company?", "Orla Finch"),
        pair(SECOND, "Who leads the company?", "the"),
        pair(SECOND, "Who leads Lumen Tram?", ""),
        pair(SECOND, "What is new at Lumen Tram?", SECOND),
        pair(SECOND, "Who?", "Orla Finch"),
        pair(SECOND, "Who is Petra Umber's chief?", "Orla Finch"),
        {"question": "Who leads Lumen Tram?", "answer": "Orla Finch"},
        GOOD | {"sure": True},
        GOOD | {"answer": 12},
        "Orla Finch",
        None,
    ],
)
def test_a_pair_that_does_not_stand_in_the_text_is_dropped_and_the_others_stay(wrong: object) -> None:
    assert [one.answer for one in read(pairs(wrong, GOOD, wrong))] == ["Orla Finch"]


def test_a_word_that_only_holds_a_name_of_the_example_is_no_copy() -> None:
    [one] = read(pairs(pair(FIRST, "At what number of minutes do trams to Gorse Hill leave?", "every 12 minutes")))
    assert one.answer == "every 12 minutes"


def test_nothing_that_only_a_bot_said_becomes_an_answer() -> None:
    text = "Bot: Orla Finch leads Lumen Tram.\nAgent: Lumen Tram opens at 7 a.m."
    spoken = "Agent: Lumen Tram opens at 7 a.m."
    found = read(
        pairs(
            pair("Orla Finch leads Lumen Tram.", "Who leads Lumen Tram?", "Orla Finch"),
            pair("Lumen Tram opens at 7 a.m.", "When does Lumen Tram open?", "7 a.m."),
        ),
        text,
        spoken,
    )
    assert [one.answer for one in found] == ["7 a.m"]


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (json.dumps({"pairs": [GOOD]}), 1),
        ("<think>Who? {}</think>" + json.dumps({"pairs": [GOOD]}), 1),
        ("Here it is:\n```json\n" + json.dumps({"pairs": [GOOD]}, indent=1) + "\n```", 1),
        (json.dumps({"pairs": [GOOD, pair(FIRST, "How often do trams to Gorse Hill leave?", "every 12 minutes")]})[:-25], 1),
        (json.dumps({"pairs": [GOOD]}) + "\nI hope that this is of use!", 1),
        (json.dumps({"pairs": {"a": 1}}), 0),
        (json.dumps([GOOD]), 0),
        (json.dumps({"questions": [GOOD]}), 0),
        ("<think>" + json.dumps({"pairs": [GOOD]}), 0),
        ("Q: Who leads Lumen Tram?\nA: Orla Finch", 0),
        ("{" * 5000, 0),
        ("", 0),
    ],
)
def test_whatever_comes_back_is_survived(content: str, count: int) -> None:
    assert len(read(said(content))) == count


def test_what_is_cut_off_ends_with_the_last_whole_pair() -> None:
    whole = json.dumps({"pairs": [GOOD, GOOD]})
    assert items(whole[:-3], "pairs")[0] == GOOD
    for length in range(len(whole)):
        assert all(item == GOOD for item in items(whole[:length], "pairs") if isinstance(item, dict) and len(item) == 3)


def test_a_question_is_kept_once_and_no_more_pairs_than_may_be() -> None:
    more = [pair(FIRST, f"How often do trams to Gorse Hill leave on line {number}?", "12 minutes") for number in range(9)]
    assert len(read(pairs(GOOD, GOOD | {"question": "who leads Lumen Tram"}))) == 1
    assert len(read(pairs(*more), max_pairs=4)) == 4


def test_every_pass_has_the_passage_first_and_the_example_in_its_language() -> None:
    german = "Die Lumen-Bahn hat einen neuen Fahrplan. Ab Montag fährt sie alle 12 Minuten und ist nicht teurer."
    with ReadingServer(lambda _: pairs()) as server, reader(server.url, passes=3) as one:
        assert one.read([Passage(0, TEXT, TEXT), Passage(1, german, german)]) == [[], []]
    assert sorted(body["temperature"] for body in server.asked) == [0.0, 0.0, 0.7, 0.7, 0.7, 0.7]
    for body in server.asked:
        prompt = prompt_of(body)
        text, code = (german, "de") if german in prompt else (TEXT, "en")
        assert prompt.startswith(f"Text:\n{text}\n")
        assert SHOWN[code].text in prompt
        schema = body["response_format"]["json_schema"]["schema"]
        assert schema["additionalProperties"] is False and schema["required"] == ["pairs"]
        assert 0 < body["max_tokens"] <= 768


def test_its_own_other_wordings_are_taught_if_they_ask_the_same() -> None:
    wordings = [
        "Under whose lead is Lumen Tram?",
        "Who is in charge at Lumen Tram?",
        "who is in charge at lumen tram?",
        "Is Orla Finch the head of Lumen Tram?",
        "Who is in charge there?",
        "Name the head of Lumen Tram",
        "Who leads Halvorsen and Lumen Tram?",
    ]

    def script(body: dict[str, Any]) -> Reply:
        if "other wordings" not in prompt_of(body):
            return pairs(GOOD)
        assert "1. Who leads Lumen Tram?" in prompt_of(body)
        return said(json.dumps({"questions": [{"number": 1, "wordings": wordings}, {"number": 7, "wordings": ["x?"]}, "odd"]}))

    with ReadingServer(script) as server, reader(server.url, wordings=4) as one:
        [[found]] = one.read([Passage(0, TEXT, TEXT)])
    assert found.wordings[:2] == tuple(wordings[:2])
    assert not any(holds(wording, "there") or "Halvorsen" in wording or "Orla" in wording for wording in found.wordings)
    assert not set(found.probes) & {found.question, *found.wordings}


def test_while_the_endpoint_is_away_it_waits_or_goes_on_as_it_is_told() -> None:
    passages = [Passage(0, TEXT, TEXT)] * 2
    with reader(nowhere()) as one, pytest.raises(Unavailable):
        one.read(passages)
    with reader(nowhere(), when_away="go_on") as one:
        assert one.read(passages) == [[], []]


def test_what_was_read_stays_when_the_endpoint_goes_away_before_the_other_wordings() -> None:
    def script(body: dict[str, Any]) -> Reply:
        return (503, b"{}") if "other wordings" in prompt_of(body) else pairs(GOOD)

    with ReadingServer(script) as server:
        with reader(server.url, wordings=3, when_away="go_on") as one:
            assert [found.answer for found in one.read([Passage(0, TEXT, TEXT)])[0]] == ["Orla Finch"]
        with reader(server.url, wordings=3) as one, pytest.raises(Unavailable):
            one.read([Passage(0, TEXT, TEXT)])


def test_nothing_to_read_asks_nobody() -> None:
    with ReadingServer(lambda _: pairs()) as server, reader(server.url, passes=2, wordings=3) as one:
        assert one.read([]) == []
    assert server.asked == []


@pytest.mark.parametrize("code", sorted(SHOWN))
def test_the_example_of_each_language_is_itself_read_whole(code: str) -> None:
    example = SHOWN[code]
    found = read(pairs(*(pair(*one) for one in example.pairs)), example.text)
    assert [one.question for one in found] == [question for _, question, _ in example.pairs]
    assert language_of(example.text) == code
    assert all(one.wordings and one.probes for one in found)
    assert all(any(name in one.casefold() for name in example.names) for one in example.again)


def test_chinese_is_found_in_chinese() -> None:
    text = "青石公司任命顾远山为总裁。公司有450名员工。"
    [one] = read(pairs(pair("青石公司任命顾远山为总裁。", "青石公司的总裁是谁？", "顾远山")), text)
    assert (one.answer, one.sentence) == ("顾远山", "青石公司任命顾远山为总裁。")
    assert read(pairs(pair("青石公司任命顾远山为总裁。", "青石公司的总裁是谁？", "顾远水")), text) == []
