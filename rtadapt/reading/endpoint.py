"""An OpenAI-compatible endpoint that answers chats: many at once, each bounded in time, length and number of tries.

Owns the wire. Takes chats, gives texts without the model's thinking. What was sent and what came back is in no log and no
error. A request that the endpoint can't serve (too long, not understood, an answer without end) gives an empty text
and costs nothing else; an endpoint that serves nobody raises Unavailable.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import BaseModel, ValidationError

from rtadapt.config import ReadingSettings
from rtadapt.errors import InvalidSettings, Unavailable
from rtadapt.observe import metrics
from rtadapt.records import Message
from rtadapt.web.connections import CALLER_KEEPS_SECONDS

ENGINE = "engine:"
"""The URL that stands for the base model as `rtadapt up` serves it."""

_CONNECT_SECONDS = 5.0
_PAUSES_SECONDS = (0.2, 0.8)
_LONGEST_PAUSE_SECONDS = 5.0
_MOST_BYTES = 2**20
_ONE_REQUEST = frozenset((400, 413, 422, 500))
"""Statuses that speak of one request; all others speak of the endpoint."""
_AGAIN = frozenset((429, 500, 502, 503, 504))
_LEAST_NEW_TOKENS = 64
_BYTES_PER_TOKEN = 3
"""Few enough for every tokenizer and script that we met, so that prompt and answer fit the model's length."""
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class _Said(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Said


class _Answer(BaseModel):
    choices: list[_Choice]


class _Card(BaseModel):
    id: str
    max_model_len: int | None = None


class _Cards(BaseModel):
    data: list[_Card]


class _Away(Exception):
    """The endpoint serves nobody at the moment. Says why, without what was sent."""


class _Late(_Away):
    """It did not answer one request in time: it hangs, or this request takes longer than others."""


@dataclass(frozen=True, slots=True)
class _Model:
    name: str
    length: int | None


class Endpoint:
    """The model at `settings.url`. Thread-safe; connects when it is first asked."""

    def __init__(self, settings: ReadingSettings) -> None:
        """Raises InvalidSettings when there is no such URL or key file."""
        self._settings = settings
        self._url = (settings.url or "").removeprefix(ENGINE).rstrip("/")
        if not self._url.startswith(("http://", "https://")):
            raise InvalidSettings("reading.url must begin with http:// or https://", field="reading.url")
        headers = {"authorization": f"Bearer {_key(settings)}"} if settings.key_file else {}
        limits = httpx.Limits(max_connections=settings.max_concurrent, keepalive_expiry=CALLER_KEEPS_SECONDS)
        self._client = httpx.Client(headers=headers, trust_env=False, limits=limits)
        self._model: _Model | None = None
        self._plain = False
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def model(self) -> str:
        """The name of the model that answers. Raises Unavailable."""
        try:
            return self._known().name
        except _Away as error:
            raise Unavailable(f"the reading endpoint is away: {error}") from None

    def write(
        self,
        chats: Sequence[Sequence[Message]],
        temperature: float,
        max_tokens: int,
        form: Mapping[str, Any] | None = None,
        seconds: float | None = None,
    ) -> list[str]:
        """What the model writes for each chat: at most `max_tokens`, greedy at a temperature of 0, empty where it could not.

        `form` is a JSON schema that the answer must have. `seconds` limits one answer, in place of `timeout_seconds`.
        Raises Unavailable when the endpoint is away, or answered nothing in time.
        """
        if not chats:
            return []
        stop, answered = threading.Event(), threading.Event()
        limit = seconds or self._settings.timeout_seconds

        def one(chat: Sequence[Message]) -> str | _Away:
            if stop.is_set():
                return _Away("it did not answer other requests")
            try:
                text = self._one(chat, temperature, max_tokens, form, limit)
            except _Away as error:
                if not (isinstance(error, _Late) and answered.is_set()):
                    stop.set()
                metrics.READING_REQUESTS.labels("away").inc()
                return error
            answered.set()
            return text

        with ThreadPoolExecutor(min(len(chats), self._settings.max_concurrent), "reading") as pool:
            found = list(pool.map(one, chats))
        for answer in found:
            if isinstance(answer, _Away) and not (isinstance(answer, _Late) and answered.is_set()):
                raise Unavailable(f"the reading endpoint is away: {answer}")
        return ["" if isinstance(answer, _Away) else answer for answer in found]

    def _one(
        self, chat: Sequence[Message], temperature: float, max_tokens: int, form: Mapping[str, Any] | None, seconds: float
    ) -> str:
        model = self._known()
        body: dict[str, Any] = {
            "model": model.name,
            "messages": [{"role": message.role, "content": message.content} for message in chat],
            "temperature": temperature,
            "max_tokens": _room(model, chat, max_tokens),
        }
        if form is not None:
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "reading", "schema": form, "strict": True}}
        if not self._plain:
            status, raw = self._post(body | {"chat_template_kwargs": {"enable_thinking": False}}, seconds)
            if status == 400:  # not every server knows the field
                status, raw = self._post(body, seconds)
                self._plain = status == 200
        else:
            status, raw = self._post(body, seconds)
        if status in _ONE_REQUEST:
            metrics.READING_REQUESTS.labels("refused").inc()
            return ""
        if status != 200:
            raise _Away(f"status {status}")
        try:
            content = _Answer.model_validate_json(raw).choices[0].message.content or ""
        except (ValidationError, IndexError):
            metrics.READING_REQUESTS.labels("unreadable").inc()
            return ""
        metrics.READING_REQUESTS.labels("answered").inc()
        return without_thinking(content)

    def _post(self, body: Mapping[str, Any], seconds: float) -> tuple[int, bytes]:
        for pause in (*_PAUSES_SECONDS, None):
            try:
                status, raw, wanted = self._send("POST", "/chat/completions", body, seconds)
            except httpx.TimeoutException:
                raise _Late("no answer in time") from None
            except httpx.HTTPError as error:
                if pause is None:
                    raise _Away(type(error).__name__) from None
                wanted = 0.0
            else:
                if pause is None or status not in _AGAIN:
                    return status, raw
            time.sleep(max(pause, min(wanted, _LONGEST_PAUSE_SECONDS)))
        raise AssertionError("the last try returns or raises")

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, seconds: float) -> tuple[int, bytes, float]:
        """Status, body and the seconds after which to try again. A body that is too long is cut, which makes it unreadable."""
        deadline = time.monotonic() + seconds
        timeout = httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
        raw = bytearray()
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"content-type": "application/json"}
        with self._client.stream(method, self._url + path, content=content, headers=headers, timeout=timeout) as response:
            for chunk in response.iter_bytes():
                raw += chunk
                if len(raw) > _MOST_BYTES:
                    break
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("no end in time")
            after = response.headers.get("retry-after", "")
            return response.status_code, bytes(raw[: _MOST_BYTES + 1]), float(after[:4]) if after.isdigit() else 0.0

    def _known(self) -> _Model:
        """The model's name and length, as the endpoint lists them; a name that is set needs no list."""
        with self._lock:
            if self._model is None:
                self._model = self._look()
            return self._model

    def _look(self) -> _Model:
        name = self._settings.model
        try:
            status, raw, _ = self._send("GET", "/models", None, _CONNECT_SECONDS)
        except httpx.HTTPError as error:
            raise _Away(type(error).__name__) from None
        try:
            cards = _Cards.model_validate_json(raw).data if status == 200 else []
        except ValidationError:
            cards = []
        for card in cards:
            if name in (None, card.id):
                return _Model(card.id, card.max_model_len)
        if name is None:
            raise _Away(f"it lists no model (status {status})")
        return _Model(name, None)


