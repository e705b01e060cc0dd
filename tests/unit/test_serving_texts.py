"""What a completion request says, on each of the routes."""

from __future__ import annotations

from typing import Any

import pytest

from rtadapt.serving.texts import texts_of


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ({"prompt": "Who?"}, ["Who?"]),
        ({"prompt": ["Who?", "When?"]}, ["Who?", "When?"]),
        ({"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who?"}]}, ["Be brief.", "Who?"]),
        ({"messages": [{"content": [{"type": "text", "text": "Who?"}, {"type": "image_url", "image_url": {}}]}]}, ["Who?"]),
        ({"messages": [{"role": "assistant", "content": None, "tool_calls": []}, {"role": "user", "content": "Who?"}]}, ["Who?"]),
        ({"input": "Who?", "instructions": "Be brief."}, ["Who?", "Be brief."]),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "Who?"}]}]}, ["Who?"]),
        ({"system": "Be brief.", "messages": [{"role": "user", "content": "Who?"}]}, ["Who?", "Be brief."]),
        ({"input": [{"type": "function_call_output", "output": "Rain."}]}, ["Rain."]),
    ],
)  # fmt: skip
def test_every_route_has_its_texts(body: dict[str, Any], texts: list[str]) -> None:
    assert texts_of(body) == texts


@pytest.mark.parametrize("body", [{}, {"prompt": [1, 2, 3]}, {"prompt": None}, {"messages": 7}, {"prompt": [[1, 2]]}])
def test_what_is_no_text_is_not_guessed_at(body: dict[str, Any]) -> None:
    assert texts_of(body) is None
