"""What a request may ask of the engine's tokens: ids that have one, and nothing about the prompt's own.

Owns the refusal of requests that could end the engine. With adapters, vLLM 0.32 takes the log probabilities of a prompt's
tokens for those of the next ones: where several requests are under way it fails, and all of them with it. A model's output is
often wider than its tokenizer, and where a tokenizer marks leading spaces, vLLM fails on the id of such a padding when it spells
log probabilities: not the request alone, the whole engine. Found out once, by the process that starts vLLM, and handed to the
middleware through the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rtadapt.errors import InvalidRequest

VOCABULARY = "_RTADAPT_VOCABULARY"
"""Environment variable with the number of tokens, and `safe` or `fragile`."""

_LOGPROBS = ("logprobs", "top_logprobs", "prompt_logprobs")
_IDS = ("allowed_token_ids", "stop_token_ids", "logprob_token_ids")
_IN_RESPONSES = "message.output_text.logprobs"
_DIGITS = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Ids below `tokens` have a token. Where it is `fragile`, log probabilities may meet one that has none."""

    tokens: int
    fragile: bool

    def __str__(self) -> str:
        return f"{self.tokens} {'fragile' if self.fragile else 'safe'}"

    @classmethod
    def from_environment(cls) -> Vocabulary | None:
        """What the process that started vLLM found out; None where it said nothing."""
        tokens, _, kind = os.environ.get(VOCABULARY, "").partition(" ")
        return cls(int(tokens), kind == "fragile") if tokens.isdigit() else None

    def check(self, body: dict[str, Any], chats: bool = False) -> None:
        """Raises InvalidRequest for a completion request that the engine might not survive; `chats` as on the chat's route."""
        bias = body.get("logit_bias")
        self._check_ids("logit_bias", bias if isinstance(bias, dict) else ())
        for name in _IDS:
            ids = body.get(name)
            self._check_ids(name, ids if isinstance(ids, list) else ())
        if self.fragile:
            asked = _log_probs(body, chats)
            include = body.get("include")
            asked += ["include"] if isinstance(include, list) and _IN_RESPONSES in include else []
            if asked:
                message = "this base model has ids without a token, so the engine can't give log probabilities"
                raise InvalidRequest(message, field=asked[0])

    def _check_ids(self, field: str, ids: Iterable[Any]) -> None:
        for value in ids:
            plain = type(value) is int or (type(value) is str and _DIGITS.fullmatch(value))
            if not plain:  # vLLM takes more for a number: 7.0, "7_0", true
                raise InvalidRequest(f"{field} must name ids by plain whole numbers", field=field)
            if not 0 <= int(value) < self.tokens:
                raise InvalidRequest(f"{field} names an id beyond the {self.tokens} tokens of this base model", field=field)


def check_prompt_log_probs(body: dict[str, Any], chats: bool = False) -> None:
    """Raises InvalidRequest for a completion request that asks how likely its own prompt is; `chats` on the chat's route.

    There, vLLM takes an echo for a prompt's log probabilities, whether any were asked for or not.
    """
    asks = _log_probs(body, chats)
    echoes = body.get("echo") not in (None, False) and (chats or asks)
    if "prompt_logprobs" in asks or echoes:
        message = "an engine with adapters can't give log probabilities of a prompt: ask for those of the answer"
        raise InvalidRequest(message, field="prompt_logprobs" if "prompt_logprobs" in asks else "echo")


def _log_probs(body: dict[str, Any], chats: bool) -> list[str]:
    """The fields that ask for log probabilities. A `false` asks for none where vLLM wants a yes or no; for a number it is 0."""
    refused = ("logprobs", "top_logprobs") if chats else ()
    return [name for name in _LOGPROBS if body.get(name) is not None and not (body[name] is False and name in refused)]


def vocabulary_of(model_path: str, revision: str | None, outputs: int) -> Vocabulary:
    """The vocabulary of the model, whose output has `outputs` ids. Raises OSError or ValueError when it can't be read."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(model_path, revision=revision, mistral_format=False)
    tokens = max(len(tokenizer), max(tokenizer.get_vocab().values(), default=0) + 1)
    return Vocabulary(tokens, outputs > tokens and _marks_spaces(tokenizer))


def _marks_spaces(tokenizer: Any) -> bool:
    """Whether vLLM looks at the raw token of each id that it spells; yes where it can't be asked."""
    try:
        from vllm.tokenizers.detokenizer_utils import get_leading_space_marker
    except ImportError:
        return True
    return get_leading_space_marker(tokenizer) is not None