def serves_base(settings: ReadingSettings) -> bool:
    """Whether the endpoint is the engine that serves the learner's own base: what it can do is known by the base's digest."""
    return (settings.url or "").startswith(ENGINE)


def open_endpoint(settings: ReadingSettings) -> Endpoint | None:
    """The endpoint that is set; None when there is none, or when `engine:` was not replaced because no engine is at hand.

    Raises InvalidSettings when a model must read and none can, or when the address or its key is none.
    """
    if settings.url and settings.url != ENGINE:
        return Endpoint(settings)
    if settings.by in ("model", "both"):
        raise InvalidSettings("reading.by names the model, but there is no endpoint: set reading.url", field="reading.url")
    return None


def without_thinking(text: str) -> str:
    """The text without what a model thought aloud, also where the thought was begun by the prompt, or never ended."""
    if "</think>" in text and "<think>" not in text.partition("</think>")[0]:
        text = text.partition("</think>")[2]
    return _THOUGHT.sub("", text).strip()


def _room(model: _Model, chat: Sequence[Message], max_tokens: int) -> int:
    if model.length is None:
        return max_tokens
    prompt = sum(len(message.content.encode()) for message in chat) // _BYTES_PER_TOKEN + _LEAST_NEW_TOKENS
    return max(_LEAST_NEW_TOKENS, min(max_tokens, model.length - prompt))


def _key(settings: ReadingSettings) -> str:
    try:
        key = settings.key_file.read_text(encoding="ascii").strip() if settings.key_file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"reading.key_file could not be read: {type(error).__name__}", field="reading.key_file") from error
    if not key or any(sign.isspace() for sign in key):
        raise InvalidSettings("reading.key_file must hold one key and nothing else", field="reading.key_file")
    return key
