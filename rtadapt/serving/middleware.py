"""Our routing inside vLLM's own server: an ASGI class that vLLM constructs with its app alone (`--middleware`).

Owns what a caller sees of versions: aliases, pins, canaries, waiting for a token, the headers that name who answered,
the list of models, readiness. A request is read, given its version, counted, and passed on with `model` replaced by the
engine's name; the answer is not touched. Only the paths named here exist: whatever else vLLM serves could reach an
adapter without being counted, or load one from any folder.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rtadapt import __version__, receipts
from rtadapt.access import Key, Keys, Use
from rtadapt.access import Scope as KeyScope
from rtadapt.config import Settings, load_settings
from rtadapt.errors import Forbidden, InvalidRequest, NotFound, RtadaptError, openai_error
from rtadapt.observe import metrics
from rtadapt.observe.disk import watch_disk
from rtadapt.serving import http
from rtadapt.serving.arms import Arms
from rtadapt.serving.engine import Engine
from rtadapt.serving.headers import caller, patience, token
from rtadapt.serving.live import Live
from rtadapt.serving.metering import Metered, longest_tokens
from rtadapt.serving.models import models
from rtadapt.serving.routing import ServingView, Target, feed_of
from rtadapt.serving.seats import Guest
from rtadapt.serving.stopping import stop_gently
from rtadapt.serving.texts import concerns
from rtadapt.serving.vocabulary import Vocabulary, check_prompt_log_probs
from rtadapt.serving.waiting import Ask, WaitingRoom
from rtadapt.web.answered import CHAT, MESSAGES, send_error, send_json
from rtadapt.web.asked import App, Gone, Message, Receive, Scope, Send, header, naming, read_body, request_id

logger = logging.getLogger(__name__)

VERSION_HEADER = "x-rtadapt-version"
INCARNATION_HEADER = "x-rtadapt-incarnation"
POSITION_HEADER = "x-rtadapt-position"
RECEIPT_HEADER = "x-rtadapt-receipt"
SCOPE_HEADER = "x-rtadapt-scope"
"""`outside` where the base answered, since nothing that its version was taught is asked about."""

_COMPLETIONS = frozenset({"/v1/completions", CHAT, "/v1/responses", MESSAGES})
_OF_THE_ENGINE = frozenset({"/health", "/ping", "/metrics", "/version", "/load", "/openapi.json"})
_FOR_THE_WATCHER = frozenset({"/v1/load_lora_adapter", "/v1/unload_lora_adapter"})


class Follower(Protocol):
    """What keeps the view up to date, beside the server."""

    async def run(self) -> None:
        """Follow the registry until cancelled. May be called again after it failed."""

    async def close(self) -> None:
        """Let everything go."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A completion request as it was read, and when that began and ended."""

    ask: Ask
    raw: bytes
    body: dict[str, Any]
    began: float
    read: float


