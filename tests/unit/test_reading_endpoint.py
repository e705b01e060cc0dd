"""The endpoint over real sockets: what it sends, and that nothing a server does can harm more than the request at hand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rtadapt.config import ReadingSettings
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.reading.endpoint import Endpoint, open_endpoint, without_thinking
from rtadapt.records import Message
from tests.support.reading_server import ReadingServer, Reply, nowhere, said

CHAT = (Message("user", "What is new?"),)


def settings(url: str, **more: Any) -> ReadingSettings:
    return ReadingSettings(url=url, **more)


def chat(text: str) -> tuple[Message, ...]:
    return (Message("user", text),)


def write(url: str, chats: Sequence[Sequence[Message]] = (CHAT,), **more: Any) -> list[str]:
    with closing(Endpoint(settings(url, **more))) as endpoint:
        return endpoint.write(chats, 0.0, 9)


def content_of(body: dict[str, Any]) -> str:
    return str(body["messages"][0]["content"])


def test_it_asks_the_first_model_for_an_answer_of_the_form_without_thinking(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("a-secret-key\n")
    with ReadingServer(lambda _: said("  yes ")) as server, closing(Endpoint(settings(server.url, key_file=key))) as endpoint:
        assert endpoint.write([CHAT], 0.5, 99, {"type": "object"}) == ["yes"]
        assert endpoint.model == "reader"
    body = server.asked[0]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("reader", 0.5, 99)
    assert body["messages"] == [{"role": "user", "content": "What is new?"}]
    assert body["response_format"]["json_schema"] == {"name": "reading", "schema": {"type": "object"}, "strict": True}
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert server.keys == ["Bearer a-secret-key"]


def test_answers_come_in_order_and_no_more_are_asked_for_at_once_than_may_be() -> None:
    def slow_first(body: dict[str, Any]) -> Reply:
        time.sleep(0.2 if content_of(body) == "0" else 0.02)
        return said(content_of(body))

    with ReadingServer(slow_first) as server:
        chats = [chat(str(number)) for number in range(9)]
        assert write(server.url, chats, max_concurrent=3) == [str(number) for number in range(9)]
        assert server.most_at_once <= 3


def test_a_server_that_does_not_know_the_thinking_switch_is_asked_without_it_from_then_on() -> None:
    def strict(body: dict[str, Any]) -> Reply:
        return (400, b"{}") if "chat_template_kwargs" in body else said("good")

    with ReadingServer(strict) as server, closing(Endpoint(settings(server.url))) as endpoint:
        assert endpoint.write([CHAT], 0.0, 9) == ["good"]
        assert endpoint.write([CHAT], 0.0, 9) == ["good"]
    assert ["chat_template_kwargs" in body for body in server.asked] == [True, False, False]


@pytest.mark.parametrize(
    "reply",
    [
        (400, b"{}"),
        (413, b"{}"),
        (422, b"{}"),
        (500, b"{}"),
        (200, b"not json"),
        (200, b'{"choices": []}'),
        (200, b"\xff\xfe"),
        (200, b'{"choices": [{"message": {"content": "' + b"x" * 3 * 2**20 + b'"}}]}'),
        said(None),
    ],
    ids=["400", "413", "422", "500", "no json", "no choice", "no utf-8", "huge", "no content"],
)
def test_a_request_that_fails_costs_its_own_answer_alone(reply: Reply) -> None:
    with ReadingServer(lambda body: reply if content_of(body) == "bad" else said("good")) as server:
        assert write(server.url, [chat("bad"), chat("fine")]) == ["", "good"]
        assert write(server.url, [chat("bad")]) == [""]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 502, 503])
def test_an_endpoint_that_serves_nobody_is_away(status: int) -> None:
    with ReadingServer(lambda _: (status, b"{}")) as server, pytest.raises(Unavailable) as caught:
        write(server.url)
    assert str(status) in str(caught.value)
    assert "new" not in str(caught.value)


def test_a_short_trouble_goes_unnoticed() -> None:
    replies = [(503, b"{}"), (500, b"{}"), said("good")]
    with ReadingServer(lambda _: replies.pop(0)) as server:
        assert write(server.url) == ["good"]


def test_nobody_at_the_address_and_no_model_there_are_away() -> None:
    with closing(Endpoint(settings(nowhere()))) as endpoint:
        with pytest.raises(Unavailable):
            endpoint.write([CHAT] * 20, 0.0, 9)
        with pytest.raises(Unavailable):
            _ = endpoint.model
    with ReadingServer(lambda _: said("x"), models=[]) as server:
        with pytest.raises(Unavailable):
            write(server.url)
        assert write(server.url, model="named") == ["x"]


def test_a_server_that_never_ends_its_answer_is_given_up_in_time() -> None:
    with (
        ReadingServer(lambda _: said("good")) as server,
        closing(Endpoint(settings(server.url, timeout_seconds=0.6))) as endpoint,
    ):
        assert endpoint.write([CHAT], 0.0, 9) == ["good"]
        server.dripping = True
        with pytest.raises(Unavailable):
            endpoint.write([CHAT], 0.0, 9)


def test_one_late_answer_among_others_is_missing_and_no_more() -> None:
    def late(body: dict[str, Any]) -> Reply:
        time.sleep(2.0 if content_of(body) == "late" else 0.0)
        return said("good")

    with ReadingServer(late) as server:
        assert write(server.url, [chat("late"), chat("fine")], timeout_seconds=0.5) == ["", "good"]


def test_prompt_and_answer_fit_the_length_of_the_model() -> None:
    small = [{"id": "small", "max_model_len": 600}]
    with ReadingServer(lambda _: said("x"), models=small) as server, closing(Endpoint(settings(server.url))) as endpoint:
        endpoint.write([chat("x" * 900)], 0.0, 768)
        endpoint.write([chat("x" * 3000)], 0.0, 768)
    assert [body["max_tokens"] for body in server.asked] == [600 - 300 - 64, 64]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("yes", "yes"),
        ("<think>hm\nhm</think>\n\nyes", "yes"),
        ("hm, I think</think>yes", "yes"),
        ("<think>hm and no end", ""),
        ("a<think>b</think>c<think>d</think>e", "ace"),
    ],
)
def test_thinking_is_cut_off(text: str, left: str) -> None:
    assert without_thinking(text) == left


@pytest.mark.parametrize("url", [None, "engine:", "ftp://x", "", "localhost:8000"])
def test_what_is_no_address_is_refused(url: str | None) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Endpoint(ReadingSettings(url=url))
    assert caught.value.field == "reading.url"


@pytest.mark.parametrize("content", [None, "", "two keys", "schlüssel"])
def test_a_key_file_without_a_key_is_refused_without_saying_what_it_holds(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidSettings) as caught:
        Endpoint(settings("http://127.0.0.1:1/v1", key_file=path))
    assert caught.value.field == "reading.key_file"
    assert not content or content not in str(caught.value)


def test_without_an_address_there_is_no_endpoint_unless_a_model_must_read() -> None:
    for url in ("engine:", "", None):
        assert open_endpoint(ReadingSettings(url=url)) is None
        for by in ("model", "both"):
            with pytest.raises(InvalidSettings) as caught:
                open_endpoint(ReadingSettings.model_validate({"url": url, "by": by}))
            assert caught.value.field == "reading.url"
    with closing(open_endpoint(ReadingSettings(url="https://reader.example/v1")) or pytest.fail()) as endpoint:
        assert isinstance(endpoint, Endpoint)
