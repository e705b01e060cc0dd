"""The engine's own memory of adapters: what it let go by itself is seen, and what is unloaded leaves nothing behind."""

from __future__ import annotations

import asyncio
import inspect
from collections import defaultdict
from types import SimpleNamespace

import pytest

from rtadapt.serving.memory import EngineMemory
from tests.support.watched_engine import count


class Inside:
    """What of vLLM's application is looked at: names with their numbers, and the numbers that are in memory."""

    def __init__(self) -> None:
        self.lora_requests: dict[str, SimpleNamespace] = {}
        self.lora_resolver_lock: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.held: set[int] = set()
        self.removed: list[int] = []
        self.meanwhile = lambda: None
        self.app = SimpleNamespace(state=SimpleNamespace(openai_serving_models=self, engine_client=self))

    def load(self, name: str, number: int) -> None:
        assert not self.lora_resolver_lock[name].locked()
        self.lora_requests[name] = SimpleNamespace(lora_int_id=number)
        self.held.add(number)

    async def list_loras(self) -> set[int]:
        held = set(self.held)
        self.meanwhile()
        return held

    async def remove_lora(self, number: int) -> bool:
        self.removed.append(number)
        self.held.discard(number)
        return True


@pytest.fixture
def inside() -> Inside:
    inside = Inside()
    inside.load("news@1-aa", 1)
    inside.load("news@2-bb", 2)
    return inside


def evictions() -> float:
    return count("rtadapt_engine_evictions_total")


async def test_what_the_engine_let_go_in_silence_is_counted_once(inside: Inside, caplog: pytest.LogCaptureFixture) -> None:
    memory, before = EngineMemory(inside.app), evictions()
    await memory.look()
    assert (count("rtadapt_engine_adapters"), evictions()) == (2, before)
    inside.held.discard(1)
    for _ in range(2):
        await memory.look()
    assert (count("rtadapt_engine_adapters"), evictions()) == (1, before + 1)
    assert [record.adapter for record in caplog.records] == ["news@1-aa"]
    inside.held.add(1)
    await memory.look()
    inside.held.discard(1)
    await memory.look()
    assert evictions() == before + 2


async def test_what_is_unloaded_while_the_engine_is_asked_was_not_let_go_in_silence(inside: Inside) -> None:
    memory, before = EngineMemory(inside.app), evictions()
    inside.held.discard(1)
    inside.meanwhile = lambda: inside.lora_requests.pop("news@1-aa", None)
    await memory.look()
    assert evictions() == before


async def test_what_is_forgotten_is_removed_again_and_nothing_stays_under_its_name(inside: Inside) -> None:
    memory = EngineMemory(inside.app)
    memory.note()
    del inside.lora_requests["news@1-aa"]
    await memory.remove("news@1-aa")
    inside.held.add(1)  # a request that was cut off brought it back for its last step
    await memory.forget("news@1-aa")
    assert (inside.removed, inside.held, set(inside.lora_resolver_lock)) == ([1, 1], {2}, {"news@2-bb"})
    await memory.forget("news@1-aa")
    assert inside.removed == [1, 1]
    await memory.look_again()
    assert count("rtadapt_engine_adapters") == 1


async def test_an_engine_that_can_not_be_asked_is_no_fault_of_what_is_unloaded(inside: Inside) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError

    memory, before = EngineMemory(inside.app), evictions()
    memory.note()
    inside.list_loras = inside.remove_lora = fails
    await memory.look()
    await memory.forget("news@1-aa")
    assert evictions() == before
    assert set(inside.lora_resolver_lock) == {"news@2-bb"}


def test_vllm_has_what_is_looked_at() -> None:
    serving = pytest.importorskip("vllm.entrypoints.openai.models.serving").OpenAIServingModels
    client = pytest.importorskip("vllm.v1.engine.async_llm").AsyncLLM
    made = inspect.getsource(serving.__init__)
    assert all(f"self.{name}" in made for name in ("lora_requests", "lora_resolver_lock"))
    assert all(inspect.iscoroutinefunction(getattr(client, name)) for name in ("list_loras", "remove_lora"))