class AdaptiveServing:
    """The middleware. vLLM gives the app alone; tests give the settings and a follower of their own."""

    def __init__(
        self,
        app: App,
        settings: Settings | None = None,
        make_follower: Callable[[Settings, Live, Engine], Follower] | None = None,
    ) -> None:
        self._app = app
        self._settings = settings or load_settings()
        self._make_follower = make_follower or _follower
        self._keys = Keys(self._settings.keys_file)
        self._engine: Engine | None = None
        self._following: asyncio.Task[None] | None = None
        self._vocabulary = Vocabulary.from_environment()
        self._started_at = int(time.time())
        self.live = Live(ServingView(self._settings.serve.model_name or "", complete=False))
        self._arms = Arms(app, self.live)
        self._waiting = WaitingRoom(self.live, self._settings.serve.max_waiting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._live_on(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path == MESSAGES:
            send = http.InAnthropicsShape(send)
        if path in _COMPLETIONS and method == "POST":
            await self._complete(scope, receive, send)
        elif path in _COMPLETIONS or (path in _OF_THE_ENGINE and method != "POST"):
            await self._app(scope, receive, send)
        elif path == "/healthz":
            await send_json(send, 200, {"status": "ok"})
        elif path == "/readyz":
            await self._say_ready(send)
        else:
            named = naming(send, {"x-request-id": request_id(scope)})
            try:
                if path.rstrip("/") != "/v1/models" and not path.startswith("/v1/models/"):
                    raise NotFound(_not_here(path))
                key = self._key_of(scope)
                with self._keys.using(key):
                    await send_json(named, 200, self._models(key, path.removeprefix("/v1/models").strip("/")))
            except RtadaptError as error:
                await send_error(named, error, path, openai_error)

    async def _complete(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One completion, from its first byte to its last, and one line in the log for it."""
        identity = request_id(scope)
        noted = http.Noted(naming(send, {"x-request-id": identity}))
        said: dict[str, object] = {"request_id": identity, "path": scope["path"]}
        try:
            key = self._key_of(scope)
            said |= {"key": key.id} if key.id else {}
            with self._keys.using(key, Use.TOKENS):
                await self._complete_for(key, scope, receive, noted, said)
        except Gone:
            return
        except RtadaptError as error:
            metrics.REQUESTS_UNROUTED.labels(error.code).inc()
            await send_error(noted, error, scope["path"])
            logger.info("refused", extra=said | {"status": error.status, "code": error.code})

    async def _complete_for(self, key: Key, scope: Scope, receive: Receive, noted: http.Noted, said: dict[str, object]) -> None:
        """A completion of `key`. Raises for what gets no version; from the version on it is the engine's."""
        began = time.perf_counter()
        raw = await read_body(scope, receive, self._settings.serve.max_body_bytes)
        read = time.perf_counter()
        body = await http.beside(len(raw), self._understood, raw, scope["path"] == CHAT)
        asked = _Asked(self._ask(key, scope, body, len(raw)), raw, body, began, read)
        with self.live.asking(feed_of(asked.ask.model)):
            await self._answer_to(asked, key, scope, receive, noted, said)

    async def _answer_to(
        self, asked: _Asked, key: Key, scope: Scope, receive: Receive, noted: http.Noted, said: dict[str, object]
    ) -> None:
        ask, raw, body = asked.ask, asked.raw, asked.body
        waiting = time.perf_counter()
        await self._waiting.until_here(ask, receive)
        await self.live.be_sure(ask.model)
        while not ask.is_covered(self.live):  # again after waiting: a rollback may have come in between
            await self._waiting.until_covered(ask, receive)
            await self._waiting.until_here(ask, receive)
        covered = time.perf_counter()
        if ask.after is not None:
            metrics.WAIT_SECONDS.observe(covered - waiting)
        metered: Metered | None = None
        if Use.TOKENS in key.a_minute:
            metered = Metered(noted, len(raw), longest_tokens(body, self.live.max_model_len or len(raw)))
        # From here to the request's departure nothing else runs: what was resolved is still loaded.
        target = ask.target(self.live)
        self.live.depart(target)
        self._arms.ask_too(target, ask.key, scope, body, len(raw))
        concerned = True
        try:
            concerned = await http.beside(len(raw), concerns, self.live.scopes.get(target.engine_model), body)
            model = target.engine_model if concerned else self.live.view.base_model
            said |= {} if concerned else {"out_of_scope": True}
            named = naming(metered or noted, self._naming(target, concerned))
            passed = raw if model == ask.model else await http.beside(len(raw), http.written, body, model)
            inner = http.with_headers(scope, {"x-request-id": request_id(scope), "content-length": str(len(passed))})
            metrics.REQUESTS.labels(target.feed or "", target.kind.value).inc()
            metrics.ROUTE_SECONDS.observe(time.perf_counter() - asked.read - (covered - waiting))
            await self._app(inner, http.replay(passed, receive), named)
        except Exception:
            noted.status = 500
            raise
        finally:
            self.live.land(target)
            if concerned:  # else it was the base that answered, and the figures of no version
                self._arms.count(target, noted.status, time.perf_counter() - covered)
            _count(target, noted, covered)
            if metered is not None:
                self._keys.spend(key, Use.TOKENS, metered.tokens)
            said |= {"feed": target.feed, "version": target.version, "target": target.kind.value, "status": noted.status}
            said |= {"seconds": round(time.perf_counter() - asked.began, 4), "waited_seconds": round(covered - waiting, 4)}
            logger.info("answered", extra=said)

    def _understood(self, raw: bytes, chats: bool) -> dict[str, Any]:
        """The request in `raw`. Raises for what can't be read, and for what the engine might not survive."""
        body = http.parse_object(raw)
        check_prompt_log_probs(body, chats)
        if self._vocabulary is not None:
            self._vocabulary.check(body, chats)
        return body

    def _key_of(self, scope: Scope) -> Key:
        return self._keys.check(header(scope, "authorization"), KeyScope.COMPLETE, header(scope, "x-api-key"))

    def _ask(self, key: Key, scope: Scope, body: dict[str, Any], size_bytes: int) -> Ask:
        model = http.text_field(body, "model")
        if not model:
            raise InvalidRequest("model is missing: name an alias, a version, or the base model", field="model")
        if model != self.live.view.base_model and not key.may_use(feed_of(model)):
            raise Forbidden(f"this key may not use {model[:80]!r}", field="model")
        if body.get("background"):
            message = "background is not supported: a version is kept only while its answer is being read"
            raise InvalidRequest(message, field="background")
        return Ask(
            model=model,
            key=caller(scope, body) or request_id(scope),
            after=token(scope, model),
            unknown_seconds=self._settings.serve.poll_seconds,
            patience_seconds=patience(scope, self._settings.serve.wait_seconds),
            guest=Guest(key.id, size_bytes),
        )

    def _naming(self, target: Target, concerned: bool) -> dict[str, str]:
        named = {VERSION_HEADER: target.version}
        if not concerned:
            named[SCOPE_HEADER] = "outside"
            metrics.OUT_OF_SCOPE.labels(target.feed or "").inc()
        if target.incarnation:
            named[INCARNATION_HEADER] = target.incarnation[:8]
        if target.position:
            named[POSITION_HEADER] = target.position
        if target.feed is not None and self.live.receipt_key:
            arm = target.arm if concerned else receipts.OUTSIDE
            said = target.feed, target.incarnation, target.number, arm
            named[RECEIPT_HEADER] = receipts.write(self.live.receipt_key, *said)
        return named

    def _models(self, key: Key, asked: str) -> dict[str, Any]:
        more = {"created": self._started_at, "max_model_len": self.live.max_model_len}
        return models(self.live.view, key.may_use, asked, more)

    async def _say_ready(self, send: Send) -> None:
        missing = self.live.missing
        if self._engine is None or not await self._engine.healthy():
            missing = "the engine is not healthy"
        good = self.live.ready and not missing
        named = {"not_followed": self.live.not_followed} if self.live.not_followed else {}
        await send_json(send, 200 if good else 503, {"ready": good, "missing": missing} | named)

    async def _live_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The server's life: follow the registry from its start to its end."""

        async def hear() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._stop()
            return message

        async def say(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._start(scope)
            await send(message)

        try:
            await self._app(scope, hear, say)
        finally:
            await self._stop()

    def _start(self, scope: Scope) -> None:
        metrics.BUILD.labels("serve", __version__, self.live.view.base_model).set(1)
        watch_disk(self._settings.data_dir)
        self._engine = Engine(self._app, scope.get("app"))
        stop_gently(scope.get("app"), self.live)
        follower = self._make_follower(self._settings, self.live, self._engine)
        self._following = asyncio.create_task(self._follow(follower), name="rtadapt-watcher")

    async def _follow(self, follower: Follower) -> None:
        """Keep the follower running: should it fail in a way nobody foresaw, this replica still must not fall behind."""
        try:
            while True:
                running = asyncio.create_task(follower.run())
                try:
                    await asyncio.wait((running,))
                finally:
                    running.cancel()
                    await asyncio.wait((running,))
                logger.error("the watcher failed and is started again", exc_info=running.exception())
                await asyncio.sleep(self._settings.serve.poll_seconds)
        finally:
            await follower.close()

    async def _stop(self) -> None:
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.wait((following,))
        await self._arms.close()
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()


def _count(target: Target, noted: http.Noted, began: float) -> None:
    labels = (target.feed or "", target.kind.value)
    metrics.ANSWERS.labels(*labels, str(noted.status)).inc()
    if noted.first_at is not None:
        metrics.FIRST_BYTE_SECONDS.labels(*labels).observe(noted.first_at - began)


def _follower(settings: Settings, live: Live, engine: Engine) -> Follower:
    from rtadapt.serving.watcher import Watcher

    return Watcher.connect(settings, live, engine)


def _not_here(path: str) -> str:
    if path in _FOR_THE_WATCHER:
        return "adapters are loaded and unloaded by the registry's word alone, not over HTTP"
    return f"there is no {path[:80]} here"
