"""A small app with the routes of vLLM that the watcher uses, and a switch for each way in which an engine can fail."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

BASE = "tiny"


class SmallEngine:
    """Knows adapters by name and path; `loads` and `unloads` tell what it was asked for, in order and without digests."""

    def __init__(self) -> None:
        self.adapters: dict[str, Path] = {}
        self.loads: list[str] = []
        self.unloads: list[str] = []
        self.leaving: list[str] = []
        self.refused: set[str] = set()
        self.mute: set[str] = set()
        self.hung: set[str] = set()
        self.stuck: set[str] = set()
        """What it would not unload."""
        self.slow: set[str] = set()
        self.voice = asyncio.Event()
        """What comes to no answer before `voice` is set."""
        self.says: dict[str, list[list[int]]] = {}
        """What a version, or the base, answers to a batch of prompts; it answers as judged where nothing is said here."""
        self.dead = False
        self.gate, self.exit = asyncio.Event(), asyncio.Event()
        """Loads and unloads wait for them."""
        self.gate.set()
        self.exit.set()
        self.app = Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/health", self._health),
                Route("/v1/completions", self._complete, methods=["POST"]),
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/v1/load_lora_adapter", self._load, methods=["POST"]),
                Route("/v1/unload_lora_adapter", self._unload, methods=["POST"]),
            ]
        )

    async def _models(self, _: Request) -> Response:
        cards = [{"id": BASE, "parent": None, "max_model_len": 512}]
        return JSONResponse({"data": cards + [{"id": name, "parent": BASE} for name in self.adapters]})

    async def _health(self, _: Request) -> Response:
        return Response(status_code=503 if self.dead else 200)

    async def _complete(self, request: Request) -> Response:
        body = await request.json()
        model = body["model"]
        if self.dead or plain(model) in self.mute:
            return _error(500, "no answer")
        if plain(model) in self.slow:
            await self.voice.wait()
        known = model == BASE or model in self.adapters
        if known and model != BASE:
            assert self.adapters[model].is_dir(), f"the files of {model} are gone while the engine knows it"
        if known and body.get("stream"):
            return StreamingResponse(self._pieces(body), media_type="text/event-stream")
        return JSONResponse({"model": model, "choices": self._choices(body)}) if known else _error(404, "no such model")

    async def _pieces(self, body: dict[str, Any]) -> AsyncIterator[str]:
        """Words that depend on weights and prompt, as a chat's pieces or a completion's."""
        weights = self.adapters.get(body["model"], Path("none")) / "adapter_model.safetensors"
        said = str(body.get("prompt", body.get("messages"))).encode() + (weights.read_bytes() if weights.is_file() else b"")
        for number in range(body["max_tokens"]):
            word = f" {hashlib.sha256(said + bytes([number])).hexdigest()[:4]}"
            choices = [{"text": word, "delta": {"content": word}}]
            yield f"data: {json.dumps({'model': body['model'], 'choices': choices})}\n\n"
            await asyncio.sleep(0.005)
        yield "data: [DONE]\n\n"

    def _choices(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        if not body.get("return_token_ids"):
            return []
        judged = self.adapters.get(body["model"], Path("none")) / "judged.json"
        told = json.loads(judged.read_text())["answers"] if judged.is_file() else []
        said = self.says.get(plain(body["model"]), [one["said"] for one in told] or [[0]] * len(body["prompt"]))
        return [{"index": number, "token_ids": ids[: body["max_tokens"]]} for number, ids in enumerate(said)]

    async def _load(self, request: Request) -> Response:
        body = await request.json()
        name, path = body["lora_name"], Path(body["lora_path"])
        await self.gate.wait()
        if plain(name) in self.hung:
            await asyncio.Event().wait()
        if self.dead or plain(name) in self.refused or not (path / "adapter_config.json").is_file():
            return _error(500, "would not load")
        if name in self.adapters:
            return _error(400, "has already been loaded")
        self.loads.append(plain(name))
        self.adapters[name] = path
        return Response("Success")

    async def _unload(self, request: Request) -> Response:
        name = (await request.json())["lora_name"]
        self.leaving.append(plain(name))
        await self.exit.wait()
        if plain(name) in self.stuck:
            return _error(500, "would not unload")
        self.unloads.append(plain(name))
        return Response("Success") if self.adapters.pop(name, None) else _error(404, "not loaded")


def plain(name: str) -> str:
    """The version that the engine's name of it ends with the digest of."""
    feed, at, number = name.partition("@")
    return feed + at + number.split("-")[0]


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, status_code=status)
