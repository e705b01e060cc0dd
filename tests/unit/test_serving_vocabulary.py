"""Requests that the engine might not survive are refused before it sees them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rtadapt.errors import InvalidRequest
from rtadapt.serving import http
from rtadapt.serving.vocabulary import VOCABULARY, Vocabulary, check_prompt_log_probs, vocabulary_of
from tests.support.engine_app import client_of, error_of, serving
from tests.support.tiny_model import build_llama, build_qwen


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"logit_bias": {"100": 1}}, "logit_bias"),
        ({"logit_bias": {"-1": 1}}, "logit_bias"),
        ({"logit_bias": {"1": 1, "9" * 5000: 1}}, "logit_bias"),
        ({"allowed_token_ids": [5, 100]}, "allowed_token_ids"),
        ({"stop_token_ids": [1 << 40]}, "stop_token_ids"),
        ({"logprob_token_ids": [-5]}, "logprob_token_ids"),
        ({"logit_bias": {"0" * 25 + "100": 1}}, "logit_bias"),
        ({"logit_bias": {"--5": 1}}, "logit_bias"),
        ({"logit_bias": {"\u0661": 1}}, "logit_bias"),
        ({"allowed_token_ids": [100.0]}, "allowed_token_ids"),
        ({"allowed_token_ids": [True]}, "allowed_token_ids"),
        ({"stop_token_ids": ["1_00"]}, "stop_token_ids"),
        ({"stop_token_ids": [" 100"]}, "stop_token_ids"),
        ({"stop_token_ids": [None]}, "stop_token_ids"),
    ],
)
def test_ids_without_a_token_are_refused(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Vocabulary(100, fragile=False).check(body)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "body",
    [
        {"logit_bias": {"99": -100, "0": 1}, "allowed_token_ids": [0, 99], "stop_token_ids": []},
        {"logit_bias": None, "allowed_token_ids": None},
        {"logit_bias": "nonsense", "allowed_token_ids": {"x": 1}},
        {"logprobs": 5, "top_logprobs": 20},
    ],
)
def test_everything_else_is_the_engines_to_judge(body: dict[str, Any]) -> None:
    Vocabulary(100, fragile=False).check(body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"logprobs": 0}, "logprobs"),
        ({"logprobs": False}, "logprobs"),  # a number there, and false is 0
        ({"prompt_logprobs": False}, "prompt_logprobs"),
        ({"logprobs": True, "top_logprobs": 3}, "logprobs"),
        ({"top_logprobs": 1}, "top_logprobs"),
        ({"prompt_logprobs": 1}, "prompt_logprobs"),
        ({"include": ["message.output_text.logprobs"]}, "include"),
    ],
)
def test_where_the_output_is_wider_than_the_tokenizer_log_probabilities_are_refused(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Vocabulary(100, fragile=True).check(body)
    assert caught.value.field == field
    Vocabulary(100, fragile=True).check({"logprobs": None, "top_logprobs": None, "include": []})
    Vocabulary(100, fragile=True).check({"logprobs": False, "top_logprobs": False}, chats=True)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prompt_logprobs": 0}, "prompt_logprobs"),
        ({"prompt_logprobs": False}, "prompt_logprobs"),
        ({"prompt_logprobs": -1, "echo": True}, "prompt_logprobs"),
        ({"echo": True, "logprobs": 0}, "echo"),
        ({"echo": "yes", "logprobs": 1}, "echo"),
        ({"echo": True, "logprobs": True, "top_logprobs": 2}, "echo"),
    ],
)
async def test_how_likely_a_prompt_is_nobody_is_told(body: dict[str, Any], field: str) -> None:
    async with client_of(serving()) as client:
        for path, asked in (("/v1/completions", {"prompt": "x"}), ("/v1/chat/completions", {"messages": []})):
            response = await client.post(path, json={"model": "news", **asked, **body})
            assert (response.status_code, error_of(response)["param"]) == (400, field)


async def test_an_echo_of_a_chat_asks_how_likely_its_prompt_is_and_one_of_a_completion_does_not() -> None:
    async with client_of(serving()) as client:
        for path, status in (("/v1/chat/completions", 400), ("/v1/completions", 200)):
            asked = {"model": "news", "prompt": "x", "messages": [], "echo": True}
            assert (await client.post(path, json=asked)).status_code == status


@pytest.mark.parametrize("body", [{"echo": True}, {"echo": False, "logprobs": 3}, {"prompt_logprobs": None, "logprobs": 0}])
def test_how_likely_an_answer_is_may_be_asked(body: dict[str, Any]) -> None:
    check_prompt_log_probs(body)


def test_how_likely_an_answer_is_may_be_asked_in_a_chat() -> None:
    check_prompt_log_probs({"echo": False, "logprobs": True, "top_logprobs": 2}, chats=True)


async def test_a_large_request_is_read_and_checked_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VOCABULARY, str(Vocabulary(100, fragile=False)))
    at_work: dict[str, set[int]] = {"read": set(), "checked": set()}

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any, **named: Any) -> Any:
            at_work[name].add(threading.get_ident())
            return function(*given, **named)

        return noted

    monkeypatch.setattr(http, "parse_object", noting("read", http.parse_object))
    monkeypatch.setattr(Vocabulary, "check", noting("checked", Vocabulary.check))
    async with client_of(serving(serve={"max_body_bytes": 2**20})) as client:
        for prompt, elsewhere in (("x", False), ("x" * 65 * 2**10, True)):
            at_work["read"].clear()
            at_work["checked"].clear()
            assert (await client.post("/v1/completions", json={"model": "news", "prompt": prompt})).status_code == 200
            assert (threading.get_ident() not in at_work["read"]) is elsewhere
            assert at_work["checked"] == at_work["read"]


async def test_the_middleware_answers_400_and_the_engine_never_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VOCABULARY, str(Vocabulary(100, fragile=True)))
    async with client_of(serving()) as client:
        for more, field in (({"logprobs": 1}, "logprobs"), ({"logit_bias": {"100": 1}}, "logit_bias")):
            response = await client.post("/v1/completions", json={"model": "news", "prompt": "x", **more})
            assert (response.status_code, error_of(response)["param"]) == (400, field)
        assert (await client.post("/v1/completions", json={"model": "news", "logit_bias": {"99": 1}})).status_code == 200


@pytest.mark.parametrize(("build", "marks_spaces"), [(build_llama, True), (build_qwen, False)])
def test_a_padded_output_is_fragile_where_the_tokenizer_marks_spaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: Callable[[Path], Path], marks_spaces: bool
) -> None:
    model = str(build(tmp_path))
    tokens = vocabulary_of(model, None, outputs=1).tokens
    assert vocabulary_of(model, None, outputs=tokens) == Vocabulary(tokens, fragile=False)
    padded = vocabulary_of(model, None, outputs=tokens + 64)
    assert padded == Vocabulary(tokens, fragile=marks_spaces)
    monkeypatch.setenv(VOCABULARY, str(padded))
    assert Vocabulary.from_environment() == padded
